#include "apps/kernels/table.h"

#include <algorithm>

#include "apps/kernels/kernels.h"
#include "base/bug.h"

namespace mapwright::apps {
namespace {

template <class List>
std::uint32_t index_of(const List& list, std::string_view name) {
  const auto found = std::ranges::find_if(list, [&](const auto& item) { return item.name == name; });
  base::expects(found != list.end(), "the program has what its kernels name");
  return static_cast<std::uint32_t>(found - list.begin());
}

struct Maker {
  std::string_view app;
  std::unique_ptr<Table> (*make)(const program::Program&);
};
constexpr Maker kMakers[] = {
    {"circuit", circuit_kernels}, {"stencil", stencil_kernels}, {"pennant", pennant_kernels},
    {"cannon", gemm_kernels},     {"summa", gemm_kernels},      {"pumma", gemm_kernels},
    {"johnson", gemm_kernels},    {"solomonik", gemm_kernels},  {"cosma", gemm_kernels},
};

}  // namespace

void Table::add(std::string_view task, program::Kernel kernel) {
  kernels_[index_of(program_.tasks, task)] = std::move(kernel);
}

void Table::add_empty(std::string_view task) {
  program::Kernel kernel;
  kernel.run = [](program::Call&) {};
  add(task, std::move(kernel));
}

double parameter(const program::Program& program, std::string_view name) {
  const auto found = program.parameters.find(name);
  base::expects(found != program.parameters.end(), "the program has the parameters it was made from");
  return static_cast<double>(found->second);
}

program::PartitionId partition_of(const program::Program& program, std::string_view name) {
  return index_of(program.partitions, name);
}

program::RegionId region_of(const program::Program& program, std::string_view name) {
  return index_of(program.regions, name);
}

std::shared_ptr<const program::Kernels> kernels_of(const program::Program& program) {
  for (const Maker& maker : kMakers) {
    if (maker.app == program.name && !program.parameters.empty()) return maker.make(program);
  }
  return nullptr;
}

}  // namespace mapwright::apps
