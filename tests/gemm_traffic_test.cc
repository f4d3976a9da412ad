// What one product of the six algorithms moves, to the byte, counted by hand from how tiles and blocks lie.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "trial.h"

namespace mapwright {
namespace {

std::string without(std::string text, std::string_view line) {
  const std::size_t at = text.find(line);
  return at == std::string::npos ? "" : text.erase(at, line.size());
}

// Bytes by region, op and distance, of the first timed product: "B copy network".
using Bytes = std::map<std::string, std::int64_t>;

Bytes moved(const std::string& app, const std::string& mapper, const std::string& machine_name,
            std::int64_t nodes) {
  const trial::Subject subject = trial::subject(app, trial::machine_named(machine_name), nodes);
  const auto planned = trial::planned(subject, trial::compiled(mapper));
  const plan::Plan& plan = std::get<plan::Plan>(planned);
  Bytes bytes;
  const auto first = static_cast<std::size_t>(plan.warmup);
  for (plan::OpId i = plan.iteration_begins[first]; i < plan.iteration_begins[first + 1]; ++i) {
    const plan::Op& op = plan.ops[i];
    if (!is_transfer(op)) continue;
    const plan::Instance& from = plan.instances[op.source];
    const plan::MemoryId to = plan.instances[op.destination].memory;
    const char* where = from.memory == to                                                    ? "memory"
                        : plan.site->distance(from.memory, to) == plan::Distance::other_node ? "network"
                                                                                             : "node";
    bytes[fmt::format("{} {} {}", plan.program->regions[from.region].name,
                      op.kind == plan::OpKind::copy ? "copy" : "fold", where)] += op.bytes;
  }
  return bytes;
}

constexpr std::int64_t matrix(std::int64_t n) {
  return 8 * n * n;
}
constexpr std::int64_t kOne = matrix(20'000);
constexpr std::int64_t kTwo = matrix(28'284);
constexpr std::int64_t kFour = matrix(40'000);

// Four tiles, each GPU needs one tile more of B and one of C.
TEST(GemmTraffic, TwoDimensionalOnOneNode) {
  for (const char* app : {"cannon", "summa", "pumma"}) {
    EXPECT_EQ(moved(app, trial::expert(app), "lassen", 1),
              (Bytes{{"B copy node", kOne}, {"C copy node", kOne}}))
        << app;
  }
}

// 2 x 4 tiles. Each of the eight GPUs needs two of the four blocks of its row or column, a quarter of the
// matrix each: of B's rows it has an eighth of the matrix itself, an eighth is with its neighbour in the
// node, the other quarter on the other node. C's columns are as wide as a tile: one it has, one is in the
// node. On Lassen Cannon's grid lies the other way round, and so do B and C.
TEST(GemmTraffic, TwoDimensionalOnTwoNodes) {
  for (const char* app : {"summa", "pumma"}) {
    EXPECT_EQ(moved(app, trial::expert(app), "lassen", 2), (Bytes{{"B copy network", 2 * kTwo},
                                                                  {"B copy node", kTwo},
                                                                  {"B copy memory", kTwo},
                                                                  {"C copy node", kTwo}}))
        << app;
  }
  EXPECT_EQ(moved("cannon", trial::expert("cannon"), "lassen", 2),
            (Bytes{{"C copy network", 2 * kTwo}, {"B copy node", kTwo}, {"C copy node", kTwo}}));
}

// What is kept serves others: each remote byte comes into a node once, and goes on from there.
TEST(GemmTraffic, ForwardsInTheNodeWhatIsKept) {
  const auto kept = [](const char* app) { return without(trial::expert(app), "CollectMemory task_4 *;\n"); };
  EXPECT_EQ(moved("summa", kept("summa"), "lassen", 2), (Bytes{{"B copy network", kTwo},
                                                               {"B copy node", 2 * kTwo},
                                                               {"B copy memory", kTwo},
                                                               {"C copy node", kTwo}}));
  EXPECT_EQ(moved("cannon", kept("cannon"), "lassen", 2),
            (Bytes{{"C copy network", kTwo}, {"C copy node", 2 * kTwo}, {"B copy node", kTwo}}));
}

// 4 x 4 tiles: of the three that each GPU needs besides its own, of B and of C, one is in its node.
TEST(GemmTraffic, TwoDimensionalOnFourNodes) {
  for (const char* app : {"cannon", "summa", "pumma"}) {
    EXPECT_EQ(moved(app, trial::expert(app), "lassen", 4), (Bytes{{"B copy network", 2 * kFour},
                                                                  {"C copy network", 2 * kFour},
                                                                  {"B copy node", kFour},
                                                                  {"C copy node", kFour}}))
        << app;
  }
}

// 2 x 2 tiles on GPUs 0 and 1 of each node; a layer multiplies half of the inner dimension in two steps, each
// with an instance of its own for the sum: sixteen folds of a quarter of the matrix, half of them where the
// tile is. The sixteen operands of B, an eighth each, are in the node, four in the memory itself; those of C
// in the other node where the row differs.
TEST(GemmTraffic, SolomonikOnTwoNodes) {
  EXPECT_EQ(moved("solomonik", trial::expert("solomonik"), "lassen", 2), (Bytes{{"A fold memory", 2 * kTwo},
                                                                                {"A fold node", 2 * kTwo},
                                                                                {"B copy node", 3 * kTwo / 2},
                                                                                {"C copy network", kTwo},
                                                                                {"C copy node", kTwo / 2}}));
}

// A cube of eight GPUs, z the node. Every GPU multiplies tiles of a quarter of the matrix: those of B and C
// lie in the node, half of them in the memory; the sums of z = 1 go to the other node, and half of all folds
// stay.
TEST(GemmTraffic, ThreeDimensionalOnTwoNodes) {
  for (const char* app : {"johnson", "cosma"}) {
    EXPECT_EQ(
        moved(app, trial::expert(app), "p100x4", 2),
        (Bytes{
            {"A fold memory", kTwo}, {"A fold network", kTwo}, {"B copy node", kTwo}, {"C copy node", kTwo}}))
        << app;
  }
}

}  // namespace
}  // namespace mapwright
