// The algebra of machine spaces: bijective re-indexings of (nodes x processors of one kind).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "machine/grid.h"

namespace mapwright::machine {

inline constexpr int kMaxRank = 16;
//! Transforms from the machine to a space; more would make a lookup as long as a program likes.
inline constexpr int kMaxChain = 64;

class SpacePool;

//! An immutable machine space. It lives as long as the pool that made it; equal spaces of one pool are one
//! object.
//!
//! With D the extents of the space before and p a point of the new one, a transform says which point q it
//! denotes:
//!   factors o at d   o_0 .. o_k at d .. d+k      q[d] = p[d] + p[d+1]*o_0 + p[d+2]*o_0*o_1 + ...
//!   merge(a, b)      D[a]*D[b] at m = a < b ? a : a-1, b gone     q[a] = p[m] / D[b], q[b] = p[m] % D[b]
//!   swap(a, b)       exchanged                   exchanged
//!   slice(d, lo, hi) hi-lo+1                     p[d] + lo
//!   reverse(d)       same                        D[d] - 1 - p[d]
//! split, balance_split, auto_split and greedy_split are all "factors", with different ways to choose them.
class Space {
 public:
  ProcessorKind kind() const { return kind_; }
  int rank() const { return rank_; }
  std::int64_t extent(int d) const { return extents_[static_cast<std::size_t>(d)]; }
  std::span<const std::int64_t> extents() const { return {extents_.data(), static_cast<std::size_t>(rank_)}; }
  //! The number of processors; fits, because a pool refuses grids for which it would not.
  std::int64_t volume() const;

  //! The processor at an index that is inside the extents.
  Processor locate(const std::int64_t* index) const;
  //! The index of a processor; nothing where a slice has cut it away or the machine does not have it.
  std::optional<std::array<std::int64_t, kMaxRank>> index_of(Processor processor) const;

 private:
  friend class SpacePool;
  enum class Transform : std::uint8_t { machine, factors, merge, swap, slice, reverse };

  void undo(std::int64_t* index) const;
  bool redo(std::int64_t* index) const;
  void find_strides();

  const Space* before_ = nullptr;
  Transform transform_ = Transform::machine;
  ProcessorKind kind_ = ProcessorKind::cpu;
  int rank_ = 0;
  int length_ = 1;  // of the chain of transforms
  int a_ = 0;       // the dimensions or bounds of the transform
  int b_ = 0;
  std::int64_t low_ = 0;
  std::array<std::int64_t, kMaxRank> extents_{};

  // All but merge are affine, and so is any chain of them: processor = origin + sum strides[d] * index[d].
  bool affine_ = true;
  Processor origin_;
  std::array<Processor, kMaxRank> strides_{};
};

//! Makes spaces. Not for several threads at once.
//! Every function returns null where the result would have more than kMaxRank dimensions or kMaxChain
//! transforms, or the pool would hold more than kMaxSpaces. Dimensions and factors must be valid: callers
//! check, and say what is wrong.
class SpacePool {
 public:
  static constexpr std::size_t kMaxSpaces = 1 << 16;

  const Space* machine(const Grid& grid, ProcessorKind kind);
  //! The product of the factors is the extent of d.
  const Space* factor(const Space* space, int d, std::span<const std::int64_t> factors);
  const Space* merge(const Space* space, int a, int b);
  const Space* swap(const Space* space, int a, int b);
  const Space* slice(const Space* space, int d, std::int64_t low, std::int64_t high);
  const Space* reverse(const Space* space, int d);

  //! factor() with factors that a rule chooses from its parameters (factor.h): the number of parts for
  //! `balanced`, one weight per part for the others. Remembers them. `cost` grows by the work that choosing
  //! took, in comparisons; `too_many` is set where the factors could not be compared.
  enum class SplitRule : std::uint8_t { balanced, greedy, cheapest };
  const Space* split(const Space* space, int d, SplitRule rule, std::span<const std::int64_t> parameters,
                     std::int64_t* cost, bool* too_many);

  std::size_t size() const { return spaces_.size(); }
  //! Forgets all spaces: pointers to them die.
  void clear();

 private:
  // Everything that tells one space from another, as numbers.
  using Key = std::vector<std::int64_t>;
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::span<const std::int64_t> key) const;
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(std::span<const std::int64_t> a, std::span<const std::int64_t> b) const;
  };
  using Table = std::unordered_map<Key, const Space*, KeyHash, KeyEqual>;

  const Space* find(std::span<const std::int64_t> key) const;
  const Space* keep(std::span<const std::int64_t> key, Space space);
  const Space* extend(const Space* space, Space next, std::span<const std::int64_t> key);

  std::vector<std::unique_ptr<const Space>> spaces_;
  Table table_;
};

}  // namespace mapwright::machine
