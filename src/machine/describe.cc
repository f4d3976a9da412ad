#include "machine/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "machine/schema.h"

namespace mapwright::machine {
namespace {

// Fills the value, its unit and its text from a member of the model.
struct Show {
  Unit unit;
  Figure& to;

  void operator()(double v) const {
    to.value = v;
    to.text = quantity_text(v, unit);
  }
  void operator()(std::int64_t v) const {
    to.value = v;
    to.text = unit == Unit::count ? fmt::format("{}", v) : quantity_text(static_cast<double>(v), unit);
  }
  template <class T>
  void operator()(const std::optional<T>& v) const {
    if (v) return (*this)(*v);
    to.text = unit == Unit::count ? "-" : "off";
  }
  void operator()(bool v) const {
    to.value = v;
    to.text = v ? "true" : "false";
  }
  void operator()(const std::string& v) const {
    to.value = v;
    to.text = v;
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void operator()(Enum v) const {
    (*this)(std::string(words_of(v)[static_cast<std::size_t>(v)]));
  }
  // The socket of each processor: "2 on socket 0, 2 on socket 1".
  void operator()(const std::vector<std::int64_t>& v) const {
    std::vector<std::string> runs;
    for (auto at = v.begin(); at != v.end();) {
      const auto end = std::find_if(at, v.end(), [&](std::int64_t s) { return s != *at; });
      runs.push_back(fmt::format("{} on socket {}", end - at, *at));
      at = end;
    }
    to.value = v;
    to.text = fmt::format("{}", fmt::join(runs, ", "));
  }
  void operator()(const std::vector<MemoryPair>& v) const {
    std::vector<std::string> pairs;
    std::ranges::transform(v, std::back_inserter(pairs), pair_text);
    to.text = fmt::format("{}", fmt::join(pairs, ", "));
    to.value = std::move(pairs);
  }
};

}  // namespace

std::vector<Figure> figures_of(const Machine& machine) {
  std::vector<Figure> figures;
  for_each_table(machine, [&](const std::string& path, const auto& object) {
    for (const auto& field : fields_of<std::remove_cvref_t<decltype(object)>>()) {
      Figure f;
      f.table = path;
      f.key = field.key;
      f.unit = facts_of(field.unit).si;
      std::visit([&](auto member) { Show{field.unit, f}(object.*member); }, field.member);
      if (const auto source = machine.sources.find(f.path()); source != machine.sources.end()) {
        f.stated = true;
        f.source = source->second;
      }
      figures.push_back(std::move(f));
    }
  });
  return figures;
}

namespace {

std::string shown_source(const Figure& f) {
  return f.stated ? base::visible(f.source) : "(default)";
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::vector<std::string> describe(const Machine& machine) {
  const std::vector<Figure> figures = figures_of(machine);
  // A list of pairs may be as long as it likes; it does not push the sources of all others aside.
  constexpr std::size_t kWidest = 30;
  std::size_t key_width = 0;
  std::size_t text_width = 0;
  for (const Figure& f : figures) {
    key_width = std::max(key_width, f.key.size());
    if (f.text.size() <= kWidest) text_width = std::max(text_width, f.text.size());
  }
  std::vector<std::string> lines;
  lines.push_back(machine.description.empty()
                      ? machine.name
                      : fmt::format("{}: {}", machine.name, base::visible(machine.description)));
  lines.push_back(base::count_text(machine.nodes, "node") + " unless told otherwise; per node:");
  for (auto at = figures.begin(); at != figures.end();) {
    const auto end = std::find_if(at, figures.end(), [&](const Figure& f) { return f.table != at->table; });
    // A source that all figures of a table have in common is said once.
    const std::string common = shown_source(*at);
    const bool once =
        end - at > 1 && std::all_of(at, end, [&](const Figure& f) { return shown_source(f) == common; });
    lines.emplace_back();
    lines.push_back(once && !common.empty() ? fmt::format("{} ({})", at->table, common) : at->table);
    for (; at != end; ++at) {
      const std::string source = once ? "" : shown_source(*at);
      const bool wide = at->text.size() > text_width;
      lines.push_back(without_trailing_spaces(
          fmt::format("  {:<{}}  {:<{}}  {}", at->key, key_width, at->text, text_width, wide ? "" : source)));
      if (wide && !source.empty()) {
        lines.push_back(fmt::format("  {:<{}}  {:<{}}  {}", "", key_width, "", text_width, source));
      }
    }
  }
  return lines;
}

}  // namespace mapwright::machine
