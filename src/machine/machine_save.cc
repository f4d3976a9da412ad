// Machine files, written: the tables in the order of reports, each followed by where its figures come from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "machine/machine_file.h"
#include "machine/schema.h"

namespace mapwright::machine {
namespace {

// The reader refuses lines with more dots than any file needs; these may be a person's words.
constexpr std::ptrdiff_t kManyDots = 16;

// Control characters as TOML has them; what is no UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text) {
  const bool many_dots = std::ranges::count(text, '.') > kManyDots;
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = base::utf8_length(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (byte < 0x20 || byte == 0x7F || (byte == '.' && many_dots)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(1, length);
  }
  return out + '"';
}

// As people write it where that is exact.
std::string quantity(double value, Unit unit) {
  const std::string shown = quantity_text(value, unit);
  const auto read = parse_quantity(shown, unit);
  if (const double* same = std::get_if<double>(&read); same != nullptr && *same == value)
    return quoted(shown);
  const auto& names = facts_of(unit).names;
  const auto base = std::ranges::find_if(names, [](const UnitName& n) { return n.factor == 1; });
  return quoted(fmt::format("{} {}", value, base->name));
}

// The text of a value; nothing for what is absent.
struct Written {
  Unit unit;

  std::string operator()(double v) const { return quantity(v, unit); }
  std::string operator()(std::int64_t v) const {
    const bool plain = unit == Unit::count || unit == Unit::none;
    return plain ? fmt::format("{}", v) : quantity(static_cast<double>(v), unit);
  }
  template <class T>
  std::string operator()(const std::optional<T>& v) const {
    return v ? (*this)(*v) : "";
  }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const std::string& v) const { return quoted(v); }
  template <class Enum>
    requires std::is_enum_v<Enum>
  std::string operator()(Enum v) const {
    return quoted(words_of(v)[static_cast<std::size_t>(v)]);
  }
  std::string operator()(const std::vector<std::int64_t>& v) const {
    return fmt::format("[{}]", fmt::join(v, ", "));
  }
  std::string operator()(const std::vector<MemoryPair>& v) const {
    std::vector<std::string> pairs;
    std::ranges::transform(v, std::back_inserter(pairs),
                           [](const MemoryPair& pair) { return quoted(pair_text(pair)); });
    return fmt::format("[{}]", fmt::join(pairs, ", "));
  }
};

template <class T>
std::string keys_of(const T& object, std::vector<std::string_view>* keys = nullptr) {
  std::string text;
  for (const auto& field : fields_of<T>()) {
    const std::string value =
        std::visit([&](auto member) { return Written{field.unit}(object.*member); }, field.member);
    if (value.empty()) continue;
    text += fmt::format("{} = {}\n", field.key, value);
    if (keys != nullptr) keys->push_back(field.key);
  }
  return text;
}

}  // namespace

std::string save(const Machine& machine) {
  std::string text = keys_of(machine);
  for_each_table(machine, [&](const std::string& path, const auto& object) {
    std::vector<std::string_view> keys;
    text += fmt::format("\n[{}]\n{}", path, keys_of(object, &keys));
    std::string sources;
    for (const std::string_view key : keys) {
      const auto source = machine.sources.find(fmt::format("{}.{}", path, key));
      if (source != machine.sources.end() && !source->second.empty())
        sources += fmt::format("{} = {}\n", key, quoted(source->second));
    }
    if (!sources.empty()) text += fmt::format("[{}.source]\n{}", path, sources);
  });
  return text;
}

}  // namespace mapwright::machine
