#include "cli/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bug.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/options.h"
#include "lang/grammar.h"
#include "llm/providers.h"
#include "llm/session_file.h"
#include "prompt/brief.h"

namespace mapwright::cli {
namespace {

namespace fs = std::filesystem;

// Where mapwright's own style has a template, another one may have its own.
constexpr std::string_view kOwnStyle = "ours";

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  // A record is said to answer by --replay.
  for (const llm::Provider& p : llm::providers()) {
    if (p.name != "replay") names.emplace_back(p.name);
  }
  return names;
}

// The templates of a folder, by their names; what else is there is none, and said to be none.
void read_folder(const fs::path& folder, bool shipped, std::vector<base::SourcePtr>* templates) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".txt") files.push_back(it->path());
  }
  if (error)
    throw Stop{
        Exit::no_input, fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()), {}};
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    // Records of runs say which template, not where somebody has it.
    const std::string name = shipped ? file.filename().string() : file.string();
    templates->push_back(std::make_shared<base::Source>(name, read_text(file.string(), Exit::configuration)));
  }
}

prompt::Library library_of(const ModelOptions& options) {
  auto library = prompt::Library::read(options.templates);
  if (!library) throw Stop{Exit::configuration, "", library.problems()};
  return *std::move(library);
}

std::string dollars_text(double dollars) {
  return fmt::format("${:.2f}", dollars);
}

}  // namespace

void ModelOptions::add_to(CLI::App* app) {
  const std::string group = "Language model";
  app->add_option("--provider", provider,
                  "Who has the model: " + fmt::format("{}", fmt::join(provider_names(), ", ")))
      ->check(CLI::IsMember(provider_names()))
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  app->add_option("--model", name, "The model, as the provider calls it")->type_name("NAME")->group(group);
  app->add_option("--base-url", base_url, "Where the provider answers, such as http://localhost:8080/v1")
      ->type_name("URL")
      ->group(group);
  app->add_option("--model-command", command,
                  "Of the provider `command`: reads the prompt, and writes the answer")
      ->type_name("LINE")
      ->group(group);
  app->add_option("--replay", replay, "A recorded session that answers instead of a model")
      ->type_name("FILE")
      ->group(group);
  app->add_option("--model-timeout", timeout, "Seconds for a call, its retries included")
      ->check(positive_number())
      ->type_name("SECONDS")
      ->capture_default_str()
      ->group(group);
  app->add_option("--model-retries", retries, "How often a call is made again where that may help")
      ->check(CLI::Range(0, 100))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  app->add_option("--temperature", temperature, "Of the model's answers (default: the strategy's)")
      ->check(CLI::Range(0.0, 2.0))
      ->type_name("T")
      ->group(group);
  app->add_option("--max-reply", max_reply, "Tokens of a reply, its thinking included")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}))
      ->type_name("TOKENS")
      ->capture_default_str()
      ->group(group);
  app->add_option("--prompt-style", style,
                  "The words of prompts: ours, or paper (the form of the published agent)")
      ->check(CLI::IsMember({"ours", "paper"}))
      ->type_name("STYLE")
      ->capture_default_str()
      ->group(group);
  app->add_option("--prompts", prompts, "A folder of templates that replace those of the style")
      ->type_name("DIR")
      ->group(group);
  app->add_flag(
         "--grammar", grammar,
         "Binds replies that are a mapper to the grammar of the program's mappers: for llama.cpp and vLLM")
      ->group(group);
  add_limits(app);
}

void ModelOptions::add_limits(CLI::App* app) {
  const std::string group = "Language model";
  const auto count = CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000});
  app->add_option("--max-calls", max_calls, "How often the model is asked")
      ->check(count)
      ->type_name("N")
      ->group(group);
  app->add_option("--max-tokens", max_tokens, "Tokens of all prompts and replies")
      ->check(count)
      ->type_name("N")
      ->group(group);
  app->add_option("--max-cost", max_cost, "US dollars for all calls; needs --price")
      ->check(positive_number())
      ->type_name("DOLLARS")
      ->group(group);
  app->add_option("--price", price,
                  "What the provider asks for a million tokens of prompts, and of replies: 2.5,10")
      ->check(CLI::NonNegativeNumber)
      ->delimiter(',')
      ->expected(2)
      ->type_name("DOLLARS")
      ->group(group);
}

void ModelOptions::take_limits(const ModelOptions& other) {
  if (other.max_calls) max_calls = other.max_calls;
  if (other.max_tokens) max_tokens = other.max_tokens;
  if (other.max_cost) max_cost = other.max_cost;
  if (!other.price.empty()) price = other.price;
}

void ModelOptions::add_search(CLI::App* app) {
  const std::string group = "Language model";
  app->add_option("--memory", memory, "Past trials that the strategy trace shows")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  app->add_option("--samples", samples, "Mappers that the strategy opro asks for with one prompt")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
}

void ModelOptions::read_files() {
  if (max_cost && price.empty())
    throw Stop{Exit::usage,
               "--max-cost needs --price: what the provider asks for a million tokens of prompts and of "
               "replies, such as --price 2.5,10",
               {}};
  const fs::path shipped = data_folder() / "prompts";
  read_folder(shipped / kOwnStyle, true, &templates);
  if (style != kOwnStyle) read_folder(shipped / style, true, &templates);
  if (prompts) read_folder(*prompts, false, &templates);
  library_of(*this);  // what is wrong with them is said before anything else is done
}

std::vector<llm::Exchange> ModelOptions::read_replay() const {
  if (!replay) return {};
  auto exchanges = llm::load_session(*replay);
  if (!exchanges) throw Stop{Exit::no_input, "", exchanges.problems()};
  return *std::move(exchanges);
}

void ModelOptions::save(Json* settings) const {
  Json& d = *settings;
  d["provider"] = provider;
  d["name"] = name;
  d["base_url"] = base_url;
  d["command"] = command;
  d["replay"] = or_null(replay);
  d["timeout"] = timeout;
  d["retries"] = retries;
  d["temperature"] = or_null(temperature);
  d["max_reply"] = max_reply;
  d["max_calls"] = or_null(max_calls);
  d["max_tokens"] = or_null(max_tokens);
  d["max_cost"] = or_null(max_cost);
  d["price"] = price;
  d["style"] = style;
  d["grammar"] = grammar;
  d["memory"] = memory;
  d["samples"] = samples;
  d["templates"] = Json::array();
  for (const base::SourcePtr& t : templates)
    d["templates"].push_back({{"name", t->name()}, {"text", std::string(t->text())}});
}

void ModelOptions::load(const Json& d) {
  const auto optional = [&](const char* key, auto* to) {
    if (!d.at(key).is_null()) *to = d.at(key).get<typename std::decay_t<decltype(*to)>::value_type>();
  };
  provider = d.at("provider").get<std::string>();
  name = d.at("name").get<std::string>();
  base_url = d.at("base_url").get<std::string>();
  command = d.at("command").get<std::string>();
  optional("replay", &replay);
  timeout = d.at("timeout").get<double>();
  retries = d.at("retries").get<int>();
  optional("temperature", &temperature);
  max_reply = d.at("max_reply").get<std::int64_t>();
  optional("max_calls", &max_calls);
  optional("max_tokens", &max_tokens);
  optional("max_cost", &max_cost);
  price = d.at("price").get<std::vector<double>>();
  style = d.at("style").get<std::string>();
  grammar = d.at("grammar").get<bool>();
  memory = d.at("memory").get<std::size_t>();
  samples = d.at("samples").get<std::size_t>();
  for (const Json& t : d.at("templates"))
    templates.push_back(
        std::make_shared<base::Source>(t.at("name").get<std::string>(), t.at("text").get<std::string>()));
}

llm::Budget budget_of(const ModelOptions& options, std::int64_t calls) {
  return {options.max_calls ? options.max_calls : std::optional(calls), options.max_tokens, options.max_cost};
}

llm::Prices prices_of(const ModelOptions& options) {
  return options.price.empty() ? llm::Prices() : llm::Prices{options.price[0], options.price[1]};
}

ModelSession::ModelSession(const ModelOptions& options, Record record)
    : options_(options), library_(library_of(options)) {
  std::unique_ptr<llm::Chat> chat;
  const bool only_recorded = record.only_recorded || options.replay;
  if (!only_recorded) {
    llm::Options wanted;
    wanted.provider = options.provider;
    wanted.model = options.name;
    wanted.base_url = options.base_url;
    wanted.command = options.command;
    wanted.timeout_seconds = options.timeout;
    wanted.max_retries = options.retries;
    wanted.cancelled = std::move(record.cancelled);
    auto opened = llm::open(std::move(wanted));
    if (!opened) throw Stop{Exit::configuration, "", opened.problems()};
    chat = *std::move(opened);
  }
  session_ = std::make_unique<llm::Session>(
      std::move(chat),
      llm::SessionOptions{budget_of(options, record.most_calls), prices_of(options),
                          std::move(record.recorded), only_recorded, std::move(record.keep)});
}

ModelSession::ModelSession(const ModelOptions& options, std::unique_ptr<llm::Chat> chat)
    : options_(options),
      library_(library_of(options)),
      session_(std::make_unique<llm::Session>(std::move(chat), llm::SessionOptions())) {}

tune::Model ModelSession::about(const Subject& subject) {
  tune::Model model;
  model.chat = session_.get();
  model.prompts = &library_;
  const plan::Site& site = *subject.planner->site();
  const lang::ProgramFacts facts = program::facts_of(*subject.program);
  model.subject = {
      {"machine", prompt::machine_text(subject.machine, site.nodes(), site.ranks_per_node())},
      {"program", prompt::program_text(*subject.program, *subject.planner->atoms())},
      {"objective", prompt::objective_text(subject.program->metric)},
      {"manual", library_.text("manual", {})},
      {"grammar", lang::grammar(&facts, false)},
  };
  if (options_.grammar) model.grammar = lang::grammar(&facts);
  model.temperature = options_.temperature;
  model.max_tokens = options_.max_reply;
  model.memory = options_.memory;
  model.samples = options_.samples;
  return model;
}

llm::Answer Unsent::ask(const llm::Request& request) {
  if (!first_) first_ = request;
  return llm::Failure{llm::Fault::interrupted, "nothing is sent"};
}

namespace {

// The most that a whole session can use.
llm::Usage most(const Estimate& e) {
  const llm::Usage one = llm::worst_case(e.request);
  const auto growth = static_cast<std::int64_t>(e.growth) / llm::kBytesPerToken;
  return {e.calls * (one.prompt + growth), e.calls * one.reply, true};
}

}  // namespace

std::string estimate_text(const Estimate& e) {
  std::string text;
  for (const llm::Message& m : e.request.messages) {
    text += fmt::format("[{}]\n", name_of(m.role));
    for (const std::string_view line : base::split(m.text, '\n')) text += base::visible(line) + "\n";
  }
  const llm::Usage one = llm::worst_case(e.request);
  const llm::Usage all = most(e);
  text += fmt::format(
      "\nthis prompt has about {} tokens, the reply at most {}\n"
      "about {} calls, at most {}: at most {} tokens of prompts and {} of replies{}\n"
      "nothing was sent\n",
      one.prompt, one.reply, std::min(e.usual, e.calls), e.calls, all.prompt, all.reply,
      e.priced ? ", at most " + dollars_text(llm::dollars(all, e.prices)) : "");
  return text;
}

void add_estimate(Json* document, const Estimate& e) {
  Json messages = Json::array();
  for (const llm::Message& m : e.request.messages)
    messages.push_back({{"role", name_of(m.role)}, {"text", m.text}});
  const llm::Usage one = llm::worst_case(e.request);
  const llm::Usage all = most(e);
  (*document)["messages"] = std::move(messages);
  (*document)["estimate"] = {{"prompt_tokens", one.prompt},
                             {"reply_tokens", one.reply},
                             {"usual_calls", std::min(e.usual, e.calls)},
                             {"most_calls", e.calls},
                             {"most_prompt_tokens", all.prompt},
                             {"most_reply_tokens", all.reply},
                             {"most_dollars", e.priced ? Json(llm::dollars(all, e.prices)) : Json()}};
}

}  // namespace mapwright::cli
