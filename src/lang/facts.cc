#include "lang/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "lang/diagnostics.h"

namespace mapwright::lang {
namespace {

using base::Fix;
using base::Span;
using machine::ProcessorKind;

class NameCheck {
 public:
  NameCheck(const CompiledMapper& mapper, const ProgramFacts& program, const machine::Grid* grid)
      : mapper_(mapper), program_(program), grid_(grid) {
    for (const TaskFacts& t : program.tasks) {
      tasks_.emplace(t.name, &t);
      task_names_.push_back(t.name);
      for (const auto& names : t.regions) {
        for (const std::string& name : names) {
          if (region_set_.insert(name).second) region_names_.push_back(name);
        }
      }
    }
  }

  base::Diagnostics run() {
    for (const Statement& s : mapper_.ast().statements)
      std::visit([this](const auto& each) { check(each); }, s);
    problems_.sort();
    return std::move(problems_);
  }

 private:
  void report(const base::DiagnosticKind& kind, Span where, std::string message, std::string note,
              std::optional<Fix> fix = {}) {
    problems_.add({&kind, mapper_.source(), where, std::move(message), std::move(note), {}, std::move(fix)});
  }

  void unknown(const base::DiagnosticKind& kind, const Name& name, std::string_view what,
               const std::vector<std::string_view>& candidates) {
    const auto right = base::closest(name.text, candidates);
    std::optional<Fix> fix;
    std::string note = "The statement has no effect on this program.";
    if (right) {
      note = fmt::format("Did you mean `{}`?", *right);
      const std::string text = name.quoted ? fmt::format("\"{}\"", *right) : std::string(*right);
      fix = Fix{fmt::format("write `{}`", *right), {{name.span, text}}};
    }
    report(kind, name.span, fmt::format("`{}` has no {} `{}`", program_.name, what, name.text),
           std::move(note), std::move(fix));
  }

  const TaskFacts* task(const Name& name) {
    if (name.any()) return nullptr;
    const auto found = tasks_.find(name.text);
    if (found != tasks_.end()) return found->second;
    unknown(problem::unknown_task, name, "task", task_names_);
    return nullptr;
  }

  void region(const TaskFacts* t, const Name& task_name, const Name& name) {
    if (name.any()) return;
    // In quotes it is a name where there is such a one; mappers know no difference.
    const auto index = base::parse_integer(name.text);
    if (index && !(name.quoted && region_set_.contains(std::string(name.text)))) {
      if (t != nullptr && *index >= static_cast<std::int64_t>(t->regions.size())) {
        report(problem::unknown_region, name.span, fmt::format("`{}` has no region {}", t->name, *index),
               fmt::format("It has {}, counted from 0.",
                           base::count_text(t->regions.size(), "region requirement")));
      }
      return;
    }
    if (region_names_.empty()) return;
    if (!region_set_.contains(std::string(name.text)))
      return unknown(problem::unknown_region, name, "region", region_names_);
    if (t == nullptr) return;
    const bool used = std::ranges::any_of(
        t->regions, [&](const auto& names) { return std::ranges::find(names, name.text) != names.end(); });
    if (!used) {
      report(problem::unknown_region, name.span,
             fmt::format("the task `{}` does not use the region `{}`", task_name.text, name.text),
             "The statement has no effect on this program.");
    }
  }

  void check(const TaskStatement& s) {
    for (const Name& name : s.tasks) {
      if (const TaskFacts* t = task(name)) variants(*t, s);
    }
    if (grid_ == nullptr) return;
    const bool some =
        std::ranges::any_of(s.kinds, [&](const ProcessorRef& p) { return grid_->count(p.kind) > 0; });
    if (!some) {
      report(problem::no_processor, base::cover(s.kinds.front().span, s.kinds.back().span),
             "the machine has none of these processors",
             s.tasks.front().any() ? "Tasks fall back to GPU, OMP, CPU."
                                   : "The task falls back to `*`, then to GPU, OMP, CPU.");
    }
  }

  void variants(const TaskFacts& t, const TaskStatement& s) {
    if (t.variants.empty()) return;
    const auto possible = [&](const ProcessorRef& p) {
      return std::ranges::find(t.variants, p.kind) != t.variants.end();
    };
    if (std::ranges::any_of(s.kinds, possible)) return;
    std::vector<std::string_view> names;
    names.reserve(t.variants.size());
    for (const ProcessorKind k : t.variants) names.push_back(name_of(k));
    report(problem::no_variant, base::cover(s.kinds.front().span, s.kinds.back().span),
           fmt::format("`{}` has no variant for these processors", t.name),
           fmt::format("It has variants for {}. The task falls back to `*`, then to GPU, OMP, CPU.",
                       base::join(names, ", ")));
  }

  void check(const RegionStatement& s) { region(task(s.task), s.task, s.region); }
  void check(const LayoutStatement& s) { region(task(s.task), s.task, s.region); }
  void check(const CollectStatement& s) { region(task(s.task), s.task, s.region); }
  void check(const LimitStatement& s) { task(s.task); }
  void check(const ReplicateStatement& s) {
    for (const Name& name : s.tasks) task(name);
  }
  void check(const MapStatement& s) {
    for (const Name& name : s.tasks) {
      const TaskFacts* t = task(name);
      if (t == nullptr || (t->launches.empty() && !t->single)) continue;
      if (s.index ? !t->launches.empty() : t->single) continue;
      report(problem::map_without_effect, name.span,
             fmt::format("`{}` is {} launched {}", t->name, "never",
                         s.index ? "over a domain" : "as a single task"),
             fmt::format("Use {} for it.", s.index ? "SingleTaskMap" : "IndexTaskMap"));
    }
  }
  void check(const Assignment&) {}
  void check(const Print&) {}
  void check(const Function&) {}

  const CompiledMapper& mapper_;
  const ProgramFacts& program_;
  const machine::Grid* grid_;
  base::Diagnostics problems_;
  std::unordered_map<std::string_view, const TaskFacts*> tasks_;
  std::vector<std::string_view> task_names_;
  std::unordered_set<std::string> region_set_;
  std::vector<std::string_view> region_names_;
};

}  // namespace

base::Diagnostics check_names(const CompiledMapper& mapper, const ProgramFacts& program,
                              const machine::Grid* grid) {
  return NameCheck(mapper, program, grid).run();
}

std::vector<ProcessorKind> usable_kinds(const CompiledMapper& mapper, const TaskFacts& task,
                                        const machine::Grid* grid) {
  constexpr std::array kLegion = {ProcessorKind::gpu, ProcessorKind::omp, ProcessorKind::cpu};
  std::vector<ProcessorKind> kinds;
  const auto offer = [&](ProcessorKind k) {
    const bool variant = task.variants.empty() || std::ranges::find(task.variants, k) != task.variants.end();
    const bool processor = grid == nullptr || grid->count(k) > 0;
    if (variant && processor && std::ranges::find(kinds, k) == kinds.end()) kinds.push_back(k);
  };
  for (const KindChoice& c : mapper.kinds(task.name)) offer(c.kind);
  for (const ProcessorKind k : kLegion) offer(k);
  return kinds;
}

base::Diagnostics check_launches(Placer& placer, const ProgramFacts& program) {
  base::Diagnostics problems;
  const CompiledMapper& mapper = *placer.mapper();
  // Every launch is evaluated; a program of many huge ones would take hours.
  constexpr std::int64_t kMostPoints = 2 * Placer::kMaxPoints;
  std::int64_t points_left = kMostPoints;
  for (const TaskFacts& task : program.tasks) {
    const std::vector<ProcessorKind> kinds = usable_kinds(mapper, task, &placer.grid());
    if (kinds.empty()) continue;
    // Where the variants are not known, the kind that the function returns is as good as any.
    const auto kind = task.variants.empty() ? std::nullopt : std::optional(kinds.front());
    if (const MapChoice* map = mapper.index_map(task.name, kinds.front())) {
      for (const Domain& domain : task.launches) {
        const auto points = domain.size(Placer::kMaxPoints);
        if (points && *points > points_left) {
          problems.add(
              {&problem::domain_too_large,
               mapper.source(),
               map->where,
               fmt::format(
                   "the launches up to `{}` have more than {} points together: the rest is not checked",
                   task.name, kMostPoints),
               "",
               {},
               {}});
          problems.sort();
          return problems;
        }
        points_left -= points.value_or(0);
        if (const auto placed = placer.place(*map, task.name, domain, kind); !placed)
          problems.add(placed.problems());
      }
    }
    if (!task.single) continue;
    if (const MapChoice* map = mapper.single_map(task.name, kinds.front())) {
      // Any processor that the parent may run on; the first one stands for all.
      if (const auto placed = placer.place_single(*map, task.name, machine::Processor{0, 0}, kind); !placed)
        problems.add(placed.problems());
    }
  }
  problems.sort();
  return problems;
}

}  // namespace mapwright::lang
