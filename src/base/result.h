// A value, or the problems that prevented it.
#pragma once

#include <utility>
#include <variant>

#include "base/bug.h"
#include "base/diagnostic.h"

namespace mapwright::base {

template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return problem;` are what a Result is for
  Result(T value) : state_(std::move(value)) {}
  Result(Diagnostic problem) {
    Diagnostics list;
    list.add(std::move(problem));
    state_ = std::move(list);
  }
  Result(Diagnostics problems) : state_(std::move(problems)) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  const T* operator->() const { return &value(); }

  const Diagnostics& problems() const {
    expects(!ok(), "problems() of a result that has none");
    return std::get<Diagnostics>(state_);
  }

 private:
  const T& value() const {
    expects(ok(), "value of a failed result");
    return std::get<T>(state_);
  }
  T& value() {
    expects(ok(), "value of a failed result");
    return std::get<T>(state_);
  }

  std::variant<Diagnostics, T> state_;
};

}  // namespace mapwright::base
