#include "discover/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/text.h"
#include "discover/diagnostics.h"

namespace mapwright::discover {
namespace {

using program::Privilege;

base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message, std::string note = "") {
  base::Diagnostic d;
  d.kind = &kind;
  d.message = std::move(message);
  d.note = std::move(note);
  return d;
}

// A launch with what its points launch.
struct Node {
  const SeenLaunch* seen = nullptr;
  std::int64_t position = 0;             // of the point above that launched it
  std::vector<const SeenPoint*> points;  // in the order of Domain::next; null: nothing was seen of it
  std::vector<Node> children;            // by the positions of the points that launched them
  std::size_t number = 0;                // equal for launches that do the same to the same
};

// Tasks below tasks: what goes deeper is no program that mappers could tell apart.
constexpr int kDeepest = 256;

// Pieces of all points together: about as many as a journal of the largest size can tell of. Sparse domains
// could have far more in a few lines.
constexpr std::int64_t kMostPieces = std::int64_t{1} << 22;

// What is called like something else gets a number.
class Unique {
 public:
  std::string operator()(const std::string& name) {
    const std::string shortened(base::cut_right(name, program::kLongestName - 8));
    int& last = last_.try_emplace(shortened, 1).first->second;
    std::string candidate = shortened;
    while (!taken_.insert(candidate).second) candidate = fmt::format("{}_{}", shortened, ++last);
    return candidate;
  }

 private:
  std::set<std::string> taken_;
  std::map<std::string, int> last_;  // number of each name
};

// The steps of a sequence that repeat: [begin, begin + period) `times` times over.
struct Loop {
  std::size_t begin = 0;
  std::size_t period = 0;
  std::size_t times = 1;
};

constexpr std::size_t kLongestPeriod = 4096;

Loop loop_of(const std::vector<Node>& steps) {
  Loop best;
  std::size_t covered = 0;
  for (std::size_t period = 1; period <= std::min(steps.size() / 2, kLongestPeriod); ++period) {
    std::size_t run = 0;
    for (std::size_t i = 0; i + period <= steps.size(); ++i) {
      if (i + period < steps.size() && steps[i].number == steps[i + period].number) {
        ++run;
        continue;
      }
      const std::size_t times = run / period + 1;
      if (times >= 2 && times * period > covered) {
        covered = times * period;
        best = {i - run, period, times};
      }
      run = 0;
    }
  }
  return best;
}

class Builder {
 public:
  Builder(const Observation& seen, const machine::Machine& machine) : seen_(seen), machine_(machine) {}

  base::Result<program::Program> build(const std::string& name) {
    for (const SeenLaunch& launch : seen_.launches)
      if (launch.parent) by_parent_[*launch.parent].push_back(&launch);
    for (auto& [parent, launches] : by_parent_)
      std::ranges::stable_sort(launches, {}, [](const SeenLaunch* l) { return l->order; });
    const std::optional<Number> top = find_top();
    if (!top)
      return problem_of(problem::nothing_launched, "the execution launched no tasks",
                        "a model is made of what the top-level task launches");
    std::vector<Node> steps;
    add_below(*top, 0, 0, &steps);
    if (beyond_) return *std::move(beyond_);
    if (steps.empty())
      return problem_of(problem::nothing_launched, "no task that the execution launched was mapped");

    program_.name = name;
    program_.description = "discovered from one execution";
    const Loop loop = loop_of(steps);
    add_regions();
    if (!beyond_) add_steps(steps, loop);
    if (beyond_) return *std::move(beyond_);
    add_notes(loop);
    if (auto problems = program::validate(program_); problems.has_errors())
      return problem_of(problem::beyond_models,
                        "no model can describe this program: " + problems.items().front().message,
                        problems.items().front().note);
    return std::move(program_);
  }

 private:
  // The first problem counts.
  void refuse(std::string message, std::string note) {
    if (!beyond_) beyond_ = problem_of(problem::beyond_models, std::move(message), std::move(note));
  }

  // The top-level task is launched by nobody, or by what nobody watched.
  std::optional<Number> find_top() const {
    std::set<Number> calls;
    for (const SeenLaunch& launch : seen_.launches)
      for (const SeenPoint& point : launch.points) calls.insert(point.call);
    for (const SeenLaunch& launch : seen_.launches) {
      if (launch.parent && calls.contains(*launch.parent)) continue;
      // What launches several is itself the top, one that nobody mapped.
      if (launch.parent && by_parent_.at(*launch.parent).size() > 1) return launch.parent;
      if (launch.domain || launch.points.empty()) continue;
      if (by_parent_.contains(launch.points.front().call)) return launch.points.front().call;
    }
    return std::nullopt;
  }

  // A call is seen at one point and has one parent: below the top there are no circles.
  void add_below(Number call, std::int64_t position, int depth, std::vector<Node>* nodes) {
    const auto found = by_parent_.find(call);
    if (found == by_parent_.end()) return;
    if (depth == kDeepest)
      return refuse(fmt::format("tasks launch tasks over {} levels", kDeepest), "models have fewer");
    for (const SeenLaunch* launch : found->second) {
      if (launch->points.empty()) continue;
      const auto points = launch->domain ? launch->domain->size(kMostPieces) : 1;
      const auto pieces = std::max<std::int64_t>(1, std::ssize(launch->requirements));
      if (!points || *points > room_ / pieces)
        return refuse(
            fmt::format("the launches up to one of '{}' have too many points", base::visible(launch->task)),
            fmt::format("discovered models have at most {} pieces of points together", kMostPieces));
      room_ -= *points * pieces;
      Node& node = nodes->emplace_back();
      node.seen = launch;
      node.position = position;
      node.points.resize(static_cast<std::size_t>(*points));
      for (const SeenPoint& point : launch->points) {
        const std::int64_t at = launch->domain ? launch->domain->position(point.point) : 0;
        const SeenPoint*& place = node.points[static_cast<std::size_t>(at)];
        if (place == nullptr) place = &point;
      }
      for (std::size_t p = 0; p < node.points.size(); ++p)
        if (node.points[p] != nullptr)
          add_below(node.points[p]->call, static_cast<std::int64_t>(p), depth + 1, &node.children);
      node.number = number_of(node);
    }
  }

  std::size_t number_of(const Node& node) {
    const SeenLaunch& launch = *node.seen;
    const std::size_t task = task_numbers_.try_emplace(launch.task, task_numbers_.size()).first->second;
    std::vector<Number> key{static_cast<Number>(task), launch.domain ? launch.domain->rank : 0};
    for (int d = 0; launch.domain && d < launch.domain->rank; ++d)
      for (const lang::Point* end : {&launch.domain->lo, &launch.domain->hi})
        key.push_back((*end)[static_cast<std::size_t>(d)]);
    key.push_back(std::ssize(launch.requirements));
    for (const SeenRequirement& r : launch.requirements) {
      key.insert(key.end(), {static_cast<Number>(r.privilege), r.shared ? 1 : 0, std::ssize(r.fields)});
      key.insert(key.end(), r.fields.begin(), r.fields.end());
    }
    for (const SeenPoint* point : node.points) {
      for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
        const SeenPiece* piece = piece_of(point, r);
        key.push_back(piece == nullptr ? 0 : piece->partition ? 2 : 1);
        if (piece != nullptr) key.insert(key.end(), {piece->region, piece->space});
        if (piece != nullptr && piece->partition) key.push_back(*piece->partition);
      }
      if (launch.requirements.empty()) key.push_back(point == nullptr ? 0 : 1);
    }
    for (const Node& child : node.children)
      key.insert(key.end(), {child.position, static_cast<Number>(child.number)});
    return numbers_.try_emplace(std::move(key), numbers_.size()).first->second;
  }

  // Nothing where that point has no data there.
  const SeenPiece* piece_of(const SeenPoint* point, std::size_t requirement) const {
    if (point == nullptr || requirement >= point->pieces.size()) return nullptr;
    const std::optional<SeenPiece>& piece = point->pieces[requirement];
    return piece && seen_.regions.contains(piece->region) ? &*piece : nullptr;
  }

  void add_regions() {
    Unique unique;
    for (const auto& [number, seen] : seen_.regions) {
      program::Region region;
      region.name = unique(seen.names.front());
      region.elements = seen.elements;
      if (seen.elements.rank > 3)
        return refuse(
            fmt::format("region '{}' has {} dimensions", base::visible(region.name), seen.elements.rank),
            "models have data of at most 3 dimensions");
      if (seen.fields.size() > program::kMaxFields)
        return refuse(
            fmt::format("region '{}' has {} fields", base::visible(region.name), seen.fields.size()),
            fmt::format("models have regions of at most {} fields", program::kMaxFields));
      Unique fields;
      for (const SeenField& f : seen.fields) {
        field_bits_[{number, f.id}] = region.fields.size();
        region.fields.push_back({fields(f.name), std::max<std::int64_t>(1, f.bytes)});
      }
      regions_[number] = static_cast<program::RegionId>(program_.regions.size());
      program_.regions.push_back(std::move(region));
    }
  }

  program::PartitionId add_partition(const std::string& name, Number region, bool disjoint) {
    program_.partitions.push_back({name, regions_.at(region), disjoint, {}, {0}});
    volumes_.emplace_back();
    return static_cast<program::PartitionId>(program_.partitions.size() - 1);
  }

  void add_piece(program::PartitionId partition, std::vector<program::Box> boxes) {
    boxes_ += boxes.size();
    if (boxes_ > program::kMaxBoxes) {
      refuse("the pieces of its data have too many boxes",
             fmt::format("models have at most {}", program::kMaxBoxes));
      boxes.clear();
    }
    double volume = 0;
    for (const program::Box& box : boxes)
      volume += static_cast<double>(box.size(program::kMaxElements).value_or(program::kMaxElements));
    volumes_[partition].push_back(volume);
    program_.partitions[partition].add(boxes);
  }

  // All of a region is a partition of one piece.
  program::PartitionId whole_of(Number region) {
    const auto found = whole_.find(region);
    if (found != whole_.end()) return found->second;
    const program::Region& all = program_.regions[regions_.at(region)];
    const program::PartitionId whole = add_partition(all.name, region, true);
    add_piece(whole, {all.elements});
    whole_[region] = whole;
    return whole;
  }

  // The partition with exactly these pieces under this name, and which of them each point has. Points without
  // data have an empty one.
  std::pair<program::PartitionId, std::vector<std::uint32_t>> partition_of(
      const std::vector<const SeenPiece*>& of_points, const SeenPiece& first) {
    const SeenRegion& region = seen_.regions.at(first.region);
    if (std::ranges::all_of(of_points, [&](const SeenPiece* p) { return p && p->space == region.space; }))
      return {whole_of(first.region), {0}};
    auto found = partitions_.find({first.region, first.partition});
    if (found == partitions_.end()) {
      const auto seen =
          first.partition ? seen_.partitions.find({first.region, *first.partition}) : seen_.partitions.end();
      const bool known = seen != seen_.partitions.end();
      const auto id = add_partition(known ? seen->second.names.front() : region.names.front() + "_pieces",
                                    first.region, known && seen->second.disjoint);
      found = partitions_.try_emplace({first.region, first.partition}, Pieces{id, {}}).first;
    }
    auto& [partition, known] = found->second;
    std::vector<std::uint32_t> pieces;
    for (const SeenPiece* piece : of_points) {
      const std::optional<Number> space = piece ? std::optional(piece->space) : std::nullopt;
      const auto [at, fresh] = known.try_emplace(space, static_cast<std::uint32_t>(known.size()));
      if (fresh) {
        const auto boxes = space ? seen_.spaces.find(*space) : seen_.spaces.end();
        add_piece(partition, boxes == seen_.spaces.end() ? std::vector<program::Box>() : boxes->second);
        // What is promised of a partition holds for its own pieces.
        if (piece && piece->partition != first.partition) program_.partitions[partition].disjoint = false;
      }
      pieces.push_back(at->second);
    }
    return {partition, std::move(pieces)};
  }

  program::TaskId task_of(const Node& node) {
    const auto [found, fresh] =
        tasks_.try_emplace(node.seen->task, static_cast<program::TaskId>(program_.tasks.size()));
    if (fresh) {
      program::Task task;
      task.name = node.seen->task;
      for (const machine::ProcessorKind kind : node.seen->variants) task.variants.emplace_back().kind = kind;
      if (task.variants.empty()) task.variants.emplace_back();
      program_.tasks.push_back(std::move(task));
    }
    if (!node.children.empty()) program_.tasks[found->second].inner = true;
    return found->second;
  }

  void add_steps(const std::vector<Node>& steps, const Loop& loop) {
    const std::size_t end = loop.begin + loop.period * loop.times;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (loop.times > 1 && i == loop.begin)
        program_.loop_begin = static_cast<program::LaunchId>(program_.launches.size());
      if (loop.times > 1 && i >= loop.begin + loop.period && i < end) continue;
      std::vector<const Node*> same{&steps[i]};
      if (loop.times > 1 && i >= loop.begin && i < end)
        for (std::size_t k = 1; k < loop.times; ++k) same.push_back(&steps[i + k * loop.period]);
      add_step(same, std::nullopt);
      if (loop.times > 1 && i + 1 == loop.begin + loop.period)
        program_.loop_end = static_cast<program::LaunchId>(program_.launches.size());
    }
    if (loop.times == 1) {
      program_.loop_end = static_cast<program::LaunchId>(program_.launches.size());
      return;
    }
    program_.warmup = loop.times > 2 ? 1 : 0;
    program_.iterations =
        std::min<std::int64_t>(kIterations, static_cast<std::int64_t>(loop.times) - program_.warmup);
  }

  // `same`: what the repetitions of one launch looked like; their times differ, nothing else does.
  void add_step(const std::vector<const Node*>& same, std::optional<program::Parent> parent) {
    const Node& node = *same.front();
    const SeenLaunch& seen = *node.seen;
    const auto id = static_cast<program::LaunchId>(program_.launches.size());
    program::Launch launch;
    launch.task = task_of(node);
    launch.single = !seen.domain;
    launch.parent = parent;
    const std::int64_t one = 1;
    launch.domain = seen.domain ? *seen.domain : lang::make_domain({&one, 1});
    unseen_ += std::ranges::count(node.points, nullptr);
    add_requirements(node, &launch);
    if (!program_.tasks[launch.task].inner) add_cost(same, &launch);
    program_.launches.push_back(std::move(launch));
    for (std::size_t c = 0; c < node.children.size(); ++c) {
      std::vector<const Node*> children;
      children.reserve(same.size());
      for (const Node* n : same) children.push_back(&n->children[c]);
      add_step(children, program::Parent{id, node.children[c].position});
    }
  }

  void add_requirements(const Node& node, program::Launch* launch) {
    for (std::size_t r = 0; r < node.seen->requirements.size(); ++r) {
      const SeenRequirement& seen = node.seen->requirements[r];
      std::vector<const SeenPiece*> pieces;
      pieces.reserve(node.points.size());
      for (const SeenPoint* point : node.points) pieces.push_back(piece_of(point, r));
      const auto first = std::ranges::find_if(pieces, [](const SeenPiece* p) { return p != nullptr; });
      program::Requirement requirement;
      if (first == pieces.end()) {
        // Its place stays: mappers call requirements by their positions.
        requirement.privilege = Privilege::none;
        if (regions_.empty()) continue;
        requirement.partition = whole_of(regions_.begin()->first);
        requirement.pieces = {0};
        requirement.fields = 1;
        launch->requirements.push_back(std::move(requirement));
        continue;
      }
      std::tie(requirement.partition, requirement.pieces) = partition_of(pieces, **first);
      requirement.privilege = seen.privilege;
      for (const Number field : seen.fields)
        if (const auto bit = field_bits_.find({(*first)->region, field}); bit != field_bits_.end())
          requirement.fields |= program::FieldSet{1} << bit->second;
      if (requirement.fields == 0) {
        requirement.privilege = Privilege::none;
        requirement.fields = 1;
      }
      // What tasks do to shared data at the same time commutes, as sums do.
      const bool writes =
          requirement.privilege == Privilege::write || requirement.privilege == Privilege::read_write;
      if (seen.shared && writes) {
        requirement.privilege = Privilege::reduce;
        ++shared_;
      }
      launch->requirements.push_back(std::move(requirement));
    }
  }

  void add_cost(const std::vector<const Node*>& same, program::Launch* launch) {
    std::vector<double> seconds;
    std::optional<machine::ProcessorKind> kind;
    std::int64_t seen = 0;
    std::int64_t timed = 0;
    for (std::size_t p = 0; p < same.front()->points.size(); ++p) {
      std::vector<double> times;
      for (const Node* n : same) {
        const SeenPoint* point = n->points[p];
        if (point == nullptr) continue;
        if (point->seconds) times.push_back(*point->seconds);
        if (!kind) kind = point->kind;
      }
      if (same.front()->points[p] != nullptr) ++seen;
      double& median = seconds.emplace_back(0);
      if (times.empty()) continue;
      ++timed;
      const auto middle = times.begin() + std::ssize(times) / 2;
      std::nth_element(times.begin(), middle, times.end());
      median = *middle;
    }
    const machine::ProcessorKind ran_on = kind.value_or(machine::ProcessorKind::cpu);
    const auto& processors = machine_.processors[ran_on];
    const program::Variant* variant = program_.tasks[launch->task].variant(ran_on);
    // A time says nothing where it is not known how fast what took it is.
    const bool known = processors && variant != nullptr;
    untimed_ += known ? seen - timed : seen;
    if (!known) return;
    for (const double s : seconds) launch->flops.values.push_back(s * variant->rate(*processors));
    limit_streams(seconds, *variant, launch);
  }

  void limit_streams(const std::vector<double>& seconds, const program::Variant& variant,
                     program::Launch* launch) const {
    const auto& affinity = machine_.affinities[variant.kind][machine::MemoryKind::sysmem];
    const auto& device = machine_.affinities[variant.kind][machine::MemoryKind::fbmem];
    const double bandwidth = affinity ? affinity->bandwidth : device ? device->bandwidth : 0;
    if (bandwidth <= 0) return;
    const auto bytes = [&](const program::Requirement& r) {
      return r.bytes_per_element(program_.regions[program_.partitions[r.partition].region], r.fields);
    };
    double streamed = 0;
    for (const program::Requirement& r : launch->requirements) {
      if (r.privilege == Privilege::none) continue;
      double elements = 0;
      for (std::int64_t p = 0; p < std::ssize(seconds); ++p) elements += volumes_[r.partition][r.piece(p)];
      streamed += elements * bytes(r);
    }
    const double time = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    if (streamed <= time * bandwidth) return;
    const double share = time * bandwidth / streamed;
    for (program::Requirement& r : launch->requirements)
      if (r.privilege != Privilege::none) r.streamed = share * bytes(r);
  }

  void add_notes(const Loop& loop) {
    auto& notes = program_.notes;
    if (loop.times > 1) {
      notes.push_back(
          fmt::format("{} launches repeat {} times: they are the loop, of which {} iterations are simulated",
                      loop.period, loop.times, program_.iterations));
    } else {
      notes.emplace_back("nothing repeats: all of the execution is one iteration");
    }
    if (unseen_ > 0)
      notes.push_back(fmt::format("{} points were not mapped: they have no data and no time", unseen_));
    if (untimed_ > 0) notes.push_back(fmt::format("{} points have no time: they count as none", untimed_));
    if (shared_ > 0)
      notes.push_back(
          fmt::format("{} requirements share data with tasks of the same time: they count as sums", shared_));
    if (seen_.copies > 0)
      notes.push_back(fmt::format("in the execution that was watched, {} copies moved {} bytes", seen_.copies,
                                  seen_.copied_bytes));
    notes.emplace_back("which launches wait for whose results was not seen");
  }

  struct Pieces {
    program::PartitionId partition = 0;
    std::map<std::optional<Number>, std::uint32_t> spaces;  // none: the piece of points without data
  };

  const Observation& seen_;
  const machine::Machine& machine_;
  program::Program program_;
  std::optional<base::Diagnostic> beyond_;  // what models cannot describe
  std::map<Number, std::vector<const SeenLaunch*>> by_parent_;
  std::map<std::string_view, std::size_t> task_numbers_;
  std::map<std::vector<Number>, std::size_t> numbers_;  // of nodes, by all that they are
  std::map<Number, program::RegionId> regions_;
  std::map<Number, program::PartitionId> whole_;
  std::map<std::pair<Number, Number>, std::size_t> field_bits_;
  std::map<std::pair<Number, std::optional<Number>>, Pieces> partitions_;
  std::vector<std::vector<double>> volumes_;  // of the pieces of each partition
  std::map<std::string, program::TaskId> tasks_;
  std::int64_t room_ = kMostPieces;  // for pieces of points
  std::size_t boxes_ = 0;
  std::int64_t unseen_ = 0;
  std::int64_t untimed_ = 0;
  std::int64_t shared_ = 0;
};

}  // namespace

machine::Machine machine_for(machine::Machine machine, const Resources& had,
                             std::vector<std::string>* notes) {
  const auto lacking = [&](std::string_view what, std::string_view kind) {
    notes->push_back(
        fmt::format("the application had {} {}, and {} has none: --machine names the machine that it ran on",
                    kind, what, base::visible(machine.name)));
  };
  for (const machine::ProcessorKind kind : machine::kMachineProcessors) {
    const std::int64_t count = had.processors[kind];
    auto& there = machine.processors[kind];
    if (!there && count > 0) lacking("processors", machine::name_of(kind));
    if (!there || count == 0) {
      there.reset();
      machine.affinities[kind] = {};
      continue;
    }
    there->count = count;
    there->sockets = machine::in_blocks(count, machine.node.sockets);
  }
  for (const machine::MemoryKind kind : machine::kMachineMemories) {
    const std::int64_t bytes = had.memories[kind];
    auto& there = machine.memories[kind];
    if (!there && bytes > 0) lacking("memory", machine::name_of(kind));
    if (there && bytes > 0) {
      there->capacity = bytes;
      continue;
    }
    there.reset();
    for (const machine::ProcessorKind processor : machine::kMachineProcessors)
      machine.affinities[processor][kind].reset();
    for (machine::Link& link : machine.links)
      std::erase_if(link.carries,
                    [kind](const machine::MemoryPair& p) { return p.first == kind || p.second == kind; });
  }
  std::erase_if(machine.links, [](const machine::Link& link) { return link.carries.empty(); });
  return machine;
}

base::Result<program::Program> discover(const std::string& name, const Observation& seen,
                                        const machine::Machine& machine) {
  return Builder(seen, machine).build(name);
}

}  // namespace mapwright::discover
