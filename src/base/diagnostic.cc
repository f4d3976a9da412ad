#include "base/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::base {

void Diagnostics::add(Diagnostic d) {
  expects(d.kind != nullptr, "a diagnostic has a kind");
  if (++(d.is_error() ? errors_ : warnings_) > kKept) return;
  // They quote the text, which may have been written over several lines.
  // Nobody reads more of it, and a hostile file would make every report as long as itself.
  constexpr std::size_t kLongest = 2'000;
  d.message = shortened(one_line(d.message), kLongest);
  d.note = shortened(one_line(d.note), kLongest);
  for (Related& r : d.related) r.message = one_line(r.message);
  if (d.fix) d.fix->what = one_line(d.fix->what);
  items_.push_back(std::move(d));
}

void Diagnostics::add(const Diagnostics& others) {
  std::size_t errors = errors_;
  std::size_t warnings = warnings_;
  for (const Diagnostic& d : others.items_) {
    if (++(d.is_error() ? errors : warnings) <= kKept) items_.push_back(d);
  }
  errors_ += others.errors_;
  warnings_ += others.warnings_;
}

void Diagnostics::sort() {
  std::ranges::stable_sort(items_, [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.where.begin, a.where.end) < std::tie(b.where.begin, b.where.end);
  });
  const auto same = [this](const Diagnostic& a, const Diagnostic& b) {
    if (a.kind != b.kind || a.where != b.where || a.message != b.message) return false;
    --(b.is_error() ? errors_ : warnings_);
    return true;
  };
  const auto repeated = std::ranges::unique(items_, same);
  items_.erase(repeated.begin(), repeated.end());
}

std::string apply_fixes(std::string_view text, const std::vector<Diagnostic>& items, std::size_t* applied) {
  std::vector<const Fix*> chosen;
  std::vector<const Edit*> edits;
  const auto touches = [&](const Edit& e) {
    return std::ranges::any_of(edits, [&](const Edit* o) {
      // Two insertions at one place would depend on their order, so they touch as well.
      return e.range.begin <= o->range.end && o->range.begin <= e.range.end;
    });
  };
  for (const Diagnostic& d : items) {
    if (!d.fix || std::ranges::any_of(d.fix->edits, touches)) continue;
    chosen.push_back(&*d.fix);
    for (const Edit& e : d.fix->edits) edits.push_back(&e);
  }
  std::ranges::sort(edits, [](const Edit* a, const Edit* b) { return a->range.begin < b->range.begin; });
  std::string out;
  std::size_t at = 0;
  for (const Edit* e : edits) {
    out += text.substr(at, e->range.begin - at);
    out += e->text;
    at = e->range.end;
  }
  out += text.substr(at);
  *applied = chosen.size();
  return out;
}

namespace {

struct Palette {
  std::string_view error, warning, note, place, off;
};
constexpr Palette kPlain{"", "", "", "", ""};
constexpr Palette kColor{"\033[1;31m", "\033[1;35m", "\033[1;36m", "\033[1m", "\033[0m"};

// The shown line is cut to a window around the carets: a line may be megabytes long.
constexpr std::size_t kWindow = 100;

std::string place_of(const Source& source, std::uint32_t offset) {
  const Position p = source.position(offset);
  return fmt::format("{}:{}:{}", visible(source.name()), p.line, p.column);
}

// The line with the carets below; columns are counted in what is shown, so escapes keep the carets in place.
void excerpt(std::string* out, const Source& source, Span where, std::string_view color,
             std::string_view off) {
  const Span line = source.line_around(where.begin);
  const std::uint32_t from = std::min(where.begin, line.end);
  const std::uint32_t to = std::clamp(where.end, from, line.end);
  std::string_view before = source.slice({line.begin, from});
  std::string_view marked = source.slice({from, to});
  std::string_view after = source.slice({to, line.end});
  std::string_view lead;
  std::string_view tail;
  if (before.size() > kWindow) {
    before = cut_left(before, kWindow / 2);
    lead = "...";
  }
  if (marked.size() > kWindow) {
    marked = cut_right(marked, kWindow);
    after = {};
    tail = "...";
  }
  if (after.size() > kWindow) {
    after = cut_right(after, kWindow / 2);
    tail = "...";
  }
  const std::string shown_before = fmt::format("{}{}", lead, visible(before));
  const std::string shown_marked = visible(marked);
  const std::string number = fmt::format("{}", source.position(where.begin).line);
  fmt::format_to(std::back_inserter(*out), " {} | {}{}{}{}\n", number, shown_before, shown_marked,
                 visible(after), tail);
  fmt::format_to(std::back_inserter(*out), " {} | {}{}{}{}\n", std::string(number.size(), ' '),
                 std::string(display_width(shown_before), ' '), color,
                 std::string(std::max<std::size_t>(1, display_width(shown_marked)), '^'), off);
}

void paragraph(std::string* out, std::string_view label, std::string_view text, const Palette& p) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(*out), "   = {}{}{}: {}\n", p.note, label, p.off, visible(text));
}

}  // namespace

std::string render(const Diagnostic& d, bool color) {
  const Palette& p = color ? kColor : kPlain;
  const bool error = d.is_error();
  std::string out;
  if (d.source)
    fmt::format_to(std::back_inserter(out), "{}{}:{} ", p.place, place_of(*d.source, d.where.begin), p.off);
  fmt::format_to(std::back_inserter(out), "{}{}[{}]{}: {}\n", error ? p.error : p.warning,
                 error ? "error" : "warning", d.kind->code, p.off, visible(d.message));
  if (d.source) excerpt(&out, *d.source, d.where, error ? p.error : p.warning, p.off);
  for (const Related& r : d.related) {
    const Position at = d.source->position(r.where.begin);
    fmt::format_to(std::back_inserter(out), "   = {}see line {}{}: {}\n", p.note, at.line, p.off,
                   visible(r.message));
    excerpt(&out, *d.source, r.where, p.note, p.off);
  }
  paragraph(&out, "note", d.note, p);
  if (d.fix) paragraph(&out, "fix", d.fix->what, p);
  return out;
}

}  // namespace mapwright::base
