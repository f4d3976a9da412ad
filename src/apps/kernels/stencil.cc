// The kernels of stencil, for the weights of the Parallel Research Kernels: 1 / (2 k r) for the neighbours k
// steps ahead, minus that for those behind.
//
// The input begins as a ramp over the coordinates of the grid, so that halos in the wrong place show: its
// slope, 1 along x and 1 along y, adds 2 to the output in every step, and that every step adds 1 to the whole
// input changes nothing about it. The weights are powers of two: all of this is exact.
#include "apps/kernels/stencil.h"

#include "apps/kernels/lines.h"
#include "apps/kernels/table.h"
#include "base/bug.h"

namespace mapwright::apps {
namespace {

using program::Box;
using program::Call;
using program::FieldView;
using program::View;

constexpr std::int64_t kRadius = kStencilRadius;
constexpr double kOutputOfStep = 2;

struct Position {
  std::int64_t x, y;
};

// The part of 0 .. extent-1 that an element is in.
std::int64_t part_of(std::int64_t x, std::int64_t extent, std::int64_t parts) {
  return ((x + 1) * parts - 1) / extent;
}

// Where stored elements are in the grid.
class Places {
 public:
  explicit Places(const program::Program& program) : init_(parameter(program, "init")) {
    const auto whole = [&](const char* name) { return static_cast<std::int64_t>(parameter(program, name)); };
    sizes_ = {whole("nx"), whole("ny"), whole("ntx"), whole("nty")};
  }

  // Tiles before it have halos on both of their sides.
  Position of_point(std::int64_t x, std::int64_t y) const {
    const Position tile = tile_of(x, y);
    return {x - 2 * kRadius * tile.x, y - 2 * kRadius * tile.y};
  }
  // Slots of `xm` and `ym` hold the last points inside of the tile that passes them on, those of `xp` and
  // `yp` the first.
  Position of_slot(std::size_t side, std::int64_t x, std::int64_t y) const {
    if (side < 2) return {along(side, x, sizes_.inner_x(), sizes_.ntx), y + kRadius};
    return {x + kRadius, along(side - 2, y, sizes_.inner_y(), sizes_.nty)};
  }
  bool inside_tile(std::int64_t x, std::int64_t y) const {
    const Position tile = tile_of(x, y);
    return inside(x, part(sizes_.stored_x(), tile.x, sizes_.ntx)) &&
           inside(y, part(sizes_.stored_y(), tile.y, sizes_.nty));
  }

  double init() const { return init_; }
  double input(Position p) const { return init_ + static_cast<double>(p.x + p.y); }

 private:
  Position tile_of(std::int64_t x, std::int64_t y) const {
    return {part_of(x, sizes_.stored_x(), sizes_.ntx), part_of(y, sizes_.stored_y(), sizes_.nty)};
  }
  static bool inside(std::int64_t x, Range tile) {
    return tile.begin + kRadius <= x && x < tile.end - kRadius;
  }
  static std::int64_t along(std::size_t high, std::int64_t slot, std::int64_t inner, std::int64_t parts) {
    const Range tile = part(inner, slot / kRadius, parts);
    return (high == 0 ? tile.end : tile.begin + kRadius) + slot % kRadius;
  }

  StencilSizes sizes_{};
  double init_ = 0;
};

// Requirements: the tile, times, the tile's own slots.
void fill(const Call& call, const Places& places) {
  const Box& tile = call.piece(0);
  const auto input = call.view<double>(0, kInput);
  const auto output = call.view<double>(0, kOutput);
  for (std::int64_t y = tile.lo[1]; y <= tile.hi[1]; ++y) {
    for (std::int64_t x = tile.lo[0]; x <= tile.hi[0]; ++x) {
      input(x, y) = places.input(places.of_point(x, y));
      output(x, y) = places.init();
    }
  }
  for (const std::size_t field : {0U, 1U}) store(call.field(1, field), call.piece(1).lo[0], 0.0);
  for (std::size_t side = 0; side < 4; ++side) {
    if (call.empty(2 + side)) continue;
    const Box& slot = call.piece(2 + side);
    const auto halo = call.view<double>(2 + side, kInput);
    for (std::int64_t y = slot.lo[1]; y <= slot.hi[1]; ++y) {
      for (std::int64_t x = slot.lo[0]; x <= slot.hi[0]; ++x)
        halo(x, y) = places.input(places.of_slot(side, x, y));
    }
  }
}

// What a neighbour passes on, to the side of the tile where it belongs.
void copy_halo(const Call& call, std::size_t side) {
  const std::size_t r = 2 + side;
  if (call.empty(r)) return;
  const Box& slot = call.piece(r);
  const Box& tile = call.piece(0);
  const auto from = call.view<double>(r, kInput);
  const auto to = call.view<double>(0, kInput);
  const std::int64_t low = side % 2 == 0 ? 0 : 1;  // the side of x, or of y
  const std::int64_t x = side >= 2 ? tile.lo[0] + kRadius : low == 0 ? tile.lo[0] : tile.hi[0] + 1 - kRadius;
  const std::int64_t y = side < 2 ? tile.lo[1] + kRadius : low == 0 ? tile.lo[1] : tile.hi[1] + 1 - kRadius;
  for (std::int64_t j = 0; j < slot.extent(1); ++j) {
    for (std::int64_t i = 0; i < slot.extent(0); ++i) to(x + i, y + j) = from(slot.lo[0] + i, slot.lo[1] + j);
  }
}

template <bool kDense>
void star(const Box& box, const FieldView& input, const FieldView& output) {
  constexpr double kNear = 1.0 / (2.0 * 1 * kRadius);
  constexpr double kFar = 1.0 / (2.0 * 2 * kRadius);
  const std::int64_t length = box.extent(0);
  for (std::int64_t y = box.lo[1]; y <= box.hi[1]; ++y) {
    const auto row = [&](std::int64_t at) {
      return Line<const double, kDense>(input, 0, offset_of(input, box.lo[0], at));
    };
    const auto low_far = row(y - 2);
    const auto low_near = row(y - 1);
    const auto here = row(y);
    const auto high_near = row(y + 1);
    const auto high_far = row(y + 2);
    const Line<double, kDense> out(output, 0, offset_of(output, box.lo[0], y));
    for (std::int64_t i = 0; i < length; ++i) {
      const double near = (here[i + 1] - here[i - 1]) + (high_near[i] - low_near[i]);
      const double far = (here[i + 2] - here[i - 2]) + (high_far[i] - low_far[i]);
      out[i] += kNear * near + kFar * far;
    }
  }
}

bool dense(const FieldView& view) {
  return View<double>(view).dense(0);
}

// Requirements: the tile, its inside, slots of the neighbours, times.
void stencil(const Call& call) {
  for (std::size_t side = 0; side < 4; ++side) copy_halo(call, side);
  const FieldView input = call.field(0, kInput);
  const FieldView output = call.field(0, kOutput);
  const Box& inside = call.piece(1);
  if (inside.extent(0) > 0)
    dense(input) && dense(output) ? star<true>(inside, input, output) : star<false>(inside, input, output);
  tick(call, 6, 0);
}

template <bool kDense>
void add_one(const Box& box, const FieldView& view) {
  const std::int64_t length = box.extent(0);
  for (std::int64_t y = box.lo[1]; y <= box.hi[1]; ++y) {
    const Line<double, kDense> row(view, 0, offset_of(view, box.lo[0], y));
    for (std::int64_t i = 0; i < length; ++i) row[i] += 1;
  }
}

// Requirements: the tile, the tile without what neighbours pass on, its own slots, times.
void increment(const Call& call) {
  for (const std::size_t r : {0U, 2U, 3U, 4U, 5U}) {
    if (call.empty(r)) continue;
    const Box& box = call.piece(r == 0 ? 1 : r);
    const FieldView view = call.field(r, kInput);
    if (box.extent(0) > 0) dense(view) ? add_one<true>(box, view) : add_one<false>(box, view);
  }
  tick(call, 6, 1);
}

std::vector<program::Expectation> expectations(const program::Program& program, const Places& places,
                                               std::int64_t iterations) {
  const auto steps = static_cast<double>(iterations);
  std::vector<program::Expectation> list;
  const auto expect = [&](const char* name, std::size_t field,
                          std::function<double(const lang::Point&)> value) {
    const program::Partition& pieces = program.partitions[partition_of(program, name)];
    program::Expectation& e = list.emplace_back();
    e.region = pieces.region;
    e.field = field;
    e.where = pieces.boxes;
    e.value = std::move(value);
  };
  expect("exterior", kInput,
         [places, steps](const lang::Point& p) { return places.input(places.of_point(p[0], p[1])) + steps; });
  expect("private", kOutput, [places, steps](const lang::Point& p) {
    return places.init() + (places.inside_tile(p[0], p[1]) ? kOutputOfStep * steps : 0);
  });
  constexpr std::array kSlots = {"pxm_out", "pxp_out", "pym_out", "pyp_out"};
  for (std::size_t side = 0; side < kSlots.size(); ++side) {
    expect(kSlots[side], kInput, [places, steps, side](const lang::Point& p) {
      return places.input(places.of_slot(side, p[0], p[1])) + steps;
    });
  }
  for (const std::size_t field : {0U, 1U})
    expect("p_times", field, [steps](const lang::Point&) { return steps; });
  return list;
}

}  // namespace

std::unique_ptr<Table> stencil_kernels(const program::Program& program) {
  auto table = std::make_unique<Table>(program);
  const Places places(program);
  program::Kernel kernel;
  kernel.run = [places](Call& call) { fill(call, places); };
  table->add("fill", kernel);
  for (const char* name : {"check", "get_elapsed", "print_time"}) table->add_empty(name);
  kernel.run = stencil;
  kernel.device = stencil_on_device();
  table->add("stencil", kernel);
  kernel.run = increment;
  kernel.device = increment_on_device();
  table->add("increment", kernel);
  table->expect(
      [&program, places](std::int64_t iterations) { return expectations(program, places, iterations); });
  return table;
}

}  // namespace mapwright::apps
