#include "tune/guided.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <ranges>
#include <set>

#include "base/text.h"
#include "guide/remap.h"
#include "lang/edit.h"
#include "tune/evaluator.h"
#include "tune/space.h"

namespace mapwright::tune {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// What gains less is no reason to start again from there.
constexpr double kWorthwhile = 1e-4;

// What a plan does in its timed iterations: equal for mappers that cannot differ in time.
std::uint64_t fingerprint(const plan::Plan& plan) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  const auto add = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) hash = (hash ^ (value >> (8 * i) & 0xFF)) * 1099511628211ULL;
  };
  const auto add_instance = [&](plan::InstanceId id) {
    if (id == plan::kNone) return;
    const plan::Instance& i = plan.instances[id];
    for (const std::uint64_t v :
         {std::uint64_t{i.memory}, std::uint64_t{i.partition}, std::uint64_t{i.piece}, i.fields})
      add(v);
    // One field is not interleaved; plans give one dimension no order.
    const bool fields = std::popcount(i.fields) > 1 && i.layout.interleaved;
    const bool order = i.layout.order == lang::Layout::Order::f_order;
    add((fields ? 2U : 0U) | (order ? 1U : 0U));
    add(static_cast<std::uint64_t>(i.layout.align) << 1U | static_cast<std::uint64_t>(i.collected));
  };
  const plan::OpId begin = plan.iteration_begins[static_cast<std::size_t>(plan.warmup)];
  for (plan::OpId i = begin; i < plan.iteration_begins.back(); ++i) {
    const plan::Op& op = plan.ops[i];
    add(static_cast<std::uint64_t>(op.kind));
    add(static_cast<std::uint64_t>(op.bytes));
    add_instance(op.source);
    add_instance(op.destination);
    if (op.kind == plan::OpKind::task) {
      const plan::Mapping& m = plan.mappings[op.mapping];
      add(m.processor);
      for (std::size_t r = 0; r < plan.program->launches[m.launch].requirements.size(); ++r) {
        for (const plan::Use& use : plan.uses_of(m, r)) add_instance(use.instance);
      }
    }
    // Of what is before the timed part, only that it is: when it was over depends on nothing in here.
    for (const plan::Wait& w : plan.waits_of(i)) {
      const std::uint64_t distance = w.op < begin ? 0 : i - w.op;
      add(distance << 1U | (w.mapping ? 1U : 0U));
    }
  }
  return hash;
}

// A change of the best mapper that might help.
struct Move {
  std::string why;
  std::vector<lang::Edit> edits;
};

// Around the best mapper so far, in this order: all that its findings suggest at once, then each of it, the
// largest gain first; the index maps under which less moves, or, where nothing moves, one for all tasks;
// every other decision by itself, those of the tasks that the findings name first. What is better becomes the
// best, and everything starts again from there.
class Guided final : public Strategy {
 public:
  explicit Guided(Problem problem) : problem_(std::move(problem)) {}

  bool reads_feedback() const override { return true; }

  std::vector<Proposal> propose() override {
    if (!started_) {
      started_ = true;
      const std::string start(problem_.start->source()->text());
      tried_.insert(check(start).canonical);
      if (const auto plan = planned(problem_.start)) seen_.insert(fingerprint(*plan));
      return {{start, "where it starts"}};
    }
    for (;;) {
      while (next_ < moves_.size()) {
        if (auto p = proposal(moves_[next_++])) return {*p};
      }
      if (stage_ == Stage::single) return way_out();
      stage_ = stage_ == Stage::findings ? Stage::maps : Stage::single;
      moves_ = stage_ == Stage::maps ? maps() : singles();
      next_ = 0;
    }
  }

  // Those of others are as good to go on from.
  void learn(const Trial& trial) override {
    tried_.insert(trial.canonical);
    observe(trial);
  }

  void observe(const Trial& trial) override {
    const double cost = cost_of(trial.metric, problem_.program().metric);
    const bool first = best_.mapper == nullptr;
    // One that fails is where to go on only from others that failed.
    const bool better = std::isfinite(best_.cost) ? cost < best_.cost - kWorthwhile * std::abs(best_.cost)
                                                  : std::isfinite(cost) || trial.mapper.empty();
    if (!first && !better) return;
    const Checked checked = check(trial.mapper);
    if (!checked.mapper) return;
    best_ = {checked.mapper, checked.canonical, cost};
    shares_.clear();
    // Where time goes is more than the bare metric.
    if (problem_.guide->level() != guide::Level::system)
      shares_.insert(trial.shares.begin(), trial.shares.end());
    // What was said of earlier ones still tells where something is to be gained, after what is said now.
    std::vector<std::vector<std::string>> subjects;
    subjects.reserve(trial.feedback.findings.size());
    for (const guide::Finding& f : trial.feedback.findings) subjects.push_back(f.subjects);
    subjects_.insert(subjects_.begin(), subjects.begin(), subjects.end());
    stage_ = Stage::findings;
    moves_ = suggested(trial.feedback.findings, trial.status == Status::ok);
    next_ = 0;
  }

 private:
  enum class Stage : std::uint8_t { findings, maps, single };
  struct Best {
    lang::MapperPtr mapper;
    std::string canonical;
    double cost = kNever;
  };

  // Each finding, the largest gain first, and before them all at once. What keeps a mapper from working is
  // better tried one by one: the first that helps is enough.
  std::vector<Move> suggested(const std::vector<guide::Finding>& findings, bool together) const {
    std::vector<Move> moves;
    for (const guide::Finding& f : findings) {
      if (changes(f.edits)) moves.push_back({f.suggest + ": " + f.explain, f.edits});
    }
    if (moves.size() < 2 || !together) return moves;
    // Of two that decide the same, the later one holds: the one with the larger gain.
    Move all;
    for (const Move& m : std::views::reverse(moves)) {
      all.edits.insert(all.edits.end(), m.edits.begin(), m.edits.end());
      all.why = m.why + (all.why.empty() ? "" : "; ") + all.why;
    }
    moves.insert(moves.begin(), std::move(all));
    return moves;
  }

  // Whether the best mapper does not say so already.
  bool changes(const std::vector<lang::Edit>& edits) const {
    if (edits.empty()) return false;
    const auto text = lang::edited(best_.mapper->source(), edits);
    return text.ok() && check(*text).canonical != best_.canonical;
  }

  // Where nothing around a user's mapper works: what the runtime does by itself, and what is around that.
  std::vector<Proposal> way_out() {
    if (std::isfinite(best_.cost) || !tried_.insert(check("").canonical).second) return {};
    return {{"", "nothing around the first mapper works: what the runtime does by itself"}};
  }

  // What less moves under, by their plans: a plan says what would be copied, and is not timed. Where nothing
  // is copied, it has no preference.
  std::vector<Move> maps() const {
    const auto plan = planned(best_.mapper);
    if (!plan) return {};
    if (guide::movement(*plan, 1).total == 0) return alike();
    std::vector<Move> moves;
    for (guide::Remap& r : problem_.guide->maps(*plan, *best_.mapper)) {
      const std::int64_t iterations = problem_.program().iterations;
      moves.push_back({fmt::format("map {}: {} into or out of a node in each iteration", r.what,
                                   base::bytes_text(static_cast<double>(r.movement.node) /
                                                    static_cast<double>(iterations))),
                       {std::move(r.edit)}});
    }
    return moves;
  }

  // All tasks by one family: one alone may lose, by what it shares with the others, what all of them gain.
  std::vector<Move> alike() const {
    const Space space = around_best();
    std::vector<std::pair<std::string, Choice>> families;
    for (std::size_t d = 0; d < space.decisions().size(); ++d) {
      const Decision& decision = space.decisions()[d];
      if (decision.kind != Decision::Kind::index_map) continue;
      for (std::size_t o = 1; o < decision.options.size(); ++o) {
        auto at = std::ranges::find(families, decision.options[o], &std::pair<std::string, Choice>::first);
        if (at == families.end()) at = families.insert(at, {decision.options[o], space.initial()});
        at->second[d] = static_cast<std::uint16_t>(o);
      }
    }
    std::vector<Move> moves;
    moves.reserve(families.size());
    for (const auto& [family, choice] : families)
      moves.push_back({fmt::format("all tasks by {}", family), space.edits(choice)});
    return moves;
  }

  std::optional<plan::Plan> planned(const lang::MapperPtr& mapper) const {
    auto plan = problem_.planner->plan(mapper);
    if (auto* p = std::get_if<plan::Plan>(&plan)) return std::move(*p);
    return std::nullopt;
  }

  Space around_best() const { return {problem_.program(), *problem_.planner->site(), best_.mapper}; }

  std::vector<Move> singles() const {
    const Space space = around_best();
    std::vector<std::pair<double, Move>> ranked;
    for (std::size_t d = 0; d < space.decisions().size(); ++d) {
      const Decision& decision = space.decisions()[d];
      for (std::size_t o = 1; o < decision.options.size(); ++o) {
        Choice choice = space.initial();
        choice[d] = static_cast<std::uint16_t>(o);
        if (!space.matters(choice, d)) continue;
        ranked.emplace_back(rank(decision), Move{space.words(d, choice[d]), space.edits(choice)});
      }
    }
    std::ranges::stable_sort(ranked, {}, &std::pair<double, Move>::first);
    std::vector<Move> moves;
    moves.reserve(ranked.size());
    for (auto& [rank, move] : ranked) moves.push_back(std::move(move));
    return moves;
  }

  // The smaller, the earlier: which finding speaks of it first, then the task's share of the time. How much
  // is held, and for how long, comes last: it costs time unless memory is short, and then findings say so.
  double rank(const Decision& decision) const {
    const bool of_data = decision.kind == Decision::Kind::layout;
    const std::string& name = of_data ? problem_.program().partitions[decision.partition].name
                                      : problem_.program().tasks[decision.task].name;
    const auto named = static_cast<double>(subjects_.size());
    const bool held = decision.kind == Decision::Kind::limit || decision.kind == Decision::Kind::collect;
    const double least = held ? 3 * (named + 1) : 0;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      if (std::ranges::find(subjects_[i], name) == subjects_[i].end()) continue;
      // Where points run decides the most; layouts have the most options, and help the least.
      const bool map =
          decision.kind == Decision::Kind::index_map || decision.kind == Decision::Kind::single_map;
      return least + (map ? 0 : named) + static_cast<double>(i) + (of_data ? 0.5 : 0);
    }
    const auto share = shares_.find(problem_.program().tasks[decision.task].name);
    return least + 2 * (named + 1) - (of_data || share == shares_.end() ? 0 : share->second);
  }

  // None where it is no mapper, was proposed before, cannot be carried out, or would do the same as an
  // earlier one, as its plan says.
  std::optional<Proposal> proposal(const Move& move) {
    const auto text = lang::edited(best_.mapper->source(), move.edits);
    if (!text) return std::nullopt;
    const Checked checked = check(*text);
    if (!checked.mapper || !tried_.insert(checked.canonical).second) return std::nullopt;
    const auto plan = planned(checked.mapper);
    if (!plan || !seen_.insert(fingerprint(*plan)).second) return std::nullopt;
    return Proposal{*text, move.why};
  }

  const Problem problem_;
  bool started_ = false;
  Best best_;
  std::vector<std::vector<std::string>> subjects_;  // what findings were about, the latest first
  std::map<std::string, double> shares_;            // of tasks, of the time
  Stage stage_ = Stage::findings;
  std::vector<Move> moves_;
  std::size_t next_ = 0;
  std::set<std::string> tried_;   // canonical forms
  std::set<std::uint64_t> seen_;  // fingerprints of plans
};

}  // namespace

std::unique_ptr<Strategy> make_guided(const Problem& problem) {
  return std::make_unique<Guided>(problem);
}

}  // namespace mapwright::tune
