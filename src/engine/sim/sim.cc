#include "engine/sim/sim.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

#include "base/bug.h"
#include "engine/sim/costs.h"
#include "engine/sim/flows.h"
#include "engine/sim/paths.h"

namespace mapwright::engine::sim {
namespace {

using plan::kNone;
using plan::Op;
using plan::OpId;
using plan::OpKind;
using plan::Plan;

// Events this close are one moment: the rates of flows are found once for all of them.
constexpr double kMoment = 1e-10;

enum class EventKind : std::uint8_t { analysed, mapped, ended, flows };

struct Event {
  double time;
  OpId op;  // of an analysis, the node
  EventKind kind;

  // Earliest first; ties in program order.
  bool operator<(const Event& other) const {
    if (time != other.time) return time > other.time;
    if (op != other.op) return op > other.op;
    return kind > other.kind;
  }
};

struct Ready {
  double time;
  OpId op;

  bool operator<(const Ready& other) const { return time != other.time ? time > other.time : op > other.op; }
};

struct Processor {
  std::priority_queue<Ready> queue;
  OpId running = kNone;
};

// The tasks that the utility processors of a node map, one after the other.
struct Analysis {
  double time = 0;  // until when they are busy
  std::vector<OpId> ops;
  std::size_t next = 0;
};

class Simulation {
 public:
  explicit Simulation(const Plan& plan)
      : plan_(plan),
        site_(*plan.site),
        machine_(site_.machine()),
        paths_(site_, &flows_),
        spans_(plan.ops.size()),
        state_(plan.ops.size()),
        costs_(plan.mappings.size(), -1),
        processors_(site_.processors().size()),
        analyses_(static_cast<std::size_t>(site_.nodes())) {}

  void run() {
    link();
    open_segment(0, 0);
    for (;;) {
      const double event_time = events_.empty() ? kNever : events_.top().time;
      const double flow_time = flows_.next();
      const double now = std::min(event_time, flow_time);
      if (now == kNever) break;
      for (;;) {
        std::uint32_t op = 0;
        double when = 0;
        if (!events_.empty() && events_.top().time <= now + kMoment) {
          const Event e = events_.top();
          events_.pop();
          handle(e);
        } else if (flows_.finish(now + kMoment, &op, &when)) {
          transferred(op, when);
        } else {
          break;
        }
      }
      flows_.settle(now);
    }
    base::expects(over_ == plan_.ops.size(), "every op of a plan comes to its turn");
  }

  std::vector<Span> take_spans() { return std::move(spans_); }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  struct State {
    std::uint32_t before_mapping = 0;  // what the mapping waits for
    std::uint32_t before_start = 0;    // what the start waits for, the mapping among it
    double mapped = 0;                 // not before: when the runtime has analysed it
    const Path* path = nullptr;        // of a copy or fold
  };

  // Successors of each op, from what each op waits for.
  void link() {
    const auto n = static_cast<OpId>(plan_.ops.size());
    begins_.assign(n + 2, 0);
    const auto for_each = [&](auto&& edge) {
      for (OpId i = 0; i < n; ++i) {
        for (const plan::Wait& w : plan_.waits_of(i)) edge(w.op, i, w.mapping);
      }
    };
    for_each([&](OpId from, OpId, bool) { ++begins_[from + 2]; });
    for (OpId i = 0; i < n; ++i) {
      if (is_transfer(plan_.ops[i])) ++begins_[plan_.ops[i].parent + 2];
    }
    for (std::size_t i = 2; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    successors_.resize(begins_.back());
    for_each([&](OpId from, OpId to, bool mapping) {
      successors_[begins_[from + 1]++] = {to, mapping ? After::mapping : After::start};
      ++(mapping ? state_[to].before_mapping : state_[to].before_start);
    });
    // A copy starts no earlier than the task that needs it is mapped.
    for (OpId i = 0; i < n; ++i) {
      if (!is_transfer(plan_.ops[i])) continue;
      successors_[begins_[plan_.ops[i].parent + 1]++] = {i, After::parent_mapped};
      ++state_[i].before_start;
    }
    for (OpId i = 0; i < n; ++i) {
      if (!is_mapped(plan_.ops[i])) continue;
      ++state_[i].before_start;    // its mapping
      ++state_[i].before_mapping;  // its analysis
    }
  }

  static bool is_mapped(const Op& op) { return op.kind == OpKind::task || op.kind == OpKind::begin; }

  // The top-level task launches what stands from `begin` to the next fence.
  void open_segment(OpId begin, double now) {
    for (Analysis& a : analyses_) {
      a.time = std::max(a.time, now);
      a.ops.clear();
      a.next = 0;
    }
    OpId end = begin;
    while (end < plan_.ops.size() && plan_.ops[end].kind != OpKind::fence) ++end;
    fence_ = end;
    segment_left_ = end - begin;
    for (OpId i = begin; i < end; ++i) {
      const Op& op = plan_.ops[i];
      if (is_mapped(op) && op.parent == kNone) {  // others are launched when their parents run
        Analysis& node = analyses_[node_of(op)];
        node.time += mapping_seconds(i) / static_cast<double>(machine_.runtime.utility_processors);
        state_[i].mapped = node.time;
        node.ops.push_back(i);
      } else if (state_[i].before_start == 0) {  // the future of a launch without points
        start(i, now);
      }
    }
    for (OpId node = 0; node < analyses_.size(); ++node) next_analysis(node);
    if (begin == end) end_segment(now);
  }

  void end_segment(double now) {
    if (fence_ >= plan_.ops.size()) return;
    const OpId fence = fence_;
    spans_[fence] = {now, now, last_over_, Cause::data};
    ++over_;
    open_segment(fence + 1, now);
  }

  double mapping_seconds(OpId i) const {
    const bool replayed = plan_.program->traced && plan_.iteration_begins.size() > 1 &&
                          i >= plan_.iteration_begins[1] && i < plan_.iteration_begins.back();
    return replayed ? machine_.runtime.mapping_traced : machine_.runtime.mapping_untraced;
  }

  std::uint32_t node_of(const Op& op) const {
    return site_.processors()[plan_.mappings[op.mapping].processor].node;
  }

  void next_analysis(OpId node) {
    Analysis& a = analyses_[node];
    if (a.next < a.ops.size()) events_.push({state_[a.ops[a.next]].mapped, node, EventKind::analysed});
  }

  // The runtime knows all about the next task of a node; its mapping may still wait for others.
  void analysed(OpId node, double now) {
    Analysis& a = analyses_[node];
    const OpId i = a.ops[a.next++];
    next_analysis(node);
    release_mapping(i, now, kNone);
  }

  void release_mapping(OpId i, double now, OpId by) {
    if (--state_[i].before_mapping > 0) return;
    spans_[i].by = by;
    if (state_[i].mapped <= now + kMoment) return mapped(i, now);
    spans_[i].by = kNone;
    events_.push({state_[i].mapped, i, EventKind::mapped});
  }

  void handle(const Event& e) {
    switch (e.kind) {
      case EventKind::analysed: analysed(e.op, e.time); break;
      case EventKind::mapped: mapped(e.op, e.time); break;
      case EventKind::ended: ended(e.op, e.time); break;
      case EventKind::flows: begin_flow(e.op, e.time); break;
    }
  }

  void mapped(OpId i, double now) {
    spans_[i].cause = Cause::mapping;
    for (std::uint32_t s = begins_[i]; s < begins_[i + 1]; ++s) {
      if (successors_[s].after == After::parent_mapped)
        release_start(successors_[s].op, now, i, Cause::mapping);
    }
    release_start(i, now, spans_[i].by, Cause::mapping);
  }

  void release_start(OpId i, double now, OpId by, Cause cause) {
    if (--state_[i].before_start > 0) return;
    spans_[i].by = by;
    spans_[i].cause = cause;
    start(i, now);
  }

  void start(OpId i, double now) {
    const Op& op = plan_.ops[i];
    switch (op.kind) {
      case OpKind::task: {
        const plan::ProcessorId p = plan_.mappings[op.mapping].processor;
        processors_[p].queue.push({now, i});
        if (processors_[p].running == kNone) run_next(p, now, kNone);
        break;
      }
      case OpKind::begin:
        spans_[i].start = now;
        // Each launch takes the parent some time, and the runtime the mapping of each point.
        for (std::uint32_t s = begins_[i]; s < begins_[i + 1]; ++s) {
          const OpId child = successors_[s].op;
          if (successors_[s].after != After::mapping || plan_.ops[child].parent != i) continue;
          state_[child].mapped = now + (plan_.ops[child].launch_index + 1) * machine_.runtime.inner_launch +
                                 machine_.runtime.mapping_untraced;
          --state_[child].before_mapping;  // analysed; what the end of this op releases is the rest
        }
        ended(i, now);
        break;
      case OpKind::copy:
      case OpKind::fold: request(i, now); break;
      case OpKind::future:
        spans_[i].start = now;
        events_.push({now + future_seconds(), i, EventKind::ended});
        break;
      case OpKind::end:
      case OpKind::fence:
        spans_[i].start = now;
        ended(i, now);
        break;
    }
  }

  // A tree over the nodes: one message for each level.
  double future_seconds() const {
    const double levels = std::ceil(std::log2(static_cast<double>(site_.nodes())));
    return levels * (machine_.network.latency + machine_.runtime.message);
  }

  void run_next(plan::ProcessorId p, double now, OpId before) {
    Processor& processor = processors_[p];
    processor.running = kNone;
    if (processor.queue.empty()) return;
    const OpId i = processor.queue.top().op;
    processor.queue.pop();
    processor.running = i;
    spans_[i].start = now;
    if (before != kNone) {
      spans_[i].by = before;
      spans_[i].cause = Cause::processor;
    }
    double& cost = costs_[plan_.ops[i].mapping];
    if (cost < 0) cost = cost_of(plan_, plan_.mappings[plan_.ops[i].mapping]).seconds();
    events_.push({now + cost, i, EventKind::ended});
  }

  const Path& path_of(OpId i) {
    const Path*& path = state_[i].path;
    const Op& op = plan_.ops[i];
    if (path == nullptr) {
      path = &paths_.path(plan_.instances[op.source].memory, plan_.instances[op.destination].memory,
                          op.kind == OpKind::fold);
    }
    return *path;
  }

  // The destination asks for its data; where requests and data share an ordered queue, the request stands
  // behind what its node is already sending that way.
  void request(OpId i, double now) {
    const Path& path = path_of(i);
    if (path.remote && machine_.network.ordered_requests) {
      const auto back = sending_.find(pair_key(path.to, path.from));
      if (back != sending_.end() && !back->second.empty()) {
        for (const OpId other : back->second) waiting_[other].push_back(i);
        state_[i].before_start = static_cast<std::uint32_t>(back->second.size());
        return;
      }
    }
    granted(i, now);
  }

  void granted(OpId i, double now) {
    spans_[i].start = now;
    const Path& path = path_of(i);
    if (path.latency > 0) {
      events_.push({now + path.latency, i, EventKind::flows});
    } else {
      begin_flow(i, now);
    }
  }

  void begin_flow(OpId i, double now) {
    const Path& path = path_of(i);
    if (path.remote && machine_.network.ordered_requests) sending_[pair_key(path.from, path.to)].push_back(i);
    if (path.remote) paths_.under_way(path, 1);
    flows_.start(now, i, static_cast<double>(plan_.ops[i].bytes) * path.passes, path.over(), path.cap);
  }

  void transferred(OpId i, double when) {
    const Path& path = path_of(i);
    if (path.remote) paths_.under_way(path, -1);
    if (path.remote && machine_.network.ordered_requests) {
      std::erase(sending_[pair_key(path.from, path.to)], i);
      if (const auto found = waiting_.find(i); found != waiting_.end()) {
        const std::vector<OpId> list = std::move(found->second);
        waiting_.erase(found);
        for (const OpId other : list) {
          if (--state_[other].before_start > 0) continue;
          spans_[other].by = i;
          spans_[other].cause = Cause::request;
          granted(other, when);
        }
      }
    }
    ended(i, when);
  }

  static std::uint64_t pair_key(std::uint32_t from, std::uint32_t to) {
    return static_cast<std::uint64_t>(from) << 32 | to;
  }

  void ended(OpId i, double now) {
    spans_[i].end = now;
    ++over_;
    last_over_ = i;
    for (std::uint32_t s = begins_[i]; s < begins_[i + 1]; ++s) {
      const Successor& next = successors_[s];
      if (next.after == After::mapping) release_mapping(next.op, now, i);
      if (next.after == After::start) release_start(next.op, now, i, Cause::data);
    }
    if (plan_.ops[i].kind == OpKind::task) run_next(plan_.mappings[plan_.ops[i].mapping].processor, now, i);
    if (--segment_left_ == 0) end_segment(now);
  }

  enum class After : std::uint8_t { start, mapping, parent_mapped };
  struct Successor {
    OpId op;
    After after;
  };

  const Plan& plan_;
  const plan::Site& site_;
  const machine::Machine& machine_;
  Flows flows_;
  Paths paths_;
  std::vector<Span> spans_;
  std::vector<State> state_;
  std::vector<double> costs_;  // by mapping; -1 = not known yet
  std::vector<std::uint32_t> begins_;
  std::vector<Successor> successors_;
  std::vector<Processor> processors_;
  std::vector<Analysis> analyses_;  // by node
  std::priority_queue<Event> events_;
  std::unordered_map<std::uint64_t, std::vector<OpId>> sending_;  // by pair of nodes
  std::unordered_map<OpId, std::vector<OpId>> waiting_;           // requests behind a copy
  std::size_t segment_left_ = 0;
  OpId fence_ = 0;
  OpId last_over_ = kNone;
  std::size_t over_ = 0;
};

}  // namespace

Execution run(std::shared_ptr<const Plan> plan) {
  Simulation simulation(*plan);
  simulation.run();
  return executed(std::move(plan), simulation.take_spans());
}

}  // namespace mapwright::engine::sim
