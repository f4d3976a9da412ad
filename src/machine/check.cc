#include "machine/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "machine/schema.h"
#include "machine/units.h"

namespace mapwright::machine {
namespace {

std::string path_of(ProcessorKind p) {
  return fmt::format("processors.{}", name_of(p));
}
std::string path_of(MemoryKind m) {
  return fmt::format("memories.{}", name_of(m));
}
std::string path_of(ProcessorKind p, MemoryKind m) {
  return fmt::format("affinities.{}.{}", name_of(p), name_of(m));
}

//! One figure that is never larger than another of the same table.
struct Bound {
  std::string_view small;
  std::string_view large;
};
constexpr std::array kBounds{Bound{"dp_sustained", "dp_peak"}, Bound{"sp_sustained", "sp_peak"},
                             Bound{"pair", "node"}, Bound{"pair_both_ways", "pair"}};

class Checker {
 public:
  explicit Checker(const Machine& machine) : m_(machine) {}

  std::vector<Problem> run() {
    something();
    sockets();
    framebuffers();
    affinities();
    for (const Link& link : m_.links) carried(link);
    links();
    for_each_table(m_, [&](const std::string& path, const auto& object) { bounds(path, object); });
    return std::move(problems_);
  }

 private:
  void add(const base::DiagnosticKind& kind, std::string path, std::string message, std::string note,
           std::vector<std::string> needs, std::string other = {}) {
    problems_.push_back(
        {&kind, std::move(path), std::move(message), std::move(note), std::move(other), std::move(needs)});
  }

  void something() {
    if (none_of(kMachineProcessors, [&](auto p) { return m_.processors[p].has_value(); })) {
      add(problem::missing_table, "processors", "the machine has no processors",
          "describe at least one kind, such as [processors.CPU]", {"processors"});
    }
    if (none_of(kMachineMemories, [&](auto m) { return m_.memories[m].has_value(); })) {
      add(problem::missing_table, "memories", "the machine has no memories",
          "describe at least one kind, such as [memories.SYSMEM]", {"memories"});
    }
  }

  void sockets() {
    for (const ProcessorKind p : kMachineProcessors) {
      if (!m_.processors[p]) continue;
      const Processors& group = *m_.processors[p];
      const std::string path = path_of(p) + ".sockets";
      const std::vector<std::string> needs{path, path_of(p) + ".count", "node.sockets"};
      if (static_cast<std::int64_t>(group.sockets.size()) != group.count) {
        add(problem::bad_sockets, path,
            fmt::format("{} sockets for {} {} processors", group.sockets.size(), group.count, name_of(p)),
            "the list names one socket for each processor of the kind", needs);
        continue;
      }
      const auto wrong =
          std::ranges::find_if(group.sockets, [&](std::int64_t s) { return s < 0 || s >= m_.node.sockets; });
      if (wrong == group.sockets.end()) continue;
      add(problem::bad_sockets, fmt::format("{}[{}]", path, wrong - group.sockets.begin()),
          fmt::format("there is no socket {}", *wrong),
          m_.node.sockets == 1 ? "the node has one socket, number 0"
                               : fmt::format("the node has the sockets 0 to {}", m_.node.sockets - 1),
          needs);
    }
  }

  void framebuffers() {
    const bool gpus = m_.processors[ProcessorKind::gpu].has_value();
    const bool framebuffers = m_.memories[MemoryKind::fbmem].has_value();
    if (gpus && !framebuffers) {
      add(problem::gpu_without_framebuffer, path_of(ProcessorKind::gpu),
          "the GPUs have no memory of their own",
          "every GPU has a framebuffer: describe it in [memories.FBMEM]", {path_of(MemoryKind::fbmem)});
    }
    if (framebuffers && !gpus) {
      add(problem::framebuffer_without_gpu, path_of(MemoryKind::fbmem),
          "FBMEM belongs to GPUs, and there are none",
          "describe the GPUs in [processors.GPU], or leave FBMEM out", {path_of(ProcessorKind::gpu)});
    }
  }

  void affinities() {
    for (const ProcessorKind p : kMachineProcessors) {
      bool reaches = false;
      for (const MemoryKind m : kMachineMemories) {
        if (!m_.affinities[p][m]) continue;
        reaches = true;
        described(path_of(p, m), p);
        described(path_of(p, m), m);
      }
      if (!m_.processors[p] || reaches) continue;
      add(problem::processor_without_memory, path_of(p),
          fmt::format("{} processors reach no memory", name_of(p)),
          fmt::format("say in [affinities.{0}.SYSMEM] and the like how a {0} works on which memory",
                      name_of(p)),
          {fmt::format("affinities.{}", name_of(p))});
    }
    for (const MemoryKind m : kMachineMemories) {
      const bool owned = owner_of(m) != Owner::gpu || m_.processors[ProcessorKind::gpu];
      if (!m_.memories[m] || !owned || reached(m)) continue;
      std::vector<std::string> needs(kMachineProcessors.size());
      std::ranges::transform(kMachineProcessors, needs.begin(),
                             [m](ProcessorKind p) { return path_of(p, m); });
      add(problem::unreached_memory, path_of(m), fmt::format("no processor reaches {}", name_of(m)),
          fmt::format("say in [affinities.KIND.{}] which kind of processor does, or leave the memory out",
                      name_of(m)),
          std::move(needs));
    }
  }

  // What stands at `path` needs the kind. That GPUs and framebuffers come together is said once, above.
  void described(const std::string& path, ProcessorKind p) {
    const bool said = p == ProcessorKind::gpu && m_.memories[MemoryKind::fbmem].has_value();
    if (!m_.processors[p] && !said) undescribed(path, path_of(p), name_of(p));
  }
  void described(const std::string& path, MemoryKind m) {
    const bool said = m == MemoryKind::fbmem && m_.processors[ProcessorKind::gpu].has_value();
    if (!m_.memories[m] && !said) undescribed(path, path_of(m), name_of(m));
  }
  void undescribed(const std::string& path, const std::string& missing, std::string_view name) {
    add(problem::undescribed, path, fmt::format("the machine has no {}", name),
        fmt::format("describe it in [{}], or leave this out", missing), {missing});
  }

  bool reached(MemoryKind m) const {
    return !none_of(kMachineProcessors, [&](auto p) { return m_.affinities[p][m].has_value(); });
  }

  // What one link says that it carries.
  void carried(const Link& link) {
    for (std::size_t i = 0; i < link.carries.size(); ++i) {
      const MemoryPair& pair = link.carries[i];
      const std::string path = fmt::format("links.{}.carries[{}]", link.name, i);
      const std::string why = misfit(pair, link.shared_by);
      if (!why.empty()) {
        add(problem::bad_pair, path, fmt::format("'{}' cannot carry '{}'", link.name, pair_text(pair)), why,
            {fmt::format("links.{}.shared_by", link.name)});
        continue;
      }
      described(path, pair.first);
      if (pair.second != pair.first) described(path, pair.second);
      const auto earlier =
          std::find_if(link.carries.begin(), link.carries.begin() + static_cast<std::ptrdiff_t>(i),
                       [&](const MemoryPair& o) { return overlap(o, pair); });
      if (earlier == link.carries.begin() + static_cast<std::ptrdiff_t>(i)) continue;
      add(problem::duplicate, path, fmt::format("'{}' carries '{}' twice", link.name, pair_text(pair)), {},
          {}, fmt::format("links.{}.carries[{}]", link.name, earlier - link.carries.begin()));
    }
  }

  static bool overlap(const MemoryPair& a, const MemoryPair& b) {
    const bool kinds =
        (a.first == b.first && a.second == b.second) || (a.first == b.second && a.second == b.first);
    return kinds && (a.where == b.where || a.where == Where::anywhere || b.where == Where::anywhere);
  }

  // Why no link, or none with such owners, can carry the pair; empty where it can.
  static std::string misfit(const MemoryPair& pair, Sharing shared_by) {
    const Owner a = owner_of(pair.first);
    const Owner b = owner_of(pair.second);
    const bool whole_node = a == Owner::node || b == Owner::node;
    if (pair.first == pair.second && a == Owner::node) {
      return fmt::format("a node has one {}", name_of(pair.first));
    }
    if (pair.first == pair.second && a == Owner::socket && pair.where == Where::same_socket) {
      return fmt::format("a socket has one {}", name_of(pair.first));
    }
    if (pair.where != Where::anywhere && whole_node) {
      return fmt::format("{} belongs to the whole node, not to a socket",
                         name_of(a == Owner::node ? pair.first : pair.second));
    }
    if (shared_by == Sharing::gpu && a != Owner::gpu && b != Owner::gpu) {
      return "every GPU has such a link of its own, so one of the two memories must be FBMEM";
    }
    if (shared_by == Sharing::socket && a == Owner::node && b == Owner::node) {
      return "every socket has such a link of its own, so one of the two memories must be FBMEM or SOCKMEM";
    }
    return {};
  }

  // Every two memories of a node that a processor may use can exchange data.
  void links() {
    const bool placed = none_of(problems_, [](const Problem& p) { return p.kind == &problem::bad_sockets; });
    if (!placed) return;
    for (std::size_t a = 0; a < kMachineMemories.size(); ++a) {
      for (std::size_t b = a; b < kMachineMemories.size(); ++b) {
        if (usable(kMachineMemories[a]) && usable(kMachineMemories[b]))
          linked(kMachineMemories[a], kMachineMemories[b]);
      }
    }
  }

  bool usable(MemoryKind m) const {
    return m_.memories[m] && reached(m) && (owner_of(m) != Owner::gpu || m_.processors[ProcessorKind::gpu]);
  }

  void linked(MemoryKind a, MemoryKind b) {
    const bool same = !needs_link(a, b, true) || !links_between(m_, a, b, true).empty();
    const bool other = !needs_link(a, b, false) || !links_between(m_, a, b, false).empty();
    if (same && other) return;
    MemoryPair pair{a, b, Where::anywhere};
    if (owner_of(a) != Owner::node && owner_of(b) != Owner::node &&
        !(a == b && owner_of(a) == Owner::socket)) {
      // Where the node has pairs of both sorts and one of them is served, only the other is missing.
      if (same) pair.where = Where::other_socket;
      if (other) pair.where = Where::same_socket;
    }
    const std::string gpus = path_of(ProcessorKind::gpu);
    std::vector<std::string> needs{"node.sockets", gpus + ".count", gpus + ".sockets"};
    if (m_.links.empty()) needs.emplace_back("links");
    for (const Link& link : m_.links) needs.push_back(fmt::format("links.{}.carries", link.name));
    add(problem::unlinked_memories, path_of(b), fmt::format("no link carries '{}'", pair_text(pair)),
        "copies between two memories need a way: add the pair to the `carries` of a link", std::move(needs));
  }

  // Whether the node has two different memories of these kinds on one socket, or on two.
  bool needs_link(MemoryKind a, MemoryKind b, bool same_socket) const {
    const Owner x = owner_of(a);
    const Owner y = owner_of(b);
    // Which socket a memory of the whole node is on does not matter: one question is enough.
    if (x == Owner::node || y == Owner::node) return same_socket && a != b;
    const bool many_sockets = m_.node.sockets > 1;
    if (x != Owner::gpu || y != Owner::gpu) return same_socket ? x != y : many_sockets;
    const std::vector<std::int64_t>& of = m_.processors[ProcessorKind::gpu]->sockets;
    const std::set<std::int64_t> used(of.begin(), of.end());
    return same_socket ? used.size() < of.size() : used.size() > 1;
  }

  template <class T>
  void bounds(const std::string& path, const T& object) {
    for (const Bound& bound : kBounds) {
      const std::optional<double> small = figure(object, bound.small);
      const std::optional<double> large = figure(object, bound.large);
      if (!small || !large || *small <= *large) continue;
      const std::string at = fmt::format("{}.{}", path, bound.small);
      const std::string other = fmt::format("{}.{}", path, bound.large);
      add(problem::contradiction, at, fmt::format("'{}' is larger than '{}'", bound.small, bound.large), {},
          {at, other}, other);
    }
  }

  template <class T>
  static std::optional<double> figure(const T& object, std::string_view key) {
    for (const Field<T>& field : fields_of<T>()) {
      if (field.key != key) continue;
      if (const auto plain = std::get_if<double T::*>(&field.member)) return object.*(*plain);
      if (const auto maybe = std::get_if<std::optional<double> T::*>(&field.member)) return object.*(*maybe);
    }
    return std::nullopt;
  }

  template <class Range, class Test>
  static bool none_of(const Range& range, Test test) {
    return std::none_of(std::begin(range), std::end(range), test);
  }

  const Machine& m_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> check(const Machine& machine) {
  return Checker(machine).run();
}

}  // namespace mapwright::machine
