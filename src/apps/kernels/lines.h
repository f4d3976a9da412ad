// Ways to walk along fields that are the same for every layout.
#pragma once

#include <cstring>

#include "program/kernel.h"

namespace mapwright::apps {

//! Elements of a field along one dimension, counted from the first. Where they are neighbours in memory the
//! compiler is told so, and uses vectors.
template <class T, bool kDense>
class Line {
 public:
  Line(const program::FieldView& view, std::size_t dimension, std::int64_t offset)
      : first_(view.origin + offset), stride_(view.strides[dimension]) {}

  T& operator[](std::int64_t i) const {
    if constexpr (kDense) return reinterpret_cast<T*>(first_)[i];
    return *reinterpret_cast<T*>(first_ + i * stride_);
  }

 private:
  std::byte* first_;
  std::int64_t stride_;
};

inline std::int64_t offset_of(const program::FieldView& view, std::int64_t x, std::int64_t y = 0) {
  return x * view.strides[0] + y * view.strides[1];
}

//! One element. Fields of several sizes that are interleaved without gaps are not aligned.
template <class T>
T load(const program::FieldView& view, std::int64_t x) {
  T value;
  std::memcpy(&value, view.origin + offset_of(view, x), sizeof value);
  return value;
}
template <class T>
void store(const program::FieldView& view, std::int64_t x, T value) {
  std::memcpy(view.origin + offset_of(view, x), &value, sizeof value);
}

//! The elements first .. first + count - 1, into an array and out of it.
template <class T>
void load(const program::FieldView& view, std::int64_t first, std::size_t count, T* to) {
  if (view.strides[0] == static_cast<std::int64_t>(sizeof(T))) {
    std::memcpy(to, view.origin + offset_of(view, first), count * sizeof(T));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) to[i] = load<T>(view, first + static_cast<std::int64_t>(i));
}
template <class T>
void store(const program::FieldView& view, std::int64_t first, std::size_t count, const T* from) {
  if (view.strides[0] == static_cast<std::int64_t>(sizeof(T))) {
    std::memcpy(view.origin + offset_of(view, first), from, count * sizeof(T));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) store<T>(view, first + static_cast<std::int64_t>(i), from[i]);
}

//! Time stamps count: clocks would make two runs differ.
inline void tick(const program::Call& call, std::size_t requirement, std::size_t field) {
  if (call.empty(requirement)) return;
  const program::FieldView view = call.field(requirement, field);
  const std::int64_t at = call.piece(requirement).lo[0];
  store<double>(view, at, load<double>(view, at) + 1);
}

}  // namespace mapwright::apps
