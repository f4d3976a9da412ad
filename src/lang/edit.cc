#include "lang/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/bug.h"
#include "lang/format.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::SourcePtr;
using base::Span;

std::string name_key(const Name& name) {
  return name.any() ? "*" : fmt::format("'{}'", name.text);
}

std::string kind_key(const std::vector<ProcessorRef>& kind) {
  return kind.empty() ? "*" : std::string(name_of(kind[0].kind));
}

// What a statement decides for: a key for each name in its list, and where that name stands. Statements
// without a list have one key and no place.
struct Decided {
  std::string key;
  std::optional<Span> name;
};

struct Keys {
  static std::vector<Decided> listed(std::string_view word, const std::vector<Name>& names) {
    std::vector<Decided> keys;
    keys.reserve(names.size());
    for (const Name& n : names) keys.push_back({fmt::format("{} {}", word, name_key(n)), n.span});
    return keys;
  }

  std::vector<Decided> operator()(const TaskStatement& s) const { return listed("Task", s.tasks); }
  std::vector<Decided> operator()(const ReplicateStatement& s) const {
    return listed("ControlReplicate", s.tasks);
  }
  std::vector<Decided> operator()(const RegionStatement& s) const {
    return {{fmt::format("Region {} {} {}", name_key(s.task), name_key(s.region), kind_key(s.kind)), {}}};
  }
  std::vector<Decided> operator()(const LayoutStatement& s) const {
    std::string where = "*";
    if (const auto* p = std::get_if<ProcessorRef>(&s.where)) where = name_of(p->kind);
    if (const auto* m = std::get_if<MemoryRef>(&s.where)) where = name_of(m->kind);
    return {{fmt::format("Layout {} {} {}", name_key(s.task), name_key(s.region), where), {}}};
  }
  std::vector<Decided> operator()(const LimitStatement& s) const {
    return {{fmt::format("InstanceLimit {}", name_key(s.task)), {}}};
  }
  std::vector<Decided> operator()(const CollectStatement& s) const {
    return {{fmt::format("CollectMemory {} {}", name_key(s.task), name_key(s.region)), {}}};
  }
  std::vector<Decided> operator()(const MapStatement& s) const {
    const std::string_view word = s.index ? "IndexTaskMap" : "SingleTaskMap";
    if (!s.kind.empty()) return {{fmt::format("{} {}", word, name_of(s.kind[0].kind)), {}}};
    return listed(word, s.tasks);
  }
  std::vector<Decided> operator()(const Assignment&) const { return {}; }
  std::vector<Decided> operator()(const Print&) const { return {}; }
  std::vector<Decided> operator()(const Function&) const { return {}; }
};

// With the semicolon, which is no part of the tree.
Span span_of(const Statement& s, const base::Source& source) {
  Span span = std::visit([](const auto& statement) { return statement.span; }, s);
  if (std::holds_alternative<Function>(s)) return span;
  const std::size_t end = source.text().find(';', span.end);
  if (end != std::string_view::npos) span.end = static_cast<std::uint32_t>(end) + 1;
  return span;
}

// The same with its line, where nothing else stands there.
Span line_of(Span span, const base::Source& source) {
  const Span line = base::cover(source.line_around(span.begin), source.line_around(span.end));
  const auto blank = [&](std::uint32_t from, std::uint32_t to) {
    return source.slice({from, to}).find_first_not_of(" \t") == std::string_view::npos;
  };
  if (!blank(line.begin, span.begin) || !blank(span.end, line.end)) return span;
  const auto size = static_cast<std::uint32_t>(source.text().size());
  const std::size_t next = source.text().find('\n', line.end);
  return {line.begin, next == std::string_view::npos ? size : static_cast<std::uint32_t>(next) + 1};
}

base::Result<Ast> read(const SourcePtr& source) {
  base::Diagnostics problems;
  Ast ast = parse(source, &problems);
  if (problems.has_errors()) return problems;
  return ast;
}

std::string canonical_text(std::string_view text) {
  const auto formatted = canonical(std::make_shared<base::Source>("function", std::string(text)));
  return formatted ? *formatted : std::string(text);
}

class Editor {
 public:
  explicit Editor(std::string text) : text_(std::move(text)) {}

  std::optional<base::Diagnostics> apply(const Edit& edit) {
    const auto change = read(std::make_shared<base::Source>("edit", edit.text));
    if (!change) return change.problems();
    const auto mapper = read(std::make_shared<base::Source>("mapper", text_));
    if (!mapper) return mapper.problems();
    std::set<std::string> keys;
    for (const Statement& s : change->statements) {
      for (Decided& d : std::visit(Keys(), s)) keys.insert(std::move(d.key));
    }
    std::string added;
    if (!edit.remove) added = additions(*change, *mapper);
    take_away(*mapper, keys);
    if (!text_.empty() && text_.back() != '\n') text_ += '\n';
    text_ += added;
    return std::nullopt;
  }

  const std::string& text() const { return text_; }

 private:
  void take_away(const Ast& mapper, const std::set<std::string>& keys) {
    struct Cut {
      Span span;
      std::string instead;
    };
    std::vector<Cut> cuts;
    for (const Statement& s : mapper.statements) {
      const std::vector<Decided> decided = std::visit(Keys(), s);
      const auto gone = [&](const Decided& d) { return keys.contains(d.key); };
      if (std::ranges::none_of(decided, gone)) continue;
      const Span whole = line_of(span_of(s, *mapper.source), *mapper.source);
      if (std::ranges::all_of(decided, gone)) {
        cuts.push_back({whole, ""});
        continue;
      }
      std::string names;
      for (const Decided& d : decided) {
        if (gone(d)) continue;
        if (!names.empty()) names += ", ";
        names += mapper.source->slice(*d.name);
      }
      cuts.push_back({base::cover(*decided.front().name, *decided.back().name), std::move(names)});
    }
    std::ranges::reverse(cuts);  // what stands before a cut stays where it is
    for (const Cut& cut : cuts) text_.replace(cut.span.begin, cut.span.end - cut.span.begin, cut.instead);
  }

  // The statements of an edit, its functions first seen to: those that are there are used, names that are
  // taken are changed.
  static std::string additions(const Ast& change, const Ast& mapper) {
    std::map<std::string, std::string, std::less<>> bodies;  // of the mapper's functions and variables
    for (const Statement& s : mapper.statements) {
      if (const auto* f = std::get_if<Function>(&s))
        bodies[std::string(f->name.text)] = canonical_text(mapper.source->slice(f->span));
      if (const auto* a = std::get_if<Assignment>(&s))
        bodies[std::string(a->name.text)] = canonical_text(mapper.source->slice(a->span));
    }
    std::string added;
    std::map<std::string, std::string, std::less<>> renamed;
    for (const Statement& s : change.statements) {
      const auto* f = std::get_if<Function>(&s);
      if (f == nullptr) {
        added += with_names(change, s, renamed) + "\n";
        continue;
      }
      const std::string name(f->name.text);
      std::string free = name;
      for (int n = 2; bodies.contains(free) && bodies[free] != with_name(*f, change, free); ++n)
        free = fmt::format("{}_{}", name, n);
      if (free != name) renamed[name] = free;
      if (!bodies.contains(free)) {
        added += "\n" + with_name(*f, change, free) + "\n\n";
        bodies[free] = with_name(*f, change, free);
      }
    }
    return added;
  }

  static std::string with_name(const Function& f, const Ast& change, std::string_view name) {
    std::string text(change.source->slice(f.span));
    text.replace(f.name.span.begin - f.span.begin, f.name.span.end - f.name.span.begin, name);
    return canonical_text(text);
  }

  static std::string with_names(const Ast& change, const Statement& s,
                                const std::map<std::string, std::string, std::less<>>& renamed) {
    const Span whole = span_of(s, *change.source);
    std::string text(change.source->slice(whole));
    const auto* map = std::get_if<MapStatement>(&s);
    if (map == nullptr) return text;
    const auto found = renamed.find(map->function.text);
    if (found == renamed.end()) return text;
    return text.replace(map->function.span.begin - whole.begin,
                        map->function.span.end - map->function.span.begin, found->second);
  }

  std::string text_;
};

bool is_plain(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); }) &&
         !find_word(kStatementNames, name) && !machine::processor_kind(name) && !machine::memory_kind(name);
}

}  // namespace

std::string name_text(std::string_view name) {
  return is_plain(name) ? std::string(name) : fmt::format("\"{}\"", name);
}

std::string without(const CompiledMapper& mapper, std::size_t statement) {
  std::string text(mapper.source()->text());
  const Span span = span_of(mapper.ast().statements[statement], *mapper.source());
  return text.erase(span.begin, span.end - span.begin);
}

base::Result<std::string> edited(const SourcePtr& mapper, std::span<const Edit> edits) {
  Editor editor{std::string(mapper->text())};
  for (const Edit& edit : edits) {
    if (auto problems = editor.apply(edit)) return *problems;
  }
  return format(std::make_shared<base::Source>(mapper->name(), editor.text()));
}

}  // namespace mapwright::lang
