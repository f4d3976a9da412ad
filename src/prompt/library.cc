#include "prompt/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/bug.h"
#include "base/text.h"
#include "prompt/diagnostics.h"

namespace mapwright::prompt {
namespace {

constexpr std::array<std::string_view, 11> kTrace{"machine", "program",  "objective", "manual",
                                                  "grammar", "blocks",   "variables", "history",
                                                  "outputs", "feedback", "best"};
constexpr std::array<std::string_view, 8> kOpro{"reply",  "machine", "program", "objective",
                                                "manual", "grammar", "pairs",   "feedback"};
constexpr std::array<std::string_view, 7> kWrite{"reply",  "machine", "program", "objective",
                                                 "manual", "grammar", "words"};
constexpr std::array<std::string_view, 1> kProblems{"problems"};

constexpr std::array kKinds{
    TemplateKind{"trace", "asks for better decision blocks", true, kTrace},
    TemplateKind{"opro", "asks for a better mapper, given the best ones so far", true, kOpro},
    TemplateKind{"write", "asks for the mapper that words describe", true, kWrite},
    TemplateKind{"object", "the form of a reply that is a mapper with its reasons, as JSON", false, {}},
    TemplateKind{"bare", "the form of a reply that is a mapper alone", false, {}},
    TemplateKind{"repair", "says what was wrong with the form of a reply", false, kProblems},
    TemplateKind{"feedback", "says what was wrong with a mapper that was written", false, kProblems},
    TemplateKind{"manual", "the language, for those who have never seen it", false, {}},
};

const TemplateKind* find_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kKinds, name, &TemplateKind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

// The name of a template's file without folders and .txt.
std::string_view stem(std::string_view file) {
  const std::size_t folder = file.find_last_of('/');
  if (folder != std::string_view::npos) file.remove_prefix(folder + 1);
  if (file.ends_with(".txt")) file.remove_suffix(4);
  return file;
}

struct Range {
  llm::Role role;
  std::uint32_t begin;
  std::uint32_t end;
};

// Lines that are "[system]" or "[user]" begin parts; what stands before the first one is a comment.
std::vector<Range> parts_of(const base::Source& source) {
  std::vector<Range> parts;
  const std::string_view text = source.text();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (const llm::Role role : {llm::Role::system, llm::Role::user}) {
      if (line != fmt::format("[{}]", name_of(role))) continue;
      if (!parts.empty()) parts.back().end = static_cast<std::uint32_t>(at);
      const auto begin = static_cast<std::uint32_t>(std::min(end + 1, text.size()));
      parts.push_back({role, begin, static_cast<std::uint32_t>(text.size())});
    }
    at = end + 1;
  }
  return parts;
}

base::Diagnostic problem_of(const base::DiagnosticKind& kind, const base::SourcePtr& source, base::Span where,
                            std::string message, std::string note) {
  return {&kind, source, where, std::move(message), std::move(note), {}, {}};
}

std::optional<base::Diagnostic> not_text(const base::SourcePtr& source) {
  const std::string_view text = source->text();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_length(text, i);
    if (length == 0) {
      const auto at = static_cast<std::uint32_t>(i);
      return problem_of(problem::not_text, source, {at, at + 1}, "the template is not UTF-8 text",
                        "Endpoints take nothing else.");
    }
    i += length;
  }
  return std::nullopt;
}

std::string trimmed(std::string_view text) {
  while (text.starts_with('\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

std::span<const TemplateKind> template_kinds() {
  return kKinds;
}

base::Result<Library> Library::read(std::span<const base::SourcePtr> sources) {
  Library library;
  base::Diagnostics problems;
  for (const base::SourcePtr& source : sources) {
    const TemplateKind* kind = find_kind(stem(source->name()));
    if (kind == nullptr) {
      std::vector<std::string_view> names;
      for (const TemplateKind& k : kKinds) names.push_back(k.name);
      problems.add(problem_of(problem::unknown_template, source, {},
                              fmt::format("no prompt has the name '{}'", base::visible(stem(source->name()))),
                              fmt::format("Templates are {}.", base::join(names, ", "))));
      continue;
    }
    if (auto p = not_text(source)) {
      problems.add(*std::move(p));
      continue;
    }
    std::vector<Part> parts;
    if (!kind->conversation) {
      parts.push_back({llm::Role::user, guide::Template(trimmed(source->text()))});
    }
    std::vector<Range> ranges;
    if (kind->conversation) ranges = parts_of(*source);
    for (const Range& r : ranges)
      parts.push_back({r.role, guide::Template(trimmed(source->slice({r.begin, r.end})))});
    if (kind->conversation && (parts.size() != 2 || parts[0].role != llm::Role::system)) {
      problems.add(problem_of(
          problem::no_part, source, {},
          fmt::format("the template '{}' needs a part [system] and then a part [user]", kind->name),
          "Each part begins behind a line that has only its name in brackets."));
      continue;
    }
    // Without holes, as the manual is, braces are what they are.
    for (const Part& part : parts) {
      if (kind->holes.empty()) break;
      for (const guide::Template::Hole& h : part.text.holes()) {
        if (std::ranges::find(kind->holes, h.name) != kind->holes.end()) continue;
        const std::size_t at = source->text().find("{" + h.name + "}");
        const auto begin = static_cast<std::uint32_t>(at);
        problems.add(problem_of(
            problem::unknown_hole, source, {begin, begin + static_cast<std::uint32_t>(h.name.size()) + 2},
            fmt::format("nothing fills `{{{}}}` here", h.name),
            fmt::format("The template '{}' may have {}.", kind->name, base::join(kind->holes, ", "))));
      }
    }
    library.templates_.insert_or_assign(std::string(kind->name), std::move(parts));
  }
  if (problems.has_errors()) return problems;
  for (const TemplateKind& kind : kKinds)
    base::expects(library.templates_.contains(kind.name), "every template is shipped");
  return library;
}

std::vector<llm::Message> Library::fill(std::string_view name, const Values& values) const {
  const auto found = templates_.find(name);
  base::expects(found != templates_.end(), "a template is asked for by its name");
  const bool plain = find_kind(name)->holes.empty();
  std::vector<llm::Message> messages;
  for (const Part& part : found->second) {
    std::vector<std::string> words;
    for (const guide::Template::Hole& h : part.text.holes()) {
      const auto value = values.find(h.name);
      words.push_back(value == values.end() ? std::string() : value->second);
    }
    messages.push_back({part.role, plain ? part.text.text() : part.text.filled(words)});
  }
  return messages;
}

std::string Library::text(std::string_view name, const Values& values) const {
  return fill(name, values).at(0).text;
}

}  // namespace mapwright::prompt
