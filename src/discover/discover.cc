#include "discover/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
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

// A launch with what its points launch, in the order of its points.
struct Node {
  const SeenLaunch* seen = nullptr;
  std::vector<std::size_t> order;               // of its points, as a domain has them
  std::vector<std::vector<Node>> children;      // of each point, by its place in that order
  std::string words;                            // equal for launches that do the same to the same
};

// What is called like something else gets a number.
class Unique {
 public:
  std::string operator()(const std::string& name) {
    const std::string shortened = name.substr(0, program::kLongestName - 8);
    std::string candidate = shortened;
    for (int n = 2; !taken_.insert(candidate).second; ++n) candidate = fmt::format("{}_{}", shortened, n);
    return candidate;
  }

 private:
  std::set<std::string> taken_;
};

// The steps of a sequence that repeat: [begin, begin + period) `times` times over.
struct Loop {
  std::size_t begin = 0;
  std::size_t period = 0;
  std::size_t times = 1;
};

constexpr std::size_t kLongestPeriod = 4096;

Loop loop_of(const std::vector<std::size_t>& steps) {
  Loop best;
  std::size_t covered = 0;
  for (std::size_t period = 1; period <= std::min(steps.size() / 2, kLongestPeriod); ++period) {
    std::size_t run = 0;
    for (std::size_t i = 0; i + period <= steps.size(); ++i) {
      if (i + period < steps.size() && steps[i] == steps[i + period]) {
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
    by_parent_.clear();
    std::optional<Number> top;
    for (const SeenLaunch& launch : seen_.launches) by_parent_[launch.parent.value_or(-1)].push_back(&launch);
    for (auto& [parent, launches] : by_parent_)
      std::sort(launches.begin(), launches.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
    // The top-level task is launched by nobody, or by what nobody watched.
    for (const SeenLaunch& launch : seen_.launches) {
      if (launch.points.size() != 1 || !by_parent_.contains(launch.points.front().call)) continue;
      if (!launch.parent || !known_call(*launch.parent)) {
        top = launch.points.front().call;
        break;
      }
    }
    if (!top)
      return problem_of(problem::nothing_launched, "the execution launched no tasks",
                        "a model is made of what the top-level task launches");
    std::vector<Node> steps = nodes_below(*top);
    std::erase_if(steps, [](const Node& n) { return n.seen->points.empty(); });
    if (steps.empty()) return problem_of(problem::nothing_launched, "no task that the execution launched was mapped");
    for (Node& step : steps) describe(&step);

    program_.name = name;
    program_.description = "discovered from one execution";
    const Loop loop = find_loop(steps);
    if (auto problem = add_regions()) return *std::move(problem);
    add_steps(steps, loop);
    add_notes(loop);
    if (auto problems = program::validate(program_); problems.has_errors())
      return problem_of(problem::beyond_models, "no model can describe this program: " + problems.items().front().message,
                        problems.items().front().note);
    return std::move(program_);
  }

 private:
  bool known_call(Number call) const {
    return std::any_of(seen_.launches.begin(), seen_.launches.end(), [call](const SeenLaunch& l) {
      return std::any_of(l.points.begin(), l.points.end(), [call](const SeenPoint& p) { return p.call == call; });
    });
  }

  std::vector<Node> nodes_below(Number call) {
    std::vector<Node> nodes;
    const auto found = by_parent_.find(call);
    if (found == by_parent_.end()) return nodes;
    for (const SeenLaunch* launch : found->second) {
      Node node;
      node.seen = launch;
      node.order.resize(launch->points.size());
      std::iota(node.order.begin(), node.order.end(), 0);
      // As Domain::next runs: the last coordinate fastest.
      std::sort(node.order.begin(), node.order.end(),
                [&](std::size_t a, std::size_t b) { return launch->points[a].point < launch->points[b].point; });
      for (const std::size_t i : node.order) node.children.push_back(nodes_below(launch->points[i].call));
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

  static void describe(Node* node) {
    const SeenLaunch& launch = *node->seen;
    std::string text = fmt::format("{}\n{}\n", launch.task, launch.domain ? lang::domain_text(*launch.domain) : "");
    for (const SeenRequirement& r : launch.requirements)
      text += fmt::format("{} {} {}\n", r.region.value_or(-1), static_cast<int>(r.privilege), fmt::join(r.fields, ","));
    for (std::size_t i = 0; i < node->order.size(); ++i) {
      for (const auto& piece : launch.points[node->order[i]].pieces) text += fmt::format("{} ", piece ? piece->space : -1);
      for (Node& child : node->children[i]) {
        describe(&child);
        text += "(" + child.words + ")";
      }
    }
    node->words = std::move(text);
  }

  static Loop find_loop(const std::vector<Node>& steps) {
    std::map<std::string_view, std::size_t> numbers;
    std::vector<std::size_t> sequence;
    for (const Node& step : steps) sequence.push_back(numbers.try_emplace(step.words, numbers.size()).first->second);
    return loop_of(sequence);
  }

  std::optional<base::Diagnostic> add_regions() {
    Unique unique;
    for (const auto& [number, seen] : seen_.regions) {
      if (seen.elements.rank > 3)
        return problem_of(problem::beyond_models,
                          fmt::format("region '{}' has {} dimensions", base::visible(seen.names.front()), seen.elements.rank),
                          "models have data of at most 3 dimensions");
      program::Region region;
      region.name = unique(seen.names.front());
      region.elements = seen.elements;
      Unique fields;
      for (const SeenField& f : seen.fields) {
        if (region.fields.size() == program::kMaxFields)
          return problem_of(problem::beyond_models,
                            fmt::format("region '{}' has {} fields", base::visible(region.name), seen.fields.size()),
                            fmt::format("models have regions of at most {} fields", program::kMaxFields));
        field_bits_[{number, f.id}] = region.fields.size();
        region.fields.push_back({fields(f.name), std::max<std::int64_t>(1, f.bytes)});
      }
      regions_[number] = static_cast<program::RegionId>(program_.regions.size());
      program_.regions.push_back(std::move(region));
    }
    return std::nullopt;
  }

  // All of a region is a partition of one piece.
  program::PartitionId whole_of(Number region) {
    const auto [found, fresh] = whole_.try_emplace(region, static_cast<program::PartitionId>(program_.partitions.size()));
    if (fresh) {
      const program::RegionId id = regions_.at(region);
      program::Partition whole{program_.regions[id].name, id, true, {}, {0}};
      whole.add(program_.regions[id].elements);
      program_.partitions.push_back(std::move(whole));
    }
    return found->second;
  }

  // The partition with exactly these pieces under this name, and which of them each point has.
  std::pair<program::PartitionId, std::vector<std::uint32_t>> partition_of(const Node& node, std::size_t requirement) {
    const SeenLaunch& launch = *node.seen;
    const SeenPiece& first = *launch.points[node.order.front()].pieces[requirement];
    const SeenRegion& region = seen_.regions.at(first.region);
    bool whole = true;
    for (const std::size_t i : node.order) whole = whole && launch.points[i].pieces[requirement]->space == region.space;
    if (whole) return {whole_of(first.region), {0}};
    const auto key = std::pair(first.region, first.partition.value_or(-1));
    auto found = partitions_.find(key);
    if (found == partitions_.end()) {
      const auto seen = seen_.partitions.find(key);
      program::Partition p;
      p.name = seen != seen_.partitions.end() ? seen->second.names.front() : region.names.front() + "_pieces";
      p.region = regions_.at(first.region);
      p.disjoint = seen != seen_.partitions.end() && seen->second.disjoint;
      found = partitions_.try_emplace(key, Pieces{static_cast<program::PartitionId>(program_.partitions.size()), {}}).first;
      program_.partitions.push_back(std::move(p));
    }
    std::vector<std::uint32_t> pieces;
    for (const std::size_t i : node.order) {
      const Number space = launch.points[i].pieces[requirement]->space;
      const auto [at, fresh] =
          found->second.spaces.try_emplace(space, static_cast<std::uint32_t>(found->second.spaces.size()));
      if (fresh) {
        const auto boxes = seen_.spaces.find(space);
        program_.partitions[found->second.partition].add(boxes == seen_.spaces.end() ? std::vector<program::Box>()
                                                                                      : boxes->second);
      }
      pieces.push_back(at->second);
    }
    return {found->second.partition, std::move(pieces)};
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
    const bool launches =
        std::any_of(node.children.begin(), node.children.end(), [](const auto& c) { return !c.empty(); });
    if (launches) program_.tasks[found->second].inner = true;
    return found->second;
  }

  void add_steps(const std::vector<Node>& steps, const Loop& loop) {
    const std::size_t end = loop.begin + loop.period * loop.times;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (loop.times > 1 && i == loop.begin) program_.loop_begin = static_cast<program::LaunchId>(program_.launches.size());
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
    if (seen.points.empty()) return;
    const auto id = static_cast<program::LaunchId>(program_.launches.size());
    program::Launch launch;
    launch.task = task_of(node);
    launch.single = !seen.domain;
    launch.parent = parent;
    const std::int64_t one = 1;
    launch.domain = seen.domain ? *seen.domain : lang::make_domain({&one, 1});
    add_requirements(node, &launch);
    if (!program_.tasks[launch.task].inner) add_cost(same, &launch);
    program_.launches.push_back(std::move(launch));
    for (std::size_t p = 0; p < node.children.size(); ++p) {
      for (std::size_t c = 0; c < node.children[p].size(); ++c) {
        std::vector<const Node*> children;
        for (const Node* n : same) children.push_back(&n->children[p][c]);
        add_step(children, program::Parent{id, static_cast<std::int64_t>(p)});
      }
    }
  }

  void add_requirements(const Node& node, program::Launch* launch) {
    for (std::size_t r = 0; r < node.seen->requirements.size(); ++r) {
      const SeenRequirement& seen = node.seen->requirements[r];
      const bool there = std::all_of(node.order.begin(), node.order.end(), [&](std::size_t i) {
        const auto& piece = node.seen->points[i].pieces[r];
        return piece && seen_.regions.contains(piece->region);
      });
      program::Requirement requirement;
      if (!there) {
        // Its place stays: mappers call requirements by their positions.
        requirement.privilege = Privilege::none;
        if (regions_.empty()) continue;
        requirement.partition = whole_of(regions_.begin()->first);
        requirement.pieces = {0};
        requirement.fields = 1;
        launch->requirements.push_back(std::move(requirement));
        continue;
      }
      std::tie(requirement.partition, requirement.pieces) = partition_of(node, r);
      requirement.privilege = seen.privilege;
      const Number region = node.seen->points[node.order.front()].pieces[r]->region;
      for (const Number field : seen.fields)
        if (const auto bit = field_bits_.find({region, field}); bit != field_bits_.end())
          requirement.fields |= program::FieldSet{1} << bit->second;
      if (requirement.fields == 0) {
        requirement.privilege = Privilege::none;
        requirement.fields = 1;
      }
      // What tasks do to shared data at the same time commutes, as sums do.
      const bool writes = requirement.privilege == Privilege::write || requirement.privilege == Privilege::read_write;
      if (seen.shared && writes) {
        requirement.privilege = Privilege::reduce;
        ++shared_;
      }
      launch->requirements.push_back(std::move(requirement));
    }
  }

  void add_cost(const std::vector<const Node*>& same, program::Launch* launch) {
    const Node& node = *same.front();
    std::vector<double> seconds;
    std::optional<machine::ProcessorKind> kind;
    for (std::size_t p = 0; p < node.order.size(); ++p) {
      std::vector<double> times;
      for (const Node* n : same) {
        const SeenPoint& point = n->seen->points[n->order[p]];
        if (point.seconds) times.push_back(*point.seconds);
        if (!kind) kind = point.kind;
      }
      if (times.empty()) {
        ++untimed_;
        seconds.push_back(0);
        continue;
      }
      std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
      seconds.push_back(times[times.size() / 2]);
    }
    const machine::ProcessorKind ran_on = kind.value_or(machine::ProcessorKind::cpu);
    const auto& processors = machine_.processors[ran_on];
    const program::Variant* variant = program_.tasks[launch->task].variant(ran_on);
    if (!processors || variant == nullptr) return;
    // A sparse domain has no numbers for the points that it lacks: all get the mean.
    const auto points = launch->domain.size(program::kMaxPoints);
    const bool dense = launch->single || (points && static_cast<std::size_t>(*points) == seconds.size());
    if (!dense) {
      const double mean = std::accumulate(seconds.begin(), seconds.end(), 0.0) / static_cast<double>(seconds.size());
      seconds.assign(1, mean);
    }
    for (const double s : seconds) launch->flops.values.push_back(s * variant->rate(*processors));
    limit_streams(seconds, dense, *variant, launch);
  }

  void limit_streams(const std::vector<double>& seconds, bool dense, const program::Variant& variant,
                     program::Launch* launch) const {
    const auto& affinity = machine_.affinities[variant.kind][machine::MemoryKind::sysmem];
    const auto& device = machine_.affinities[variant.kind][machine::MemoryKind::fbmem];
    const double bandwidth = affinity ? affinity->bandwidth : device ? device->bandwidth : 0;
    if (bandwidth <= 0 || !dense) return;
    double streamed = 0;
    for (const program::Requirement& r : launch->requirements) {
      if (r.privilege == Privilege::none) continue;
      const program::Partition& partition = program_.partitions[r.partition];
      for (std::size_t p = 0; p < seconds.size(); ++p)
        streamed += elements(partition, r.piece(static_cast<std::int64_t>(p))) *
                    r.bytes_per_element(program_.regions[partition.region], r.fields);
    }
    const double time = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    if (streamed <= time * bandwidth) return;
    const double share = time * bandwidth / streamed;
    for (program::Requirement& r : launch->requirements) {
      if (r.privilege == Privilege::none) continue;
      const program::Region& region = program_.regions[program_.partitions[r.partition].region];
      r.streamed = share * r.bytes_per_element(region, r.fields);
    }
  }

  static double elements(const program::Partition& partition, std::uint32_t piece) {
    double sum = 0;
    for (std::uint32_t b = partition.begins[piece]; b < partition.begins[piece + 1]; ++b)
      sum += static_cast<double>(partition.boxes[b].size(program::kMaxElements).value_or(program::kMaxElements));
    return sum;
  }

  void add_notes(const Loop& loop) {
    auto& notes = program_.notes;
    if (loop.times > 1) {
      notes.push_back(fmt::format("{} launches repeat {} times: they are the loop, of which {} iterations are simulated",
                                  loop.period, loop.times, program_.iterations));
    } else {
      notes.emplace_back("nothing repeats: all of the execution is one iteration");
    }
    if (untimed_ > 0) notes.push_back(fmt::format("{} points have no time: they count as none", untimed_));
    if (shared_ > 0)
      notes.push_back(fmt::format("{} requirements share data with tasks of the same time: they count as sums", shared_));
    notes.emplace_back("which launches wait for whose results was not seen");
  }

  struct Pieces {
    program::PartitionId partition = 0;
    std::map<Number, std::uint32_t> spaces;
  };

  const Observation& seen_;
  const machine::Machine& machine_;
  program::Program program_;
  std::map<Number, std::vector<const SeenLaunch*>> by_parent_;
  std::map<Number, program::RegionId> regions_;
  std::map<Number, program::PartitionId> whole_;
  std::map<std::pair<Number, Number>, std::size_t> field_bits_;
  std::map<std::pair<Number, Number>, Pieces> partitions_;
  std::map<std::string, program::TaskId> tasks_;
  std::int64_t untimed_ = 0;
  std::int64_t shared_ = 0;
};

}  // namespace

machine::Machine machine_for(machine::Machine machine, const Resources& had, std::vector<std::string>* notes) {
  const auto lacking = [&](std::string_view what, std::string_view kind) {
    notes->push_back(fmt::format("the application had {} {}, and {} has none: --machine names the machine that it ran on",
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
    for (const machine::ProcessorKind processor : machine::kMachineProcessors) machine.affinities[processor][kind].reset();
    for (machine::Link& link : machine.links)
      std::erase_if(link.carries, [kind](const machine::MemoryPair& p) { return p.first == kind || p.second == kind; });
  }
  std::erase_if(machine.links, [](const machine::Link& link) { return link.carries.empty(); });
  return machine;
}

base::Result<program::Program> discover(const std::string& name, const Observation& seen,
                                        const machine::Machine& machine) {
  return Builder(seen, machine).build(name);
}

}  // namespace mapwright::discover
