// The two halves of validate(): what can be read off one thing after the other, and what takes the pieces'
// elements.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "program/program.h"

namespace mapwright::program {

//! "launches[2].requirements[0].pieces[7]": up to four names, each with an index or none. Cheap until it is
//! written out: millions of things are fine for each that is not.
class Path {
 public:
  static constexpr std::size_t kNoIndex = ~std::size_t{0};

  explicit Path(std::string_view name, std::size_t index = kNoIndex) { add(name, index); }
  //! Something inside of what this is.
  Path in(std::string_view name, std::size_t index = kNoIndex) const {
    Path inner = *this;
    inner.add(name, index);
    return inner;
  }
  //! One of several of what this is.
  Path at(std::size_t index) const {
    Path one = *this;
    one.parts_[size_ - 1].second = index;
    return one;
  }
  std::string text() const;

 private:
  void add(std::string_view name, std::size_t index) { parts_[size_++] = {name, index}; }

  std::array<std::pair<std::string_view, std::size_t>, 4> parts_{};
  std::size_t size_ = 0;
};

//! Reports problems by path.
class Findings {
 public:
  explicit Findings(const Text* text) : text_(text) {}

  void add(const base::DiagnosticKind& kind, const Path& path, std::string message, std::string note = {});
  bool empty() const { return found_.empty(); }
  bool full() const { return found_.full(); }
  //! By place.
  base::Diagnostics take();

 private:
  const Text* text_;
  base::Diagnostics found_;
};

//! "launch 3 (`stencil`)".
std::string call(const Program& program, std::size_t launch);

//! Sizes, names, ids, the tree of launches.
void check_structure(const Program& program, Findings* found);

//! Pieces that overlap, requirements that conflict. Of a program that passed check_structure.
void check_accesses(const Program& program, Findings* found);

}  // namespace mapwright::program
