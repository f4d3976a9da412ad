#include "machine/space.h"

#include <algorithm>

#include "base/bug.h"
#include "machine/factor.h"

namespace mapwright::machine {
namespace {

using Index = std::array<std::int64_t, kMaxRank>;

// A key: which space, which transform, its numbers.
class KeyBuilder {
 public:
  KeyBuilder(const Space* space, std::int64_t transform) {
    add(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(space)));
    add(transform);
  }
  KeyBuilder& add(std::int64_t number) {
    numbers_[size_++] = number;
    return *this;
  }
  KeyBuilder& add(std::span<const std::int64_t> numbers) {
    for (const std::int64_t n : numbers) add(n);
    return *this;
  }
  std::span<const std::int64_t> get() const { return {numbers_.data(), size_}; }

 private:
  std::array<std::int64_t, kMaxRank + 8> numbers_{};
  std::size_t size_ = 0;
};

// The rules share the table with the transforms under numbers that no transform has.
constexpr std::int64_t kSplitRules = 100;

}  // namespace

std::int64_t Space::volume() const {
  std::int64_t v = 1;
  for (const std::int64_t e : extents()) v *= e;
  return v;
}

// Turns an index of this space, in place, into one of the space before.
void Space::undo(std::int64_t* index) const {
  switch (transform_) {
    case Transform::machine: return;
    case Transform::factors: {
      const int k = rank_ - before_->rank_ + 1;
      std::int64_t q = 0;
      for (int i = k - 1; i >= 0; --i) q = q * extent(a_ + i) + index[a_ + i];
      index[a_] = q;
      std::copy(index + a_ + k, index + rank_, index + a_ + 1);
      return;
    }
    case Transform::merge: {
      const int m = a_ < b_ ? a_ : a_ - 1;
      const std::int64_t p = index[m];
      const std::int64_t fast = before_->extent(b_);
      std::copy_backward(index + b_, index + rank_, index + rank_ + 1);
      index[a_] = p / fast;
      index[b_] = p % fast;
      return;
    }
    case Transform::swap: std::swap(index[a_], index[b_]); return;
    case Transform::slice: index[a_] += low_; return;
    case Transform::reverse: index[a_] = extent(a_) - 1 - index[a_]; return;
  }
}

// The way back: an index of the space before becomes one of this space; false where it has none.
bool Space::redo(std::int64_t* index) const {
  switch (transform_) {
    case Transform::machine: return true;
    case Transform::factors: {
      const int k = rank_ - before_->rank_ + 1;
      std::int64_t q = index[a_];
      std::copy_backward(index + a_ + 1, index + before_->rank_, index + rank_);
      for (int i = 0; i < k; ++i) {
        const std::int64_t o = extent(a_ + i);
        if (o == 0) return false;
        index[a_ + i] = q % o;
        q /= o;
      }
      return true;
    }
    case Transform::merge: {
      const std::int64_t p = index[a_] * before_->extent(b_) + index[b_];
      std::copy(index + b_ + 1, index + before_->rank_, index + b_);
      index[a_ < b_ ? a_ : a_ - 1] = p;
      return true;
    }
    case Transform::swap: std::swap(index[a_], index[b_]); return true;
    case Transform::slice: index[a_] -= low_; return index[a_] >= 0 && index[a_] < extent(a_);
    case Transform::reverse: index[a_] = extent(a_) - 1 - index[a_]; return true;
  }
  return false;
}

Processor Space::locate(const std::int64_t* index) const {
  if (affine_) {
    Processor p = origin_;
    for (int d = 0; d < rank_; ++d) {
      p.node += strides_[static_cast<std::size_t>(d)].node * index[d];
      p.index += strides_[static_cast<std::size_t>(d)].index * index[d];
    }
    return p;
  }
  Index at{};
  std::copy(index, index + rank_, at.begin());
  for (const Space* s = this; s->before_ != nullptr; s = s->before_) s->undo(at.data());
  return {at[0], at[1]};
}

std::optional<Index> Space::index_of(Processor processor) const {
  std::array<const Space*, kMaxChain> chain{};
  std::size_t n = 0;
  for (const Space* s = this; s != nullptr; s = s->before_) chain[n++] = s;
  const Space& machine = *chain[n - 1];
  if (processor.node < 0 || processor.node >= machine.extent(0) || processor.index < 0 ||
      processor.index >= machine.extent(1)) {
    return std::nullopt;
  }
  Index at{processor.node, processor.index};
  while (n > 0) {
    if (!chain[--n]->redo(at.data())) return std::nullopt;
  }
  return at;
}

void Space::find_strides() {
  affine_ = transform_ != Transform::merge && (before_ == nullptr || before_->affine_);
  if (!affine_) return;
  // An affine map is known from its values at zero and at the unit vectors.
  const auto value = [this](const Index& start) -> Processor {
    Index at = start;
    undo(at.data());
    return before_ == nullptr ? Processor{at[0], at[1]} : before_->locate(at.data());
  };
  origin_ = value({});
  for (int d = 0; d < rank_; ++d) {
    Index unit{};
    unit[static_cast<std::size_t>(d)] = 1;
    const Processor p = value(unit);
    strides_[static_cast<std::size_t>(d)] = {p.node - origin_.node, p.index - origin_.index};
  }
}

std::size_t SpacePool::KeyHash::operator()(std::span<const std::int64_t> key) const {
  std::uint64_t h = 0x9E3779B97F4A7C15ULL;
  for (const std::int64_t k : key) {
    h ^= static_cast<std::uint64_t>(k);
    h *= 0xBF58476D1CE4E5B9ULL;
    h ^= h >> 29;
  }
  return h;
}

bool SpacePool::KeyEqual::operator()(std::span<const std::int64_t> a, std::span<const std::int64_t> b) const {
  return std::ranges::equal(a, b);
}

const Space* SpacePool::find(std::span<const std::int64_t> key) const {
  const auto found = table_.find(key);
  return found == table_.end() ? nullptr : found->second;
}

const Space* SpacePool::keep(std::span<const std::int64_t> key, Space space) {
  if (table_.size() >= kMaxSpaces) return nullptr;
  space.find_strides();
  spaces_.push_back(std::make_unique<const Space>(space));
  table_.emplace(Key(key.begin(), key.end()), spaces_.back().get());
  return spaces_.back().get();
}

const Space* SpacePool::extend(const Space* space, Space next, std::span<const std::int64_t> key) {
  if (const Space* known = find(key)) return known;
  next.before_ = space;
  next.kind_ = space->kind_;
  next.length_ = space->length_ + 1;
  if (next.rank_ > kMaxRank || next.length_ > kMaxChain) return nullptr;
  return keep(key, next);
}

const Space* SpacePool::machine(const Grid& grid, ProcessorKind kind) {
  base::expects(grid.nodes >= 1 && grid.nodes <= Grid::kMaxNodes && grid.count(kind) >= 0 &&
                    grid.count(kind) <= Grid::kMaxProcessors,
                "the grid is within its limits");
  KeyBuilder key(nullptr, static_cast<std::int64_t>(Space::Transform::machine));
  key.add(static_cast<std::int64_t>(kind)).add(grid.nodes).add(grid.count(kind));
  if (const Space* known = find(key.get())) return known;
  Space space;
  space.kind_ = kind;
  space.rank_ = 2;
  space.extents_[0] = grid.nodes;
  space.extents_[1] = grid.count(kind);
  return keep(key.get(), space);
}

const Space* SpacePool::factor(const Space* space, int d, std::span<const std::int64_t> factors) {
  const auto k = static_cast<int>(factors.size());
  if (space->rank_ + k - 1 > kMaxRank || k == 0) return nullptr;
  Space next;
  next.transform_ = Space::Transform::factors;
  next.a_ = d;
  next.rank_ = space->rank_ + k - 1;
  auto* out = std::copy_n(space->extents_.begin(), d, next.extents_.begin());
  out = std::ranges::copy(factors, out).out;
  std::copy(space->extents_.begin() + d + 1, space->extents_.begin() + space->rank_, out);
  KeyBuilder key(space, static_cast<std::int64_t>(next.transform_));
  return extend(space, next, key.add(d).add(factors).get());
}

const Space* SpacePool::split(const Space* space, int d, SplitRule rule,
                              std::span<const std::int64_t> parameters, std::int64_t* cost, bool* too_many) {
  *too_many = false;
  const std::int64_t parts =
      rule == SplitRule::balanced ? parameters[0] : static_cast<std::int64_t>(parameters.size());
  if (parts > kMaxRank || space->rank_ + parts - 1 > kMaxRank) return nullptr;
  KeyBuilder key(space, kSplitRules + static_cast<std::int64_t>(rule));
  key.add(d).add(parameters);
  if (const Space* known = find(key.get())) return known;
  const std::int64_t extent = space->extent(d);
  Extents factors;
  switch (rule) {
    case SplitRule::balanced: factors = balanced_factors(extent, static_cast<int>(parts)); break;
    case SplitRule::greedy: factors = greedy_factors(extent, parameters); break;
    case SplitRule::cheapest: {
      const std::int64_t choices = factorisations(extent, static_cast<int>(parts));
      *cost += choices;
      *too_many = choices > kMaxFactorisations;
      if (*too_many) return nullptr;
      factors = cheapest_factors(extent, parameters);
      break;
    }
  }
  const Space* made = factor(space, d, factors);
  if (made != nullptr && table_.size() < kMaxSpaces) {
    table_.emplace(Key(key.get().begin(), key.get().end()), made);
  }
  return made;
}

void SpacePool::clear() {
  table_.clear();
  spaces_.clear();
}

const Space* SpacePool::merge(const Space* space, int a, int b) {
  Space next;
  next.transform_ = Space::Transform::merge;
  next.a_ = a;
  next.b_ = b;
  next.rank_ = space->rank_ - 1;
  next.extents_ = space->extents_;
  next.extents_[static_cast<std::size_t>(a)] *= next.extents_[static_cast<std::size_t>(b)];
  std::copy(next.extents_.begin() + b + 1, next.extents_.begin() + space->rank_, next.extents_.begin() + b);
  KeyBuilder key(space, static_cast<std::int64_t>(next.transform_));
  return extend(space, next, key.add(a).add(b).get());
}

const Space* SpacePool::swap(const Space* space, int a, int b) {
  Space next;
  next.transform_ = Space::Transform::swap;
  next.a_ = a;
  next.b_ = b;
  next.rank_ = space->rank_;
  next.extents_ = space->extents_;
  std::swap(next.extents_[static_cast<std::size_t>(a)], next.extents_[static_cast<std::size_t>(b)]);
  KeyBuilder key(space, static_cast<std::int64_t>(next.transform_));
  return extend(space, next, key.add(a).add(b).get());
}

const Space* SpacePool::slice(const Space* space, int d, std::int64_t low, std::int64_t high) {
  Space next;
  next.transform_ = Space::Transform::slice;
  next.a_ = d;
  next.low_ = low;
  next.rank_ = space->rank_;
  next.extents_ = space->extents_;
  next.extents_[static_cast<std::size_t>(d)] = high - low + 1;
  KeyBuilder key(space, static_cast<std::int64_t>(next.transform_));
  return extend(space, next, key.add(d).add(low).add(high).get());
}

const Space* SpacePool::reverse(const Space* space, int d) {
  Space next;
  next.transform_ = Space::Transform::reverse;
  next.a_ = d;
  next.rank_ = space->rank_;
  next.extents_ = space->extents_;
  KeyBuilder key(space, static_cast<std::int64_t>(next.transform_));
  return extend(space, next, key.add(d).get());
}

}  // namespace mapwright::machine
