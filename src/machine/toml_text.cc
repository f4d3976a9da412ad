#include "machine/toml_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "machine/diagnostics.h"

namespace mapwright::machine {
namespace {

// The parser recurses once for each dot of a key, without a limit of its own; no file needs five.
constexpr std::ptrdiff_t kMostDots = 32;

std::optional<base::Span> line_with_too_many_dots(std::string_view text) {
  std::size_t at = 0;
  for (const std::string_view line : base::split(text, '\n')) {
    const bool comment = line.find_first_not_of(" \t") == line.find('#');
    if (!comment && std::ranges::count(line, '.') > kMostDots) {
      return base::Span{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + line.size())};
    }
    at += line.size() + 1;
  }
  return std::nullopt;
}

// "[a.b]" or "a.b = ..." at the start of an earlier line that says the same as this one up to its end or '='.
std::optional<base::Span> first_of_its_kind(const base::Source& source, base::Span again) {
  const auto head = [](std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    line = line.substr(0, line.starts_with('[') ? line.find(']') : line.find('='));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    return line;
  };
  const base::Span here = source.line_around(again.begin);
  const std::string_view wanted = head(source.slice(here));
  if (wanted.empty()) return std::nullopt;
  // A key belongs to the table whose header stands above it: look no further back than that.
  const bool header = wanted.starts_with('[');
  std::optional<base::Span> found;
  for (std::uint32_t at = here.begin; at > 0;) {
    const base::Span line = source.line_around(at - 1);
    if (line.begin >= at) break;  // the first line begins behind its byte order mark
    const std::string_view words = head(source.slice(line));
    const auto indent = static_cast<std::uint32_t>(source.slice(line).find_first_not_of(" \t"));
    if (words == wanted) {
      const auto size = static_cast<std::uint32_t>(words.size() + (header ? 1 : 0));
      found = base::Span{line.begin + indent, std::min(line.begin + indent + size, line.end)};
    }
    if (!header && words.starts_with('[')) break;
    at = line.begin;
  }
  return found;
}

}  // namespace

TomlText::TomlText(base::SourcePtr source) : source_(std::move(source)) {
  line_starts_.push_back(0);
  const std::string_view text = source_->text();
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
  }
}

std::uint32_t TomlText::offset(const toml::source_position& at) const {
  const auto end = static_cast<std::uint32_t>(source_->text().size());
  if (at.line == 0) return 0;
  if (at.line > line_starts_.size()) return end;
  std::uint32_t byte = line_starts_[at.line - 1];
  if (at.line == 1 && source_->text().starts_with("\xEF\xBB\xBF")) byte += 3;
  toml::source_index column = 1;
  // Values are asked for in their order: going on from the one before keeps long lines linear.
  if (last_.line == at.line && last_.column <= at.column) {
    column = last_.column;
    byte = last_.byte;
  }
  for (; column < at.column && byte < end; ++column) {
    byte += static_cast<std::uint32_t>(std::max<std::size_t>(1, base::utf8_length(source_->text(), byte)));
  }
  last_ = {at.line, column, byte};
  return byte;
}

base::Span TomlText::place(const toml::source_region& region) const {
  const std::uint32_t begin = offset(region.begin);
  return {begin, std::max(begin, offset(region.end))};
}

std::variant<TomlText, base::Diagnostic> TomlText::parse(const base::SourcePtr& source) {
  TomlText text(source);
  base::Diagnostic wrong;
  wrong.source = source;
  wrong.kind = &problem::not_toml;
  if (const auto line = line_with_too_many_dots(source->text())) {
    wrong.where = *line;
    wrong.message = fmt::format("more than {} dots in a line", kMostDots);
    wrong.note = "nothing is nested that deeply; break a long text into several lines";
    return wrong;
  }
  try {
    text.root_ = toml::parse(source->text());
    return text;
  } catch (const toml::parse_error& error) {
    wrong.where = text.place(error.source());
    const std::string_view why = error.description();
    if (why.find("cannot redefine existing") == std::string_view::npos) {
      // "Error while parsing value: ...": the place says where, only the reason is news.
      const std::size_t reason =
          why.starts_with("Error while parsing") ? why.find(": ") : std::string_view::npos;
      wrong.message = fmt::format("the file is not TOML: {}",
                                  reason == std::string_view::npos ? why : why.substr(reason + 2));
      return wrong;
    }
    const base::Span line = source->line_around(wrong.where.begin);
    const std::size_t from = why.find('\'');
    const std::size_t to = why.rfind('\'');
    wrong.kind = &problem::duplicate;
    wrong.message = fmt::format("'{}' is described twice",
                                from < to ? why.substr(from + 1, to - from - 1) : source->slice(line));
    wrong.where = line;
    if (const auto first = first_of_its_kind(*source, line))
      wrong.related.push_back({*first, "described here first"});
    return wrong;
  }
}

std::string_view sort_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return node.as_array()->empty() ? "an empty list" : "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

}  // namespace mapwright::machine
