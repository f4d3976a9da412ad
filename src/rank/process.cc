#include "rank/process.h"

#include <fmt/format.h>
#include <malloc.h>
#include <starpu.h>
#include <starpu_mpi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <numeric>

#include "apps/kernels/kernels.h"
#include "base/bug.h"
#include "base/text.h"
#include "engine/starpu/job.h"
#include "engine/starpu/measurements.h"
#include "lang/lang.h"
#include "machine/machine_file.h"
#include "program/json.h"
#include "rank/environment.h"
#include "rank/executor.h"
#include "rank/failure.h"
#include "rank/measure.h"
#include "rank/starpu.h"
#include "rank/streams.h"
#include "rank/verify.h"

namespace mapwright::rank {
namespace {

using engine::starpu::Answer;
using engine::starpu::Job;

// What there is of a result is worth more than a run that never ends.
constexpr std::chrono::milliseconds kGrace{500};
constexpr int kBug = 70;

// Instances come and go: their pages are kept, because asking for new ones takes longer than using them.
void keep_pages() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

template <class T>
T expect(base::Result<T> result, const char* what) {
  base::expects(result.ok(), what);
  return *std::move(result);
}

struct Subject {
  std::shared_ptr<const program::Program> program;
  std::shared_ptr<const program::Kernels> kernels;
  std::shared_ptr<const plan::Plan> plan;
};

Subject subject_of(const Job& job) {
  Subject s;
  s.program = std::make_shared<const program::Program>(
      expect(program::load("program", job.program), "the job has a program"));
  s.kernels = apps::kernels_of(*s.program);
  base::expects(s.kernels != nullptr, "the program has kernels");
  const auto machine = expect(machine::parse_machine(std::make_shared<base::Source>("machine", job.machine)),
                              "the job has a machine");
  const auto planner = expect(plan::Planner::create(s.program, machine, job.nodes), "the program has a plan");
  const lang::Compilation compiled = lang::compile(std::make_shared<base::Source>("mapper", job.mapper));
  base::expects(compiled.mapper != nullptr, "the job has a mapper");
  auto planned = planner->plan(compiled.mapper);
  base::expects(std::holds_alternative<plan::Plan>(planned), "the mapper can be carried out");
  s.plan = std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(planned)));
  base::expects(engine::starpu::fingerprint(*s.plan) == job.plan, "all processes make the same plan");
  return s;
}

// What runs on devices has kernels for them.
void expect_device_kernels(const Subject& subject) {
  const plan::Plan& plan = *subject.plan;
  for (const plan::Mapping& m : plan.mappings) {
    const plan::Processor& at = plan.site->processors()[m.processor];
    const program::TaskId task = plan.program->launches[m.launch].task;
    if (at.kind != machine::ProcessorKind::gpu || plan.program->tasks[task].inner) continue;
    if (subject.kernels->find(task)->device) continue;
    fail("no_device_kernel",
         fmt::format("{} has no kernel for OpenCL devices", plan.program->tasks[task].name));
  }
}

// Of this process: numbers that are added up, or of which the largest counts.
struct Figures {
  std::int64_t sent = 0;
  std::int64_t to_devices = 0;
  std::int64_t from_devices = 0;
  std::int64_t workers = 0;
};

// Bytes over the buses between the host and devices, by StarPU's own count.
void count_buses(Figures* figures) {
  for (int bus = 0; bus < starpu_bus_get_count(); ++bus) {
    starpu_profiling_bus_info info{};
    starpu_bus_get_profiling_info(bus, &info);
    const bool up = starpu_bus_get_src(bus) == STARPU_MAIN_RAM;
    (up ? figures->to_devices : figures->from_devices) += info.transferred_bytes;
  }
}

// Bytes that this process sent, by StarPU's own count.
std::int64_t sent(const Peers& peers) {
  std::vector<std::size_t> amounts(static_cast<std::size_t>(peers.size()));
  if (peers.size() > 1) starpu_mpi_comm_amounts_retrieve(amounts.data());
  return static_cast<std::int64_t>(std::accumulate(amounts.begin(), amounts.end(), std::size_t{0}));
}

// At process 0: all that happened everywhere.
Answer collect(const Executor& executor, const Figures& figures, Peers* peers) {
  Answer answer;
  answer.ran = peers->gather_all(executor.ran());
  answer.memory = peers->gather_all(executor.held().most());
  for (const Figures& of : peers->gather_all(std::vector{figures})) {
    answer.counted.between_ranks += of.sent;
    answer.counted.to_devices += of.to_devices;
    answer.counted.from_devices += of.from_devices;
    answer.workers = std::max(answer.workers, of.workers);
  }
  return answer;
}

int run(int out, bool alone, int devices) {
  Peers peers(alone);
  report_crashes(peers.rank());
  const auto job = engine::starpu::load_job(received(&peers));
  if (!job) fail("job", "standard input is no job; mapwright starts this program");
  if (peers.size() != job->nodes)
    fail("ranks", fmt::format("the launcher started {} processes, not {}", peers.size(), job->nodes));
  std::atomic<const Executor*> running = nullptr;
  end_after(std::chrono::milliseconds(static_cast<std::int64_t>(job->limit * 1e3)) - kGrace,
            [&running, rank = peers.rank()] {
              const Executor* executor = running;
              if (executor == nullptr) return fmt::format("process {} was not executing", rank);
              return fmt::format("process {} had done {} of {} steps that were submitted", rank,
                                 executor->over(), executor->submitted());
            });
  const Subject subject = subject_of(*job);
  if (devices > 0) expect_device_kernels(subject);
  const std::int64_t used = hosts_of(*subject.plan, devices > 0, peers.rank());
  const StarPu starpu(static_cast<int>(used), devices, peers);
  report_crashes(peers.rank());
  Executor executor(subject.plan, *subject.kernels, &peers, starpu.workers_of(*subject.plan, peers.rank()),
                    {job->poison, Fault::parse(job->fault)});
  running = &executor;
  executor.run();
  Figures figures{sent(peers), 0, 0, starpu.hosts()};
  count_buses(&figures);
  Answer answer = collect(executor, figures, &peers);
  starpu.rest(true);
  const Verdict verdict = verify(*subject.plan, *subject.kernels, executor, &peers);
  answer.checked = verdict.checked;
  if (verdict.wrong) {
    answer.failure = "wrong_answer";
    answer.failure_text = *verdict.wrong;
  }
  if (peers.rank() == 0) write_answer(out, engine::starpu::save(answer));
  starpu.rest(false);
  peers.barrier();
  running = nullptr;
  return 0;
}

}  // namespace

int process(int argc, char** argv) {
  // Whoever started this process ends it by ending itself.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // --alone, --devices N, --measure
  const std::vector<std::string_view> words(argv, argv + argc);
  const bool alone = std::ranges::find(words, "--alone") != words.end();
  const bool measures = std::ranges::find(words, engine::starpu::kMeasure) != words.end();
  const auto told = std::ranges::find(words, "--devices");
  const int devices = words.end() - told > 1 ? static_cast<int>(base::parse_integer(told[1]).value_or(0)) : 0;
  prepare_environment(argv, devices);
  keep_pages();
  // Nothing but the answer goes to standard output.
  const int out = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  try {
    const int status = measures ? measure(out, alone) : run(out, alone, devices);
    leave_nothing();
    return status;
  } catch (const std::exception& e) {
    say_failure("bug", e.what());
    std::_Exit(kBug);
  }
}

}  // namespace mapwright::rank
