// Any bytes as a machine file.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/text.h"
#include "machine/describe.h"
#include "machine/machine_file.h"
#include "machine/units.h"

namespace {

namespace base = mapwright::base;
namespace machine = mapwright::machine;

void require(bool holds, const char* what, std::string_view shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(shown.size()), shown.data());
  std::abort();
}

// What is shown can neither steer a terminal nor break a report.
void check_shown(std::string_view shown) {
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t length = base::utf8_length(shown, at);
    require(length != 0, "a report is no UTF-8", shown);
    const auto byte = static_cast<unsigned char>(shown[at]);
    require(byte == '\n' || (byte >= 0x20 && byte != 0x7F), "a report has a control character", shown);
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(shown[at + 1]) < 0xA0;
    require(!c1, "a report has a C1 control character", shown);
    at += length;
  }
}

void check_problems(std::string_view text, const base::Diagnostics& problems) {
  constexpr std::size_t kMostRendered = 20;
  std::size_t rendered = 0;
  for (const base::Diagnostic& d : problems.items()) {
    require(d.source != nullptr, "a problem of a machine file has no place", d.message);
    require(d.where.begin <= d.where.end && d.where.end <= text.size(), "a place is outside", text);
    if (rendered++ < kMostRendered) check_shown(base::render(d, false));
  }
}

void check_machine(const machine::Machine& m) {
  require(m.nodes >= 1 && m.nodes <= machine::Grid::kMaxNodes, "nodes out of range");
  for (const std::string& line : machine::describe(m)) check_shown(line);
  for (const machine::Figure& f : machine::figures_of(m)) {
    if (const double* number = std::get_if<double>(&f.value))
      require(std::isfinite(*number), "no number", f.path());
  }
  const machine::Grid grid = machine::grid_of(m, m.nodes);
  for (const std::int64_t count : grid.processors)
    require(count >= 0 && count <= machine::Grid::kMaxProcessors, "processors out of range");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto parsed = machine::parse_machine(std::make_shared<base::Source>("fuzz.toml", text));
  if (parsed) {
    check_machine(*parsed);
  } else {
    require(parsed.problems().has_errors(), "no machine and no error", text);
    check_problems(text, parsed.problems());
  }
  // The units read more texts than get through a whole file.
  for (const auto unit : {machine::Unit::bytes, machine::Unit::seconds, machine::Unit::bytes_per_second}) {
    const auto quantity = machine::parse_quantity(text, unit);
    if (const auto* error = std::get_if<machine::QuantityError>(&quantity)) {
      require(error->begin <= error->end && error->end <= text.size(), "a place is outside", text);
    } else {
      check_shown(machine::quantity_text(std::get<double>(quantity), unit));
    }
  }
  return 0;
}
