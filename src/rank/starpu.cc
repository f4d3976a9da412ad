#include "rank/starpu.h"

#include <fmt/format.h>
#include <starpu_mpi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <thread>

#include "base/bug.h"
#include "rank/environment.h"
#include "rank/failure.h"
#include "rank/idle.h"

namespace mapwright::rank {
namespace {

std::vector<unsigned> ids_of(starpu_worker_archtype kind) {
  std::array<int, STARPU_NMAXWORKERS> ids{};
  const auto count = static_cast<std::ptrdiff_t>(
      starpu_worker_get_ids_by_type(kind, ids.data(), static_cast<unsigned>(ids.size())));
  return {ids.begin(), ids.begin() + count};
}

// The processors of a process that run anything.
std::set<plan::ProcessorId> used(const plan::Plan& plan, int rank) {
  std::set<plan::ProcessorId> used;
  for (const plan::Mapping& m : plan.mappings) {
    const bool inner = plan.program->tasks[plan.program->launches[m.launch].task].inner;
    if (!inner && static_cast<int>(plan.site->processors()[m.processor].node) == rank)
      used.insert(m.processor);
  }
  return used;
}

bool is_device(const plan::Plan& plan, plan::ProcessorId p) {
  return plan.site->processors()[p].kind == machine::ProcessorKind::gpu;
}

}  // namespace

StarPu::StarPu(int hosts, int devices, const Peers& peers) : over_mpi_(peers.size() > 1) {
  starpu_conf conf{};
  starpu_conf_init(&conf);
  conf.precedence_over_environment_variables = 1;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  // Workers look for work all the time: more of them than cores would take turns in slices of milliseconds.
  conf.ncpus = std::clamp(hosts, 1, std::clamp(cores / peers.size_here(), 1, STARPU_MAXCPUS));
  conf.ncuda = 0;
  conf.nopencl = devices;
  conf.sched_policy_name = "prio";
  conf.catch_signals = 0;
  // One look for work, one yield.
  conf.driver_spinning_backoff_min = 1;
  conf.driver_spinning_backoff_max = 1;
  // Beside the workers, the thread that passes messages.
  const int threads = conf.ncpus + devices + (over_mpi_ ? 1 : 0);
  share_cores(peers.size_here() * threads > cores);
  const int status =
      over_mpi_ ? starpu_mpi_init_conf(nullptr, nullptr, 0, MPI_COMM_WORLD, &conf) : starpu_init(&conf);
  if (status != 0) {
    std::string stated;
    for (const std::string& variable : stated_by_others(devices))
      stated += (stated.empty() ? "" : " ") + variable;
    fail("environment",
         fmt::format("StarPU does not start: {}{}", strerrordesc_np(-status),
                     stated.empty() ? "" : fmt::format(", where the environment has {}", stated)));
  }
  starpu_profiling_status_set(STARPU_PROFILING_ENABLE);
  hosts_ = ids_of(STARPU_CPU_WORKER);
  devices_ = ids_of(STARPU_OPENCL_WORKER);
  base::expects(!hosts_.empty(), "StarPU has workers");
  if (static_cast<int>(devices_.size()) != devices) {
    fail("environment", fmt::format("there are {} OpenCL devices, not {}; PoCL makes them of the processor",
                                    devices_.size(), devices));
  }
}

StarPu::~StarPu() {
  if (over_mpi_) {
    starpu_mpi_shutdown();  // shuts StarPU down as well
  } else {
    starpu_shutdown();
  }
}

void StarPu::rest(bool whether) const {
  // What is on a device only its worker reads back.
  if (!devices_.empty()) return;
  whether ? starpu_pause() : starpu_resume();
}

Workers StarPu::workers_of(const plan::Plan& plan, int rank) const {
  Workers workers;
  workers.devices = devices_;
  std::size_t next = 0;
  for (const plan::ProcessorId p : used(plan, rank)) {
    workers.of[p] = !devices_.empty() && is_device(plan, p) ? devices_.at(plan.site->processors()[p].index)
                                                            : hosts_[next++ % hosts_.size()];
  }
  return workers;
}

std::int64_t hosts_of(const plan::Plan& plan, bool devices, int rank) {
  return std::ranges::count_if(used(plan, rank),
                               [&](plan::ProcessorId p) { return !devices || !is_device(plan, p); });
}

}  // namespace mapwright::rank
