// The two halves of validate(): what can be read off one thing after the other, and what takes the pieces'
// elements.
#pragma once

#include <string>
#include <string_view>

#include "program/program.h"

namespace mapwright::program {

//! Reports problems by path.
class Findings {
 public:
  explicit Findings(const Text* text) : text_(text) {}

  void add(const base::DiagnosticKind& kind, std::string_view path, std::string message,
           std::string note = {});
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
