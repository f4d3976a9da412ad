#include "rank/executor.h"

#include <fmt/format.h>
#include <starpu_mpi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/bug.h"

namespace mapwright::rank {

using plan::Op;
using plan::OpId;
using plan::OpKind;

namespace {

starpu_tag_t tag_of(OpId op, End end) {
  return static_cast<starpu_tag_t>(op) * 2 + (end == End::sending ? 1 : 0);
}

// Tags of what no op stands for.
constexpr starpu_tag_t kMade = starpu_tag_t{1} << 48;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void expect_done(int status, const char* what) {
  if (status != 0) base::bug(fmt::format("StarPU cannot {}: {}", what, strerror(-status)).c_str());
}

void hand_over(const std::vector<Step::Handle>& handles, starpu_task* task) {
  task->nbuffers = static_cast<int>(handles.size());
  starpu_data_handle_t* to = task->handles;
  starpu_data_access_mode* modes = task->modes;
  if (handles.size() > STARPU_NMAXBUFS) {
    // StarPU frees them with the task. NOLINTBEGIN(cppcoreguidelines-no-malloc)
    to = task->dyn_handles = static_cast<starpu_data_handle_t*>(std::malloc(handles.size() * sizeof *to));
    modes = task->dyn_modes =
        static_cast<starpu_data_access_mode*>(std::malloc(handles.size() * sizeof *modes));
    // NOLINTEND(cppcoreguidelines-no-malloc)
  }
  for (std::size_t i = 0; i < handles.size(); ++i) {
    to[i] = handles[i].handle;
    modes[i] = handles[i].mode;
  }
}

}  // namespace

Executor::Executor(std::shared_ptr<const plan::Plan> plan, const program::Kernels& kernels, Peers* peers,
                   Workers workers, Options options)
    : plan_(std::move(plan)),
      kernels_(kernels),
      peers_(*peers),
      workers_(std::move(workers)),
      options_(std::move(options)),
      routes_(*plan_, !workers_.devices.empty()),
      shapes_(*plan_->program),
      held_(plan_->site->memories().size()),
      geometries_(plan_->instances.size()),
      buffers_(plan_->instances.size()),
      contributions_(plan_->instances.size()),
      clock_(peers_.now() - static_cast<std::int64_t>(starpu_timing_now() * 1e3)) {
  peers_.listen([this](const Token& token) { heard(token); });
}

Executor::~Executor() {
  peers_.stop_listening();
  // Another executor of this process may use the tags again.
  for (OpId op = 0; op < plan_->ops.size(); ++op) {
    for (const End end : {End::main, End::sending}) starpu_tag_remove(tag_of(op, end));
  }
}

void Executor::run() {
  peers_.barrier();
  for (OpId op = 0; op < plan_->ops.size(); ++op) submit(op);
  fence();
}

void Executor::fence() {
  expect_done(starpu_task_wait_for_all(), "wait for its tasks");
  if (peers_.size() > 1) starpu_mpi_wait_for_all(MPI_COMM_WORLD);
  peers_.barrier();
}

void Executor::submit(OpId id) {
  const Op& op = plan_->ops[id];
  switch (op.kind) {
    case OpKind::fence: return fence();
    case OpKind::future: return submit_future(id);
    case OpKind::copy:
    case OpKind::fold: submit_transfer(id); break;
    case OpKind::task:
    case OpKind::begin:
    case OpKind::end:
      for (const Place& at : routes_.ends(id)) {
        if (at.rank == peers_.rank()) submit_task(id, at);
      }
      break;
  }
  settle(op);
}

std::unique_ptr<Step> Executor::step_of(Step::Kind kind, OpId op, End end) const {
  auto step = std::make_unique<Step>();
  step->kind = kind;
  step->op = op;
  step->end = end;
  return step;
}

void Executor::submit_task(OpId id, const Place& at) {
  const Op& op = plan_->ops[id];
  const plan::Mapping& m = plan_->mappings[op.mapping];
  const program::Launch& launch = plan_->program->launches[m.launch];
  const std::string& name = plan_->program->tasks[launch.task].name;
  const Waits waits = routes_.waits(id, at);
  // What only launches others does nothing by itself.
  if (op.kind != OpKind::task) return start(step_of(Step::Kind::wait, id, at.end), waits, std::nullopt);
  auto step = step_of(Step::Kind::task, id, at.end);
  step->name = fmt::format("{}[{}]", name, m.position);
  step->futures = futures_of(id);
  const plan::Processor& processor = plan_->site->processors()[m.processor];
  step->on_device = !workers_.devices.empty() && processor.kind == machine::ProcessorKind::gpu;
  for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
    const bool reads = launch.requirements[r].privilege == program::Privilege::read;
    for (const plan::Use& u : plan_->uses_of(m, r)) {
      step->buffers.push_back(use(u.instance));
      Buffer& buffer = *step->buffers.back();
      if (buffer.handle() == nullptr) continue;
      const auto same = std::ranges::find(step->handles, buffer.handle(), &Step::Handle::handle);
      if (same == step->handles.end()) {
        step->handles.push_back({buffer.handle(), reads ? STARPU_R : STARPU_RW});
      } else if (!reads) {
        same->mode = STARPU_RW;
      }
    }
  }
  for (const plan::CellIn& cell : plan_->cells_of(op)) {
    for (std::size_t b = 0; b < step->buffers.size(); ++b) {
      if (&step->buffers[b]->instance() != &plan_->instances[cell.instance]) continue;
      step->zeroes.push_back({b, blocks_of(*plan_, shapes_, cell, *geometry(cell.instance))});
      break;
    }
  }
  const Fault& fault = options_.fault;
  if (faulty_ && fault.kind != Fault::Kind::none && fault.rank == peers_.rank() && fault.task == name) {
    step->fault = fault.kind;
    faulty_ = false;
  }
  for (const auto& buffer : step->buffers) make_on_device(buffer, *step, waits);
  start(std::move(step), waits, workers_.of.at(m.processor));
}

void Executor::submit_transfer(OpId id) {
  const Op& op = plan_->ops[id];
  const std::vector<Place> ends = routes_.ends(id);
  const std::optional<unsigned> from = device_of(op.source);
  const std::optional<unsigned> to = device_of(op.destination);
  const std::string name = op.kind == OpKind::copy ? "copy" : "fold";
  const int here = peers_.rank();
  if (ends.size() == 1) {
    if (ends.front().rank != here) return;
    auto step = step_of(Step::Kind::move, id, End::main);
    step->name = name;
    step->transfer = transfer(op);
    step->source = use(op.source);
    step->destination = use(op.destination);
    const Waits waits = routes_.waits(id, ends.front());
    if (to) {
      step->on_device = true;
      step->handles = {{step->source->handle(), STARPU_R}, {step->destination->handle(), STARPU_RW}};
      make_on_device(step->source, *step, waits);
      make_on_device(step->destination, *step, waits);
    }
    return start(std::move(step), waits, to);
  }
  const Place& receiving = ends.front();
  const Place& sending = ends.back();
  if (sending.rank != here && receiving.rank != here) return;
  starpu_data_handle_t packed = nullptr;
  const std::int64_t bytes = op.bytes + (options_.fault.kind == Fault::Kind::extra ? 1 : 0);
  base::expects(bytes < std::int64_t{1} << 31, "messages have less than 2 GiB");
  starpu_vector_data_register(&packed, -1, 0, static_cast<std::uint32_t>(bytes), 1);
  if (sending.rank == here) {
    auto step = step_of(Step::Kind::pack, id, End::sending);
    step->name = name;
    step->transfer = transfer(op);
    step->source = use(op.source);
    step->handles = {{packed, STARPU_W}};
    const Waits waits = routes_.waits(id, sending);
    if (from) {
      step->on_device = true;
      step->handles.push_back({step->source->handle(), STARPU_R});
      make_on_device(step->source, *step, waits);
    }
    start(std::move(step), waits, from);
    if (receiving.rank != here)
      expect_done(starpu_mpi_isend_detached(packed, receiving.rank, id, MPI_COMM_WORLD, nullptr, nullptr),
                  "send");
  }
  if (receiving.rank == here) {
    if (sending.rank != here)
      expect_done(starpu_mpi_irecv_detached(packed, sending.rank, id, MPI_COMM_WORLD, nullptr, nullptr),
                  "receive");
    auto step = step_of(Step::Kind::unpack, id, End::main);
    step->name = name;
    step->transfer = transfer(op);
    step->destination = use(op.destination);
    step->handles = {{packed, STARPU_R}};
    const Waits waits = routes_.waits(id, receiving);
    if (to) {
      step->on_device = true;
      step->handles.push_back({step->destination->handle(), STARPU_RW});
      make_on_device(step->destination, *step, waits);
    }
    start(std::move(step), waits, to);
  }
  starpu_data_unregister_submit(packed);
}

// Each process tells process 0 what its points gave; when all have, all are told the value.
void Executor::submit_future(OpId id) {
  Waits waits;
  for (const plan::Wait& w : plan_->waits_of(id)) {
    for (const Place& at : routes_.ends(w.op)) {
      if (at.rank == peers_.rank()) waits.push_back({w.op, at.end, false, at.rank});
    }
  }
  // The main end is over when the value is there.
  start(step_of(Step::Kind::wait, id, End::sending), waits, std::nullopt);
}

// An instance on a device is made when the first step that uses it could run.
void Executor::make_on_device(const std::shared_ptr<Buffer>& buffer, const Step& first, const Waits& waits) {
  if (buffer->handle() == nullptr || !buffer->take()) return;
  auto step = step_of(Step::Kind::make, first.op, first.end);
  step->name = "make";
  step->on_device = true;
  step->destination = buffer;
  step->handles = {{buffer->handle(), STARPU_W}};
  const auto index = plan_->site->memories()[buffer->instance().memory].index;
  start(std::move(step), kMade + static_cast<starpu_tag_t>(made_++), waits, workers_.devices.at(index));
}

void Executor::start(std::unique_ptr<Step> step, const Waits& waits, std::optional<unsigned> worker) {
  const starpu_tag_t tag = tag_of(step->op, step->end);
  start(std::move(step), tag, waits, worker);
}

void Executor::start(std::unique_ptr<Step> step, starpu_tag_t tag, const Waits& waits,
                     std::optional<unsigned> worker) {
  step->owner = this;
  std::vector<starpu_tag_t> tags;
  for (const Routes::Wait& w : waits) tags.push_back(tag_of(w.op, w.end));
  if (!tags.empty()) starpu_tag_declare_deps_array(tag, static_cast<unsigned>(tags.size()), tags.data());
  starpu_task* task = starpu_task_create();
  task->use_tag = 1;
  task->tag_id = tag;
  if (step->kind != Step::Kind::wait) {
    task->cl = step->on_device ? device_codelet() : host_codelet();
    task->name = step->name.c_str();
    // Data first: tasks elsewhere wait for it.
    task->priority = step->kind == Step::Kind::task ? STARPU_DEFAULT_PRIO : STARPU_MAX_PRIO;
    hand_over(step->handles, task);
    if (worker) {
      task->execute_on_a_specific_worker = 1;
      task->workerid = *worker;
    }
  }
  step->task = task;
  task->cl_arg = step.get();
  task->cl_arg_free = 0;
  task->callback_arg = step.release();
  task->callback_func = [](void* argument) {
    auto* done = static_cast<Step*>(argument);
    done->owner->ended(*done);
    delete done;
  };
  ++submitted_;
  expect_done(starpu_task_submit(task), "take a task");
}

void Executor::ended(const Step& step) {
  if (step.kind == Step::Kind::wait && plan_->ops[step.op].kind == OpKind::future) {
    Share share;
    {
      const std::lock_guard lock(mutex_);
      share = shares_[step.op];
      shares_.erase(step.op);
    }
    peers_.tell(0, {Token::Kind::partial, step.op, share.any ? 1 : 0, share.value});
  } else if (step.kind != Step::Kind::make) {
    if (step.kind != Step::Kind::wait && step.task->profiling_info != nullptr) {
      const std::lock_guard lock(mutex_);
      const starpu_profiling_task_info& info = *step.task->profiling_info;
      ran_.push_back({step.op, nanoseconds(info.start_time) + clock_, nanoseconds(info.end_time) + clock_});
    }
    if (step.end == End::main) {
      for (const int rank : routes_.told(step.op)) peers_.tell(rank, {Token::Kind::over, step.op, 0, 0});
    }
  }
  ++over_;
}

void Executor::heard(const Token& token) {
  const auto op = static_cast<OpId>(token.op);
  switch (token.kind) {
    case Token::Kind::over: starpu_tag_notify_from_apps(tag_of(op, End::main)); return;
    case Token::Kind::value: {
      {
        const std::lock_guard lock(mutex_);
        values_[op] = token.value;
      }
      starpu_tag_notify_from_apps(tag_of(op, End::main));
      return;
    }
    case Token::Kind::partial: {
      Share sum;
      {
        const std::lock_guard lock(mutex_);
        Share& all = sums_.try_emplace(op, Share{false, 0, peers_.size()}).first->second;
        if (token.any != 0) combine(&all, token.value, combine_of(op));
        if (--all.missing > 0) return;
        sum = all;
        sums_.erase(op);
      }
      for (int rank = 0; rank < peers_.size(); ++rank)
        peers_.tell(rank, {Token::Kind::value, token.op, 1, sum.value});
      return;
    }
    case Token::Kind::stop: return;
  }
}

void Executor::combine(Share* share, double value, program::Combine how) {
  if (!share->any) {
    share->value = value;
  } else {
    share->value = how == program::Combine::sum ? share->value + value : std::min(share->value, value);
  }
  share->any = true;
}

program::Combine Executor::combine_of(OpId future) const {
  const auto waits = plan_->waits_of(future);
  if (waits.empty()) return program::Combine::sum;
  const plan::Mapping& m = plan_->mappings[plan_->ops[waits.front().op].mapping];
  return kernels_.find(plan_->program->launches[m.launch].task)->combine;
}

void Executor::give(OpId task, double result) {
  const OpId future = routes_.future_of(task);
  if (future == plan::kNone) return;
  const std::lock_guard lock(mutex_);
  combine(&shares_[future], result, combine_of(future));
}

// Which of the futures that a task waits for is that of which launch.
std::vector<OpId> Executor::futures_of(OpId id) const {
  const plan::Mapping& m = plan_->mappings[plan_->ops[id].mapping];
  std::vector<OpId> ops;
  for (const program::LaunchId from : plan_->program->launches[m.launch].futures) {
    OpId found = plan::kNone;
    for (const plan::Wait& w : plan_->waits_of(id)) {
      if (plan_->ops[w.op].kind != OpKind::future || plan_->waits_of(w.op).empty()) continue;
      const OpId point = plan_->waits_of(w.op).front().op;
      if (plan_->mappings[plan_->ops[point].mapping].launch == from) found = w.op;
    }
    ops.push_back(found);
  }
  return ops;
}

std::vector<double> Executor::values_of(const std::vector<OpId>& futures) const {
  const std::lock_guard lock(mutex_);
  std::vector<double> values;
  values.reserve(futures.size());
  for (const OpId future : futures)
    values.push_back(future == plan::kNone ? std::numeric_limits<double>::quiet_NaN() : values_.at(future));
  return values;
}

std::optional<unsigned> Executor::device_of(plan::InstanceId instance) const {
  const plan::Memory& memory = plan_->site->memories()[plan_->instances[instance].memory];
  if (workers_.devices.empty() || memory.kind != machine::MemoryKind::fbmem) return std::nullopt;
  return workers_.devices.at(memory.index);
}

std::shared_ptr<const Geometry> Executor::geometry(plan::InstanceId instance) {
  std::shared_ptr<const Geometry>& known = geometries_[instance];
  if (!known) known = std::make_shared<const Geometry>(*plan_->program, plan_->instances[instance]);
  return known;
}

std::shared_ptr<const Transfer> Executor::transfer(const Op& op) {
  auto& known = transfers_[{op.first_cell, {op.source, op.destination}}];
  if (!known) {
    known = std::make_shared<const Transfer>(
        transfer_of(*plan_, shapes_, op, *geometry(op.source), *geometry(op.destination)));
  }
  return known;
}

std::shared_ptr<Buffer> Executor::use(plan::InstanceId instance) {
  std::shared_ptr<Buffer>& buffer = buffers_[instance];
  if (!buffer)
    buffer = std::make_shared<Buffer>(&held_, plan_->instances[instance], geometry(instance),
                                      device_of(instance).has_value(), options_.poison);
  return buffer;
}

// After an op was submitted: what it collects, or folds the last of, lives until its users are over.
void Executor::settle(const Op& op) {
  if (op.kind == OpKind::fold) {
    contributions_[op.source] -= op.cells;
    if (contributions_[op.source] <= 0) buffers_[op.source].reset();
  }
  if (op.kind != OpKind::task) return;
  for (const plan::CellIn& cell : plan_->cells_of(op)) ++contributions_[cell.instance];
  const plan::Mapping& m = plan_->mappings[op.mapping];
  const program::Launch& launch = plan_->program->launches[m.launch];
  for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
    if (launch.requirements[r].privilege != program::Privilege::read) continue;
    for (const plan::Use& u : plan_->uses_of(m, r)) {
      if (plan_->instances[u.instance].collected) buffers_[u.instance].reset();
    }
  }
}

}  // namespace mapwright::rank
