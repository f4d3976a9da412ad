#include "tests/simgrid.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <queue>
#include <simgrid/s4u.hpp>

#include "base/bug.h"

namespace mapwright::simgrid {
namespace {

namespace sg = ::simgrid::s4u;
using plan::OpId;
using plan::OpKind;

class Replay {
 public:
  Replay(const plan::Plan& plan, const std::vector<double>& seconds, double bandwidth)
      : plan_(plan), seconds_(seconds), left_(plan.ops.size()), after_(plan.ops.size()) {
    auto* zone = sg::create_star_zone("cluster");
    for (std::int64_t i = 0; i < plan.site->nodes(); ++i) {
      const std::string name = std::to_string(i);
      hosts_.push_back(zone->create_host("h" + name, 1.0));
      const auto* up = zone->create_link("u" + name, bandwidth)->set_latency(0)->seal();
      const auto* down = zone->create_link("d" + name, bandwidth)->set_latency(0)->seal();
      zone->add_route(hosts_.back()->get_netpoint(), nullptr, nullptr, nullptr,
                      {{up, sg::LinkInRoute::Direction::NONE}}, false);
      zone->add_route(nullptr, hosts_.back()->get_netpoint(), nullptr, nullptr,
                      {{down, sg::LinkInRoute::Direction::NONE}}, false);
    }
    zone->seal();
    queues_.resize(hosts_.size());
    busy_.resize(hosts_.size());
    for (OpId i = 0; i < plan.ops.size(); ++i) {
      for (const plan::Wait& w : plan.waits_of(i)) {
        after_[w.op].push_back(i);
        ++left_[i];
      }
    }
  }

  void run() {
    // Activities are made when they can start: a graph made beforehand is slower by far.
    sg::Activity::on_completion_cb([this](const sg::Activity& a) {
      const auto found = running_.find(&a);
      if (found == running_.end()) return;
      const OpId op = found->second;
      running_.erase(found);
      over(op);
    });
    for (OpId i = 0; i < plan_.ops.size(); ++i) {
      if (left_[i] == 0) start(i);
    }
    sg::Engine::get_instance()->run();
    base::expects(over_ == plan_.ops.size(), "SimGrid ran everything");
  }

 private:
  std::uint32_t node(plan::InstanceId instance) const {
    return plan_.site->memories()[plan_.instances[instance].memory].node;
  }

  void start(OpId i) {
    const plan::Op& op = plan_.ops[i];
    if (op.kind == OpKind::copy) {
      auto comm = sg::Comm::sendto_init(hosts_[node(op.source)], hosts_[node(op.destination)]);
      comm->set_payload_size(static_cast<std::uint64_t>(op.bytes));
      running_[comm.get()] = i;
      kept_.push_back(comm);
      comm->vetoable_start();
      return;
    }
    if (op.kind != OpKind::task) return over(i);
    const std::uint32_t host = plan_.site->processors()[plan_.mappings[op.mapping].processor].node;
    queues_[host].push({-sg::Engine::get_clock(), -static_cast<double>(i)});
    next(host);
  }

  void next(std::uint32_t host) {
    if (busy_[host] || queues_[host].empty()) return;
    const auto i = static_cast<OpId>(-queues_[host].top().second);
    queues_[host].pop();
    busy_[host] = true;
    auto exec = sg::Exec::init();
    exec->set_flops_amount(seconds_[plan_.ops[i].mapping])->set_host(hosts_[host]);
    running_[exec.get()] = i;
    kept_.push_back(exec);
    exec->vetoable_start();
  }

  void over(OpId i) {
    ++over_;
    for (const OpId next : after_[i]) {
      if (--left_[next] == 0) start(next);
    }
    if (plan_.ops[i].kind != OpKind::task) return;
    const std::uint32_t host = plan_.site->processors()[plan_.mappings[plan_.ops[i].mapping].processor].node;
    busy_[host] = false;
    next(host);
  }

  const plan::Plan& plan_;
  const std::vector<double>& seconds_;
  std::vector<sg::Host*> hosts_;
  std::vector<std::uint32_t> left_;
  std::vector<std::vector<OpId>> after_;
  std::vector<std::priority_queue<std::pair<double, double>>> queues_;
  std::vector<bool> busy_;
  std::unordered_map<const sg::Activity*, OpId> running_;
  std::vector<sg::ActivityPtr> kept_;
  std::size_t over_ = 0;
};

}  // namespace

Outcome run(const plan::Plan& plan, const std::vector<double>& task_seconds, double node_bandwidth) {
  std::array<int, 2> ends{};
  base::expects(pipe(ends.data()) == 0, "a pipe");
  const pid_t child = fork();
  base::expects(child >= 0, "a child");
  if (child == 0) {
    alarm(60);  // every wait has a limit
    std::string words[] = {"simgrid",
                           "--cfg=network/model:CM02",
                           "--cfg=network/crosstraffic:0",
                           "--cfg=network/bandwidth-factor:1",
                           "--cfg=network/latency-factor:1",
                           "--cfg=network/weight-S:0",
                           "--cfg=surf/precision:1e-9",
                           "--log=root.thresh:warning"};
    std::vector<char*> arguments;
    for (std::string& w : words) arguments.push_back(w.data());
    int count = static_cast<int>(arguments.size());
    sg::Engine engine(&count, arguments.data());
    Replay replay(plan, task_seconds, node_bandwidth);
    const auto begin = std::chrono::steady_clock::now();
    replay.run();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    const Outcome outcome{sg::Engine::get_clock(), wall.count()};
    const auto written = write(ends[1], &outcome, sizeof outcome);
    _exit(written == sizeof outcome ? 0 : 1);
  }
  close(ends[1]);
  Outcome outcome;
  const auto got = read(ends[0], &outcome, sizeof outcome);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  base::expects(got == sizeof outcome && status == 0, "SimGrid's run ended well");
  return outcome;
}

}  // namespace mapwright::simgrid
