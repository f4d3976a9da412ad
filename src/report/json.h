// Reports as documents that other programs read.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/execution.h"
#include "guide/guide.h"

namespace mapwright::report {

using Json = nlohmann::ordered_json;

//! {"name", "unit", "better": "larger" or "smaller"}
Json metric_json(const program::Metric& metric);

//! Adds to a document what an execution says: "outcome", "failure", "metric", "seconds_per_iteration",
//! "gflops_per_node", "bytes", "memory", "critical_path", "tasks", "processors", "regions"; where those are a
//! model's, "modelled". What is not known, and all of one that failed, is null and the lists are empty.
void add_execution(Json* document, const program::Metric& metric, const engine::Execution& execution);

//! Adds "findings": [{"code", "share", "gain", "explain", "suggest", "edits": [{"remove", "text"}]}].
void add_findings(Json* document, const std::vector<guide::Finding>& findings);

//! Adds what a plan places where: "launches" and "homes".
void add_layout(Json* document, const plan::Plan& plan);

}  // namespace mapwright::report
