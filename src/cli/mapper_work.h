// What `check`, `place` and `run` work out about a mapper, as values: the commands show them, and the server
// of `mcp` answers with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/json.h"
#include "cli/program_file.h"
#include "cli/subject.h"
#include "engine/execution.h"
#include "guide/finding.h"
#include "lang/placement.h"
#include "machine/grid.h"

namespace mapwright::cli {

//! Every problem of a mapper: its own, those of its names in a program, those on a machine, and with both
//! those of every launch.
base::Diagnostics check_mapper(const base::SourcePtr& source,
                               const std::optional<lang::ProgramFacts>& program,
                               const std::optional<machine::Grid>& grid);

//! A launch in the user's words.
struct PlaceOptions {
  std::string task;
  std::string domain;  //!< "4x2", "0..3x2..5"; empty where `single`
  bool single = false;
  std::string parent;  //!< of a single one: "node,processor", or empty
  std::string kind;    //!< of processor; empty: what the mapper says
};

//! The same, understood.
struct PlacedLaunch {
  std::string task;
  lang::Domain domain;
  bool single = false;
  std::optional<machine::Processor> parent;
  std::optional<machine::ProcessorKind> kind;
};

//! Throws Stop.
PlacedLaunch read_launch(const PlaceOptions& options, const machine::Grid& grid);

struct Placing {
  PlacedLaunch launch;
  lang::PlacementPtr placement;
  std::optional<std::string> map;  //!< the function that placed it; none: the default
};

//! Throws Stop. `log` is what functions printed, also where one failed.
Placing place(const PlacedLaunch& launch, const base::SourcePtr& mapper, const machine::Grid& grid,
              std::vector<std::string>* log);

//! As mapwright.place/1.
std::string place_json(const Placing& placing);

//! Plans a mapper and simulates the plan.
engine::Execution execute(const Subject& subject, lang::Placer* placer);

//! What a document of an execution begins with, and the whole, as mapwright.run/1.
Json run_head(const SubjectOptions& options, const Subject& subject, const std::string& engine);
Json run_document(Json head, const program::Metric& metric, const engine::Execution& execution,
                  const std::vector<guide::Finding>& findings);

}  // namespace mapwright::cli
