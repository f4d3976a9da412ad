#include "cli/workbench.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bug.h"
#include "engine/sim/sim.h"
#include "tune/difference.h"

namespace mapwright::cli {

Workbench::Workbench(TuneSettings settings, std::function<bool()> cancelled)
    : settings_(std::move(settings)),
      subject_(make_subject(settings_.subject)),
      engine_(settings_.engine.make(subject_, std::move(cancelled))),
      twin_(settings_.engine.executes() ? std::make_unique<engine::sim::Simulator>(subject_.planner)
                                        : nullptr),
      guide_(make_guide(settings_.guide, settings_.rules)),
      evaluator_(*engine_, guide_, *subject_.program, settings_.repeats),
      expert_(shipped_mapper("expert", program())),
      default_(cli::default_mapper()) {
  const base::SourcePtr start = start_of(settings_.strategy, settings_.start, program());
  if (!start) throw Stop{Exit::no_input, fmt::format("there is no expert mapper for '{}'", program()), {}};
  problem_ = {subject_.planner, compile(start), &guide_, settings_.seed};
  problem_.twin = twin_.get();
  if (settings_.strategy == tune::kTwin && !twin_)
    throw Stop{Exit::usage,
               fmt::format("--strategy {} is for executions that are real: a simulator is its own twin",
                           tune::kTwin),
               {}};
}

int Workbench::at_once(int jobs) const {
  const int most = engine_->capabilities().at_once;
  return most == 0 ? jobs : std::min(jobs, most);
}

report::TuningResult Workbench::begin(tune::StoreJournal* journal) const {
  report::TuningResult result;
  result.subject = title(subject_, settings_.subject.nodes);
  result.strategy = settings_.strategy;
  result.program = program();
  result.metric = subject_.program->metric;
  result.basis = settings_.engine.basis();
  result.run = journal->id();
  result.has_expert = expert_ != nullptr;
  if (expert_) result.expert = baseline(*expert_, store::Role::expert, journal);
  result.default_mapper = baseline(*default_, store::Role::default_mapper, journal);
  return result;
}

std::optional<double> Workbench::baseline(const base::Source& mapper, store::Role role,
                                          tune::StoreJournal* journal) const {
  if (const auto recorded = journal->baseline(role)) return recorded->metric;
  const std::string text(mapper.text());
  const tune::Checked checked = tune::check(text);
  base::expects(checked.mapper != nullptr, "shipped mappers are mappers");
  auto trial = journal->find(checked.canonical);
  if (!trial) trial = evaluator_.evaluate(checked, true);
  if (trial->failure_code == engine::kCancelled) return std::nullopt;
  trial->number = 1;
  trial->mapper = text;
  trial->why = "measured beside the proposals";
  if (auto problems = journal->add_baseline(*trial, role)) throw store_stop(*problems);
  return trial->metric;
}

std::vector<std::string> Workbench::differences(const std::string& mapper, const base::Source& other) const {
  const auto mine = planned(mapper);
  const auto others = planned(std::string(other.text()));
  if (!mine || !others) return {};
  return tune::differences(mine->plan, *mine->mapper, others->plan, *others->mapper);
}

std::optional<Workbench::Planned> Workbench::planned(const std::string& text) const {
  const tune::Checked checked = tune::check(text);
  auto plan = subject_.planner->plan(checked.mapper);
  if (auto* p = std::get_if<plan::Plan>(&plan)) return Planned{checked.mapper, std::move(*p)};
  return std::nullopt;
}

void expect_whole(const tune::StoreJournal& journal, const StoreOptions& store) {
  if (journal.whole()) return;
  throw Stop{Exit::io,
             fmt::format("the run '{}' cannot go on: what the store '{}' has of it is damaged, or was "
                         "recorded by another version of mapwright",
                         journal.id(), store_path(store).string()),
             {}};
}

}  // namespace mapwright::cli
