#include "tune/journal.h"

#include <nlohmann/json.hpp>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::tune {
namespace {

using Json = nlohmann::ordered_json;

// Bytes that are no UTF-8 are replaced: these are words for people.
std::string feedback_text(const Trial& trial) {
  Json findings = Json::array();
  for (const guide::Finding& f : trial.feedback.findings) {
    Json edits = Json::array();
    for (const lang::Edit& e : f.edits) edits.push_back({{"remove", e.remove}, {"text", e.text}});
    findings.push_back({{"code", f.code},
                        {"share", f.share},
                        {"gain", f.gain},
                        {"explain", f.explain},
                        {"suggest", f.suggest},
                        {"subjects", f.subjects},
                        {"edits", std::move(edits)}});
  }
  Json shares = Json::array();
  for (const auto& [task, share] : trial.shares) shares.push_back({task, share});
  const Json document = {
      {"system", trial.feedback.system}, {"findings", std::move(findings)}, {"shares", std::move(shares)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool read_feedback(const std::string& text, Trial* trial) {
  try {
    const Json document = Json::parse(text);
    trial->feedback.system = document.at("system").get<std::string>();
    for (const Json& f : document.at("findings")) {
      guide::Finding finding;
      finding.code = f.at("code").get<std::string>();
      finding.share = f.at("share").get<double>();
      finding.gain = f.at("gain").get<double>();
      finding.explain = f.at("explain").get<std::string>();
      finding.suggest = f.at("suggest").get<std::string>();
      finding.subjects = f.at("subjects").get<std::vector<std::string>>();
      for (const Json& e : f.at("edits"))
        finding.edits.push_back({e.at("remove").get<bool>(), e.at("text").get<std::string>()});
      trial->feedback.findings.push_back(std::move(finding));
    }
    for (const Json& s : document.at("shares"))
      trial->shares.emplace_back(s.at(0).get<std::string>(), s.at(1).get<double>());
  } catch (const Json::exception&) {
    return false;
  }
  return true;
}

std::optional<base::Diagnostics> problems_of(const base::Result<std::monostate>& result) {
  if (result.ok()) return std::nullopt;
  return result.problems();
}

}  // namespace

store::Trial to_record(const Trial& trial, store::Role role) {
  store::Trial record;
  record.number = trial.number;
  record.role = role;
  record.mapper = trial.mapper;
  record.canonical = trial.status == Status::refused ? "" : base::digest(trial.canonical);
  record.status = trial.status;
  record.metric = trial.metric;
  record.samples = trial.samples;
  record.failure_code = trial.failure_code;
  record.failure_text = trial.failure_text;
  // Who wants to know what a duplicate said asks the first one.
  if (trial.status != Status::duplicate) record.feedback = feedback_text(trial);
  record.why = trial.why;
  record.duplicate_of = trial.duplicate_of;
  record.seconds = trial.seconds;
  return record;
}

std::optional<Trial> from_record(const store::Trial& record) {
  Trial trial;
  trial.number = record.number;
  trial.mapper = record.mapper;
  trial.why = record.why;
  trial.canonical = check(record.mapper).canonical;
  trial.status = record.status;
  trial.duplicate_of = record.duplicate_of;
  trial.metric = record.metric;
  trial.samples = record.samples;
  trial.failure_code = record.failure_code;
  trial.failure_text = record.failure_text;
  trial.seconds = record.seconds;
  if (!record.feedback.empty() && !read_feedback(record.feedback, &trial)) return std::nullopt;
  return trial;
}

StoreJournal::StoreJournal(store::Store* store, std::unique_ptr<store::Writer> writer, std::string subject,
                           Reuse reuse, const std::vector<store::Trial>& records,
                           const std::vector<std::string>& exchanges)
    : store_(*store), writer_(std::move(writer)), subject_(std::move(subject)), reuse_(reuse) {
  for (const store::Trial& r : records) {
    auto trial = from_record(r);
    // A store may be damaged, or of another version.
    const auto next = static_cast<std::int64_t>(recorded_.size()) + 1;
    const bool proposal = r.role == store::Role::proposal;
    whole_ = trial && (!proposal || (trial->number == next && trial->duplicate_of.value_or(0) < next));
    if (!whole_) break;  // what follows cannot be gone through either
    if (!proposal) {
      baselines_.emplace_back(r.role, std::move(*trial));
      continue;
    }
    // A duplicate says what the first one said.
    if (trial->duplicate_of) {
      const Trial& first = recorded_[static_cast<std::size_t>(*trial->duplicate_of) - 1];
      trial->feedback = first.feedback;
      trial->shares = first.shares;
    }
    recorded_.push_back(std::move(*trial));
  }
  for (const std::string& text : exchanges) {
    auto exchange = llm::exchange_from_json(text);
    whole_ = whole_ && exchange;
    if (exchange && std::holds_alternative<llm::Reply>(exchange->answer))
      answered_.push_back(*std::move(exchange));
  }
}

std::optional<Trial> StoreJournal::find(const std::string& canonical) {
  for (const auto& [role, own] : baselines_) {
    if (own.canonical == canonical) return own;
  }
  if (reuse_ == Reuse::nothing) return std::nullopt;
  // What cannot be looked up is executed.
  const auto found = store_.find(subject_, base::digest(canonical));
  if (!found || !*found) return std::nullopt;
  auto trial = from_record(**found);
  if (!trial || trial->canonical != canonical) return std::nullopt;
  if (reuse_ == Reuse::successes && trial->status != Status::ok) return std::nullopt;
  trial->seconds = 0;
  return trial;
}

std::optional<base::Diagnostics> StoreJournal::add(const Trial& trial) {
  return problems_of(writer_->add(to_record(trial, store::Role::proposal)));
}

std::optional<Trial> StoreJournal::baseline(store::Role role) const {
  for (const auto& [of, trial] : baselines_) {
    if (of == role) return trial;
  }
  return std::nullopt;
}

std::optional<base::Diagnostics> StoreJournal::add_baseline(const Trial& trial, store::Role role) {
  baselines_.emplace_back(role, trial);
  return problems_of(writer_->add(to_record(trial, role)));
}

std::optional<base::Diagnostics> StoreJournal::add_exchange(const llm::Exchange& exchange) {
  auto problems = problems_of(writer_->add_exchange(llm::to_json(exchange)));
  if (!problems && std::holds_alternative<llm::Reply>(exchange.answer)) answered_.push_back(exchange);
  return problems;
}

std::optional<base::Diagnostics> StoreJournal::finish(store::State state, std::string_view stopped) {
  return problems_of(writer_->finish(state, stopped));
}

}  // namespace mapwright::tune
