// Kernels that really compute: their answers, whatever the layout, and what they keep their hands off.
#include <cmath>

#include "apps/kernels/testing.h"

namespace mapwright::apps::testing {
namespace {

using program::Order;
using program::Privilege;

std::string shown(const std::optional<std::string>& text) {
  return text.value_or("");
}

std::int64_t all_iterations(const program::Program& p) {
  return p.warmup + p.iterations;
}

class Answers : public ::testing::TestWithParam<Case> {};

TEST_P(Answers, AreRight) {
  const program::Program p = made(GetParam());
  const auto kernels = kernels_of(p);
  const std::int64_t iterations = all_iterations(p);
  program::Store c(p, Order::c_order);
  program::Store f(p, Order::f_order);
  program::run_sequentially(p, *kernels, iterations, &c);
  program::run_sequentially(p, *kernels, iterations, &f);
  EXPECT_EQ(shown(program::first_wrong(p, kernels->expectations(iterations), c, &f)), "");
  EXPECT_EQ(shown(program::first_wrong(p, kernels->expectations(iterations), f, &c)), "");
}

const Case kUsual[] = {
    {"circuit", 1, {}},   {"circuit", 2, {}}, {"circuit", 4, {}}, {"stencil", 1, {}},   {"stencil", 2, {}},
    {"stencil", 4, {}},   {"cannon", 1, {}},  {"cannon", 2, {}},  {"cannon", 4, {}},    {"summa", 1, {}},
    {"summa", 2, {}},     {"summa", 4, {}},   {"pumma", 1, {}},   {"pumma", 2, {}},     {"pumma", 4, {}},
    {"johnson", 1, {}},   {"johnson", 2, {}}, {"johnson", 4, {}}, {"solomonik", 1, {}}, {"solomonik", 2, {}},
    {"solomonik", 4, {}}, {"cosma", 1, {}},   {"cosma", 2, {}},   {"cosma", 4, {}},
};
INSTANTIATE_TEST_SUITE_P(OfTheTestSize, Answers, ::testing::ValuesIn(kUsual));

// Small enough to look at every byte; ragged, short and empty pieces among them.
const Case kOdd[] = {
    {"circuit", 1, {{"pieces", 1}, {"pps", 1}, {"wpp", 7}, {"npp", 2}, {"pct", 0}}},
    {"circuit", 1, {{"pieces", 2}, {"pps", 1}, {"wpp", 1}, {"npp", 3}, {"pct", 0}, {"steps", 1}}},
    {"circuit", 1, {{"pieces", 9}, {"pps", 3}, {"wpp", 37}, {"npp", 120}, {"pct", 50}, {"seed", 7}}},
    {"circuit", 2, {{"pieces", 8}, {"pps", 1}, {"wpp", 33}, {"npp", 11}, {"steps", 100}}},
    {"stencil", 1, {{"ntx", 1}, {"nty", 1}, {"nx", 5}, {"ny", 9}}},
    {"stencil", 1, {{"ntx", 3}, {"nty", 2}, {"nx", 7}, {"ny", 6}, {"init", 0}}},
    {"stencil", 1, {{"ntx", 3}, {"nty", 3}, {"nx", 30}, {"ny", 21}, {"init", 5}}},
    {"stencil", 1, {{"ntx", 1}, {"nty", 4}, {"nx", 12}, {"ny", 17}}},
    {"cannon", 2, {{"n", 13}}},
    {"summa", 2, {{"n", 3}}},
    {"pumma", 4, {{"n", 29}}},
    {"johnson", 1, {{"n", 17}, {"gdim", 3}}},
    {"johnson", 1, {{"n", 1}}},
    {"solomonik", 2, {{"n", 19}}},
    {"cosma", 1, {{"n", 11}, {"gx", 2}, {"gy", 3}, {"gz", 5}}},
};
INSTANTIATE_TEST_SUITE_P(OfOddSizes, Answers, ::testing::ValuesIn(kOdd));

class Layouts : public ::testing::TestWithParam<Case> {};

const std::vector<Layout> kLayouts[] = {
    {{kF}},
    {{kC, true}},
    {{kF, true}},
    {{kC, false, 2}},
    {{kF, false, 1, 3}},
    {{kC, false, 1, 3}, {kF}, {kC}},
    {{kF}, {kC, false, 1, 2}, {kC}},
    {{kC}, {kF}, {kF, false, 3, 1}},
};

// What is not written would show, because the memory of the two runs begins with different bytes.
TEST_P(Layouts, GiveTheSameBits) {
  const program::Program p = made(GetParam());
  const auto kernels = kernels_of(p);
  const Fields usual(p, {{kC}});
  run(p, *kernels, 2, usual);
  for (std::size_t i = 0; i < std::size(kLayouts); ++i) {
    const Fields other(p, kLayouts[i], std::byte{0x2A});
    run(p, *kernels, 2, other);
    EXPECT_EQ(shown(first_difference(p, usual, other, same_bits)), "") << "layout " << i;
  }
}

// Bytes of all regions, 1 where a call may write.
std::vector<std::vector<std::uint8_t>> writable(const program::Call& call, const Fields& fields) {
  const program::Program& p = call.program();
  std::vector<std::vector<std::uint8_t>> masks;
  for (program::RegionId r = 0; r < p.regions.size(); ++r) masks.emplace_back(fields.bytes(r).size());
  for (std::size_t r = 0; r < call.launch().requirements.size(); ++r) {
    const program::Requirement& requirement = call.requirement(r);
    if (requirement.privilege <= Privilege::read || call.empty(r)) continue;
    const program::RegionId region = p.partitions[requirement.partition].region;
    for (std::size_t f = 0; f < p.regions[region].fields.size(); ++f) {
      if ((requirement.fields >> f & 1) == 0) continue;
      const program::FieldView view = call.field(r, f);
      lang::Point at = call.piece(r).lo;
      do {
        const auto first = view.origin + offset(view, at) - fields.bytes(region).data();
        std::fill_n(masks[region].begin() + first, p.regions[region].fields[f].bytes, std::uint8_t{1});
      } while (call.piece(r).next(&at));
    }
  }
  return masks;
}

TEST_P(Layouts, OnlyWhatACallMayWriteIsWritten) {
  const program::Program p = made(GetParam());
  const auto kernels = kernels_of(p);
  const Fields fields(p, {{kC, true}});
  run(p, *kernels, 1, fields, [&](const program::Kernel& kernel, program::Call& call) {
    const Fields before = fields;  // its views are those of `fields`: only its bytes are used
    const auto masks = writable(call, fields);
    kernel.run(call);
    for (program::RegionId r = 0; r < p.regions.size(); ++r) {
      for (std::size_t b = 0; b < masks[r].size(); ++b) {
        if (masks[r][b] != 0 || fields.bytes(r)[b] == before.bytes(r)[b]) continue;
        ADD_FAILURE() << p.tasks[call.launch().task].name << " writes byte " << b << " of "
                      << p.regions[r].name;
        return;
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(OfOddSizes, Layouts, ::testing::ValuesIn(kOdd));

TEST(Kernels, EveryTaskThatComputesHasOneForEachOfItsProcessors) {
  for (const Case& c : kUsual) {
    const program::Program p = made(c);
    const auto kernels = kernels_of(p);
    for (program::TaskId t = 0; t < p.tasks.size(); ++t) {
      if (p.tasks[t].inner) continue;
      ASSERT_NE(kernels->find(t), nullptr) << c.app << ": " << p.tasks[t].name;
      EXPECT_EQ(kernels->find(t)->device.has_value(),
                p.tasks[t].variant(machine::ProcessorKind::gpu) != nullptr)
          << c.app << ": " << p.tasks[t].name;
    }
  }
}

TEST(Kernels, OtherProgramsHaveNone) {
  program::Program p = made(kUsual[0]);
  p.name = "something else";
  EXPECT_EQ(kernels_of(p), nullptr);
}

// What is wrong with one element, in words.
template <class T>
std::string planted(const Case& c, const char* region, std::size_t field, const lang::Point& at, T value) {
  const program::Program p = made(c);
  const auto kernels = kernels_of(p);
  program::Store is(p);
  program::Store right(p);
  program::run_sequentially(p, *kernels, 3, &is);
  program::run_sequentially(p, *kernels, 3, &right);
  const auto id = static_cast<program::RegionId>(
      std::ranges::find(p.regions, region, &program::Region::name) - p.regions.begin());
  is.view<T>(id, field)(at[0], at[1]) = value;
  const auto text = program::first_wrong(p, kernels->expectations(3), is, &right);
  if (c.app != std::string("circuit")) return shown(text);
  // Without the number that is expected, which is no round one.
  return shown(text).substr(0, shown(text).find(", not")) +
         fmt::format(", off by {:.3g}", value - right.view<T>(id, field)(at[0], at[1]));
}

TEST(Kernels, OneWrongElementIsFound) {
  const Case circuit = {"circuit", 1, {{"pieces", 4}, {"pps", 2}, {"wpp", 40}, {"npp", 10}}};
  EXPECT_TRUE(planted(circuit, "node", 3, {3}, 2.0F).starts_with("node[3].node_voltage is 2, off by "));
  EXPECT_TRUE(planted(circuit, "node", 3, {39}, -2.0F).starts_with("node[39].node_voltage is -2, off by "));
  EXPECT_TRUE(planted(circuit, "wire", 16, {7}, 0.5F).starts_with("wire[7].current._9 is 0.5, off by "));
  EXPECT_TRUE(planted(circuit, "wire", 7, {0}, std::nanf("")).starts_with("wire[0].current._0 is nan, off"));
  EXPECT_EQ(planted(circuit, "timestamp", 1, {1}, 2.0), "timestamp[1].stop is 2, off by -1");
  // 2 x 2 tiles of 10 x 8: the second column of tiles begins at 10, and at 6 in the grid.
  const Case stencil = {"stencil", 1, {{"nx", 16}, {"ny", 12}}};
  EXPECT_EQ(planted(stencil, "points", 0, {2, 3}, 0.0), "points[2, 3].input is 0, not 1008");
  EXPECT_EQ(planted(stencil, "points", 0, {13, 10}, 1021.0), "points[13, 10].input is 1021, not 1018");
  EXPECT_EQ(planted(stencil, "points", 1, {2, 3}, 1005.0), "points[2, 3].output is 1005, not 1006");
  EXPECT_EQ(planted(stencil, "points", 1, {1, 3}, 1006.0), "points[1, 3].output is 1006, not 1000");
  EXPECT_EQ(planted(stencil, "xm", 0, {1, 2}, 0.0), "xm[1, 2].input is 0, not 1014");
  EXPECT_EQ(planted(stencil, "yp", 0, {7, 3}, 0.0), "yp[7, 3].input is 0, not 1019");
  // Three products: (1 1) + (2 2) + (3 3) + (4 1) + (5 2) = 28 for each, times 2 and 4.
  const Case product = {"summa", 1, {{"n", 5}}};
  EXPECT_EQ(planted(product, "A", 0, {1, 3}, 671.0), "A[1, 3].vals is 671, not 672");
  EXPECT_EQ(planted(product, "B", 0, {4, 2}, 0.0), "B[4, 2].vals is 0, not 15");
  EXPECT_EQ(planted(product, "C", 0, {2, 4}, 0.0), "C[2, 4].vals is 0, not 15");
}

}  // namespace
}  // namespace mapwright::apps::testing
