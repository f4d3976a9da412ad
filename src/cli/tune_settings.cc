#include "cli/tune_settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/discovery.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/program_file.h"
#include "machine/local.h"
#include "machine/machine_file.h"
#include "program/json.h"
#include "tune/strategy.h"

namespace mapwright::cli {
namespace {

using Json = nlohmann::ordered_json;

Json text_of(const base::SourcePtr& source) {
  return {{"name", source->name()}, {"text", std::string(source->text())}};
}

base::SourcePtr source_of(const Json& json) {
  return std::make_shared<base::Source>(json.at("name").get<std::string>(),
                                        json.at("text").get<std::string>());
}

template <class T>
std::optional<T> optional(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<T>();
}

std::optional<double> number(const std::string& word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Empty for what is right, as CLI11 wants it.
const CLI::Validator kFinite(
    [](std::string& word) { return number(word) ? "" : fmt::format("'{}' is no number", word); }, "");
const CLI::Validator kSeed(
    [](std::string& word) {
      return base::parse_integer(word).value_or(-1) >= 0 ? ""
                                                         : fmt::format("'{}' is no integer from 0 on", word);
    },
    "");

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const tune::StrategyKind& s : tune::strategies()) names.emplace_back(s.name);
  return names;
}

}  // namespace

void TuneSettings::add_to(CLI::App* command) {
  subject.add_program(command);
  command->add_option("--from", from, "The mapper to begin with, instead of the engine's default")
      ->type_name("FILE");
  engine.add_to(command, true);
  command
      ->add_option("--strategy", strategy,
                   "How mappers are found: " + fmt::format("{}", fmt::join(strategy_names(), ", ")))
      ->check(CLI::IsMember(strategy_names()))
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_flag_callback(
          "--twin", [this] { strategy = tune::kTwin; },
          "The same as --strategy twin: thousands of simulated executions, the best few are real")
      ->excludes("--strategy");
  command->add_option("--budget", limits.budget, "How many mappers to execute; duplicates cost nothing")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--time", limits.seconds, "Seconds after which no further mapper is executed")
      ->check(positive_number())
      ->type_name("SECONDS");
  command->add_option("--target", limits.target, "A metric that is good enough")
      ->check(kFinite)
      ->type_name("VALUE");
  command->add_option("--patience", limits.patience, "Ends after so many executions without a better mapper")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}))
      ->type_name("N");
  command->add_option("--repeats", repeats.count, "Executions of each mapper, where the engine is noisy")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--warmup", repeats.warmup, "Executions before them that do not count")
      ->check(CLI::Range(0, 10'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--fresh", fresh, "Executes again what earlier runs in the store have executed");
  command->add_option("--seed", seed, "Of strategies that draw lots")
      ->check(kSeed)
      ->type_name("N")
      ->capture_default_str();
  guide.add_to(command);
  model.add_to(command);
  model.add_search(command);
  command->add_option("--out", out, "The folder for best.mapper (default: the run's id)")
      ->check([](const std::string& word) {
        return std::string(word.empty() ? "it is the name of a folder" : "");
      })
      ->type_name("DIR");
}

void TuneSettings::read_files() {
  if (from && (strategy == "expert" || strategy == "default"))
    throw Stop{Exit::usage,
               fmt::format("--from has no effect on the strategy {}: it has its own mapper", strategy),
               {}};
  if (subject.program == "-" && from == "-")
    throw Stop{Exit::usage, "only one of the program and the mapper can be standard input", {}};
  start = from ? std::make_shared<base::Source>(*from == "-" ? "<stdin>" : *from, read_text(*from))
               : default_mapper();
  compile(start);
  rules = read_rules(guide);
  if (asks_model()) model.read_files();
}

void TuneSettings::discover(const std::function<bool()>& cancelled, Console* console) {
  engine.settle(&subject);
  if (!engine.commands() || !subject.program.empty()) return;
  console->say(fmt::format("watching one execution of {}, to learn what it does",
                           base::visible(engine.words.front())));
  try {
    const Discovery found = discover_program(engine, subject.machine, cancelled);
    for (const std::string& note : found.notes) console->say(note);
    subject.program = found.program.name;
    subject.program_text = program::save(found.program);
    subject.machine_text = machine::save(found.machine);
    subject.nodes = found.nodes;
    engine.legion = true;
  } catch (const Stop& why) {
    if (why.code != Exit::unavailable) throw;
    throw Stop{
        Exit::configuration,
        fmt::format(
            "to tune a command takes a model of its program: a program file, as docs/programs.md describes "
            "them, before --. Of a Legion application it is discovered, but {}",
            why.message),
        why.problems};
  }
}

void TuneSettings::read_program() {
  engine.settle(&subject);
  if (subject.program.empty()) {
    throw Stop{
        Exit::configuration,
        "to tune a command takes a model of its program: a program file, as docs/programs.md describes them, "
        "before --",
        {}};
  }
  if (!subject.program_text && names_file(subject.program))
    subject.program_text = read_text(subject.program, Exit::configuration);
  if (!subject.machine_text) subject.machine_text = machine_text(subject.machine);
}

bool TuneSettings::asks_model() const {
  return tune::find_strategy(strategy)->asks_model();
}

tune::Reuse TuneSettings::reuse() const {
  if (fresh) return tune::Reuse::nothing;
  return engine.executes() ? tune::Reuse::successes : tune::Reuse::all;
}

std::string TuneSettings::subject_key() const {
  Json key{{"version", MAPWRIGHT_VERSION},
           {"engine", engine.name},
           {"program", subject.program_text ? base::digest(*subject.program_text) : subject.program},
           {"size", subject.size},
           {"set", subject.set},
           {"machine", subject.machine_text ? base::digest(*subject.machine_text) : subject.machine},
           {"nodes", subject.nodes},
           {"repeats", {repeats.warmup, repeats.count}},
           {"guide", {guide.rules, guide.level}}};
  for (const base::SourcePtr& r : rules) key["rules"].push_back(base::digest(r->text()));
  if (engine.executes()) {
    key["execution"] = engine.save();
    if (engine.commands()) key["surroundings"] = engine.surroundings();
    // What was measured on one computer says nothing of another one.
    key["computer"] = base::digest(machine::save(machine::local_machine()));
  }
  return base::digest(key.dump());
}

std::string TuneSettings::save() const {
  Json d;
  d["program"] = subject.program;
  d["program_text"] = or_null(subject.program_text);
  d["machine"] = subject.machine;
  d["machine_text"] = or_null(subject.machine_text);
  d["nodes"] = subject.nodes;
  d["size"] = subject.size;
  d["set"] = subject.set;
  d["from"] = or_null(from);
  d["start"] = text_of(start);
  d["engine"] = engine.name;
  if (engine.executes()) d["execution"] = engine.save();
  d["strategy"] = strategy;
  d["seed"] = seed;
  d["fresh"] = fresh;
  d["budget"] = limits.budget;
  d["time"] = or_null(limits.seconds);
  d["target"] = or_null(limits.target);
  d["patience"] = or_null(limits.patience);
  d["warmup"] = repeats.warmup;
  d["repeats"] = repeats.count;
  d["guide"] = guide.rules;
  d["guide_level"] = guide.level;
  d["rules"] = Json::array();
  for (const base::SourcePtr& r : rules) d["rules"].push_back(text_of(r));
  d["out"] = out;
  if (asks_model()) model.save(&d["model"]);
  return d.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TuneSettings TuneSettings::load(const std::string& settings) {
  try {
    const Json d = Json::parse(settings);
    TuneSettings t;
    t.subject.program = d.at("program").get<std::string>();
    t.subject.program_text = optional<std::string>(d.at("program_text"));
    t.subject.machine = d.at("machine").get<std::string>();
    t.subject.machine_text = optional<std::string>(d.at("machine_text"));
    t.subject.nodes = d.at("nodes").get<std::int64_t>();
    t.subject.size = d.at("size").get<std::string>();
    t.subject.set = d.at("set").get<std::vector<std::string>>();
    t.from = optional<std::string>(d.at("from"));
    t.start = source_of(d.at("start"));
    t.engine.load(d.at("engine").get<std::string>(), d.value("execution", Json()));
    t.engine.adapt(&t.subject);
    t.strategy = d.at("strategy").get<std::string>();
    t.seed = d.at("seed").get<std::uint64_t>();
    t.fresh = d.value("fresh", false);
    t.limits.budget = d.at("budget").get<std::int64_t>();
    t.limits.seconds = optional<double>(d.at("time"));
    t.limits.target = optional<double>(d.at("target"));
    t.limits.patience = optional<std::int64_t>(d.at("patience"));
    t.repeats.warmup = d.at("warmup").get<int>();
    t.repeats.count = d.at("repeats").get<int>();
    t.guide.rules = d.at("guide").get<std::string>();
    t.guide.level = d.at("guide_level").get<std::string>();
    for (const Json& r : d.at("rules")) t.rules.push_back(source_of(r));
    t.out = d.at("out").get<std::string>();
    if (d.contains("model")) t.model.load(d.at("model"));
    if (tune::find_strategy(t.strategy) == nullptr || !guide::rule_set(t.guide.rules) ||
        !guide::level(t.guide.level))
      throw Stop{Exit::io, "the run was recorded by another version of mapwright", {}};
    return t;
  } catch (const Json::exception&) {
    throw Stop{Exit::io, "the run was recorded by another version of mapwright", {}};
  }
}

}  // namespace mapwright::cli
