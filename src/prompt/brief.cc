#include "prompt/brief.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "lang/edit.h"

namespace mapwright::prompt {
namespace {

using program::Launch;
using program::PartitionId;
using program::Program;
using program::Requirement;

// Most lists are short; what is longer is for a tool to enumerate, not for a reader.
constexpr std::size_t kMostListed = 40;

std::string named(const std::string& name) {
  return base::visible(lang::name_text(name));
}

template <class Range, class Words>
std::string listed(const Range& range, Words&& words) {
  std::string text;
  std::size_t n = 0;
  for (const auto& item : range) {
    if (n++ == kMostListed) return text + ", ...";
    text += (n == 1 ? "" : ", ") + std::string(words(item));
  }
  return text;
}

constexpr std::string_view words_of(program::Privilege privilege) {
  constexpr std::array<std::string_view, 5> kWords{"does not touch", "reads", "overwrites",
                                                   "reads and writes", "adds to"};
  return kWords[static_cast<std::size_t>(privilege)];
}

constexpr std::string_view words_of(machine::Owner owner) {
  constexpr std::array<std::string_view, 3> kWords{"node", "socket", "GPU"};
  return kWords[static_cast<std::size_t>(owner)];
}

// "1.2 kB to 3 kB": the smallest and the largest.
std::string spread(const std::vector<double>& values, std::string (*text)(double)) {
  const auto [low, high] = std::ranges::minmax(values);
  const std::string from = text(low);
  const std::string to = text(high);
  return from == to ? to : from + " to " + to;
}

std::string count_text(double value) {
  return fmt::format("{:.4g}", value);
}

class Writer {
 public:
  Writer(const Program& program, const program::Atoms& atoms) : program_(program), atoms_(atoms) {}

  std::string run() {
    line("The program is {}. It reports {}. Its loop runs {}{}.", named(program_.name),
         objective_text(program_.metric), base::count_text(program_.iterations, "timed iteration"),
         program_.warmup > 0 ? fmt::format(" after {} others", program_.warmup) : "");
    if (program_.ranks_per_node > 1)
      line("It runs {} ranks on each node: the first index of a machine space counts ranks.",
           program_.ranks_per_node);
    line("");
    data();
    line("");
    line("Tasks, in the order in which they are launched first:");
    std::set<program::TaskId> known;
    for (const Launch& l : program_.launches) {
      if (known.insert(l.task).second) task(l.task);
    }
    return std::move(text_);
  }

 private:
  template <class... Parts>
  void line(fmt::format_string<Parts...> format, Parts&&... parts) {
    text_ += fmt::format(format, std::forward<Parts>(parts)...) + "\n";
  }

  // ---- data

  void data() {
    line("Regions of data, and the partitions by whose names mappers call them:");
    for (program::RegionId r = 0; r < program_.regions.size(); ++r) {
      const program::Region& region = program_.regions[r];
      line("- {}: {} elements with the {} {}", named(region.name), lang::domain_text(region.elements),
           region.fields.size() == 1 ? "field" : "fields", listed(region.fields, [](const program::Field& f) {
             return fmt::format("{} ({} B)", named(f.name), f.bytes);
           }));
      for (PartitionId p = 0; p < program_.partitions.size(); ++p) {
        if (program_.partitions[p].region == r) partition(p);
      }
    }
  }

  void partition(PartitionId id) {
    const program::Partition& p = program_.partitions[id];
    if (p.pieces() == 0) return;
    std::vector<double> bytes;
    bytes.reserve(p.pieces());
    for (std::uint32_t i = 0; i < p.pieces(); ++i) bytes.push_back(piece_bytes(id, i, ~program::FieldSet{0}));
    std::string text = fmt::format("{}: {} of {}{}", named(p.name), base::count_text(p.pieces(), "piece"),
                                   spread(bytes, &base::bytes_text), p.pieces() > 1 ? " each" : "");
    if (p.pieces() > 1) text += p.disjoint ? ", disjoint" : ", which share elements" + most_sharers(id);
    const std::vector<std::string> others = overlapping(id);
    if (!others.empty())
      text += "; has elements in common with " + listed(others, [](const std::string& s) { return s; });
    line("  - {}", text);
  }

  double piece_bytes(PartitionId id, std::uint32_t piece, program::FieldSet fields) const {
    const program::Region& region = program_.regions[program_.partitions[id].region];
    return static_cast<double>(atoms_.volume(id, piece)) *
           static_cast<double>(region.bytes(fields & region.all_fields()));
  }

  // " (one is in up to 4 of them)"
  std::string most_sharers(PartitionId id) const {
    std::map<std::uint32_t, std::size_t> pieces;
    for (std::uint32_t i = 0; i < program_.partitions[id].pieces(); ++i) {
      for (const std::uint32_t atom : atoms_.piece(id, i)) ++pieces[atom];
    }
    std::size_t most = 0;
    for (const auto& [atom, n] : pieces) most = std::max(most, n);
    return most > 1 ? fmt::format(" (one is in up to {} of them)", most) : "";
  }

  std::vector<std::string> overlapping(PartitionId id) const {
    std::set<std::uint32_t> mine;
    for (std::uint32_t i = 0; i < program_.partitions[id].pieces(); ++i) {
      const auto atoms = atoms_.piece(id, i);
      mine.insert(atoms.begin(), atoms.end());
    }
    std::vector<std::string> names;
    for (PartitionId p = 0; p < program_.partitions.size(); ++p) {
      if (p == id || program_.partitions[p].region != program_.partitions[id].region) continue;
      bool common = false;
      for (std::uint32_t i = 0; i < program_.partitions[p].pieces() && !common; ++i)
        common =
            std::ranges::any_of(atoms_.piece(p, i), [&](std::uint32_t atom) { return mine.contains(atom); });
      if (common) names.push_back(named(program_.partitions[p].name));
    }
    return names;
  }

  // ---- tasks

  void task(program::TaskId id) {
    const program::Task& t = program_.tasks[id];
    line("- {}{}: runs on {}", named(t.name), t.inner ? ", which only launches other tasks" : "",
         t.variants.empty() ? "any processor" : listed(t.variants, [](const program::Variant& v) {
           return machine::name_of(v.kind);
         }));
    for (const program::Variant& v : t.variants) {
      if (v.order)
        line("  - its {} variant walks data in {}{}", machine::name_of(v.kind),
             *v.order == program::Order::c_order ? "C_order" : "F_order",
             v.layout_failure.empty() ? "" : " and accepts no other order, and no AOS");
    }
    // What is launched alike is said once.
    std::map<std::string, std::size_t> times;
    std::vector<std::string> launches;
    for (program::LaunchId l = 0; l < program_.launches.size(); ++l) {
      if (program_.launches[l].task != id) continue;
      const std::string text = launch(l);
      if (times[text]++ == 0) launches.push_back(text);
    }
    std::size_t shown = 0;
    for (const std::string& l : launches) {
      if (shown++ == kMostListed) {
        line("  - and {} more launches", launches.size() - kMostListed);
        break;
      }
      const std::size_t n = times[l];
      text_ += (n == 1 ? "  - " : fmt::format("  - {} times ", n)) + l;
    }
  }

  std::string launch(program::LaunchId id) const {
    const Launch& l = program_.launches[id];
    std::string when = id < program_.loop_begin ? "once before the loop"
                       : id < program_.loop_end ? "in each iteration"
                                                : "once after the loop";
    std::string text = when;
    if (l.single) {
      text += ", as a single task";
    } else {
      text += fmt::format(", as an index launch over {}", lang::domain_text(l.domain));
    }
    if (l.parent)
      text += fmt::format(", from {}", named(program_.tasks[program_.launches[l.parent->launch].task].name));
    if (!l.flops.values.empty()) {
      const std::string flops = spread(l.flops.values, &count_text);
      if (flops != "0") text += ", " + flops + " flop" + each(l);
    }
    text += "\n";
    for (std::size_t r = 0; r < l.requirements.size(); ++r) text += requirement(l, r);
    return text;
  }

  static std::string each(const Launch& l) { return l.single ? "" : " in each point"; }

  std::string requirement(const Launch& l, std::size_t r) const {
    const Requirement& q = l.requirements[r];
    const program::Partition& p = program_.partitions[q.partition];
    const program::Region& region = program_.regions[p.region];
    std::vector<double> bytes;
    bytes.reserve(static_cast<std::size_t>(l.points()));
    for (std::int64_t i = 0; i < l.points(); ++i)
      bytes.push_back(piece_bytes(q.partition, q.piece(i), q.fields));
    std::vector<std::string> fields;
    for (std::size_t f = 0; f < region.fields.size(); ++f) {
      if ((q.fields >> f & 1U) != 0) fields.push_back(named(region.fields[f].name));
    }
    std::string text = fmt::format("    - {}: {} {}", r, words_of(q.privilege), named(p.name));
    if (q.privilege == program::Privilege::none) return text + "\n";
    if (fields.size() < region.fields.size())
      text += fmt::format(" ({})", listed(fields, [](const std::string& s) { return s; }));
    if (!bytes.empty()) text += ", " + spread(bytes, &base::bytes_text) + each(l);
    if (q.pieces.size() == 1 && l.points() > 1) text += ", the same piece for all points";
    if (q.pieces.size() > 1) text += ", pieces chosen point by point";
    if (!q.gathers.values.empty()) text += ", scattered accesses";
    if (!q.atomics.values.empty()) text += ", contended updates";
    return text + "\n";
  }

  const Program& program_;
  const program::Atoms& atoms_;
  std::string text_;
};

std::string rate(double bytes_per_second) {
  return base::bytes_text(bytes_per_second) + "/s";
}

}  // namespace

std::string machine_text(const machine::Machine& m, std::int64_t nodes, std::int64_t ranks_per_node) {
  const machine::Grid grid = machine::grid_of(m, nodes, ranks_per_node);
  std::string text = fmt::format("{} of the machine {}, {} in each.\n", base::count_text(nodes, "node"),
                                 base::visible(m.name), base::count_text(m.node.sockets, "socket"));
  for (const machine::ProcessorKind kind : machine::kMachineProcessors) {
    const auto& p = m.processors[kind];
    if (!p || p->count == 0) continue;
    // Each rank has processors of its own, but for the GPUs, which are dealt out.
    const std::int64_t count =
        kind == machine::ProcessorKind::gpu ? p->count : grid.count(kind) * ranks_per_node;
    text += fmt::format(
        "- {0}: {1} in each node, {2:.4g} Gflop/s each in double precision and {3:.4g} in single; "
        "Machine({0}).size is ({4}, {5})\n",
        machine::name_of(kind), count, p->dp_sustained / 1e9, p->sp_sustained / 1e9, grid.nodes,
        grid.count(kind));
    for (const machine::MemoryKind memory : machine::kMachineMemories) {
      const auto& a = m.affinities[kind][memory];
      if (!a || !m.memories[memory]) continue;
      text += fmt::format("  - reaches {} at {}\n", machine::name_of(memory), rate(a->bandwidth));
    }
  }
  for (const machine::MemoryKind memory : machine::kMachineMemories) {
    if (!m.memories[memory]) continue;
    text += fmt::format("- {}: {} for each {}\n", machine::name_of(memory),
                        base::bytes_text(static_cast<double>(m.memories[memory]->capacity)),
                        words_of(machine::owner_of(memory)));
  }
  for (const machine::Link& link : m.links)
    text += fmt::format("- link {}: {} in each direction, for each {}\n", base::visible(link.name),
                        rate(link.bandwidth),
                        link.shared_by == machine::Sharing::gpu      ? "GPU"
                        : link.shared_by == machine::Sharing::socket ? "socket"
                        : link.shared_by == machine::Sharing::node   ? "node"
                                                                     : "pair of memories");
  if (nodes > 1)
    text += fmt::format("- between nodes: {} out of each node and into it, {} latency\n",
                        rate(m.network.node), base::seconds_text(m.network.latency));
  return text;
}

std::string program_text(const Program& program, const program::Atoms& atoms) {
  return Writer(program, atoms).run();
}

std::string objective_text(const program::Metric& metric) {
  return fmt::format("{}{}{}, {} is better", base::visible(metric.name), metric.unit.empty() ? "" : " in ",
                     base::visible(metric.unit), metric.larger_is_better ? "larger" : "smaller");
}

}  // namespace mapwright::prompt
