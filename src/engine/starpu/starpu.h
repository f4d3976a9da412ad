// Really executes mapped programs: one process for each node of the mapper's machine, started by a launcher
// of MPI where there are several, with StarPU in each. Their kernels compute, and every answer is verified.
//
// The processes run another program (src/rank), so that what crashes, hangs or dies there is an execution
// that failed here, and nothing of StarPU or MPI is in this process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/starpu/job.h"

namespace mapwright::engine::starpu {

//! Workers that run kernels in one process: as many as Debian's StarPU is built for.
inline constexpr std::int64_t kMostWorkers = 4;

struct Settings {
  std::string program;  //!< the executable of the processes
  //! What starts several of them, and its arguments; `{ranks}` becomes their number, and where no argument
  //! has it, "-n RANKS" follows.
  std::vector<std::string> launcher = default_launcher();
  bool devices = false;  //!< GPU processors are OpenCL devices (Job::devices)
  double limit = 60;     //!< seconds of one execution, verification included
  bool poison = false;
  std::string fault;                //!< rank/fault.h; for tests
  std::function<bool()> cancelled;  //!< asked often: true ends an execution

  //! Open MPI's, which starts more processes than there are cores where it is told to.
  static std::vector<std::string> default_launcher();
};

class Starpu final : public Engine {
 public:
  Starpu(std::shared_ptr<const plan::Planner> planner, Settings settings);

  std::string_view name() const override { return "starpu"; }
  Capabilities capabilities() const override { return {.noisy = true, .at_once = 1}; }
  Execution execute(const lang::MapperPtr& mapper) const override;

 private:
  std::shared_ptr<const plan::Planner> planner_;
  Settings settings_;
};

//! When every op of a plan ran, and what it waited for last, from what processes recorded. Ops that do
//! nothing by themselves end with the last that they wait for.
std::vector<Span> spans_of(const plan::Plan& plan, const std::vector<Ran>& ran);

//! Bytes that the runtime has to count if it does what the plan says.
Counted planned_bytes(const plan::Plan& plan, bool devices);

}  // namespace mapwright::engine::starpu
