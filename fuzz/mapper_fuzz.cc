// Any bytes as a mapper: compiled, repaired, formatted, and evaluated on a small machine. A finding repeats
// with `mapwright check`, or `mapwright place`, on the same bytes.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "lang/format.h"
#include "lang/lang.h"
#include "lang/placement.h"

namespace {

namespace base = mapwright::base;
namespace lang = mapwright::lang;
namespace machine = mapwright::machine;

void require(bool holds, const char* what, std::string_view shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(shown.size()), shown.data());
  std::abort();
}

base::SourcePtr source_of(std::string_view text) {
  return std::make_shared<base::Source>("fuzz.mapper", std::string(text));
}

// What is shown can neither steer a terminal nor break a report.
void check_shown(std::string_view shown) {
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t length = base::utf8_length(shown, at);
    require(length != 0, "a report is no UTF-8", shown);
    const auto byte = static_cast<unsigned char>(shown[at]);
    require(byte == '\n' || (byte >= 0x20 && byte != 0x7F), "a report has a control character", shown);
    // C1, U+0080 to U+009F.
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(shown[at + 1]) < 0xA0;
    require(!c1, "a report has a C1 control character", shown);
    at += length;
  }
}

void check_problems(std::string_view text, const base::Diagnostics& problems) {
  constexpr std::size_t kMostRendered = 20;
  std::size_t rendered = 0;
  for (const base::Diagnostic& d : problems.items()) {
    require(d.source != nullptr, "a problem of a mapper has no place", d.message);
    require(d.where.begin <= d.where.end && d.where.end <= d.source->text().size(), "a place is outside",
            text);
    for (const base::Related& r : d.related)
      require(r.where.begin <= r.where.end && r.where.end <= text.size(), "a second place is outside", text);
    if (d.fix) {
      for (const base::Edit& e : d.fix->edits)
        require(e.range.begin <= e.range.end && e.range.end <= text.size(), "an edit is outside", text);
    }
    if (rendered++ < kMostRendered) check_shown(base::render(d, false));
  }
}

// As `check --fix` does it.
void check_repairs(std::string_view text, base::Diagnostics problems) {
  constexpr int kRounds = 3;
  std::string fixed(text);
  for (int round = 0; round < kRounds; ++round) {
    std::size_t applied = 0;
    std::string better = base::apply_fixes(fixed, problems.items(), &applied);
    if (applied == 0) return;
    fixed = std::move(better);
    problems = lang::compile(source_of(fixed)).problems;
    check_problems(fixed, problems);
  }
}

void check_format(std::string_view text, bool compiles) {
  const auto source = source_of(text);
  const auto once = lang::format(source);
  const auto plain = lang::canonical(source);
  require(once.ok() == plain.ok(), "format and canonical disagree", text);
  require(once.ok() || !compiles, "what compiles has no canonical form", text);
  if (!once) return;
  const auto formatted = source_of(*once);
  const auto twice = lang::format(formatted);
  require(twice.ok(), "the canonical form has none", *once);
  require(*twice == *once, "formatting twice is not formatting once", *once + "\n--- twice:\n" + *twice);
  const auto still = lang::canonical(formatted);
  require(still.ok() && *still == *plain, "formatting changes the mapper", *once);
  require((lang::compile(formatted).mapper != nullptr) == compiles, "formatting changes what compiles",
          *once);
}

// Which machine and launch: from the first bytes, which stay part of the text.
struct Choice {
  machine::Grid grid;
  lang::Domain domain;
};

Choice choose(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text.substr(0, 8)) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  constexpr std::array<std::array<std::int64_t, machine::kProcessorKinds>, 4> kProcessors{
      {{1, 4, 1, 1, 1, 2}, {8, 0, 0, 0, 0, 0}, {0, 6, 0, 0, 0, 1}, {1, 1, 0, 0, 0, 0}}};
  constexpr std::array<std::int64_t, 4> kNodes{2, 1, 7, 12};
  const std::array<std::vector<std::int64_t>, 4> extents{
      {{3}, {2, 2}, {1, 2, 2}, {1, 1, 1, 1, 2, 1, 1, 1, 2}}};
  return {machine::make_grid(kNodes[hash % 4], kProcessors[(hash >> 8) % 4]),
          lang::make_domain(extents[(hash >> 16) % 4])};
}

void check_evaluation(const lang::MapperPtr& mapper, std::string_view text) {
  // Each evaluation may take a million steps: a few of them show as much as all.
  constexpr std::size_t kMostMaps = 4;
  constexpr std::size_t kMostGlobals = 40;
  if (mapper->code().start.size() > kMostGlobals) return;
  const Choice choice = choose(text);
  const auto placer = lang::Placer::create(mapper, choice.grid);
  if (!placer) return check_problems(text, placer.problems());
  std::size_t maps = 0;
  for (const lang::Statement& s : mapper->ast().statements) {
    const auto* map = std::get_if<lang::MapStatement>(&s);
    if (map == nullptr || maps == kMostMaps) continue;
    ++maps;
    const std::string_view task =
        map->tasks.empty() || map->tasks.front().any() ? "any" : map->tasks.front().text;
    for (const auto kind : {machine::ProcessorKind::gpu, machine::ProcessorKind::cpu}) {
      const lang::MapChoice* found =
          map->index ? mapper->index_map(task, kind) : mapper->single_map(task, kind);
      if (found == nullptr) continue;
      const auto placed = map->index
                              ? (*placer)->place(*found, task, choice.domain, std::nullopt)
                              : (*placer)->place_single(*found, task, machine::Processor{0, 0}, std::nullopt);
      if (!placed) {
        check_problems(text, placed.problems());
        continue;
      }
      const lang::Placement& p = **placed;
      lang::Point point = p.domain().lo;
      do {
        const auto slots = p.at(point);
        require(!slots.empty(), "a point has no processor", text);
        for (const lang::Slot slot : slots) {
          require(slot.node < choice.grid.nodes && slot.processor < choice.grid.count(p.kind()),
                  "a processor is not in the machine", text);
        }
      } while (p.domain().next(&point));
    }
  }
  for (const std::string& line : (*placer)->log()) check_shown(base::visible(line));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const lang::Compilation compiled = lang::compile(source_of(text));
  require((compiled.mapper == nullptr) == compiled.problems.has_errors(), "errors and a mapper, or neither",
          text);
  check_problems(text, compiled.problems);
  check_repairs(text, compiled.problems);
  check_format(text, compiled.mapper != nullptr);
  if (compiled.mapper) check_evaluation(compiled.mapper, text);
  return 0;
}
