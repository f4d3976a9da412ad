// The nine built-in applications: programs made for a machine from a size and a few parameters.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::apps {

enum class Size : std::uint8_t {
  paper,  //!< as published, scaled to the machine; smaller where its memories are
  test,   //!< runs really, on two cores, in seconds
};

struct Parameter {
  std::string_view name;  //!< as --set knows it
  std::string_view what;
  std::int64_t least = 0;
  std::int64_t most = 0;
};

struct App {
  std::string_view name;
  std::string_view what;
  std::span<const Parameter> parameters;
};

//! In the order of reports.
std::span<const App> all();
const App* find(std::string_view name);

struct Options {
  const machine::Machine* machine = nullptr;
  std::int64_t nodes = 1;
  Size size = Size::paper;
  std::map<std::string, std::int64_t, std::less<>> set;  //!< parameters that the user states
};

//! The program, with every parameter that it was made from in Program::parameters. Problems: no such
//! application or parameter (with the nearest name), a value out of range, values that do not fit one
//! another, a machine without GPUs, no grid for this number of nodes and GPUs (with the nearest number of
//! nodes that has one).
base::Result<program::Program> make(std::string_view app, const Options& options);

}  // namespace mapwright::apps
