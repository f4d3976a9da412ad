// What an application is made from: the machine's size, the user's parameters, and what fits into the
// memories.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "apps/apps.h"
#include "apps/diagnostics.h"

namespace mapwright::apps {

//! Diagnostics of applications have no text to point at.
base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message, std::string note = "");

//! Two factors of n >= 1, the larger first, as near to one another as they can be.
struct Factors {
  std::int64_t larger = 1;
  std::int64_t smaller = 1;
};
Factors squarest(std::int64_t n);

//! What a program takes of a machine under its expert mapper, in bytes.
struct Footprint {
  double framebuffer = 0;  //!< of the fullest GPU
  double system = 0;       //!< of a node's SYSMEM: what set-up on CPUs leaves there
};

class Setup {
 public:
  //! The options were checked: they have a machine with GPUs, and parameters of this application in their
  //! ranges.
  Setup(const App& app, const Options& options);

  const App& app() const { return app_; }
  std::int64_t nodes() const { return options_.nodes; }
  std::int64_t gpus_per_node() const { return gpus_; }
  std::int64_t gpus() const { return gpus_ * options_.nodes; }
  bool paper() const { return options_.size == Size::paper; }

  bool stated(std::string_view parameter) const { return options_.set.contains(parameter); }
  //! What the user states, else `usual`, which is a problem where it is out of range. Records it.
  std::int64_t value(std::string_view parameter, std::int64_t usual);

  //! The largest size of at most `usual` and at least `least`, in steps of `step` from zero, whose footprint
  //! fits the machine's memories; `footprint` grows with the size. What shrank is told by notes(), and that
  //! nothing fits is a problem. Where runs were published their size stays, whether it fits or not, because
  //! what comes out is compared with them.
  template <std::invocable<std::int64_t> Of>
  std::int64_t fitting(std::string_view what, std::int64_t usual, std::int64_t least, std::int64_t step,
                       Of footprint) {
    if (published() || fits(footprint(usual))) return usual;
    std::int64_t low = (least + step - 1) / step;
    std::int64_t high = usual / step;
    if (!fits(footprint(low * step))) {
      too_little(footprint(low * step));
      return usual;
    }
    while (low < high) {
      const std::int64_t middle = (low + high + 1) / 2;
      fits(footprint(middle * step)) ? low = middle : high = middle - 1;
    }
    shrunk(what, usual, low * step, footprint(usual));
    return low * step;
  }

  void report(base::Diagnostic d) { problems_.add(std::move(d)); }
  //! A problem where there are too many of something for a program: elements of a region, points of all
  //! launches.
  void at_most(double limit, double number, std::string_view what);

  const base::Diagnostics& problems() const { return problems_; }
  const std::map<std::string, std::int64_t, std::less<>>& values() const { return values_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  bool published() const;
  bool fits(const Footprint& f) const;
  void shrunk(std::string_view what, std::int64_t usual, std::int64_t size, const Footprint& f);
  void too_little(const Footprint& f);

  const App& app_;
  const Options& options_;
  std::int64_t gpus_;
  base::Diagnostics problems_;
  std::map<std::string, std::int64_t, std::less<>> values_;
  std::vector<std::string> notes_;
};

}  // namespace mapwright::apps
