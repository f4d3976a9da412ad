#include "report/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "engine/summary.h"
#include "report/table.h"

namespace mapwright::report {
namespace {

using plan::kNone;
using plan::Op;
using plan::OpId;
using plan::OpKind;
using plan::Plan;

// Names are the user's: any bytes.
std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Both ends are rounded, not the duration: then what follows one another does not overlap.
std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

std::string microseconds(std::int64_t nanoseconds) {
  return fmt::format("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
}

// What shows up as one track, or as several where its events overlap.
struct Track {
  std::uint32_t pid = 0;
  std::uint64_t order = 0;  // among those of its process
  std::string name;
  std::vector<OpId> ops;
};

class Trace {
 public:
  explicit Trace(const engine::Profile& profile)
      : profile_(profile), plan_(*profile.plan), site_(*plan_.site) {
    for (const program::Task& t : plan_.program->tasks) task_names_.push_back(t.name);
    for (const program::Partition& p : plan_.program->partitions) partitions_.push_back(json_string(p.name));
    for (plan::MemoryId m = 0; m < site_.memories().size(); ++m)
      memories_.push_back(json_string(memory_text(site_, m)));
    inner_end_.assign(plan_.ops.size(), kNone);
    for (OpId i = 0; i < plan_.ops.size(); ++i) {
      if (plan_.ops[i].kind == OpKind::end) inner_end_[plan_.ops[i].parent] = i;
    }
  }

  std::string run() {
    text_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
    processes();
    iterations();
    collect();
    for (Track& track : tracks_) write(track);
    return std::move(text_) + "\n]}\n";
  }

 private:
  std::uint32_t program_pid() const { return static_cast<std::uint32_t>(site_.nodes()); }

  void begin_event() {
    text_ += first_ ? "\n" : ",\n";
    first_ = false;
  }

  void metadata(std::string_view what, std::uint32_t pid, std::uint32_t tid, std::string_view key,
                std::string_view value) {
    begin_event();
    fmt::format_to(std::back_inserter(text_),
                   R"({{"name":"{}","ph":"M","pid":{},"tid":{},"args":{{"{}":{}}}}})", what, pid, tid, key,
                   value);
  }

  void event(std::string_view name, std::string_view category, std::uint32_t pid, std::uint32_t tid,
             std::int64_t start, std::int64_t end, std::string_view arguments) {
    begin_event();
    fmt::format_to(std::back_inserter(text_),
                   R"({{"name":{},"cat":"{}","ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"args":{{{}}}}})",
                   name, category, pid, tid, microseconds(start), microseconds(end - start), arguments);
  }

  void name_thread(std::uint32_t pid, std::uint32_t tid, std::string_view name) {
    metadata("thread_name", pid, tid, "name", json_string(name));
    metadata("thread_sort_index", pid, tid, "sort_index", fmt::format("{}", tid));
  }

  // The program first, then the nodes.
  void processes() {
    metadata("process_name", program_pid(), 0, "name", json_string("program " + plan_.program->name));
    metadata("process_sort_index", program_pid(), 0, "sort_index", "-1");
    for (std::uint32_t node = 0; node < site_.nodes(); ++node) {
      metadata("process_name", node, 0, "name", json_string(fmt::format("node {}", node)));
      metadata("process_sort_index", node, 0, "sort_index", fmt::format("{}", node));
    }
  }

  void iterations() {
    const std::uint32_t pid = program_pid();
    name_thread(pid, 1, "iterations");
    const std::vector<double> ends = iteration_ends(profile_);
    const auto warmup = static_cast<std::size_t>(plan_.warmup);
    double begin = 0;  // set-up ends where the first iteration begins
    for (OpId i = 0; i < plan_.iteration_begins.front(); ++i) begin = std::max(begin, profile_.spans[i].end);
    for (std::size_t k = 0; k < ends.size(); ++k) {
      if (k == warmup) {
        event("\"timed iterations\"", "timed", pid, 1, nanoseconds(begin), nanoseconds(ends.back()),
              fmt::format("\"iterations\":{}", ends.size() - warmup));
      }
      const std::string name = k < warmup ? fmt::format("\"warm-up iteration {}\"", k)
                                          : fmt::format("\"iteration {}\"", k - warmup);
      event(name, "iteration", pid, 1, nanoseconds(begin), nanoseconds(ends[k]), "");
      begin = ends[k];
    }
  }

  // Which track each op stands on. Tracks of a node in this order: processors, inner tasks, copies.
  void collect() {
    std::unordered_map<std::uint64_t, std::size_t> index;
    const auto track = [&](std::uint64_t key, std::uint32_t pid, auto&& name) -> Track& {
      const auto [found, is_new] = index.try_emplace(key, tracks_.size());
      if (is_new) tracks_.push_back({pid, key, name(), {}});
      return tracks_[found->second];
    };
    constexpr std::uint64_t kProcessor = 0;
    constexpr std::uint64_t kInner = std::uint64_t{1} << 62;
    constexpr std::uint64_t kWay = std::uint64_t{2} << 62;
    constexpr std::uint64_t kNetwork = std::uint64_t{3} << 62;
    for (plan::ProcessorId p = 0; p < site_.processors().size(); ++p) {
      track(kProcessor | p, site_.processors()[p].node, [&] {
        return fmt::format("{} {}", name_of(site_.processors()[p].kind), site_.processors()[p].index);
      });
    }
    for (OpId i = 0; i < plan_.ops.size(); ++i) {
      const Op& op = plan_.ops[i];
      if (op.kind == OpKind::task) {
        tracks_[plan_.mappings[op.mapping].processor].ops.push_back(i);
      } else if (op.kind == OpKind::begin) {
        const plan::ProcessorId p = plan_.mappings[op.mapping].processor;
        const plan::Processor& processor = site_.processors()[p];
        track(kInner | p, processor.node, [&] {
          return fmt::format("inner tasks of {} {}", name_of(processor.kind), processor.index);
        }).ops.push_back(i);
      } else if (is_transfer(op)) {
        const plan::MemoryId from = plan_.instances[op.source].memory;
        const plan::MemoryId to = plan_.instances[op.destination].memory;
        const plan::Memory& a = site_.memories()[from];
        const plan::Memory& b = site_.memories()[to];
        if (a.node != b.node) {
          const std::uint64_t key = kNetwork | static_cast<std::uint64_t>(a.node) << 30 | b.node;
          track(key, a.node, [&] { return fmt::format("to node {}", b.node); }).ops.push_back(i);
        } else {
          const std::uint64_t key = kWay | static_cast<std::uint64_t>(from) << 30 | to;
          track(key, a.node, [&] {
            return from == to
                       ? fmt::format("within {} {}", name_of(a.kind), a.index)
                       : fmt::format("{} {} to {} {}", name_of(a.kind), a.index, name_of(b.kind), b.index);
          }).ops.push_back(i);
        }
      }
    }
    std::ranges::stable_sort(tracks_, [](const Track& a, const Track& b) {
      return a.pid != b.pid ? a.pid < b.pid : a.order < b.order;
    });
  }

  double end_of(OpId i) const {
    return profile_.spans[plan_.ops[i].kind == OpKind::begin ? inner_end_[i] : i].end;
  }

  void write(Track& track) {
    if (track.pid != pid_) tid_ = 0;
    pid_ = track.pid;
    std::ranges::sort(track.ops, [&](OpId a, OpId b) {
      const double x = profile_.spans[a].start;
      const double y = profile_.spans[b].start;
      return x != y ? x < y : a < b;
    });
    // Each op goes to the first lane that is free again.
    std::vector<std::int64_t> busy_until;
    std::vector<std::uint32_t> lane_of(track.ops.size());
    for (std::size_t k = 0; k < track.ops.size(); ++k) {
      const std::int64_t start = nanoseconds(profile_.spans[track.ops[k]].start);
      const auto free = std::ranges::find_if(busy_until, [&](std::int64_t until) { return until <= start; });
      lane_of[k] = static_cast<std::uint32_t>(free - busy_until.begin());
      if (free == busy_until.end()) busy_until.emplace_back();
      busy_until[lane_of[k]] = nanoseconds(end_of(track.ops[k]));
    }
    const auto lanes = static_cast<std::uint32_t>(std::max<std::size_t>(busy_until.size(), 1));
    for (std::uint32_t l = 0; l < lanes; ++l)
      name_thread(pid_, tid_ + l + 1, l == 0 ? track.name : fmt::format("{} ({})", track.name, l + 1));
    for (std::size_t k = 0; k < track.ops.size(); ++k) {
      const OpId i = track.ops[k];
      const bool transfer = is_transfer(plan_.ops[i]);
      const std::uint32_t tid = tid_ + lane_of[k] + 1;
      transfer ? write_transfer(i, tid) : write_task(i, tid);
    }
    tid_ += lanes;
  }

  void write_task(OpId i, std::uint32_t tid) {
    const Op& op = plan_.ops[i];
    const plan::Mapping& m = plan_.mappings[op.mapping];
    const program::Launch& launch = plan_.program->launches[m.launch];
    std::string name = task_names_[launch.task];
    if (!launch.single) name += " " + base::tuple_text(launch.domain.at(point_at(launch.domain, m.position)));
    std::string arguments = fmt::format("\"op\":{},\"launch\":{},\"instances\":[", i, m.launch);
    std::vector<plan::InstanceId> seen;
    if (op.kind == OpKind::task) {
      for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
        for (const plan::Use& use : plan_.uses_of(m, r)) {
          if (std::ranges::find(seen, use.instance) != seen.end()) continue;
          seen.push_back(use.instance);
          const plan::Instance& instance = plan_.instances[use.instance];
          fmt::format_to(std::back_inserter(arguments), R"({}{{"of":{},"memory":{},"bytes":{}}})",
                         seen.size() > 1 ? "," : "", partitions_[instance.partition],
                         memories_[instance.memory], instance.bytes);
        }
      }
    }
    event(json_string(name), op.kind == OpKind::task ? "task" : "inner", pid_, tid,
          nanoseconds(profile_.spans[i].start), nanoseconds(end_of(i)), arguments + "]");
  }

  static lang::Point point_at(const lang::Domain& domain, std::uint32_t position) {
    lang::Point p{};
    std::int64_t left = position;
    for (int d = domain.rank - 1; d >= 0; --d) {
      const auto k = static_cast<std::size_t>(d);
      p[k] = domain.lo[k] + left % domain.extent(d);
      left /= domain.extent(d);
    }
    return p;
  }

  void write_transfer(OpId i, std::uint32_t tid) {
    const Op& op = plan_.ops[i];
    const plan::Instance& from = plan_.instances[op.source];
    const plan::Instance& to = plan_.instances[op.destination];
    const program::PartitionId partition = engine::partition_of(plan_, op);
    const bool fold = op.kind == OpKind::fold;
    const plan::Mapping& m = plan_.mappings[plan_.ops[op.parent].mapping];
    event(json_string((fold ? "fold " : "copy ") + plan_.program->partitions[partition].name),
          fold ? "fold" : "copy", pid_, tid, nanoseconds(profile_.spans[i].start),
          nanoseconds(profile_.spans[i].end),
          fmt::format(R"("op":{},"bytes":{},"region":{},"piece":{},"from":{},"to":{},"for":{})", i, op.bytes,
                      json_string(plan_.program->regions[to.region].name), fold ? from.piece : to.piece,
                      memories_[from.memory], memories_[to.memory],
                      json_string(task_names_[plan_.program->launches[m.launch].task])));
  }

  const engine::Profile& profile_;
  const Plan& plan_;
  const plan::Site& site_;
  std::vector<std::string> task_names_;
  std::vector<std::string> partitions_;  // as JSON strings
  std::vector<std::string> memories_;    // as JSON strings
  std::vector<OpId> inner_end_;          // of each begin
  std::vector<Track> tracks_;
  std::string text_;
  bool first_ = true;
  std::uint32_t pid_ = kNone;
  std::uint32_t tid_ = 0;  // of the last track of the process
};

}  // namespace

std::string chrome_trace(const engine::Profile& profile) {
  return Trace(profile).run();
}

}  // namespace mapwright::report
