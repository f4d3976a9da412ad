#include "base/os/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace mapwright::os {
namespace {

// Patterns of names in capital letters; * stands for any text, also for none, and only at an end.
constexpr std::array<std::string_view, 22> kSecret{
    "*_API_KEY",   "*_APIKEY", "*_TOKEN",    "*_SECRET*", "*_ACCESS_KEY", "*_PRIVATE_KEY",
    "*_KEY_ID",    "*_AUTH",   "*PASSWORD*", "*PASSWD*",  "*PASSPHRASE*", "*CREDENTIAL*",
    "API_KEY",     "TOKEN",    "SECRET*",    "PGPASS*",   "NETRC",        "OPENAI_*",
    "ANTHROPIC_*", "HF_*",     "AWS_*",      "AZURE_*"};

bool matches(std::string_view name, std::string_view pattern) {
  const bool open_left = pattern.starts_with('*');
  const bool open_right = pattern.ends_with('*');
  pattern.remove_prefix(open_left ? 1 : 0);
  pattern.remove_suffix(open_right ? 1 : 0);
  if (open_left && open_right) return name.find(pattern) != std::string_view::npos;
  if (open_left) return name.ends_with(pattern);
  if (open_right) return name.starts_with(pattern);
  return name == pattern;
}

bool is(std::string_view variable, std::string_view name) {
  return variable.starts_with(name) && variable.substr(name.size(), 1) == "=";
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

Environment environment() {
  Environment all;
  if (environ == nullptr) return all;
  for (char** e = environ; *e != nullptr; ++e) all.emplace_back(*e);
  return all;
}

void set(Environment* all, std::string_view name, std::string_view value) {
  std::erase_if(*all, [&](std::string_view variable) { return is(variable, name); });
  set_default(all, name, value);
}

void unset(Environment* all, std::string_view name) {
  std::erase_if(*all, [name](const std::string& variable) { return is(variable, name); });
}

void set_default(Environment* all, std::string_view name, std::string_view value) {
  if (std::ranges::none_of(*all, [&](std::string_view variable) { return is(variable, name); }))
    all->push_back(std::string(name) + "=" + std::string(value));
}

bool names_secret(std::string_view name) {
  std::string capital(name);
  std::ranges::transform(capital, capital.begin(), upper);
  return std::ranges::any_of(kSecret, [&](std::string_view pattern) { return matches(capital, pattern); });
}

Environment without_secrets(Environment all) {
  std::erase_if(all, [](const std::string& variable) {
    return names_secret(std::string_view(variable).substr(0, variable.find('=')));
  });
  return all;
}

std::optional<std::string> take_secret(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the header says so
  char* value = ::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  std::string secret = value;
  ::explicit_bzero(value, secret.size());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the header says so
  ::unsetenv(name.c_str());
  return secret;
}

}  // namespace mapwright::os
