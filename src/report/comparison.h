// Strategies side by side: how good their best mapper was after so many executions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "program/program.h"
#include "report/accuracy.h"
#include "report/json.h"

namespace mapwright::report {

//! One run of a strategy.
struct Series {
  std::string strategy;  //!< "guided", "guided@explain"
  std::uint64_t seed = 1;
  std::vector<std::optional<double>>
      best;                  //!< the best metric after each execution that counts; none yet: none
  std::int64_t invalid = 0;  //!< executions that failed or were refused
  double seconds = 0;        //!< of the wall clock
};

struct Comparison {
  std::string subject;  //!< "circuit on 2 nodes of p100x4"
  std::string program;
  Basis basis = Basis::simulated;
  program::Metric metric;
  std::optional<double> expert;
  std::optional<double> default_mapper;
  std::vector<Series> series;  //!< those of one strategy next to one another
};

//! After how many executions tables show what was best.
inline constexpr std::int64_t kCheckpoints[] = {1, 2, 3, 5, 10, 30, 100, 300, 1000};

//! Of each program a table: a row for each strategy, the median over its seeds.
std::string comparison_text(const std::vector<Comparison>& programs);

//! "program,strategy,seed,execution,metric,speedup_over_expert": a row wherever the best changes, and the
//! last.
std::string comparison_csv(const std::vector<Comparison>& programs);

//! Adds "rows": [{"program", "strategy", "seed", "budget", "metric", "speedup_over_expert", "invalid"}], one
//! for each checkpoint and the last execution of each run, and "baselines".
void add_comparison(Json* document, const std::vector<Comparison>& programs);

//! One self-contained picture: for each program, what was best after so many executions, against the expert.
std::string comparison_svg(const std::vector<Comparison>& programs);

}  // namespace mapwright::report
