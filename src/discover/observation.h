// What one execution under the Legion adapter said: its journal, line by line, as data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lang/domain.h"
#include "machine/kinds.h"
#include "program/program.h"

namespace mapwright::discover {

//! Numbers that the application's runtime gave; they mean nothing beyond one execution.
using Number = std::int64_t;

struct SeenField {
  Number id = 0;
  std::string name;
  std::int64_t bytes = 0;
};

struct SeenRegion {
  std::vector<std::string> names;  //!< best first, at least one
  program::Box elements;
  Number space = 0;  //!< of all of it
  std::vector<SeenField> fields;
};

struct SeenPartition {
  std::vector<std::string> names;  //!< best first, at least one
  bool disjoint = false;
};

//! A piece of a region: an index space, of a partition where it is not all of it.
struct SeenPiece {
  Number region = 0;
  Number space = 0;
  std::optional<Number> partition;

  friend bool operator==(const SeenPiece&, const SeenPiece&) = default;
};

struct SeenRequirement {
  std::optional<Number> region;  //!< none: a requirement without data
  program::Privilege privilege = program::Privilege::none;
  bool shared = false;  //!< with tasks that run at the same time
  std::vector<Number> fields;
};

struct SeenPoint {
  Number call = 0;
  lang::Point point{};                           //!< in the launch's domain
  std::vector<std::optional<SeenPiece>> pieces;  //!< for each requirement; none, or too few: no data there
  std::optional<machine::ProcessorKind> kind;    //!< on which it ran
  std::optional<double> seconds;                 //!< that it took there, at least 0
};

struct SeenLaunch {
  std::string task;
  Number call = 0;
  std::optional<Number> parent;        //!< the call that launched it; none: the program's top
  Number order = 0;                    //!< among what that call launched
  std::optional<lang::Domain> domain;  //!< of an index launch
  std::vector<machine::ProcessorKind> variants;
  std::vector<SeenRequirement> requirements;
  std::vector<SeenPoint> points;
};

struct Observation {
  std::map<Number, SeenRegion> regions;
  std::map<Number, std::vector<program::Box>> spaces;
  std::map<std::pair<Number, Number>, SeenPartition> partitions;  //!< of a region
  std::vector<SeenLaunch> launches;                               //!< in the order in which they were seen
  std::int64_t copies = 0;
  std::int64_t copied_bytes = 0;
};

//! The last line may be cut: the execution may have ended anywhere. Lines of other kinds are skipped. Of what
//! is told twice, the first counts: a call is one point of one launch. Coordinates and bytes of fields are
//! within the limits of programs.
base::Result<Observation> read_journal(std::string_view journal);

}  // namespace mapwright::discover
