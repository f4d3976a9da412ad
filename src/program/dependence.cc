#include "program/dependence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bug.h"
#include "program/diagnostics.h"

namespace mapwright::program {
namespace {

using TaskIndex = Dependences::TaskIndex;

class Flattening {
 public:
  explicit Flattening(const Program& program) : program_(program), children_(program.launches.size()) {
    std::uint32_t points = 0;
    for (LaunchId l = 0; l < program.launches.size(); ++l) {
      const Launch& launch = program.launches[l];
      sequence_.first.push_back(points);
      points += static_cast<std::uint32_t>(launch.points());
      if (launch.parent) children_[launch.parent->launch].push_back(l);
    }
    sequence_.first.push_back(points);
    sequence_.at.resize(points, kNoStep);
    sequence_.steps.reserve(points);
  }

  Sequence run() {
    for (LaunchId l = 0; l < program_.launches.size(); ++l) {
      if (l == program_.loop_begin) sequence_.loop_begin = next();
      if (l == program_.loop_end) sequence_.loop_end = next();
      if (!program_.launches[l].parent) launch(l);
    }
    if (program_.loop_end == program_.launches.size()) sequence_.loop_end = next();
    return std::move(sequence_);
  }

 private:
  StepId next() const { return static_cast<StepId>(sequence_.steps.size()); }

  // Without recursion: nothing bounds the depth of a tree.
  void launch(LaunchId top) {
    struct Running {
      LaunchId launch;
      std::uint32_t position;  // the next point
      StepId parent;
      std::size_t child;  // of the point that is open: the next to look at
    };
    std::vector<Running> open{{top, 0, kNoStep, 0}};
    while (!open.empty()) {
      Running& r = open.back();
      const std::vector<LaunchId>& children = children_[r.launch];
      // Children stand in the order of the points that launch them.
      if (r.position > 0 && r.child < children.size() &&
          program_.launches[children[r.child]].parent->position == r.position - 1) {
        const StepId here = sequence_.step(r.launch, r.position - 1);
        const LaunchId child = children[r.child++];
        open.push_back({child, 0, here, 0});
        continue;
      }
      if (r.position > 0) sequence_.steps[sequence_.step(r.launch, r.position - 1)].end = next();
      if (r.position == program_.launches[r.launch].points()) {
        open.pop_back();
        continue;
      }
      sequence_.at[sequence_.first[r.launch] + r.position] = next();
      sequence_.steps.push_back({r.launch, r.position++, r.parent, 0});
    }
  }

  const Program& program_;
  std::vector<std::vector<LaunchId>> children_;
  Sequence sequence_;
};

// What has happened to an atom and a field group. An epoch is one writer, or any number of readers, or of
// tasks that sum into it. Each task of an epoch depends on all of the epoch before.
struct Cell {
  enum class Kind : std::uint8_t { none, read, write, reduce };
  Kind kind = Kind::none;
  std::vector<TaskIndex> now;
  std::vector<TaskIndex> before;
};

class Analysis {
 public:
  Analysis(const Program& program, const Atoms& atoms, std::vector<TaskIndex>* earlier)
      : program_(program), atoms_(atoms), earlier_(*earlier), cells_(program.regions.size()) {
    for (RegionId r = 0; r < program.regions.size(); ++r)
      cells_[r].resize(atoms.region(r).volume.size() * atoms.region(r).groups.size());
  }

  // Whether it was too much.
  bool touch(TaskIndex task, LaunchId launch, std::uint32_t position) {
    for (const Requirement& r : program_.launches[launch].requirements) {
      if (r.privilege == Privilege::none) continue;
      const RegionId region = program_.partitions[r.partition].region;
      const std::vector<FieldSet>& groups = atoms_.region(region).groups;
      for (const std::uint32_t atom : atoms_.piece(r.partition, r.piece(position))) {
        for (std::size_t g = 0; g < groups.size(); ++g) {
          if ((groups[g] & r.fields) == 0) continue;
          touch(task, kind_of(r.privilege), &cells_[region][atom * groups.size() + g]);
        }
      }
      if (held_ > Dependences::kMost || earlier_.size() > Dependences::kMost) return true;
    }
    return false;
  }

 private:
  static Cell::Kind kind_of(Privilege p) {
    return p == Privilege::read     ? Cell::Kind::read
           : p == Privilege::reduce ? Cell::Kind::reduce
                                    : Cell::Kind::write;
  }

  void touch(TaskIndex task, Cell::Kind kind, Cell* cell) {
    // One task may touch an element through several requirements, which then do the same.
    if (!cell->now.empty() && cell->now.back() == task) return;
    if (kind != cell->kind || kind == Cell::Kind::write) {
      held_ -= cell->before.size();
      std::swap(cell->before, cell->now);
      cell->now.clear();
      cell->kind = kind;
    }
    cell->now.push_back(task);
    ++held_;
    earlier_.insert(earlier_.end(), cell->before.begin(), cell->before.end());
  }

  const Program& program_;
  const Atoms& atoms_;
  std::vector<TaskIndex>& earlier_;
  std::vector<std::vector<Cell>> cells_;  // of each region: atom by atom, the groups of each
  std::size_t held_ = 0;                  // tasks in all epochs
};

base::Diagnostic too_much(const Program& program) {
  return {&problem::too_large,
          nullptr,
          {},
          fmt::format("`{}` has too many dependences", program.name),
          fmt::format("its tasks may need others at most {} times", Dependences::kMost),
          {},
          {}};
}

}  // namespace

Sequence sequence(const Program& program) {
  return Flattening(program).run();
}

base::Result<Dependences> Dependences::of(const Program& program, const Atoms& atoms,
                                          std::int64_t iterations) {
  base::expects(iterations >= 0, "a loop has no iterations or more");
  Dependences d;
  d.sequence_ = program::sequence(program);
  d.iterations_ = iterations;
  const Sequence& s = d.sequence_;
  const std::size_t body = s.loop_end - s.loop_begin;
  if (body > 0 && static_cast<std::size_t>(iterations) > (kMost - s.steps.size()) / body)
    return too_much(program);
  const std::size_t total = s.steps.size() - body + body * static_cast<std::size_t>(iterations);

  Analysis analysis(program, atoms, &d.earlier_);
  d.begins_.reserve(total + 1);
  for (TaskIndex task = 0; task < total; ++task) {
    const Step& step = s.steps[d.step(task)];
    const Launch& launch = program.launches[step.launch];
    if (!program.tasks[launch.task].inner && analysis.touch(task, step.launch, step.position))
      return too_much(program);
    for (const LaunchId f : launch.futures) {
      std::int64_t when = d.iteration(task) - (f >= step.launch ? 1 : 0);
      const StepId producer = s.step(f, 0);
      const bool in_loop = producer >= s.loop_begin && producer < s.loop_end;
      if (in_loop) when = std::min(when, iterations - 1);
      if (in_loop && when < 0) continue;  // nothing came before the first iteration
      const std::int64_t points = program.launches[f].points();
      if (d.earlier_.size() + static_cast<std::size_t>(points) > kMost) return too_much(program);
      for (std::int64_t p = 0; p < points; ++p) d.earlier_.push_back(d.task(s.step(f, p), when));
    }
    const auto own = d.earlier_.begin() + static_cast<std::ptrdiff_t>(d.begins_.back());
    std::sort(own, d.earlier_.end());
    d.earlier_.erase(std::unique(own, d.earlier_.end()), d.earlier_.end());
    d.begins_.push_back(d.earlier_.size());
  }
  return d;
}

StepId Dependences::step(TaskIndex task) const {
  if (task < sequence_.loop_begin) return task;
  const std::int64_t body = sequence_.loop_end - sequence_.loop_begin;
  const std::int64_t in_loop = task - static_cast<std::int64_t>(sequence_.loop_begin);
  if (in_loop < body * iterations_) return sequence_.loop_begin + static_cast<StepId>(in_loop % body);
  return sequence_.loop_end + static_cast<StepId>(in_loop - body * iterations_);
}

std::int64_t Dependences::iteration(TaskIndex task) const {
  if (task < sequence_.loop_begin) return -1;
  const std::int64_t body = sequence_.loop_end - sequence_.loop_begin;
  if (body == 0) return iterations_;
  return std::min((task - static_cast<std::int64_t>(sequence_.loop_begin)) / body, iterations_);
}

Dependences::TaskIndex Dependences::task(StepId step, std::int64_t iteration) const {
  const std::int64_t body = sequence_.loop_end - sequence_.loop_begin;
  if (step < sequence_.loop_begin) return step;
  if (step < sequence_.loop_end) return static_cast<TaskIndex>(step + body * iteration);
  return static_cast<TaskIndex>(step + body * (iterations_ - 1));
}

}  // namespace mapwright::program
