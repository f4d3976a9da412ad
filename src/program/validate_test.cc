#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "program/samples.h"

namespace mapwright::program {
namespace {

using samples::below;
using samples::box;
using samples::launch;
using samples::line;
using samples::partition;
using samples::requirement;
using samples::single;

// All problems as a reader sees them.
std::string problems_of(const Program& p) {
  const base::Diagnostics problems = validate(p);
  std::string all;
  for (const base::Diagnostic& d : problems.items()) all += base::render(d, false);
  return all;
}

std::string broken(const std::function<void(Program&)>& change) {
  Program p = samples::circuit();
  change(p);
  return problems_of(p);
}

// Two points of an inner task, each of which launches two others.
Program outer_tree() {
  Program p = samples::circuit();
  p.tasks.push_back(samples::task("outer", true));
  p.launches = {launch(3, {2}, {}), below(single(0, {}), 0, 0), below(single(1, {}), 0, 0),
                below(single(0, {}), 0, 1), single(2, {})};
  p.loop_end = 4;
  return p;
}

std::string broken_tree(const std::function<void(Program&)>& change) {
  Program p = outer_tree();
  change(p);
  return problems_of(p);
}

TEST(Validate, AcceptsWhatIsRight) {
  EXPECT_EQ(problems_of(samples::circuit()), "");
  EXPECT_EQ(problems_of(outer_tree()), "");
}

TEST(Validate, Names) {
  EXPECT_EQ(broken([](Program& p) { p.name = ""; }),
            "error[MW8020]: `` cannot be the name of a program\n"
            "   = note: a name has 1 to 256 bytes of UTF-8, without double quotes and control characters\n");
  EXPECT_EQ(broken([](Program& p) { p.regions[0].fields[0].name = "a\"b"; }),
            "error[MW8020]: `a\"b` cannot be the name of a field\n"
            "   = note: a name has 1 to 256 bytes of UTF-8, without double quotes and control characters\n");
  EXPECT_NE(broken([](Program& p) { p.tasks[0].name = "\xC3("; }), "") << "no UTF-8";
  EXPECT_EQ(broken([](Program& p) { p.tasks[1].name = "currents"; }),
            "error[MW8021]: there are two tasks called `currents`\n");
  EXPECT_EQ(broken([](Program& p) { p.regions[0].fields[1].name = "v"; }),
            "error[MW8021]: there are two fields called `v`\n");
  EXPECT_EQ(broken([](Program& p) { p.partitions[1].name = "shared"; }), "") << "partitions may share a name";
}

TEST(Validate, Numbers) {
  EXPECT_EQ(broken([](Program& p) { p.ranks_per_node = 0; }),
            "error[MW8022]: the number of ranks of a node cannot be 0\n"
            "   = note: it lies between 1 and 1048576\n");
  EXPECT_EQ(broken([](Program& p) { p.iterations = 0; }),
            "error[MW8022]: the number of timed iterations cannot be 0\n"
            "   = note: it lies between 1 and 1000000000\n");
  EXPECT_EQ(broken([](Program& p) { p.regions[0].fields[0].bytes = 0; }),
            "error[MW8022]: the bytes of `v` cannot be 0\n   = note: it lies between 1 and 1073741824\n");
  EXPECT_EQ(broken([](Program& p) { p.metric.scale = 0; }),
            "error[MW8022]: the scale of the metric cannot be 0\n   = note: it is a number over 0\n");
  EXPECT_EQ(
      broken([](Program& p) { p.tasks[0].variants[0].streaming_share = 1.5; }),
      "error[MW8022]: the share of the bandwidth cannot be 1.5\n   = note: it is over 0 and at most 1\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].flops.values = {1, -2, 3}; }),
            "error[MW8022]: an amount cannot be -2\n   = note: it is a number from 0\n");
  EXPECT_EQ(broken([](Program& p) {
              p.launches[0].requirements[0].streamed = std::numeric_limits<double>::infinity();
            }),
            "error[MW8022]: an amount cannot be inf\n   = note: it is a number from 0\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].flops.values = {1, 2}; }),
            "error[MW8037]: launch 0 (`currents`) has 3 points, and 2 numbers here\n"
            "   = note: it takes one number for all points, or one for each\n");
}

TEST(Validate, Sizes) {
  EXPECT_EQ(broken([](Program& p) { p.regions[0].elements = line(0, std::int64_t{1} << 60); }),
            "error[MW8023]: `nodes` has too many elements\n"
            "   = note: a region has at most 1125899906842624, at coordinates up to 2251799813685248\n");
  EXPECT_EQ(broken([](Program& p) {
              p.regions[0].elements = line(0, (std::int64_t{1} << 50) - 1);
              p.regions[0].fields[0].bytes = 1 << 11;
            }),
            "error[MW8023]: `nodes` has too many bytes\n"
            "   = note: all elements and fields of a region have at most 1152921504606846976\n");
  EXPECT_EQ(
      broken([](Program& p) {
        p.launches[0] = launch(0, {1 << 23}, {});
        p.launches[1] = launch(0, {1 << 23, 1}, {});
      }),
      "error[MW8023]: the launches up to launch 2 (`voltages`) have too many points\n"
      "   = note: all launches have at most 16777216 together, at coordinates up to 2251799813685248\n");
  EXPECT_EQ(broken([](Program& p) { p.regions[0].elements = line(0, -1); }),
            "error[MW8025]: `nodes` has no elements\n");
}

TEST(Validate, RegionsAndPartitions) {
  EXPECT_EQ(broken([](Program& p) { p.regions[0].fields.clear(); }),
            "error[MW8029]: `nodes` has 0 fields\n   = note: a region has 1 to 64\n");
  EXPECT_EQ(broken([](Program& p) { p.partitions[1].region = 7; }),
            "error[MW8024]: `ghost` is a partition of region 7, and there are 1\n"
            "   = note: regions are counted from 0\n");
  EXPECT_EQ(broken([](Program& p) { p.partitions[1].boxes[2] = line(18, 30); }),
            "error[MW8025]: piece 2 of `ghost` is not inside `nodes`: it has 18..30\n"
            "   = note: the elements of `nodes` are 0..29\n");
  EXPECT_EQ(broken([](Program& p) { p.partitions[1].boxes[2] = box({{18, 29}, {0, 0}}); }),
            "error[MW8025]: piece 2 of `ghost` is not inside `nodes`: it has 18..29 x 0..0\n"
            "   = note: the elements of `nodes` are 0..29\n");
  EXPECT_EQ(broken([](Program& p) { p.partitions[1].disjoint = true; }),
            "error[MW8027]: pieces 0 and 1 of `ghost` have elements in common\n"
            "   = note: say that the partition is not disjoint, if they should\n");
  EXPECT_EQ(
      broken([](Program& p) {
        p.partitions.push_back({"spare", 0, false, {}, {0}});
        p.partitions.back().add(std::vector<Box>{line(0, 4), line(4, 8)});
      }),
      "error[MW8026]: boxes of piece 0 of `spare` overlap\n   = note: an element is in one box of a piece\n");
  EXPECT_EQ(broken([](Program& p) { p.partitions.push_back({"spare", 0, false, {}, {0}}); }),
            "error[MW8028]: `spare` has no pieces\n");
}

TEST(Validate, Tasks) {
  EXPECT_EQ(broken([](Program& p) { p.tasks[2].variants.clear(); }),
            "error[MW8035]: `voltages` has no variant\n"
            "   = note: without one there is no kind of processor that it could run on\n");
  EXPECT_EQ(broken([](Program& p) { p.tasks[2].variants.push_back({}); }),
            "error[MW8035]: `voltages` has two variants for CPU\n");
}

TEST(Validate, LaunchesAndRequirements) {
  EXPECT_EQ(broken([](Program& p) { p.launches[2].task = 3; }),
            "error[MW8024]: launch 2 is of task 3, and there are 3\n   = note: tasks are counted from 0\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[1].domain.hi[0] = -1; }),
            "error[MW8036]: launch 1 (`charge`) has no points\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[1].single = true; }),
            "error[MW8036]: launch 1 (`charge`) is single, but has 3 points\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[1].domain.rank = 10; }),
            "error[MW8036]: the domain of launch 1 (`charge`) has 10 dimensions\n   = note: it has 1 to 9\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[1].requirements[1].partition = 2; }),
            "error[MW8024]: launch 1 (`charge`) takes partition 2, and there are 2\n"
            "   = note: partitions are counted from 0\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].domain.hi[0] = 3; }),
            "error[MW8028]: launch 0 (`currents`) has 4 points, and `ghost` has 3 pieces\n"
            "   = note: point i takes piece i where nothing else is said\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].requirements[0].pieces = {0, 1}; }),
            "error[MW8037]: launch 0 (`currents`) has 3 points, and 2 numbers here\n"
            "   = note: it takes one piece for all points, or one for each\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].requirements[0].pieces = {0, 3, 1}; }),
            "error[MW8024]: launch 0 (`currents`) takes piece 3 of `ghost`, which has 3\n"
            "   = note: pieces are counted from 0\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].requirements[0].fields = 0; }),
            "error[MW8029]: launch 0 (`currents`) takes no field of `ghost`\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[0].requirements[0].fields = 4; }),
            "error[MW8029]: launch 0 (`currents`) takes fields that `nodes` does not have\n");
}

TEST(Validate, TheLoop) {
  EXPECT_EQ(broken([](Program& p) { p.loop_end = 4; }),
            "error[MW8033]: the loop cannot be launches 0 to 4\n"
            "   = note: the first number is its first launch, the second the one behind its last, of 3; only "
            "the loop "
            "is timed\n");
  EXPECT_EQ(
      broken_tree([](Program& p) { p.loop_begin = 2; }),
      "error[MW8033]: the loop separates launch 2 (`charge`) from launch 0 (`outer`), below which it stands\n"
      "error[MW8033]: the loop separates launch 3 (`currents`) from launch 0 (`outer`), below which it "
      "stands\n");
}

TEST(Validate, Parents) {
  EXPECT_EQ(broken_tree([](Program& p) { p.launches[1].parent->launch = 2; }),
            "error[MW8030]: launch 1 (`currents`) stands below launch 2\n"
            "   = note: a launch comes behind the one that it stands below\n");
  EXPECT_EQ(broken_tree([](Program& p) { p.launches[2].parent->launch = 1; }),
            "error[MW8030]: launch 2 (`charge`) stands below launch 1 (`currents`), which is no inner task\n"
            "   = note: only inner tasks launch others\n");
  EXPECT_EQ(broken_tree([](Program& p) { p.launches[3].parent->position = 2; }),
            "error[MW8030]: launch 3 (`currents`) stands below point 2 of launch 0 (`outer`), which has 2\n"
            "   = note: points are counted from 0\n");
  const std::string note =
      "   = note: launches stand in program order: all that stand below one point before those below the "
      "next point, "
      "and these before the next launch outside\n";
  EXPECT_EQ(broken_tree([](Program& p) { p.launches[1].parent->position = 1; }),
            "error[MW8031]: launch 2 (`charge`) comes too late for point 0 of launch 0 (`outer`)\n" + note);
  EXPECT_EQ(broken_tree([](Program& p) {
              p.loop_end = 5;
              std::swap(p.launches[3], p.launches[4]);
            }),
            "error[MW8031]: launch 4 (`currents`) comes too late for point 1 of launch 0 (`outer`)\n" + note);
}

TEST(Validate, Futures) {
  EXPECT_EQ(broken_tree([](Program& p) {
              p.launches[3].futures = {1, 3, 2};
              p.launches[4].futures = {0, 1};
            }),
            "");
  EXPECT_EQ(broken_tree([](Program& p) { p.launches[3].futures = {5}; }),
            "error[MW8024]: launch 3 (`currents`) needs the future of launch 5, and there are 5\n"
            "   = note: launches are counted from 0\n");
  EXPECT_EQ(broken_tree([](Program& p) { p.launches[3].futures = {4}; }),
            "error[MW8032]: launch 3 (`currents`) needs the future of launch 4 (`voltages`), which does not "
            "come before "
            "it\n   = note: only in the loop can a future be that of the iteration before\n");
  EXPECT_EQ(
      broken_tree([](Program& p) { p.launches[3].futures = {0}; }),
      "error[MW8032]: launch 3 (`currents`) needs the future of launch 0 (`outer`), below which it stands\n"
      "   = note: a task ends after all that stand below it\n");
}

TEST(Validate, Conflicts) {
  const std::string note =
      "   = note: accesses of one launch to the same elements and fields must all be reads, or all be "
      "reductions\n";
  EXPECT_EQ(
      broken([](Program& p) { p.launches[1].requirements[0].privilege = Privilege::read; }),
      "error[MW8034]: launch 1 (`charge`) reduces into elements of `ghost` that it reads in `shared`\n" +
          note);
  EXPECT_EQ(broken([](Program& p) { p.launches[1].requirements[0].privilege = Privilege::read_write; }),
            "error[MW8034]: launch 1 (`charge`) reduces into elements of `ghost` that it reads and writes in "
            "`shared`\n" +
                note);
  EXPECT_EQ(broken([](Program& p) { p.launches[1].requirements[0] = requirement(0, Privilege::write, 1); }),
            "")
      << "other fields";
  EXPECT_EQ(
      broken([](Program& p) { p.launches[0].requirements[0].privilege = Privilege::write; }),
      "error[MW8034]: points of launch 0 (`currents`) overwrite elements of `ghost` that others write\n" +
          note);
  EXPECT_EQ(broken([](Program& p) { p.launches[2].requirements[0].pieces = {2, 1, 2}; }),
            "error[MW8034]: points 0 and 2 of launch 2 (`voltages`) write the same piece 2 of `shared`\n"
            "   = note: points of a launch run in any order: only one of them may write an element\n");
  EXPECT_EQ(broken([](Program& p) { p.launches[2].requirements[0].pieces = {1}; }),
            "error[MW8034]: points 0 and 1 of launch 2 (`voltages`) write the same piece 1 of `shared`\n"
            "   = note: points of a launch run in any order: only one of them may write an element\n");
  // The points of another launch are no matter of this one.
  EXPECT_EQ(broken([](Program& p) { p.launches[0].requirements[0].pieces = {1}; }), "");
  // Nobody writes where there is nothing.
  EXPECT_EQ(broken([](Program& p) {
              p.partitions[0].boxes.pop_back();
              p.partitions[0].begins.back() = 2;
              p.launches[2].requirements[0].pieces = {2};
            }),
            "");
}

TEST(Validate, FactsAreWhatMappersSee) {
  Program p = samples::circuit();
  p.launches.push_back(single(2, {requirement(1, Privilege::read)}));
  p.launches.push_back(launch(2, {3, 1}, {requirement(1, Privilege::read)}));
  p.tasks[2].variants.push_back({machine::ProcessorKind::gpu, Precision::single_precision, {}, 1, {}, ""});
  const lang::ProgramFacts facts = facts_of(p);
  EXPECT_EQ(facts.name, "circuit");
  ASSERT_EQ(facts.tasks.size(), 3U);
  using Names = std::vector<std::vector<std::string>>;
  EXPECT_EQ(facts.tasks[1].regions, (Names{{"shared", "nodes"}, {"ghost", "nodes"}}));
  EXPECT_FALSE(facts.tasks[1].single);
  const lang::TaskFacts& last = facts.tasks[2];
  EXPECT_EQ(last.name, "voltages");
  EXPECT_EQ(last.variants, (std::vector{machine::ProcessorKind::cpu, machine::ProcessorKind::gpu}));
  EXPECT_EQ(last.regions, (Names{{"shared", "nodes", "ghost"}}));
  EXPECT_EQ(last.launches, (std::vector{samples::line(0, 2), box({{0, 2}, {0, 0}})}));
  EXPECT_TRUE(last.single);
}

}  // namespace
}  // namespace mapwright::program
