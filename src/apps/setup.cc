#include "apps/setup.h"

#include <algorithm>
#include <cmath>

namespace mapwright::apps {
namespace {

constexpr double kGigabyte = 1e9;

// The published runs: up to 32 nodes of Lassen, four GPUs each, with these pools.
constexpr std::int64_t kPublishedNodes = 32;
constexpr std::int64_t kPublishedGpus = 4;
constexpr double kPublishedFramebuffer = 15'000.0 * (1 << 20);
constexpr double kPublishedSystem = 150'000.0 * (1 << 20);

double capacity_of(const machine::Machine& machine, machine::MemoryKind kind) {
  const auto& memory = machine.memories[kind];
  return memory ? static_cast<double>(memory->capacity) : 0;
}

}  // namespace

base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message, std::string note) {
  return {&kind, nullptr, {}, std::move(message), std::move(note), {}, {}};
}

Factors squarest(std::int64_t n) {
  auto smaller = static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
  while (n % smaller != 0) --smaller;
  return {n / smaller, smaller};
}

Setup::Setup(const App& app, const Options& options)
    : app_(app), options_(options), gpus_(options.machine->processors[machine::ProcessorKind::gpu]->count) {}

std::int64_t Setup::value(std::string_view parameter, std::int64_t usual) {
  const auto rule = std::ranges::find(app_.parameters, parameter, &Parameter::name);
  base::expects(rule != app_.parameters.end(), "an application asks for its own parameters");
  const auto stated = options_.set.find(parameter);
  const std::int64_t value = stated == options_.set.end() ? usual : stated->second;
  if (value < rule->least || value > rule->most) {
    report(problem_of(problem::too_large,
                      fmt::format("'{}' of {} would be {} on {} nodes with {} GPUs each", parameter,
                                  app_.name, value, nodes(), gpus_),
                      fmt::format("it is at least {} and at most {}", rule->least, rule->most)));
  }
  values_[std::string(parameter)] = value;
  return value;
}

void Setup::at_most(double limit, double number, std::string_view what) {
  if (number <= limit) return;
  report(problem_of(problem::too_large, fmt::format("{} would have {:.0f} {}", app_.name, number, what),
                    fmt::format("a program has at most {:.0f}", limit)));
}

bool Setup::published() const {
  return gpus_ == kPublishedGpus && nodes() <= kPublishedNodes && (nodes() & (nodes() - 1)) == 0 &&
         capacity_of(*options_.machine, machine::MemoryKind::fbmem) >= kPublishedFramebuffer &&
         capacity_of(*options_.machine, machine::MemoryKind::sysmem) >= kPublishedSystem;
}

bool Setup::fits(const Footprint& f) const {
  return f.framebuffer <= capacity_of(*options_.machine, machine::MemoryKind::fbmem) &&
         f.system <= capacity_of(*options_.machine, machine::MemoryKind::sysmem);
}

void Setup::shrunk(std::string_view what, std::int64_t usual, std::int64_t size, const Footprint& f) {
  const double framebuffer = capacity_of(*options_.machine, machine::MemoryKind::fbmem);
  const double system = capacity_of(*options_.machine, machine::MemoryKind::sysmem);
  const bool gpu = f.framebuffer > framebuffer;
  notes_.push_back(
      fmt::format("{} is {} instead of {}, because under the expert's mapper that takes {:.3g} GB of {}, "
                  "which has {:.3g} GB",
                  what, size, usual, (gpu ? f.framebuffer : f.system) / kGigabyte,
                  gpu ? "a GPU's FBMEM" : "a node's SYSMEM", (gpu ? framebuffer : system) / kGigabyte));
}

void Setup::too_little(const Footprint& f) {
  report(problem_of(
      problem::too_little_memory,
      fmt::format("{} does not fit into the memories of {}", app_.name, options_.machine->name),
      fmt::format("its smallest size takes {:.3g} GB in a GPU's FBMEM and {:.3g} GB in a node's SYSMEM",
                  f.framebuffer / kGigabyte, f.system / kGigabyte)));
}

}  // namespace mapwright::apps
