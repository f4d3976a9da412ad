// What the six matrix products A = B * C have in common: matrices of doubles cut into blocks, tasks that fill
// and place them, the product of two blocks, and how its speed is told. Names and roles of the tasks from the
// generated programs of DISTAL (PLDI 2022).
#pragma once

#include <array>
#include <map>
#include <tuple>
#include <vector>

#include "apps/builder.h"
#include "apps/models.h"

namespace mapwright::apps {

enum class Matrix : std::uint8_t { a, b, c };
inline constexpr std::array kMatrices = {Matrix::a, Matrix::b, Matrix::c};

using Ranges = std::vector<Range>;
//! Parts of 0 .. n-1 in steps of ceil(n / count); the last ones may be short or empty.
Ranges blocks(std::int64_t n, std::int64_t count);
//! The longest of them.
constexpr std::int64_t block_length(std::int64_t n, std::int64_t count) {
  return (n + count - 1) / count;
}
//! The same of every range.
Ranges blocks(const Ranges& ranges, std::int64_t count);
//! Every `count` neighbours as one.
Ranges joined(const Ranges& ranges, std::int64_t count);

//! The parameters that all products have.
inline constexpr Parameter kSideOfMatrices = {"n", "rows and columns of the matrices", 1,
                                              std::int64_t{1} << 25};
inline constexpr Parameter kProducts = {"iterations", "timed products", 1, 1'000'000};

//! Rows and columns of the matrices: 20,000 on one node, elements in proportion to the nodes on others, even.
std::int64_t published_side(std::int64_t nodes);
//! The same, less where `footprint` of it does not fit; or what the user states.
template <std::invocable<std::int64_t> Of>
std::int64_t side_of_matrices(Setup& setup, Of footprint) {
  std::int64_t n = setup.paper() ? published_side(setup.nodes()) : 256;
  if (setup.paper() && !setup.stated("n")) n = setup.fitting("n", n, 2, 2, footprint);
  return setup.value("n", n);
}

class Gemm {
 public:
  //! Products are launched one by one: more of them would take gigabytes to describe.
  static constexpr double kMostLaunches = 1 << 20;

  Gemm(Setup& setup, std::int64_t n);

  Builder& builder() { return builder_; }
  std::int64_t n() const { return n_; }

  //! The blocks of a matrix, made once: piece i * columns.size() + j is in rows[i] and columns[j].
  program::PartitionId partition(Matrix matrix, const Ranges& rows, const Ranges& columns);

  //! A requirement of the only field.
  Use use(program::PartitionId blocks, program::Privilege privilege) {
    return builder_.use(blocks, privilege, "vals");
  }
  //! The operands of a product of blocks with this number of rows and columns: a kernel streams them again
  //! for each panel of its result.
  Use read_b(program::PartitionId blocks, std::int64_t columns_of_result);
  Use read_c(program::PartitionId blocks, std::int64_t rows_of_result);

  //! One point for each GPU.
  void init_cublas(std::int64_t gpus);
  //! An instance of each block where its point is mapped. The tasks do nothing with it.
  void place(Matrix matrix, const lang::Domain& domain, program::Privilege privilege,
             program::PartitionId blocks, std::vector<std::uint32_t> pieces = {});
  //! A task of all processors, which goes over the blocks.
  void pass(const char* task, const lang::Domain& domain, program::Privilege privilege,
            program::PartitionId blocks);
  //! The product of two blocks, on a GPU.
  program::TaskId product();
  //! A task that only launches others.
  program::TaskId inner(const char* name, machine::ProcessorKind kind);

  program::Program finish(std::int64_t iterations, std::int64_t warmup);

 private:
  program::TaskId known_task(const char* name, std::initializer_list<machine::ProcessorKind> kinds);

  const Setup& setup_;
  std::int64_t n_;
  Builder builder_;
  std::array<program::RegionId, 3> regions_{};
  std::map<std::tuple<Matrix, std::vector<std::int64_t>>, program::PartitionId> partitions_;
  std::map<std::string, program::TaskId, std::less<>> tasks_;
};

}  // namespace mapwright::apps
