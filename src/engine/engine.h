// What executes a mapped program: predicted by a simulator, or really run. Those who want executions know
// this interface only.
#pragma once

#include <string_view>

#include "engine/execution.h"
#include "lang/mapper.h"

namespace mapwright::engine {

struct Capabilities {
  //! Two executions of one mapper may take different times: one of them says little.
  bool noisy = false;
  //! Executions that do not disturb one another; 0 = as many as wanted.
  int at_once = 1;
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::string_view name() const = 0;  //!< as --engine has it
  virtual Capabilities capabilities() const = 0;
  //! Safe for as many threads as it executes at once. A mapper that cannot be carried out is an execution
  //! that failed.
  virtual Execution execute(const lang::MapperPtr& mapper) const = 0;
};

}  // namespace mapwright::engine
