#include "engine/starpu/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "base/bug.h"
#include "engine/starpu/processes.h"
#include "machine/local.h"

namespace mapwright::engine::starpu {
namespace {

using machine::Machine;
using machine::MemoryKind;
using machine::ProcessorKind;

constexpr std::string_view kMeasured = "measured on this computer";

std::variant<Measurements, plan::Failure> ask(const Settings& settings, std::int64_t processes,
                                              const Question& question) {
  auto said = run_processes(settings, {std::string(kMeasure)}, processes, save(question), question.limit);
  if (auto* failure = std::get_if<plan::Failure>(&said)) return std::move(*failure);
  const auto measured = load_measurements(std::get<std::string>(said));
  if (!measured) return plan::Failure{"died", "a process answered with what is no measurement", {}};
  for (const NamedMeasurement& m : measurement_names()) {
    const double value = *measured.*m.member;
    if (m.between_processes != (processes > 1)) continue;
    // Differences of two times may be nothing, and then 0; a rate may not.
    const bool difference = m.member == &Measurements::copy_setup || m.member == &Measurements::message;
    if (std::isfinite(value) && (value > 0 || (difference && value == 0))) continue;
    return plan::Failure{
        "noise",
        fmt::format("what was measured as {} makes no sense ({}): is this computer busy?", m.name, value),
        {}};
  }
  return *measured;
}

// Sets figures of a machine and says where they come from.
class Figures {
 public:
  explicit Figures(Machine* m) : m_(*m) {}

  template <class To, class From>
  void set(To* to, const From& value, std::string path, std::string_view how) {
    *to = value;
    m_.sources[std::move(path)] = fmt::format("{}: {}", kMeasured, how);
  }

 private:
  Machine& m_;
};

void set_processors(const Measurements& of, Figures* figures, Machine* m) {
  for (const ProcessorKind kind : machine::kMachineProcessors) {
    machine::Processors& p = *m->processors[kind];
    const auto path = [&](std::string_view key) {
      return fmt::format("processors.{}.{}", machine::name_of(kind), key);
    };
    p.cores = 1;
    m->sources[path("cores")] = "a real execution runs each processor on one core";
    constexpr std::string_view kPeak =
        "multiply-adds in registers, in the widest vectors, on one core while all compute";
    // What is measured twice differs by a little; nothing sustained is above the peak.
    figures->set(&p.dp_peak, std::max(of.dp_peak, of.dp_sustained), path("dp_peak"), kPeak);
    figures->set(&p.sp_peak, std::max(of.sp_peak, of.sp_sustained), path("sp_peak"), kPeak);
    figures->set(&p.dp_sustained, of.dp_sustained, path("dp_sustained"),
                 "DGEMM by OpenBLAS, n = 512, on one core while all compute");
    figures->set(&p.sp_sustained, of.sp_sustained, path("sp_sustained"),
                 "relaxation of a tridiagonal system of 1024 unknowns, on one core while all compute");
  }
}

void set_affinities(const Measurements& of, Figures* figures, Machine* m) {
  for (const ProcessorKind p : machine::kMachineProcessors) {
    for (const MemoryKind memory : machine::kMachineMemories) {
      auto& affinity = m->affinities[p][memory];
      if (!affinity) continue;
      const auto path = [&](std::string_view key) {
        return fmt::format("affinities.{}.{}.{}", machine::name_of(p), machine::name_of(memory), key);
      };
      figures->set(&affinity->bandwidth, of.bandwidth, path("bandwidth"),
                   fmt::format("a[i] = b[i] + s c[i] beyond the caches, one core while all do it; alone it "
                               "reaches {:.1f} GB/s",
                               of.bandwidth_alone / 1e9));
      figures->set(&affinity->latency, of.latency, path("latency"),
                   "4-byte reads in 256 MiB, each waiting for the one before");
      figures->set(&affinity->scattered, of.scattered, path("scattered"),
                   "independent 4-byte reads in 256 MiB, one core while all do it");
      figures->set(&affinity->atomic, of.atomic, path("atomic"), "additions to one number by all cores");
    }
  }
}

// Two limits for copies: the thread that makes one, and what the memory gives to all threads together.
void set_links(const Measurements& of, Figures* figures, Machine* m) {
  using enum MemoryKind;
  constexpr std::array kAll = {sysmem, sockmem, rdmem, zcmem, fbmem};
  std::vector<machine::MemoryPair> pairs;
  for (std::size_t a = 0; a < kAll.size(); ++a) {
    for (std::size_t b = a; b < kAll.size(); ++b) {
      // Of most kinds a node has one memory.
      if (a == b && machine::owner_of(kAll[a]) == machine::Owner::node) continue;
      pairs.push_back({kAll[a], kAll[b]});
    }
  }
  m->links = {{"copying_thread", 0, 0, machine::Sharing::pair, pairs},
              {"host_memory", 0, 0, machine::Sharing::node, pairs}};
  std::erase_if(m->sources, [](const auto& source) { return source.first.starts_with("links."); });
  figures->set(&m->links[0].bandwidth, of.copy_bandwidth, "links.copying_thread.bandwidth",
               "a copy of 32 MiB between the tasks of two processors, less one of 8 bytes");
  figures->set(&m->links[1].bandwidth, std::max(of.copies_bandwidth, of.copy_bandwidth),
               "links.host_memory.bandwidth", "memcpy of 48 MiB by a thread on each core at the same time");
  for (const machine::Link& link : m->links) {
    m->sources[fmt::format("links.{}.latency", link.name)] = "a part of runtime.copy_setup";
    for (const char* key : {"shared_by", "carries"})
      m->sources[fmt::format("links.{}.{}", link.name, key)] =
          "all memories are parts of the host memory; a copy is made by one thread";
  }
}

void set_network(const Measurements& alone, const Measurements& between, Figures* figures, Machine* m) {
  machine::Network& network = m->network;
  figures->set(&network.node, between.network_bandwidth, "network.node",
               "8 MiB packed, sent by starpu_mpi to another process here and unpacked, less 8 bytes");
  figures->set(&network.latency, between.network_latency, "network.latency",
               "half of an empty message of MPI and its answer, two processes here");
  machine::Runtime& runtime = m->runtime;
  figures->set(&runtime.message, between.message, "runtime.message",
               "what a message between the runtimes of two processes takes beyond network.latency");
  const double rest = between.remote_hop - alone.launch - between.network_latency - between.message;
  figures->set(&runtime.remote_copy_setup, std::max(0.0, rest), "runtime.remote_copy_setup",
               "8 bytes packed, sent and unpacked between tasks of two processes, less kernel_launch, "
               "message and network.latency");
}

void set_runtime(const Measurements& of, Figures* figures, Machine* m) {
  machine::Runtime& runtime = m->runtime;
  runtime.utility_processors = 1;
  m->sources["runtime.utility_processors"] = "one thread of a process submits its tasks";
  for (const auto& [to, key] : {std::pair{&runtime.mapping_traced, "mapping_traced"},
                                std::pair{&runtime.mapping_untraced, "mapping_untraced"}}) {
    figures->set(to, of.mapping, fmt::format("runtime.{}", key),
                 "submission of a task while none runs; plans are made beforehand, and nothing is replayed");
  }
  runtime.inner_launch = 0;
  m->sources["runtime.inner_launch"] = "plans are made beforehand: inner launches are submitted as others";
  figures->set(&runtime.kernel_launch, of.launch, "runtime.kernel_launch",
               "empty tasks of a chain on one worker, from start to start");
  figures->set(&runtime.copy_setup, of.copy_setup, "runtime.copy_setup",
               "what a copy of 8 bytes between two tasks of a chain adds to kernel_launch");
}

}  // namespace

std::int64_t usual_stand_ins() {
  std::int64_t cores = 0;
  for (const machine::Inventory::Socket& s : machine::take_inventory().sockets) cores += s.cores;
  return std::clamp<std::int64_t>(cores, 1, kMostWorkers);
}

Machine calibrated(const Measurements& alone, const Measurements& between, std::int64_t stand_ins) {
  machine::Inventory inventory = machine::take_inventory();
  inventory.gpus.clear();
  Machine m = machine::with_stand_ins(machine::machine_from(inventory), stand_ins);
  m.description = "this computer, calibrated: cores stand in for GPUs";
  Figures figures(&m);
  set_processors(alone, &figures, &m);
  set_affinities(alone, &figures, &m);
  set_links(alone, &figures, &m);
  set_network(alone, between, &figures, &m);
  set_runtime(alone, &figures, &m);
  return m;
}

std::variant<Machine, plan::Failure> calibrate(const Settings& settings, std::int64_t stand_ins) {
  base::expects(stand_ins >= 1, "a calibrated machine has processors");
  const auto start = std::chrono::steady_clock::now();
  Question question{std::min(stand_ins, usual_stand_ins()), settings.limit};
  const auto alone = ask(settings, 1, question);
  if (const auto* failure = std::get_if<plan::Failure>(&alone)) return *failure;
  question.limit -= std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (question.limit <= 0) return plan::Failure{"timeout", "the measurement took too long", {}};
  const auto between = ask(settings, 2, question);
  if (const auto* failure = std::get_if<plan::Failure>(&between)) return *failure;
  return calibrated(std::get<Measurements>(alone), std::get<Measurements>(between), stand_ins);
}

}  // namespace mapwright::engine::starpu
