// Kernels of an application, by the names of their tasks.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "program/kernel.h"

namespace mapwright::apps {

class Table final : public program::Kernels {
 public:
  using Expectations = std::function<std::vector<program::Expectation>(std::int64_t iterations)>;

  explicit Table(const program::Program& program) : program_(program), kernels_(program.tasks.size()) {}

  //! The program has this task.
  void add(std::string_view task, program::Kernel kernel);
  //! The same without anything to compute: tasks that print, or ask for the time.
  void add_empty(std::string_view task);
  void expect(Expectations expectations) { expectations_ = std::move(expectations); }

  const program::Kernel* find(program::TaskId task) const override {
    return kernels_[task].run ? &kernels_[task] : nullptr;
  }
  std::vector<program::Expectation> expectations(std::int64_t iterations) const override {
    return expectations_(iterations);
  }

 private:
  const program::Program& program_;
  std::vector<program::Kernel> kernels_;
  Expectations expectations_;
};

//! Of the program's parameters.
double parameter(const program::Program& program, std::string_view name);
//! The partition of this name, and the region.
program::PartitionId partition_of(const program::Program& program, std::string_view name);
program::RegionId region_of(const program::Program& program, std::string_view name);

std::unique_ptr<Table> circuit_kernels(const program::Program& program);
std::unique_ptr<Table> stencil_kernels(const program::Program& program);
std::unique_ptr<Table> pennant_kernels(const program::Program& program);
std::unique_ptr<Table> gemm_kernels(const program::Program& program);

}  // namespace mapwright::apps
