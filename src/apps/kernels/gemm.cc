// The kernels of the six matrix products. Blocks are multiplied by OpenBLAS.
#include "apps/kernels/gemm.h"

#include <cblas.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "apps/kernels/lines.h"
#include "apps/kernels/table.h"
#include "base/bug.h"

namespace mapwright::apps {
namespace {

using program::Box;
using program::Call;
using program::FieldView;

constexpr std::int64_t kBytes = sizeof(double);
constexpr std::array<std::string_view, 3> kNames = {"A", "B", "C"};

void fill(const Call& call) {
  if (call.empty(0)) return;
  const Box& box = call.piece(0);
  const Filling& with = filling(call, 0);
  const auto to = call.view<double>(0, 0);
  const auto columns = [&](std::int64_t i) {
    for (std::int64_t j = box.lo[1]; j <= box.hi[1]; ++j) to(i, j) = with.at(i, j);
  };
  const auto rows = [&](std::int64_t j) {
    for (std::int64_t i = box.lo[0]; i <= box.hi[0]; ++i) to(i, j) = with.at(i, j);
  };
  // Along what is contiguous.
  if (to.dense(1)) {
    for (std::int64_t i = box.lo[0]; i <= box.hi[0]; ++i) columns(i);
  } else {
    for (std::int64_t j = box.lo[1]; j <= box.hi[1]; ++j) rows(j);
  }
}

// A block of a matrix in memory.
struct Block {
  Block(const Call& call, std::size_t requirement) {
    const Box& box = call.piece(requirement);
    const FieldView view = call.field(requirement, 0);
    first = reinterpret_cast<double*>(view.origin + offset_of(view, box.lo[0], box.lo[1]));
    rows = box.extent(0);
    columns = box.extent(1);
    down = view.strides[0];
    across = view.strides[1];
  }

  double& at(std::int64_t i, std::int64_t j) const {
    return *reinterpret_cast<double*>(reinterpret_cast<std::byte*>(first) + i * down + j * across);
  }
  // From one row, or column, to the next as BLAS has it, in elements; 0 where it has none.
  int leading(CBLAS_ORDER order) const {
    return order == CblasRowMajor ? leading(rows, down, columns, across)
                                  : leading(columns, across, rows, down);
  }

  double* first;
  std::int64_t rows, columns;
  std::int64_t down, across;  // bytes to the next row, and to the next column

 private:
  static int leading(std::int64_t lines, std::int64_t next_line, std::int64_t length, std::int64_t next) {
    if (length > 1 && next != kBytes) return 0;
    const std::int64_t step = lines > 1 ? next_line / kBytes : length;
    const bool whole = lines == 1 || next_line % kBytes == 0;
    return whole && length <= step && step <= std::numeric_limits<int>::max() ? static_cast<int>(step) : 0;
  }
};

// An operand of BLAS, where it may be transposed.
struct Operand {
  CBLAS_TRANSPOSE transpose = CblasNoTrans;
  int leading = 0;
};
Operand operand(const Block& block, CBLAS_ORDER order) {
  if (const int leading = block.leading(order); leading > 0) return {CblasNoTrans, leading};
  return {CblasTrans, block.leading(order == CblasRowMajor ? CblasColMajor : CblasRowMajor)};
}

// Whether BLAS could do it.
bool multiply(const Block& a, const Block& b, const Block& c, CBLAS_ORDER order) {
  const int result = a.leading(order);
  const Operand left = operand(b, order);
  const Operand right = operand(c, order);
  if (result == 0 || left.leading == 0 || right.leading == 0) return false;
  cblas_dgemm(order, left.transpose, right.transpose, static_cast<int>(a.rows), static_cast<int>(a.columns),
              static_cast<int>(b.columns), 1, b.first, left.leading, c.first, right.leading, 1, a.first,
              result);
  return true;
}

// A += B * C, whether A is updated or is a sum.
void product(const Call& call) {
  if (call.empty(0) || call.empty(1) || call.empty(2)) return;
  const Block a(call, 0);
  const Block b(call, 1);
  const Block c(call, 2);
  if (multiply(a, b, c, CblasRowMajor) || multiply(a, b, c, CblasColMajor)) return;
  for (std::int64_t i = 0; i < a.rows; ++i) {
    for (std::int64_t k = 0; k < b.columns; ++k) {
      const double factor = b.at(i, k);
      for (std::int64_t j = 0; j < a.columns; ++j) a.at(i, j) += factor * c.at(k, j);
    }
  }
}

// What one product adds to A is a row of numbers by a column of them, times this.
double inner_sum(std::int64_t n) {
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += kFillings[1].at(0, k) * kFillings[2].at(k, 0);
  return sum;
}

std::vector<program::Expectation> expectations(const program::Program& program, double products) {
  std::vector<program::Expectation> list;
  for (std::size_t m = 0; m < kNames.size(); ++m) {
    program::Expectation& e = list.emplace_back();
    e.region = region_of(program, kNames[m]);
    e.where = {program.regions[e.region].elements};
    e.value = [m, products](const lang::Point& p) {
      if (m > 0) return kFillings[m].at(p[0], p[1]);
      return products * kFillings[1].at(p[0], 0) * kFillings[2].at(0, p[1]);
    };
  }
  return list;
}

bool has(const program::Program& program, std::string_view task) {
  return std::ranges::find(program.tasks, task, &program::Task::name) != program.tasks.end();
}

}  // namespace

const Filling& filling(const Call& call, std::size_t requirement) {
  const program::Program& program = call.program();
  const auto& name = program.regions[program.partitions[call.requirement(requirement).partition].region].name;
  const auto* const at = std::ranges::find(kNames, name);
  base::expects(at != kNames.end(), "a product has the matrices A, B and C");
  return kFillings[static_cast<std::size_t>(at - kNames.begin())];
}

std::unique_ptr<Table> gemm_kernels(const program::Program& program) {
  // Processors of a mapper are the only parallelism: each multiplies on one core. Once, because OpenBLAS may
  // be at work for other programs.
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
  auto table = std::make_unique<Table>(program);
  program::Kernel kernel;
  kernel.run = [](Call&) {};
  kernel.device = nothing_on_device();
  for (const char* name : {"init_cublas", "taco_validate"}) {
    if (has(program, name)) table->add(name, kernel);
  }
  // Placing a matrix fills it where nothing else does.
  kernel.run = [](Call& call) {
    if (call.requirement(0).privilege == program::Privilege::write) fill(call);
  };
  kernel.device = fill_on_device();
  for (const char* name : {"taco_fill", "task_1", "task_2", "task_3"}) {
    if (has(program, name)) table->add(name, kernel);
  }
  kernel.run = product;
  kernel.device = product_on_device();
  table->add("task_4", kernel);
  const double sum = inner_sum(static_cast<std::int64_t>(parameter(program, "n")));
  table->expect([&program, sum](std::int64_t iterations) {
    return expectations(program, sum * static_cast<double>(iterations));
  });
  return table;
}

}  // namespace mapwright::apps
