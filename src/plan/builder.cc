#include "plan/builder.h"

#include <algorithm>

#include "base/bug.h"

namespace mapwright::plan {
namespace {

// Iterations after the first that repeats the one before, until pipelines are full as well: the rest of the
// warm-up changes nothing and is not executed.
constexpr std::int64_t kSettling = 3;

}  // namespace

Builder::Builder(const Planner& planner, std::shared_ptr<const program::Program> program,
                 lang::Placer& placer)
    : program_(*program),
      atoms_(*planner.atoms()),
      site_(*planner.site()),
      placer_(placer),
      coherence_(program_, atoms_),
      room_(site_),
      children_(program_.launches.size()),
      choices_(program_.launches.size()),
      end_of_(program_.launches.size(), kNone),
      gives_future_(program_.launches.size()) {
  plan_.program = std::move(program);
  plan_.atoms = planner.atoms();
  plan_.site = planner.site();
  plan_.wait_begins.push_back(0);
  std::uint32_t points = 0;
  for (program::LaunchId id = 0; id < program_.launches.size(); ++id) {
    const program::Launch& launch = program_.launches[id];
    first_point_.push_back(points);
    points += static_cast<std::uint32_t>(launch.points());
    if (launch.parent) children_[launch.parent->launch].push_back(id);
    for (const program::LaunchId from : launch.futures) gives_future_[from] = true;
  }
  mapping_of_.assign(points, kNone);
}

std::variant<Plan, Failure> Builder::run() {
  const auto last = static_cast<program::LaunchId>(program_.launches.size());
  bool done = launches(0, program_.loop_begin);
  if (done && !plan_.ops.empty()) fence();
  done = done && body();
  if (done && program_.loop_end < last) {
    fence();
    done = launches(program_.loop_end, last);
  }
  if (!done) return *std::move(failure_);
  for (MemoryId m = 0; m < room_.high_water().size(); ++m) {
    if (room_.high_water()[m] > 0) plan_.memory.push_back({m, room_.high_water()[m]});
  }
  find_homes();
  plan_.log = placer_.log();
  return std::move(plan_);
}

bool Builder::launches(program::LaunchId begin, program::LaunchId end) {
  for (program::LaunchId id = begin; id < end; ++id) {
    if (!program_.launches[id].parent && !launch(id, std::nullopt, 0)) return false;
  }
  return true;
}

// Iterations are planned one by one until one repeats the one before; from there on they all do.
bool Builder::body() {
  std::int64_t warmup = program_.warmup;
  std::vector<OpId>& begins = plan_.iteration_begins;
  begins.push_back(static_cast<OpId>(plan_.ops.size()));
  for (std::int64_t i = 0; i < warmup + program_.iterations; ++i) {
    if (!launches(program_.loop_begin, program_.loop_end)) return false;
    if (program_.waits) fence();
    begins.push_back(static_cast<OpId>(plan_.ops.size()));
    if (!repeats()) continue;
    warmup = std::min(warmup, i + kSettling);
    repeat(warmup + program_.iterations - i - 1);
    break;
  }
  plan_.warmup = warmup;
  return true;
}

bool Builder::launch(program::LaunchId id, std::optional<OpId> parent, std::uint32_t launch_index) {
  const program::Launch& l = program_.launches[id];
  if (!choices_[id] && !choose_launch(id, parent)) return false;
  const auto points = static_cast<std::uint32_t>(l.points());
  const auto before = static_cast<OpId>(plan_.ops.size());
  for (std::uint32_t p = 0; p < points; ++p) {
    if (!point(id, p, parent, launch_index)) return false;
  }
  if (!gives_future_[id]) return true;
  waits_.clear();
  for (OpId op = before; op < plan_.ops.size(); ++op) {
    if (plan_.ops[op].kind == OpKind::task && plan_.mappings[plan_.ops[op].mapping].launch == id) wait(op);
  }
  Op future;
  future.kind = OpKind::future;
  end_of_[id] = push(future);
  return true;
}

bool Builder::choose_launch(program::LaunchId id, std::optional<OpId> parent) {
  std::optional<ProcessorId> at;
  if (parent) at = plan_.mappings[plan_.ops[*parent].mapping].processor;
  auto choice = choose(program_, atoms_, site_, placer_, id, at);
  if (auto* failure = std::get_if<Failure>(&choice)) return fail(std::move(*failure));
  choices_[id] = std::get<LaunchChoice>(std::move(choice));
  return true;
}

bool Builder::point(program::LaunchId id, std::uint32_t position, std::optional<OpId> parent,
                    std::uint32_t launch_index) {
  const program::Launch& l = program_.launches[id];
  waits_.clear();
  if (parent) wait(*parent, true);
  for (const program::LaunchId from : l.futures) wait(end_of_[from]);
  // A limit makes room before anything is held for the task.
  std::vector<OpId>* in_flight = limited(id, position, parent);
  const MappingId& mapping = mapping_of_[first_point_[id] + position];
  mapping_waits_.clear();
  accesses_.clear();
  if ((mapping == kNone || !hold(plan_.mappings[mapping])) && !map_point(id, position)) return false;
  waits_.insert(waits_.end(), mapping_waits_.begin(), mapping_waits_.end());

  Op op;
  op.mapping = mapping;
  op.launch_index = launch_index;
  op.parent = parent.value_or(kNone);
  if (!program_.tasks[l.task].inner) {
    leaf(id, position, op);
  } else {
    op.kind = OpKind::begin;
    const OpId begin = push(op);
    if (!below(id, position, begin)) return false;
  }
  if (in_flight != nullptr) in_flight->push_back(static_cast<OpId>(plan_.ops.size()) - 1);
  return true;
}

// Where a limited task counts, after a wait for the one that has to be over first.
std::vector<OpId>* Builder::limited(program::LaunchId id, std::uint32_t position,
                                    std::optional<OpId> parent) {
  const auto limit = static_cast<std::size_t>(choices_[id]->limit);
  if (limit == 0) return nullptr;
  const program::Launch& l = program_.launches[id];
  const auto slots = choices_[id]->placement->at(position);
  const ProcessorId processor = site_.processor(choices_[id]->kind, slots[position % slots.size()]);
  // Every processor has a mapper of its own, which counts what it let go: the points of an index launch where
  // they run, a single task where its parent does.
  const ProcessorId counts =
      parent && l.single ? plan_.mappings[plan_.ops[*parent].mapping].processor : kNone;
  std::vector<OpId>& in_flight = in_flight_[{l.task, processor, counts}];
  if (in_flight.size() >= limit) {
    const OpId earlier = in_flight[in_flight.size() - limit];
    wait(earlier, true);
    if (plan_.ops[earlier].kind == OpKind::task) free_collected(plan_.mappings[plan_.ops[earlier].mapping]);
  }
  return &in_flight;
}

// What a point of an inner launch launches, and its end.
bool Builder::below(program::LaunchId id, std::uint32_t position, OpId begin) {
  std::vector<Wait> ends;
  std::uint32_t index = 0;
  // Launches below one point stand together (program::validate).
  const auto children = std::ranges::equal_range(
      children_[id], static_cast<std::int64_t>(position), {},
      [&](program::LaunchId child) { return program_.launches[child].parent->position; });
  for (const program::LaunchId child : children) {
    const auto from = static_cast<OpId>(plan_.ops.size());
    if (!launch(child, begin, index++)) return false;
    for (OpId o = from; o < plan_.ops.size(); ++o) {
      const Op& op = plan_.ops[o];
      const bool last = op.kind == OpKind::task || op.kind == OpKind::end;
      const OpId its_parent = op.kind == OpKind::end ? plan_.ops[op.parent].parent : op.parent;
      if (last && its_parent == begin) ends.push_back({o, false});
    }
  }
  waits_ = std::move(ends);
  wait(begin);
  Op end = plan_.ops[begin];
  end.kind = OpKind::end;
  end.parent = begin;
  push(end);
  return true;
}

// A task that works on data, after what brings the data.
void Builder::leaf(program::LaunchId id, std::uint32_t position, Op op) {
  const program::Launch& l = program_.launches[id];
  const Mapping m = plan_.mappings[op.mapping];
  for (std::size_t r = 0; r < l.requirements.size(); ++r) {
    const program::Requirement& requirement = l.requirements[r];
    for (const Use& use : plan_.uses_of(m, r)) {
      accesses_.push_back({&requirement, &choices_[id]->requirements[r],
                           program_.partitions[requirement.partition].region, requirement.piece(position),
                           use});
    }
  }
  std::vector<Wait> own_waits = std::move(waits_);
  const auto first_transfer = static_cast<OpId>(plan_.ops.size());
  for (const Access& a : accesses_) make_current(a);
  waits_ = std::move(own_waits);
  const auto self = static_cast<OpId>(plan_.ops.size());
  for (const Access& a : accesses_) wait_for_data(a);
  op.first_cell = static_cast<std::uint32_t>(plan_.cells.size());
  push(op);
  for (const Access& a : accesses_) record(a, self);
  for (const Access& a : accesses_) fold_into_owner(a, self);
  for (auto t = first_transfer; t < plan_.ops.size(); ++t) {
    if (t == self) continue;
    plan_.ops[t].parent = self;
    plan_.ops[t].mapping = op.mapping;
  }
}

void Builder::fence() {
  waits_.clear();
  Op op;
  op.kind = OpKind::fence;
  push(op);
  room_.free_all();
}

OpId Builder::push(Op op) {
  const auto id = static_cast<OpId>(plan_.ops.size());
  // Each op once, for the mapping where it is wanted for that: mapping comes before the start.
  std::ranges::sort(waits_, [](const Wait& a, const Wait& b) {
    return a.op != b.op ? a.op < b.op : a.mapping && !b.mapping;
  });
  OpId last = kNone;
  for (const Wait& w : waits_) {
    if (w.op != last) plan_.waits.push_back(w);
    last = w.op;
  }
  plan_.wait_begins.push_back(static_cast<std::uint32_t>(plan_.waits.size()));
  plan_.ops.push_back(op);
  return id;
}

// Whether the last iteration did what the one before did: the same ops, on the same instances, each waiting
// for the same op, or for the one that stands an iteration before it. Then what holds valid values is the
// same as well: what the body writes is what its last writer left, what it does not write only ever gains
// copies.
bool Builder::repeats() const {
  const std::vector<OpId>& begins = plan_.iteration_begins;
  if (begins.size() < 3) return false;
  const OpId before = begins[begins.size() - 3];
  const OpId begin = begins[begins.size() - 2];
  const OpId n = begin - before;
  if (begins.back() - begin != n) return false;
  const auto moved = [&](OpId a, OpId b) { return a == b || (a != kNone && b == a + n); };
  for (OpId i = 0; i < n; ++i) {
    const Op& a = plan_.ops[before + i];
    const Op& b = plan_.ops[begin + i];
    if (a.kind != b.kind || a.mapping != b.mapping || a.source != b.source ||
        a.destination != b.destination || a.bytes != b.bytes || !moved(a.parent, b.parent) ||
        !std::ranges::equal(plan_.cells_of(a), plan_.cells_of(b))) {
      return false;
    }
    const auto x = plan_.waits_of(before + i);
    const auto y = plan_.waits_of(begin + i);
    if (!std::ranges::equal(x, y, [&](const Wait& u, const Wait& v) {
          return u.mapping == v.mapping && moved(u.op, v.op);
        })) {
      return false;
    }
  }
  return true;
}

void Builder::repeat(std::int64_t times) {
  if (times <= 0) return;
  std::vector<OpId>& begins = plan_.iteration_begins;
  const OpId begin = begins[begins.size() - 2];
  const OpId end = begins.back();
  const OpId n = end - begin;
  const auto total = static_cast<std::size_t>(times) * n;
  plan_.ops.reserve(plan_.ops.size() + total);
  plan_.waits.reserve(plan_.waits.size() +
                      static_cast<std::size_t>(times) * (plan_.wait_begins[end] - plan_.wait_begins[begin]));
  plan_.wait_begins.reserve(plan_.wait_begins.size() + total);
  for (std::int64_t t = 1; t <= times; ++t) {
    const auto shift = static_cast<OpId>(t) * n;
    for (OpId i = begin; i < end; ++i) {
      Op op = plan_.ops[i];
      if (op.parent != kNone) op.parent += shift;
      plan_.ops.push_back(op);
      const std::uint32_t waits_before = plan_.wait_begins[i - n];
      for (std::uint32_t w = plan_.wait_begins[i]; w < plan_.wait_begins[i + 1]; ++w) {
        Wait wait = plan_.waits[w];
        // What has moved since the iteration before moves on.
        if (plan_.waits[waits_before + w - plan_.wait_begins[i]].op != wait.op) wait.op += shift;
        plan_.waits.push_back(wait);
      }
      plan_.wait_begins.push_back(static_cast<std::uint32_t>(plan_.waits.size()));
    }
    begins.push_back(end + shift);
  }
  // What comes after the loop follows the last iteration.
  const auto shift = static_cast<OpId>(times) * n;
  const auto move = [&](OpId& op) {
    if (op != kNone && op >= begin) op += shift;
  };
  for (Cell& cell : coherence_.cells()) {
    for (Holder& h : cell.holders) {
      move(h.writer);
      for (OpId& r : h.readers) move(r);
    }
    for (Contribution& c : cell.contributions) move(c.op);
  }
  for (OpId& op : end_of_) move(op);
  for (auto& [key, list] : in_flight_) {
    for (OpId& op : list) move(op);
  }
  room_.shift(begin, shift);
}

}  // namespace mapwright::plan
