#include "tune/evaluator.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/summary.h"
#include "lang/format.h"
#include "lang/lang.h"
#include "tune/statistics.h"

namespace mapwright::tune {
namespace {

TaskShares shares_of(const engine::Execution& execution, const program::Program& program) {
  TaskShares shares;
  double all = 0;
  const engine::Summary summary = engine::summarize(execution);
  for (const engine::TaskTime& t : summary.tasks) all += t.busy;
  for (const engine::TaskTime& t : summary.tasks)
    shares.emplace_back(program.tasks[t.task].name, all > 0 ? t.busy / all : 0);
  return shares;
}

}  // namespace

Checked check(const std::string& text) {
  const auto source = std::make_shared<base::Source>("proposal", text);
  lang::Compilation compilation = lang::compile(source);
  Checked checked;
  checked.problems = std::move(compilation.problems);
  if (!compilation.mapper) return checked;
  checked.mapper = compilation.mapper;
  checked.canonical = *lang::canonical(source);
  return checked;
}

Evaluator::Evaluator(const engine::Engine& engine, const guide::Guide& guide, const program::Program& program,
                     Repeats repeats)
    : engine_(engine), guide_(guide), program_(program), repeats_(repeats) {
  if (!engine.capabilities().noisy) repeats_ = Repeats();
}

Trial Evaluator::evaluate(const Checked& checked, bool feedback) const {
  const auto begin = std::chrono::steady_clock::now();
  Trial trial;
  trial.canonical = checked.canonical;
  if (!checked.mapper) {
    trial.status = Status::refused;
    trial.failure_code = "refused";
    for (const base::Diagnostic& d : checked.problems.items()) {
      if (d.is_error()) trial.failure_text += base::render(d, false);
    }
    if (feedback) trial.feedback = guide_.refused(checked.problems);
    return trial;
  }
  std::vector<engine::Execution> executions;
  for (int i = 0; i < repeats_.warmup + repeats_.count; ++i) {
    engine::Execution e = engine_.execute(checked.mapper);
    // What failed once is no mapper to rely on.
    if (e.failure || i >= repeats_.warmup) executions.push_back(std::move(e));
    if (!executions.empty() && executions.back().failure) break;
  }
  // Feedback is on the execution in the middle.
  engine::Execution* shown = &executions.back();
  if (shown->failure) {
    trial.status = Status::failed;
    trial.failure_code = shown->failure->code;
    trial.failure_text = shown->failure->text;
    // Where in the mapper, and why, as far as it is known.
    const base::Diagnostics& problems = shown->failure->problems;
    if (!problems.empty() && problems.items().front().message != trial.failure_text)
      trial.failure_text += "\n" + problems.items().front().message;
  } else {
    for (const engine::Execution& e : executions) trial.samples.push_back(e.metric);
    trial.metric = median(trial.samples);
    shown = &*std::ranges::min_element(
        executions, {}, [&](const engine::Execution& e) { return std::abs(e.metric - *trial.metric); });
    // Engines that see nothing but a metric have no profile.
    if (shown->profile.plan) trial.shares = shares_of(*shown, program_);
  }
  if (feedback) trial.feedback = guide_.executed(*shown, *checked.mapper);
  trial.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return trial;
}

}  // namespace mapwright::tune
