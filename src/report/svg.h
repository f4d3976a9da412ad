// The placement of every launch and the homes of the data as one picture that any browser shows.
#pragma once

#include <string>

#include "plan/plan.h"

namespace mapwright::report {

//! One self-contained SVG document: no scripts, no fonts or files from elsewhere.
std::string layout_svg(const plan::Plan& plan);

}  // namespace mapwright::report
