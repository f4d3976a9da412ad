#include "rank/measure_runtime.h"

#include <fmt/format.h>
#include <mpi.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "base/bug.h"
#include "lang/lang.h"
#include "machine/local.h"
#include "program/sketch.h"
#include "rank/executor.h"
#include "rank/repeated.h"
#include "rank/starpu.h"

namespace mapwright::rank {
namespace {

using engine::starpu::Measurements;
using engine::starpu::Ran;

// The first task waits until all others are submitted: so both take their time alone.
class Nothing final : public program::Kernels {
 public:
  Nothing() {
    kernel_.run = [this](program::Call&) {
      const Executor* executor = waits_for_.exchange(nullptr);
      if (executor == nullptr) return;
      const std::int64_t before = executor->submitted();
      const double waited = seconds([&] {
        while (executor->submitted() < all_) std::this_thread::sleep_for(std::chrono::microseconds(20));
      });
      if (all_ > before) for_each_ = waited / static_cast<double>(all_ - before);
    };
  }

  const program::Kernel* find(program::TaskId) const override { return &kernel_; }
  std::vector<program::Expectation> expectations(std::int64_t) const override { return {}; }

  void wait_for(const Executor* executor, std::int64_t all) {
    all_ = all;
    waits_for_ = executor;
  }
  //! Seconds of each submission.
  double for_each() const { return for_each_; }

 private:
  program::Kernel kernel_;
  std::atomic<const Executor*> waits_for_ = nullptr;
  std::int64_t all_ = 0;
  double for_each_ = 0;
};

// How the tasks of a chain follow one another: each updates the same numbers of 8 bytes.
struct Chain {
  std::int64_t bytes = 8;
  std::int64_t tasks = 0;
  std::string other = "0, 0";  //!< the processor of every second task, as mappers count; the others: "0, 0"
};

std::shared_ptr<const plan::Plan> plan_of(const Chain& chain, std::int64_t nodes) {
  program::Variant variant;
  variant.kind = machine::ProcessorKind::gpu;
  program::Sketch sketch;
  sketch.region("numbers", chain.bytes / 8, {{"number", 8}}).blocks("all", 1);
  sketch.task("here", {variant}).task("there", {variant}).loop(chain.tasks / 2);
  for (const char* task : {"here", "there"}) sketch.launch(task, 1).on("all", program::Privilege::read_write);
  machine::Inventory inventory;
  inventory.sockets.push_back({2, std::int64_t{4} << 30});
  const machine::Machine machine = machine::with_stand_ins(machine::machine_from(inventory), 2);
  const auto planner =
      plan::Planner::create(std::make_shared<const program::Program>(sketch.done()), machine, nodes);
  base::expects(planner.ok(), "the chain has a plan");
  const std::string text = fmt::format(
      "Task * GPU;\n"
      "Region * * GPU FBMEM;\n"
      "gpus = Machine(GPU);\n"
      "def first(Task task) {{\n  return gpus[0, 0];\n}}\n"
      "def second(Task task) {{\n  return gpus[{}];\n}}\n"
      "IndexTaskMap here first;\n"
      "IndexTaskMap there second;\n",
      chain.other);
  const lang::Compilation compiled = lang::compile(std::make_shared<base::Source>("chain", text));
  base::expects(compiled.mapper != nullptr, "the chain has a mapper");
  auto planned = (*planner)->plan(compiled.mapper);
  base::expects(std::holds_alternative<plan::Plan>(planned), "the chain can be carried out");
  return std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(planned)));
}

struct Followed {
  double hop = 0;  //!< seconds from the start of a task to that of the next; at process 0
  double submission = 0;
};

Followed follow(const Chain& chain, const StarPu& starpu, Peers* peers) {
  const auto plan = plan_of(chain, peers->size());
  Nothing kernels;
  Executor executor(plan, kernels, peers, starpu.workers_of(*plan, peers->rank()), {});
  std::int64_t ends = 0;
  for (const plan::Op& op : plan->ops) ends += op.kind == plan::OpKind::fence ? 0 : 1;
  // What others submit, nobody here can see.
  if (peers->size() == 1) kernels.wait_for(&executor, ends);
  executor.run();
  std::vector<Ran> ran = peers->gather_all(executor.ran());
  std::erase_if(ran, [&](const Ran& r) { return plan->ops[r.op].kind != plan::OpKind::task; });
  std::ranges::sort(ran, {}, &Ran::op);
  std::vector<double> hops;
  // Where nobody waits for submission, the first tasks are executed while others are submitted.
  for (std::size_t i = ran.size() / 2; i + 1 < ran.size(); ++i)
    hops.push_back(static_cast<double>(ran[i + 1].start - ran[i].start) * 1e-9);
  if (peers->rank() != 0) return {};
  base::expects(!hops.empty(), "a chain has tasks");
  return {median(std::move(hops)), kernels.for_each()};
}

// Bytes/s, from what a chain of many bytes takes longer than one of few.
double bandwidth(const Chain& chain, double few, const StarPu& starpu, Peers* peers) {
  const double many = follow(chain, starpu, peers).hop;
  return many > few ? static_cast<double>(chain.bytes) / (many - few) : 0;
}

void measure_alone(Peers* peers, Measurements* to) {
  const StarPu starpu(2, 0, *peers);
  const Followed same = follow({8, 4000, "0, 0"}, starpu, peers);
  to->mapping = same.submission;
  to->launch = same.hop;
  const Followed other = follow({8, 2000, "0, 1"}, starpu, peers);
  to->copy_setup = std::max(0.0, other.hop - same.hop);
  to->copy_bandwidth = bandwidth({std::int64_t{32} << 20, 24, "0, 1"}, other.hop, starpu, peers);
}

constexpr int kMessages = 200;

// Half of a message and its answer.
double latency_of_mpi(int rank) {
  std::vector<double> times;
  times.reserve(kMessages);
  for (int i = 0; i < kMessages; ++i) {
    times.push_back(seconds([&] {
      if (rank == 0) MPI_Send(nullptr, 0, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(nullptr, 0, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      if (rank == 1) MPI_Send(nullptr, 0, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }));
  }
  return median(std::move(times)) / 2;
}

double latency_of_tokens(Peers* peers) {
  std::counting_semaphore<kMessages> heard(0);
  peers->listen([&](const Token& token) {
    if (peers->rank() == 0) return heard.release();
    peers->tell(0, token);
  });
  std::vector<double> times;
  times.reserve(kMessages);
  for (int i = 0; peers->rank() == 0 && i < kMessages; ++i) {
    times.push_back(seconds([&] {
      peers->tell(1, {Token::Kind::over, i, 0, 0});
      heard.acquire();
    }));
  }
  peers->stop_listening();
  return peers->rank() == 0 ? median(std::move(times)) / 2 : 0;
}

void measure_between(Peers* peers, Measurements* to) {
  to->network_latency = latency_of_mpi(peers->rank());
  const StarPu starpu(1, 0, *peers);
  to->message = std::max(0.0, latency_of_tokens(peers) - to->network_latency);
  // StarPU asks for all messages that are expected in turn, so that many of them make each slow: as many as
  // programs have under way.
  constexpr int kRounds = 5;
  std::vector<double> hops;
  hops.reserve(kRounds);
  for (int i = 0; i < kRounds; ++i) hops.push_back(follow({8, 32, "1, 0"}, starpu, peers).hop);
  to->remote_hop = median(std::move(hops));
  to->network_bandwidth = bandwidth({std::int64_t{8} << 20, 32, "1, 0"}, to->remote_hop, starpu, peers);
}

}  // namespace

void measure_runtime(Peers* peers, Measurements* to) {
  if (peers->size() == 1) return measure_alone(peers, to);
  base::expects(peers->size() == 2, "messages are measured between two processes");
  measure_between(peers, to);
}

}  // namespace mapwright::rank
