#include "program/dependence.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "program/samples.h"

namespace mapwright::program {
namespace {

using samples::below;
using samples::launch;
using samples::line;
using samples::partition;
using samples::region;
using samples::requirement;
using samples::single;
using Tasks = std::vector<Dependences::TaskIndex>;

Dependences analyse(const Program& p, std::int64_t iterations) {
  const auto atoms = Atoms::of(p);
  EXPECT_TRUE(atoms);
  auto d = Dependences::of(p, *atoms, iterations);
  EXPECT_TRUE(d);
  return *std::move(d);
}

std::vector<Tasks> all(const Dependences& d) {
  std::vector<Tasks> lists;
  for (Dependences::TaskIndex t = 0; t < d.tasks(); ++t)
    lists.emplace_back(d.earlier(t).begin(), d.earlier(t).end());
  return lists;
}

// An inner task of two points in the loop, with a launch of two points and one inner launch below the first.
Program tree() {
  Program p;
  p.name = "tree";
  p.tasks = {samples::task("inner", true), samples::task("leaf")};
  p.launches = {single(1, {}),
                launch(0, {2}, {}),
                below(launch(1, {2}, {}), 1, 0),
                below(single(0, {}), 1, 0),
                below(single(1, {}), 3, 0),
                below(single(1, {}), 1, 1),
                single(1, {})};
  p.loop_begin = 1;
  p.loop_end = 6;
  return p;
}

TEST(Sequence, IsDepthFirst) {
  const Program p = tree();
  ASSERT_TRUE(validate(p).empty());
  const Sequence s = sequence(p);
  EXPECT_EQ(s.steps, (std::vector<Step>{{0, 0, kNoStep, 1},
                                        {1, 0, kNoStep, 6},
                                        {2, 0, 1, 3},
                                        {2, 1, 1, 4},
                                        {3, 0, 1, 6},
                                        {4, 0, 4, 6},
                                        {1, 1, kNoStep, 8},
                                        {5, 0, 6, 8},
                                        {6, 0, kNoStep, 9}}));
  EXPECT_EQ(s.loop_begin, 1U);
  EXPECT_EQ(s.loop_end, 8U);
  EXPECT_EQ(s.step(1, 1), 6U);
  EXPECT_EQ(s.step(6, 0), 8U);
}

TEST(Sequence, OfATreeThatIsDeep) {
  Program p;
  p.name = "deep";
  p.tasks = {samples::task("inner", true)};
  p.launches.push_back(single(0, {}));
  for (LaunchId l = 1; l < 100'000; ++l) p.launches.push_back(below(single(0, {}), l - 1, 0));
  p.loop_end = 100'000;
  ASSERT_TRUE(validate(p).empty());
  const Sequence s = sequence(p);
  EXPECT_EQ(s.steps.size(), 100'000U);
  EXPECT_EQ(s.steps.front().end, 100'000U);
  EXPECT_EQ(s.steps.back().parent, 99'998U);
}

TEST(Dependences, NameTasksByIteration) {
  const Dependences d = analyse(tree(), 3);
  EXPECT_EQ(d.tasks(), 1U + 3 * 7 + 1);
  EXPECT_EQ(d.iteration(0), -1);
  EXPECT_EQ(d.step(0), 0U);
  EXPECT_EQ(d.iteration(1), 0);
  EXPECT_EQ(d.iteration(21), 2);
  EXPECT_EQ(d.step(21), 7U);
  EXPECT_EQ(d.iteration(22), 3);
  EXPECT_EQ(d.step(22), 8U);
  for (Dependences::TaskIndex t = 0; t < d.tasks(); ++t) EXPECT_EQ(d.task(d.step(t), d.iteration(t)), t);
  EXPECT_EQ(analyse(tree(), 0).tasks(), 2U);
}

// Tasks of an iteration: currents 0 1 2, charge 3 4 5, voltages 6 7 8.
TEST(Dependences, OfACircuitReachTheNeighbours) {
  const Dependences d = analyse(samples::circuit(), 2);
  EXPECT_EQ(all(d), (std::vector<Tasks>{
                        {},
                        {},
                        {},
                        {},
                        {},
                        {},
                        // v, which was read, and q, which the neighbours' ghosts add to.
                        {0, 1, 3, 4},
                        {0, 1, 2, 3, 4, 5},
                        {1, 2, 4, 5},
                        // What their ghosts hold of v.
                        {6, 7},
                        {6, 7, 8},
                        {7, 8},
                        // What they add to.
                        {6, 7},
                        {6, 7, 8},
                        {7, 8},
                        {9, 10, 12, 13},
                        {9, 10, 11, 12, 13, 14},
                        {10, 11, 13, 14},
                    }));
}

TEST(Dependences, OfAWriteAreThoseThatReadBefore) {
  Program p;
  p.name = "line";
  p.regions.push_back(region("r", line(0, 9), {"x", "y"}));
  p.partitions.push_back(partition("r", 0, true, {line(0, 9)}));
  p.partitions.push_back(partition("halves", 0, true, {line(0, 4), line(5, 9)}));
  p.tasks = {samples::task("t")};
  p.launches = {
      launch(0, {2}, {requirement(1, Privilege::write, 1)}),        // 0 1
      single(0, {requirement(0, Privilege::read, 1)}),              // 2
      single(0, {requirement(0, Privilege::write, 2)}),             // 3: another field
      launch(0, {2}, {requirement(1, Privilege::read, 1)}),         // 4 5
      launch(0, {2}, {requirement(1, Privilege::write, 1)}),        // 6 7
      launch(0, {2}, {requirement(0, Privilege::reduce, 1, {0})}),  // 8 9
      single(0, {requirement(1, Privilege::none, 3)}),              // 10
      single(0, {requirement(1, Privilege::read, 1)}),              // 11
  };
  p.loop_end = 8;
  ASSERT_TRUE(validate(p).empty());
  EXPECT_EQ(all(analyse(p, 1)),
            (std::vector<Tasks>{{}, {}, {0, 1}, {}, {0}, {1}, {2, 4}, {2, 5}, {6, 7}, {6, 7}, {}, {8, 9}}));
}

TEST(Dependences, OnFutures) {
  Program p = tree();
  p.launches[1].futures = {0, 5};     // set-up; the iteration before
  p.launches[5].futures = {2, 3, 5};  // all of its points; an inner task; itself
  p.launches[6].futures = {1};
  ASSERT_TRUE(validate(p).empty());
  const Dependences d = analyse(p, 2);
  EXPECT_EQ(all(d), (std::vector<Tasks>{{},
                                        {0},  // 1
                                        {},
                                        {},
                                        {},
                                        {},
                                        {0},  // 6
                                        {2, 3, 4},
                                        {0, 7},  // 8
                                        {},
                                        {},
                                        {},
                                        {},
                                        {0, 7},  // 13
                                        {7, 9, 10, 11},
                                        {8, 13}}));
  EXPECT_EQ(all(analyse(p, 0)), (std::vector<Tasks>{{}, {}})) << "a loop that does not run has no future";
}

TEST(Dependences, HaveALimit) {
  Program p = samples::circuit();
  const auto atoms = Atoms::of(p);
  const auto d = Dependences::of(p, *atoms, 1'000'000'000);
  ASSERT_FALSE(d);
  EXPECT_EQ(base::render(d.problems().items()[0], false),
            "error[MW8023]: `circuit` has too many dependences\n"
            "   = note: its tasks may need others at most 134217728 times\n");
}

// ---------------------------------------------------------------------------------------------------------------------
// against the definition, pair by pair

constexpr std::int64_t kElements = 12;

Program any_tangle() {
  Program p;
  p.name = "any";
  p.regions.push_back(region("r", line(0, kElements - 1), {"x", "y", "z"}));
  const auto partitions = *rc::gen::inRange(1, 4);
  for (int i = 0; i < partitions; ++i) {
    Partition part{"p", 0, false, {}, {0}};
    for (int piece = 0; piece < 3; ++piece) {
      const auto lo = *rc::gen::inRange<std::int64_t>(0, kElements);
      part.add(line(lo, *rc::gen::inRange<std::int64_t>(lo - 1, kElements)));
    }
    p.partitions.push_back(part);
  }
  p.tasks = {samples::task("inner", true), samples::task("leaf")};
  const auto count = *rc::gen::inRange<LaunchId>(1, 10);
  p.loop_begin = *rc::gen::inRange<LaunchId>(0, count);
  p.loop_end = *rc::gen::inRange<LaunchId>(p.loop_begin + 1, count + 1);
  for (LaunchId l = 0; l < count; ++l) {
    Launch next = launch(*rc::gen::inRange<TaskId>(0, 2), {*rc::gen::inRange<std::int64_t>(1, 4)}, {});
    const auto requirements = *rc::gen::inRange(0, 3);
    for (int q = 0; q < requirements; ++q) {
      next.requirements.push_back(
          requirement(*rc::gen::inRange<PartitionId>(0, static_cast<PartitionId>(partitions)),
                      *rc::gen::element(Privilege::none, Privilege::read, Privilege::write,
                                        Privilege::read_write, Privilege::reduce),
                      *rc::gen::inRange<FieldSet>(1, 8)));
    }
    // Below one of those that may still launch: the launch before, or what that one stands below.
    const bool section_begins = l == 0 || l == p.loop_begin || l == p.loop_end;
    for (std::optional<Parent> at = section_begins ? std::nullopt : std::optional(Parent{l - 1, 0}); at;
         at = p.launches[at->launch].parent) {
      const Launch& outer = p.launches[at->launch];
      if (p.tasks[outer.task].inner && *rc::gen::inRange(0, 2) == 0) {
        next.parent = Parent{at->launch, *rc::gen::inRange(at->position, outer.points())};
        break;
      }
    }
    p.launches.push_back(next);
    const auto future = *rc::gen::inRange<LaunchId>(0, 2 * count);
    const auto in_loop = [&](LaunchId id) { return id >= p.loop_begin && id < p.loop_end; };
    bool comes = future < l || (in_loop(future) && in_loop(l));
    for (auto at = next.parent; at; at = p.launches[at->launch].parent) comes = comes && at->launch != future;
    if (comes) p.launches[l].futures.push_back(future);
  }
  return p;
}

struct Run {
  const Program& p;
  std::vector<std::pair<LaunchId, std::int64_t>> tasks;
  std::map<LaunchId, Tasks> last;      // the tasks of the last time that a launch ran
  std::map<LaunchId, Tasks> previous;  // when the iteration began
  std::set<std::pair<Dependences::TaskIndex, Dependences::TaskIndex>> futures;

  void launch(LaunchId l) {
    last[l].clear();
    for (std::int64_t i = 0; i < p.launches[l].points(); ++i) {
      const auto self = static_cast<Dependences::TaskIndex>(tasks.size());
      for (const LaunchId f : p.launches[l].futures) {
        for (const auto t : f >= l ? previous[f] : last[f]) futures.insert({t, self});
      }
      tasks.emplace_back(l, i);
      last[l].push_back(self);
      for (LaunchId c = l + 1; c < p.launches.size(); ++c) {
        const auto& parent = p.launches[c].parent;
        if (parent && parent->launch == l && parent->position == i) launch(c);
      }
    }
  }
  void part(LaunchId begin, LaunchId end) {
    previous = last;
    for (LaunchId l = begin; l < end; ++l) {
      if (!p.launches[l].parent) launch(l);
    }
  }
};

// By element and field: 0 nothing, 1 reads, 2 sums, 3 writes.
using Touched = std::array<std::array<int, 3>, kElements>;

Touched touched_by(const Program& p, LaunchId l, std::int64_t position) {
  Touched t{};
  if (p.tasks[p.launches[l].task].inner) return t;
  for (const Requirement& r : p.launches[l].requirements) {
    const int how = r.privilege == Privilege::none     ? 0
                    : r.privilege == Privilege::read   ? 1
                    : r.privilege == Privilege::reduce ? 2
                                                       : 3;
    const Partition& part = p.partitions[r.partition];
    for (std::size_t b = part.begins[r.piece(position)]; b < part.begins[r.piece(position) + 1]; ++b) {
      for (std::int64_t e = part.boxes[b].lo[0]; e <= part.boxes[b].hi[0]; ++e) {
        for (std::size_t f = 0; f < 3; ++f) {
          if ((r.fields >> f & 1) != 0)
            t[static_cast<std::size_t>(e)][f] = std::max(t[static_cast<std::size_t>(e)][f], how);
        }
      }
    }
  }
  return t;
}

bool need_order(int a, int b) {
  return a != 0 && b != 0 && (a != b || a == 3);
}

RC_GTEST_PROP(DependencesProperty, AreThoseOfTheDefinition, ()) {
  const Program p = any_tangle();
  // Accesses of one launch may conflict in this test only where that is no matter: not within one task.
  const base::Diagnostics problems = validate(p);
  RC_PRE(std::ranges::none_of(problems.items(), [](const auto& d) { return d.kind->name != "conflict"; }));
  for (const Launch& l : p.launches) RC_PRE(l.requirements.size() < 2 || problems.empty());
  const auto iterations = *rc::gen::inRange<std::int64_t>(0, 4);
  const auto atoms = Atoms::of(p);
  RC_ASSERT(atoms.ok());
  const auto d = Dependences::of(p, *atoms, iterations);
  RC_ASSERT(d.ok());

  Run run{p, {}, {}, {}, {}};
  run.part(0, p.loop_begin);
  for (std::int64_t i = 0; i < iterations; ++i) run.part(p.loop_begin, p.loop_end);
  run.part(p.loop_end, static_cast<LaunchId>(p.launches.size()));
  RC_ASSERT(run.tasks.size() == d->tasks());
  std::vector<Touched> touched;
  for (std::size_t t = 0; t < run.tasks.size(); ++t) {
    const auto& [l, i] = run.tasks[t];
    const Step& s = d->sequence().steps[d->step(static_cast<Dependences::TaskIndex>(t))];
    RC_ASSERT(s.launch == l && s.position == i);
    touched.push_back(touched_by(p, l, i));
  }
  const std::size_t n = touched.size();
  std::vector<std::set<Dependences::TaskIndex>> expected(n);
  for (const auto& [from, to] : run.futures) expected[to].insert(from);
  for (std::size_t e = 0; e < kElements; ++e) {
    for (std::size_t f = 0; f < 3; ++f) {
      // after[b][a]: b comes after a in some chain.
      std::vector<std::vector<bool>> after(n, std::vector<bool>(n, false));
      for (std::size_t b = 0; b < n; ++b) {
        for (std::size_t a = b; a-- > 0;) {
          bool chained = false;
          for (std::size_t c = a + 1; c < b && !chained; ++c) chained = after[c][a] && after[b][c];
          const bool direct = need_order(touched[a][e][f], touched[b][e][f]);
          after[b][a] = chained || direct;
          if (direct && !chained) expected[b].insert(static_cast<Dependences::TaskIndex>(a));
        }
      }
    }
  }
  for (std::size_t b = 0; b < n; ++b) {
    const auto got = d->earlier(static_cast<Dependences::TaskIndex>(b));
    RC_ASSERT(Tasks(got.begin(), got.end()) == Tasks(expected[b].begin(), expected[b].end()));
  }
}

}  // namespace
}  // namespace mapwright::program
