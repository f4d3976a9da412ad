#include "llm/providers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/os/environment.h"
#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/endpoint.h"
#include "llm/program.h"
#include "llm/session.h"
#include "llm/session_file.h"

namespace mapwright::llm {
namespace {

constexpr double kLongestCall = 24 * 3600;
constexpr int kMostRetries = 20;

constexpr Dialect dialect(GrammarField grammar, bool completion_tokens) {
  Dialect d;
  d.grammar = grammar;
  d.completion_tokens = completion_tokens;
  return d;
}

constexpr std::array<Provider, 7> kProviders{{
    {"openai", "OpenAI, or any endpoint that speaks its chat completions", "https://api.openai.com/v1",
     "OPENAI_BASE_URL", "OPENAI_API_KEY", true, true, openai, dialect(GrammarField::none, true)},
    {"anthropic", "Anthropic's messages", "https://api.anthropic.com", "ANTHROPIC_BASE_URL",
     "ANTHROPIC_API_KEY", true, true, anthropic, dialect(GrammarField::none, false)},
    {"llama.cpp", "a server of llama.cpp", "http://127.0.0.1:8080/v1", "", "LLAMA_API_KEY", false, false,
     openai, dialect(GrammarField::grammar, false)},
    {"ollama", "a server of Ollama", "http://127.0.0.1:11434/v1", "", "", false, true, openai,
     dialect(GrammarField::none, false)},
    {"vllm", "a server of vLLM", "http://127.0.0.1:8000/v1", "", "VLLM_API_KEY", false, true, openai,
     dialect(GrammarField::structured_outputs, false)},
    {"command",
     "a program that reads the prompt and writes the reply",
     "",
     "",
     "",
     false,
     false,
     nullptr,
     {}},
    {"replay", "the replies of a session file", "", "", "", false, false, nullptr, {}},
}};

base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message, std::string note) {
  base::Diagnostic d;
  d.kind = &kind;
  d.message = std::move(message);
  d.note = std::move(note);
  return d;
}

std::string_view variable(std::string_view name) {
  if (name.empty()) return {};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the header says so
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::string_view() : value;
}

// What the environment had when it was first asked, or has now.
std::string key_of(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::string, std::less<>> taken;
  if (name.empty()) return {};
  const std::scoped_lock lock(mutex);
  if (auto key = os::take_secret(std::string(name)))
    taken.insert_or_assign(std::string(name), *std::move(key));
  const auto found = taken.find(name);
  return found == taken.end() ? std::string() : found->second;
}

// Keys that were pasted often end in a blank or in the end of a line.
std::string trimmed(std::string key) {
  constexpr std::string_view kBlanks = " \t\r\n";
  key.erase(key.find_last_not_of(kBlanks) + 1);
  key.erase(0, std::min(key.find_first_not_of(kBlanks), key.size()));
  return key;
}

bool is_header_text(std::string_view key) {
  return std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string without_slashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// As it may be shown: without what may be a password.
std::string shown(const std::string& url) {
  const std::size_t begin = url.find("://");
  const std::size_t end = url.rfind('@');
  std::string text = url;
  if (begin != std::string::npos && end != std::string::npos && begin + 3 < end)
    text.replace(begin + 3, end - begin - 3, "...");
  // What stands behind ? may be a key.
  if (const std::size_t query = text.find('?'); query != std::string::npos)
    text.replace(query + 1, std::string::npos, "...");
  return base::shortened(base::visible(text), 200);
}

std::string url_of(std::string base, std::string_view path) {
  // Bases are given with and without the version that the path begins with.
  constexpr std::string_view kVersion = "/v1";
  if (path.starts_with(kVersion) && base.ends_with(kVersion)) path.remove_prefix(kVersion.size());
  return base.append(path);
}

base::Result<std::unique_ptr<Chat>> open_endpoint(const Provider& p, Options options) {
  std::string_view given = options.base_url;
  if (given.empty()) given = variable(p.base_variable);
  const std::string base = without_slashes(std::string(given.empty() ? p.base_url : given));
  const bool usual = base == p.base_url;
  // Taken whatever comes of it, so that it does not stay where others see it.
  const std::string key = trimmed(key_of(p.key_variable));
  if (p.model_needed && options.model.empty())
    return problem_of(problem::model_missing,
                      fmt::format("it is not said which model '{}' is to use", p.name),
                      "name one as the provider does");
  const std::optional<Address> address = parse_address(base);
  if (!address)
    return problem_of(
        problem::address_unusable, fmt::format("'{}' cannot be the address of an endpoint", shown(base)),
        "it is http:// or https://, a host, perhaps a port and a path, and nothing else; a key goes "
        "into a variable of the environment");
  if (key.empty() && p.key_needed && usual)
    return problem_of(problem::key_missing, fmt::format("'{}' needs a key", p.name),
                      fmt::format("put it into the variable {} of the environment", p.key_variable));
  if (!is_header_text(key))
    return problem_of(problem::key_unusable,
                      fmt::format("the key in {} has blanks or characters that no key has", p.key_variable),
                      "put the key alone there, without quotes and without anything else");
  if (!key.empty() && address->scheme == "http" && !address->loopback)
    return problem_of(
        problem::key_in_the_clear,
        fmt::format("the key in {} would go to '{}' unencrypted", p.key_variable,
                    base::visible(address->host)),
        fmt::format("use https; or reach it through a tunnel that ends at localhost; or, where that endpoint "
                    "needs no key, unset {}",
                    p.key_variable));
  EndpointOptions e;
  e.protocol = &p.protocol();
  e.url = url_of(base, e.protocol->path);
  e.key = key;
  e.model = options.model.empty() ? "default" : options.model;
  e.dialect = p.dialect;
  e.dialect.form = options.form;
  // Only the provider itself is known to want the newer name.
  e.dialect.completion_tokens = p.dialect.completion_tokens && usual;
  e.limit = Seconds(options.timeout_seconds);
  e.max_retries = options.max_retries;
  e.cancelled = std::move(options.cancelled);
  std::unique_ptr<Http> http = options.http ? std::move(options.http) : make_http();
  Clock* clock = options.clock != nullptr ? options.clock : &system_clock();
  return std::unique_ptr<Chat>(std::make_unique<Endpoint>(std::move(e), std::move(http), clock));
}

}  // namespace

std::span<const Provider> providers() {
  return kProviders;
}

const Provider* provider(std::string_view name) {
  const auto* const found = std::ranges::find(kProviders, name, &Provider::name);
  return found == kProviders.end() ? nullptr : found;
}

base::Result<std::unique_ptr<Chat>> open(Options options) {
  const Provider* p = provider(options.provider);
  if (p == nullptr) {
    std::vector<std::string_view> names;
    names.reserve(kProviders.size());
    for (const Provider& known : kProviders) names.push_back(known.name);
    const auto meant = base::closest(options.provider, names);
    return problem_of(problem::provider_unknown,
                      fmt::format("there is no provider '{}'{}", base::visible(options.provider),
                                  meant ? fmt::format(": did you mean '{}'?", *meant) : ""),
                      fmt::format("there are {}", base::join(names, ", ")));
  }
  if (!(options.timeout_seconds > 0 && options.timeout_seconds <= kLongestCall))
    return problem_of(problem::option_range,
                      fmt::format("a call cannot take at most {:g} s", options.timeout_seconds),
                      fmt::format("the limit is over 0 and at most {:g} s", kLongestCall));
  if (options.max_retries < 0 || options.max_retries > kMostRetries)
    return problem_of(problem::option_range,
                      fmt::format("a call cannot be repeated {} times", options.max_retries),
                      fmt::format("the number lies between 0 and {}", kMostRetries));
  if (p->protocol != nullptr) return open_endpoint(*p, std::move(options));
  if (p->name == "replay") {
    auto recorded = load_session(options.record);
    if (!recorded) return recorded.problems();
    SessionOptions session;
    session.recorded = *std::move(recorded);
    session.only_recorded = true;
    return std::unique_ptr<Chat>(std::make_unique<Session>(nullptr, std::move(session)));
  }
  if (options.command.find_first_not_of(" \t\r\n") == std::string::npos)
    return problem_of(
        problem::command_missing, "it is not said which program answers",
        "give a line for the shell: the prompt is on its standard input, the reply is what it writes");
  return std::unique_ptr<Chat>(std::make_unique<Program>(
      std::move(options.command), Seconds(options.timeout_seconds), std::move(options.cancelled)));
}

}  // namespace mapwright::llm
