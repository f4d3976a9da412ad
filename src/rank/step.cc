#include "rank/step.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <map>
#include <stdexcept>

#include "base/bug.h"
#include "rank/executor.h"
#include "rank/failure.h"
#include "rank/idle.h"

namespace mapwright::rank {
namespace {

thread_local const char* t_doing = nullptr;

void run_step(void** handed, void* argument) {
  Step& step = *static_cast<Step*>(argument);
  t_doing = step.name.c_str();
  found_work();
  try {
    step.run(handed);
  } catch (const std::bad_alloc&) {
    fail("out_of_memory", fmt::format("{} finds no memory on this computer", step.name));
  } catch (const std::exception& e) {
    fail("crashed", fmt::format("{}: {}", step.name, e.what()));
  }
  t_doing = nullptr;
}

starpu_codelet codelet(std::uint32_t where) {
  starpu_codelet c{};
  starpu_codelet_init(&c);
  c.where = where;
  (where == STARPU_CPU ? c.cpu_funcs : c.opencl_funcs)[0] = run_step;
  c.nbuffers = STARPU_VARIABLE_NBUFFERS;
  c.name = "mapwright";
  return c;
}

std::byte* host(void* handed) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): StarPU keeps addresses as numbers
  return reinterpret_cast<std::byte*>(STARPU_VECTOR_GET_PTR(handed));
}

cl_mem device(void* handed) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): and those of devices
  return reinterpret_cast<cl_mem>(STARPU_VECTOR_GET_DEV_HANDLE(handed));
}

// What planted faults do.
void fail(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::crash: *static_cast<volatile int*>(nullptr) = 1; break;
    case Fault::Kind::hang:
      for (;;) ::pause();
    case Fault::Kind::exit: ::_exit(3);
    case Fault::Kind::none:
    case Fault::Kind::wrong:
    case Fault::Kind::extra: break;
  }
}

// Another bit in the first element that a call wrote.
void spoil(const program::Call& call) {
  for (std::size_t r = 0; r < call.launch().requirements.size(); ++r) {
    const program::Requirement& requirement = call.requirement(r);
    if (call.empty(r) || requirement.privilege == program::Privilege::read) continue;
    const program::FieldView v =
        call.field(r, static_cast<std::size_t>(std::countr_zero(requirement.fields)));
    std::byte* first = v.origin;
    for (std::size_t d = 0; d < 3; ++d) first += call.piece(r).lo[d] * v.strides[d];
    *first ^= std::byte{0x10};
    return;
  }
}

// The arguments of a point, from what holds each of its uses.
class Operands {
 public:
  explicit Operands(const Step& step)
      : plan_(step.owner->plan()),
        m_(plan_.mappings[plan_.ops[step.op].mapping]),
        launch_(plan_.program->launches[m_.launch]) {}

  //! Calls visit(index of the buffer, place in it) for every field of every requirement that has a piece.
  template <class Visit>
  void collect(const Step& step, Visit&& visit) {
    std::vector<std::size_t> begins;
    std::size_t next = 0;
    arguments_.resize(launch_.requirements.size());
    for (std::size_t r = 0; r < launch_.requirements.size(); ++r) {
      const program::Requirement& requirement = launch_.requirements[r];
      arguments_[r].piece = piece(requirement);
      if (requirement.privilege != program::Privilege::none) arguments_[r].fields = requirement.fields;
      begins.push_back(views_.size());
      const std::span<const plan::Use> uses = plan_.uses_of(m_, r);
      for (program::FieldSet left = arguments_[r].fields; left != 0; left &= left - 1) {
        const auto field = static_cast<std::size_t>(std::countr_zero(left));
        std::size_t use = 0;
        while (use < uses.size() && (uses[use].fields >> field & 1) == 0) ++use;
        if (use == uses.size()) {
          visit(step.buffers.size(), FieldPlace());
          continue;
        }
        const FieldPlace& place = step.buffers[next + use]->geometry().field(field);
        views_.push_back(visit(next + use, place));
      }
      next += uses.size();
    }
    begins.push_back(views_.size());
    for (std::size_t r = 0; r < arguments_.size(); ++r)
      arguments_[r].views = std::span(views_).subspan(begins[r], begins[r + 1] - begins[r]);
  }

  program::Call call(std::span<const double> futures) const {
    return {*plan_.program, m_.launch, m_.position, arguments_, futures};
  }
  const program::Launch& launch() const { return launch_; }
  std::span<const program::Argument> arguments() const { return arguments_; }

 private:
  program::Box piece(const program::Requirement& requirement) const {
    const program::Partition& partition = plan_.program->partitions[requirement.partition];
    const std::uint32_t at = requirement.piece(m_.position);
    if (partition.begins[at + 1] > partition.begins[at]) return partition.boxes[partition.begins[at]];
    program::Box none;
    none.hi[0] = -1;
    return none;
  }

  const plan::Plan& plan_;
  const plan::Mapping& m_;
  const program::Launch& launch_;
  std::vector<program::Argument> arguments_;
  std::vector<program::FieldView> views_;
};

void run_on_host(const Step& step, const program::Kernel& kernel) {
  for (const Step::Zeroes& z : step.zeroes) zero(z.blocks, step.buffers[z.buffer]->data());
  Operands operands(step);
  operands.collect(step, [&](std::size_t buffer, const FieldPlace& place) {
    return buffer == step.buffers.size() ? program::FieldView()
                                         : view_of(place, step.buffers[buffer]->data());
  });
  const std::vector<double> futures = step.owner->values_of(step.futures);
  program::Call call = operands.call(futures);
  kernel.run(call);
  if (step.fault == Fault::Kind::wrong) spoil(call);
  step.owner->give(step.op, call.given());
}

void run_on_device(const Step& step, const program::Kernel& kernel, void** handed) {
  base::expects(kernel.device.has_value(), "tasks on devices have kernels for them");
  // Instances of the device are handed over; those of the host are used where they are.
  std::vector<cl_mem> memories;
  std::map<const Buffer*, cl_mem> borrowed;
  for (const auto& buffer : step.buffers) {
    if (buffer->handle() == nullptr) {
      cl_mem& memory = borrowed[buffer.get()];
      if (memory == nullptr)
        memory = Device::borrow(buffer->data(), static_cast<std::size_t>(buffer->geometry().bytes()));
      memories.push_back(memory);
      continue;
    }
    std::size_t h = 0;
    while (step.handles[h].handle != buffer->handle()) ++h;
    memories.push_back(device(handed[h]));
  }
  for (const Step::Zeroes& z : step.zeroes) Device::zero(z.blocks, memories[z.buffer]);
  DeviceOperands on_device;
  Operands operands(step);
  operands.collect(step, [&](std::size_t buffer, const FieldPlace& place) {
    on_device.buffers.push_back(buffer == memories.size() ? nullptr : memories[buffer]);
    on_device.views.push_back({place.offset, place.strides});
    return program::FieldView();
  });
  for (const program::Argument& a : operands.arguments())
    on_device.boxes.push_back(program::device_box(a.piece));
  const std::vector<double> futures = step.owner->values_of(step.futures);
  const program::Call call = operands.call(futures);
  Device::run(*kernel.device, call, on_device);
  for (const auto& [buffer, memory] : borrowed) Device::give_back(memory);
  step.owner->give(step.op, call.given());
}

}  // namespace

const char* doing() {
  return t_doing;
}

starpu_codelet* host_codelet() {
  static starpu_codelet c = codelet(STARPU_CPU);
  return &c;
}

starpu_codelet* device_codelet() {
  static starpu_codelet c = codelet(STARPU_OPENCL);
  return &c;
}

void Step::run(void** handed) {
  if (kind == Kind::task && fault != Fault::Kind::none) fail(fault);
  switch (kind) {
    case Kind::task: {
      const plan::Plan& plan = owner->plan();
      const plan::Mapping& m = plan.mappings[plan.ops[op].mapping];
      const program::Kernel& kernel = *owner->kernels().find(plan.program->launches[m.launch].task);
      return on_device ? run_on_device(*this, kernel, handed) : run_on_host(*this, kernel);
    }
    case Kind::move:
      if (on_device) return Device::move(*transfer, device(handed[0]), device(handed[1]));
      return move(*transfer, source->data(), destination->data());
    case Kind::pack:
      return on_device ? Device::pack(*transfer, device(handed[1]), device(handed[0]))
                       : pack(*transfer, source->data(), host(handed[0]));
    case Kind::unpack:
      if (on_device) return Device::unpack(*transfer, device(handed[0]), device(handed[1]));
      return unpack(*transfer, host(handed[0]), destination->data());
    case Kind::make:
      // What nobody writes is nothing: StarPU wants it written all the same.
      return Device::fill_with_ones(device(handed[0]),
                                    destination->poison() ? destination->geometry().bytes() : 1);
    case Kind::wait: return;
  }
}

}  // namespace mapwright::rank
