// What the simulator predicts against what really happens on this computer: calibrates it, then executes the
// nine applications on one process under mappers that differ a lot, and shows every deviation.
//
//   starpu_accuracy [RANK_PROGRAM]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "apps/apps.h"
#include "base/files.h"
#include "engine/sim/sim.h"
#include "engine/starpu/calibrate.h"
#include "lang/lang.h"
#include "machine/describe.h"

namespace {

namespace apps = mapwright::apps;
namespace base = mapwright::base;
namespace engine = mapwright::engine;
namespace lang = mapwright::lang;
namespace machine = mapwright::machine;
namespace plan = mapwright::plan;
namespace program = mapwright::program;

constexpr std::int64_t kStandIns = 2;
constexpr int kRuns = 5;

using Set = std::map<std::string, std::int64_t, std::less<>>;

struct Case {
  const char* app;
  Set set;  // of the larger size; the smaller one is apps::Size::test
};
const std::vector<Case> kCases = {
    {"circuit", {{"wpp", 10000}, {"npp", 2500}}},
    {"stencil", {{"nx", 4000}, {"ny", 4000}}},
    {"pennant", {{"nzx", 400}, {"nzy", 400}}},
    {"cannon", {{"n", 2000}}},
    {"summa", {{"n", 2000}}},
    {"pumma", {{"n", 2000}}},
    {"johnson", {{"n", 2000}}},
    {"solomonik", {{"n", 2000}}},
    {"cosma", {{"n", 2000}}},
};

struct Times {
  double measured = 0;
  double predicted = 0;
};

lang::MapperPtr compiled(const std::string& text) {
  return lang::compile(std::make_shared<base::Source>("mapper", text)).mapper;
}

// The default, with the points of every launch that GPUs take on the first of them.
std::string on_one_gpu(const program::Program& p) {
  std::string names;
  for (const program::Task& task : p.tasks) {
    const bool launched = std::ranges::any_of(
        p.launches, [&](const program::Launch& l) { return &p.tasks[l.task] == &task && !l.single; });
    if (!launched || task.variant(machine::ProcessorKind::gpu) == nullptr) continue;
    names += (names.empty() ? "" : ", ") + task.name;
  }
  return "gpus = Machine(GPU);\n"
         "def one(Task task) {\n  return gpus[0, 0];\n}\n"
         "IndexTaskMap " +
         names + " one;\n";
}

struct Summary {
  std::vector<double> deviations;
  int right = 0;
  int pairs = 0;
};

class Table {
 public:
  explicit Table(const machine::Machine& m, std::string rank) : machine_(m) {
    settings_.program = std::move(rank);
  }

  void row(const std::string& app, const char* size, apps::Options options) {
    options.machine = &machine_;
    options.nodes = 1;
    auto made = apps::make(app, options);
    if (!made) {
      for (const auto& d : made.problems().items()) fmt::print("{}", base::render(d, false));
      return;
    }
    const auto p = std::make_shared<const program::Program>(*std::move(made));
    const auto planner = plan::Planner::create(p, machine_, 1);
    const std::filesystem::path expert =
        std::filesystem::path(MAPWRIGHT_ROOT) / "mappers/expert" / (app + ".mapper");
    const std::pair<const char*, std::string> mappers[] = {
        {"expert", std::get<std::string>(base::read_file(expert, 1 << 20))},
        {"default", ""},
        {"one GPU", on_one_gpu(*p)}};
    std::vector<Times> all;
    for (const auto& [name, text] : mappers) {
      const auto times = compare(*planner, compiled(text), name);
      if (!times) {
        all.push_back({});
        continue;
      }
      fmt::print("{:<10} {:<6} {:<8} {:>10.3f} ms {:>10.3f} ms {:>7.2f}\n", app, size, name,
                 1e3 * times->measured, 1e3 * times->predicted, times->predicted / times->measured);
      std::fflush(stdout);
      summary_.deviations.push_back(std::abs(std::log(times->predicted / times->measured)));
      all.push_back(*times);
    }
    for (std::size_t a = 0; a < all.size(); ++a) {
      for (std::size_t b = a + 1; b < all.size(); ++b)
        judge(all[a], all[b], mappers[a].first, mappers[b].first);
    }
  }

  void end() {
    auto& d = summary_.deviations;
    std::ranges::sort(d);
    if (d.empty()) return;
    fmt::print(
        "\nmedian deviation: a factor of {:.2f}; largest: {:.2f}; the faster of two mappers that differ by "
        "more than 10 % is right in {} of {} cases\n",
        std::exp(d[d.size() / 2]), std::exp(d.back()), summary_.right, summary_.pairs);
  }

 private:
  std::optional<Times> compare(const std::shared_ptr<const plan::Planner>& planner,
                               const lang::MapperPtr& mapper, const char* name) {
    const engine::Execution predicted = engine::sim::Simulator(planner).execute(mapper);
    if (predicted.failure) {
      fmt::print("  {}: {}\n", name, predicted.failure->text);
      return std::nullopt;
    }
    const engine::starpu::Starpu starpu(planner, settings_);
    std::vector<double> runs;
    for (int i = 0; i < kRuns; ++i) {
      const engine::Execution e = starpu.execute(mapper);
      if (e.failure) {
        fmt::print("  {}: {}: {}\n", name, e.failure->code, e.failure->text);
        return std::nullopt;
      }
      runs.push_back(e.seconds_per_iteration);
    }
    std::ranges::sort(runs);
    return Times{runs[runs.size() / 2], predicted.seconds_per_iteration};
  }

  void judge(const Times& a, const Times& b, const char* first, const char* second) {
    if (a.measured == 0 || b.measured == 0 || std::abs(std::log(a.measured / b.measured)) < std::log(1.1))
      return;
    const bool right = (a.measured < b.measured) == (a.predicted < b.predicted);
    ++summary_.pairs;
    summary_.right += right ? 1 : 0;
    if (!right) {
      fmt::print("  wrong: {} is {:.2f}x as slow as {}, predicted {:.2f}x\n", first, a.measured / b.measured,
                 second, a.predicted / b.predicted);
    }
  }

  const machine::Machine& machine_;
  engine::starpu::Settings settings_;
  Summary summary_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string rank = argc > 1 ? argv[1] : MAPWRIGHT_RANK_EXECUTABLE;
  engine::starpu::Settings settings;
  settings.program = rank;
  const auto measured = engine::starpu::calibrate(settings, kStandIns);
  if (const auto* failure = std::get_if<plan::Failure>(&measured)) {
    fmt::print("{}: {}\n", failure->code, failure->text);
    return 1;
  }
  const auto& m = std::get<machine::Machine>(measured);
  for (const std::string& line : machine::describe(m)) fmt::print("{}\n", line);
  fmt::print("\n{:<10} {:<6} {:<8} {:>13} {:>13} {:>7}\n", "program", "size", "mapper", "measured",
             "predicted", "ratio");
  Table table(m, rank);
  for (const Case& c : kCases) {
    table.row(c.app, "test", {nullptr, 1, apps::Size::test, {}});
    table.row(c.app, "larger", {nullptr, 1, apps::Size::test, c.set});
  }
  table.end();
}
