// Mappers of real executions: the expert's, none, and one that does everything badly.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "base/source.h"

namespace mapwright::real {

//! Points go where nobody would send them: one task of each application to other processors than the rest, so
//! that data moves to and fro; on devices everything is tried in the host's memory first; fields are
//! interleaved where kernels take that.
inline std::string bad_mapper(const std::string& app) {
  static const std::map<std::string, std::string> kAway = {{"circuit", "distribute_charge"},
                                                           {"stencil", "increment"},
                                                           {"pennant", "calc_force_pgas_tts"},
                                                           {"cannon", "taco_fill"},
                                                           {"summa", "taco_fill"},
                                                           {"pumma", "taco_fill"},
                                                           {"johnson", "task_1"},
                                                           {"cosma", "task_1"},
                                                           {"solomonik", "task_1"}};
  const bool products = app != "circuit" && app != "stencil" && app != "pennant";
  std::string text = R"(
Task * GPU, OMP, CPU;
Region * * GPU ZCMEM, FBMEM;
gpus = Machine(GPU);
cpus = Machine(CPU);

def reversed(Task task) {
    x = task.ipoint[0];
    return gpus[gpus.size[0] - 1 - x % gpus.size[0], (3 * x + 1) % gpus.size[1]];
}
def away(Task task) {
    x = task.ipoint[0];
    return gpus[x % gpus.size[0], x % gpus.size[1]];
}
def last_node(Task task) {
    return cpus[cpus.size[0] - 1, 0];
}
IndexTaskMap GPU reversed;
IndexTaskMap CPU last_node;
)";
  text += fmt::format("IndexTaskMap {} away;\n", kAway.at(app));
  if (products) text += "CollectMemory task_4 *;\nInstanceLimit task_4 1;\n";
  text += app == "stencil" ? "Layout * * * SOA F_order;\n"
          : products       ? "Layout * * * SOA C_order;\n"
                           : "Layout * * * AOS C_order;\n";
  return text;
}

//! "expert", "default", "bad".
inline base::SourcePtr mapper(const std::string& app, const std::string& which) {
  if (which == "default") return std::make_shared<base::Source>("default", "");
  if (which == "bad") return std::make_shared<base::Source>("bad", bad_mapper(app));
  const std::string path = std::string(MAPWRIGHT_ROOT) + "/mappers/expert/" + app + ".mapper";
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return std::make_shared<base::Source>(path, text.str());
}

}  // namespace mapwright::real
