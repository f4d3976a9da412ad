#include "cli/calibration.h"

#include <fmt/format.h>

#include "cli/engine.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "engine/starpu/calibrate.h"

namespace mapwright::cli {
namespace {

// Most computers take a third of it.
constexpr double kLimit = 60;

}  // namespace

machine::Machine calibrate_this_computer(const Console& console) {
  const Interrupt interrupt;
  engine::starpu::Settings settings;
  settings.program = rank_program("--calibrate");
  settings.limit = kLimit;
  settings.cancelled = [&] { return interrupt.asked(); };
  console.progress("measuring this computer, which takes some seconds");
  auto measured = engine::starpu::calibrate(settings, engine::starpu::usual_stand_ins());
  console.progress("");
  if (auto* machine = std::get_if<machine::Machine>(&measured)) return std::move(*machine);
  const auto& failure = std::get<plan::Failure>(measured);
  Exit code = Exit::failed;
  if (failure.code == engine::kNotStarted) code = Exit::unavailable;
  if (failure.code == engine::kCancelled) code = Exit::interrupted;
  throw Stop{code, fmt::format("this computer could not be measured: {}", failure.text), {}};
}

}  // namespace mapwright::cli
