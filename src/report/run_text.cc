#include "report/run_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "report/table.h"

namespace mapwright::report {
namespace {

using Align = Table::Align;

std::string head(const program::Metric& metric, const engine::Execution& e) {
  const plan::Plan* plan = e.profile.plan.get();
  std::string text = fmt::format("{}{} {}", plan != nullptr ? base::visible(plan->program->name) + ": " : "",
                                 base::visible(metric.name), metric.text(e.metric));
  // A command's time is the whole of it.
  if (plan == nullptr || e.modelled)
    return text +
           (e.metric == e.seconds_per_iteration ? ""
                                                : fmt::format(", {:.6g} s in all", e.seconds_per_iteration)) +
           "\n";
  text += fmt::format(", {:.6g} s per iteration", e.seconds_per_iteration);
  // Where the program counts them itself, once is enough.
  const double gflops = engine::summarize(e).gflops_per_node;
  if (gflops > 0 && metric.unit != "GFLOP/s") text += fmt::format(", {:.6g} GFLOP/s per node", gflops);
  return text + "\n";
}

// How many rows to show, and whether one for the rest follows. A rest of one row is no shorter than the row.
std::size_t shown_of(std::size_t rows) {
  return rows <= kMostRows + 1 ? rows : kMostRows;
}

std::string path_lines(const std::vector<engine::PathPart>& parts, const program::Program& program) {
  std::string text = "\ncritical path\n";
  std::vector<double> shares;
  shares.reserve(parts.size());
  for (const engine::PathPart& p : parts) shares.push_back(p.share);
  const std::vector<int> percents = whole_percents(shares);
  int rest = 0;
  std::size_t others = 0;
  const std::size_t shown = shown_of(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i < shown && percents[i] > 0) {
      text += fmt::format("{:>5} %  {}\n", percents[i], words(parts[i], program));
    } else {
      rest += percents[i];
      ++others;
    }
  }
  if (rest > 0) text += fmt::format("{:>5} %  {}\n", rest, base::count_text(others, "smaller part"));
  return text;
}

std::string task_table(const engine::Summary& summary, const program::Program& program) {
  Table table({{"task", Align::left}, {"on", Align::left}, {"calls"}, {"busy"}, {"per call"}, {"share"}});
  const std::size_t shown = shown_of(summary.tasks.size());
  engine::TaskTime rest;
  for (std::size_t i = 0; i < summary.tasks.size(); ++i) {
    const engine::TaskTime& t = summary.tasks[i];
    if (i < shown) {
      table.add({program.tasks[t.task].name, std::string(name_of(t.kind)), fmt::format("{}", t.calls),
                 base::seconds_text(t.busy), base::seconds_text(t.busy / static_cast<double>(t.calls)),
                 percent_text(t.share)});
    } else {
      rest.calls += t.calls;
      rest.busy += t.busy;
    }
  }
  if (shown < summary.tasks.size()) {
    table.add({fmt::format("{} others", summary.tasks.size() - shown), "", fmt::format("{}", rest.calls),
               base::seconds_text(rest.busy),
               base::seconds_text(rest.busy / static_cast<double>(rest.calls))});
  }
  return summary.tasks.empty() ? "" : "\n" + table.text();
}

std::string processor_table(const engine::Summary& summary) {
  Table table(
      {{"processors", Align::left}, {"count"}, {"used"}, {"busy"}, {"idle"}, {"least"}, {"most busy"}});
  for (const engine::KindTime& k : summary.kinds) {
    table.add({std::string(name_of(k.kind)), fmt::format("{}", k.count), fmt::format("{}", k.used),
               percent_text(k.busy), percent_text(1 - k.busy), percent_text(k.least), percent_text(k.most)});
  }
  return "\n" + table.text();
}

std::string way_text(engine::Way way) {
  switch (way) {
    case engine::Way::within_memory: return "within a memory";
    case engine::Way::same_node: return "on one node";
    case engine::Way::between_nodes: break;
  }
  return "between nodes";
}

std::string flow_table(const engine::Summary& summary, const program::Program& program) {
  if (summary.flows.empty()) return "\nno bytes moved\n";
  Table table({{"region", Align::left},
               {"moved by", Align::left},
               {"from", Align::left},
               {"to", Align::left},
               {"way", Align::left},
               {"count"},
               {"bytes"},
               {"per iteration"}});
  const auto per_iteration = [&](std::int64_t bytes) {
    return base::bytes_text(static_cast<double>(bytes) / static_cast<double>(summary.iterations));
  };
  const std::size_t shown = shown_of(summary.flows.size());
  engine::Flow rest;
  for (std::size_t i = 0; i < summary.flows.size(); ++i) {
    const engine::Flow& f = summary.flows[i];
    if (i < shown) {
      table.add({program.partitions[f.partition].name, f.fold ? "folds" : "copies",
                 std::string(name_of(f.from)), std::string(name_of(f.to)), way_text(f.way),
                 fmt::format("{}", f.count), base::bytes_text(static_cast<double>(f.bytes)),
                 per_iteration(f.bytes)});
    } else {
      rest.count += f.count;
      rest.bytes += f.bytes;
    }
  }
  if (shown < summary.flows.size()) {
    table.add({fmt::format("{} others", summary.flows.size() - shown), "", "", "", "",
               fmt::format("{}", rest.count), base::bytes_text(static_cast<double>(rest.bytes)),
               per_iteration(rest.bytes)});
  }
  return "\n" + table.text();
}

std::string memory_table(const engine::Summary& summary, const plan::Site& site) {
  Table table({{"memory", Align::left}, {"used"}, {"fullest"}, {"high water"}, {"capacity"}, {"full"}});
  for (const engine::MemoryPeak& m : summary.memory) {
    const plan::Memory& memory = site.memories()[m.memory];
    table.add({std::string(name_of(memory.kind)), fmt::format("{}", m.used), place_text(site, m.memory),
               base::bytes_text(static_cast<double>(m.high_water)),
               base::bytes_text(static_cast<double>(memory.capacity)),
               percent_text(static_cast<double>(m.high_water) / static_cast<double>(memory.capacity))});
  }
  return summary.memory.empty() ? "" : "\n" + table.text();
}

// "2 MB between processes, as planned"
std::string counted_text(std::string_view way, std::int64_t counted, std::int64_t planned) {
  const std::string text = fmt::format("{} {}", base::bytes_text(static_cast<double>(counted)), way);
  return counted == planned
             ? text + ", as planned"
             : fmt::format("{}, {} planned", text, base::bytes_text(static_cast<double>(planned)));
}

std::string measured_text(const engine::Measured& m) {
  std::string text =
      "\ncounted: " + counted_text("between processes", m.counted.between_ranks, m.planned.between_ranks);
  for (const auto& [way, counted, planned] :
       {std::tuple("to devices", m.counted.to_devices, m.planned.to_devices),
        std::tuple("from devices", m.counted.from_devices, m.planned.from_devices)}) {
    if (counted != 0 || planned != 0) text += "; " + counted_text(way, counted, planned);
  }
  return fmt::format("{}\nverified: {} of the answer, computed by {} in each process\n", text,
                     base::count_text(m.checked, "element"), base::count_text(m.workers, "worker"));
}

}  // namespace

std::string run_text(const program::Metric& metric, const engine::Execution& execution) {
  if (!execution.profile.plan) return head(metric, execution);
  const plan::Plan& plan = *execution.profile.plan;
  const engine::Summary summary = summarize(execution);
  return head(metric, execution) +
         (execution.modelled ? "what follows is what its model predicts for this mapper\n" : "") +
         path_lines(critical_path(execution.profile), *plan.program) + task_table(summary, *plan.program) +
         processor_table(summary) + flow_table(summary, *plan.program) + memory_table(summary, *plan.site) +
         (execution.measured ? measured_text(*execution.measured) : "");
}

std::string findings_text(const std::vector<guide::Finding>& findings, bool failed) {
  if (findings.empty()) return "";
  const bool numbers = !failed && findings.front().gain > 0;
  std::string text = numbers  ? "\nwhat to change, and how much of the time it would save by itself\n"
                     : failed ? "\nwhy it failed, and what to change\n"
                              : "\nwhat to change\n";
  for (std::size_t i = 0; i < std::min(findings.size(), kMostFindings); ++i) {
    const guide::Finding& f = findings[i];
    text += fmt::format("{:>5}  {}\n", numbers ? percent_text(f.gain) : "-", f.explain);
    if (!f.suggest.empty()) text += fmt::format("       {}\n", f.suggest);
    if (!failed) continue;
    for (const lang::Edit& e : f.edits)
      text += fmt::format("       {}: {}\n", e.remove ? "remove" : "put", base::visible(e.text));
  }
  if (findings.size() > kMostFindings) {
    const std::size_t more = findings.size() - kMostFindings;
    text += fmt::format("       ... and {}\n", base::count_text(more, "more finding"));
  }
  return text;
}

}  // namespace mapwright::report
