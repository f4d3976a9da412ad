#include "rank/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/bug.h"
#include "program/sequential.h"

namespace mapwright::rank {
namespace {

using program::Box;
using program::Expectation;

std::optional<Box> common(const Box& a, const Box& b) {
  Box box = a;
  for (int d = 0; d < a.rank; ++d) {
    const auto i = static_cast<std::size_t>(d);
    box.lo[i] = std::max(a.lo[i], b.lo[i]);
    box.hi[i] = std::min(a.hi[i], b.hi[i]);
    if (box.hi[i] < box.lo[i]) return std::nullopt;
  }
  return box;
}

std::int64_t elements(const Box& box) {
  return box.size(program::kMaxElements).value_or(program::kMaxElements);
}

class Verifier {
 public:
  Verifier(const plan::Plan& plan, const program::Kernels& kernels, const Executor& executor, Peers* peers)
      : plan_(plan),
        program_(*plan.program),
        kernels_(kernels),
        executor_(executor),
        peers_(*peers),
        shapes_(executor.shapes()),
        iterations_(static_cast<std::int64_t>(plan.iteration_begins.size()) - 1),
        expectations_(kernels.expectations(iterations_)) {}

  Verdict run() {
    Verdict verdict;
    const bool reference = std::ranges::any_of(expectations_, [](const Expectation& e) { return !e.value; });
    // What this process knows: what is wrong, and the bytes of what has no closed form.
    std::string bytes;
    for (const Expectation& e : expectations_) {
      std::int64_t expected = 0;
      for (const Box& box : e.where) expected += elements(box);
      std::int64_t here = 0;
      for_each_part(e, [&](plan::InstanceId instance, int rank, const Box& box) {
        here += elements(box);
        if (rank != peers_.rank()) return;
        const program::FieldView view = view_of_instance(instance, e.field);
        if (!e.value) return append(view, box, width(e), &bytes);
        if (!verdict.wrong) verdict.wrong = program::first_wrong(program_, e, box, view, nullptr);
      });
      verdict.checked += here;
      if (here != expected && !verdict.wrong)
        verdict.wrong =
            fmt::format("{} of {} elements of {}.{} are nowhere", expected - here, expected,
                        program_.regions[e.region].name, program_.regions[e.region].fields[e.field].name);
    }
    for (const std::string& other : peers_.gather(verdict.wrong.value_or(""))) {
      if (!other.empty() && !verdict.wrong) verdict.wrong = other;
    }
    const std::vector<std::string> all = peers_.gather(bytes);
    if (reference && !verdict.wrong && peers_.rank() == 0) verdict.wrong = compare(all);
    return verdict;
  }

 private:
  static std::int64_t width(const Expectation& e) { return e.type == program::Number::float_32 ? 4 : 8; }

  // Every box of elements that an expectation looks at, and where it is.
  template <class Visit>
  void for_each_part(const Expectation& e, Visit&& visit) const {
    const program::RegionAtoms& region = plan_.atoms->region(e.region);
    for (const plan::CellIn& home : plan_.homes) {
      const plan::Instance& instance = plan_.instances[home.instance];
      if (instance.region != e.region || (region.groups[home.group] >> e.field & 1) == 0) continue;
      const auto rank = static_cast<int>(plan_.site->memories()[instance.memory].node);
      for (const Box& atom : shapes_.of(e.region, home.atom)) {
        for (const Box& where : e.where) {
          if (const auto box = common(atom, where)) visit(home.instance, rank, *box);
        }
      }
    }
  }

  program::FieldView view_of_instance(plan::InstanceId instance, std::size_t field) const {
    Buffer* buffer = executor_.buffer(instance);
    base::expects(buffer != nullptr, "what holds values in the end is there");
    return view_of(buffer->geometry().field(field), buffer->data());
  }

  template <class Visit>
  static void for_each_element(const program::FieldView& view, const Box& box, Visit&& visit) {
    lang::Point p = box.lo;
    do {
      std::byte* at = view.origin;
      for (std::size_t d = 0; d < 3; ++d) at += p[d] * view.strides[d];
      visit(at);
    } while (box.next(&p));
  }

  static void append(const program::FieldView& view, const Box& box, std::int64_t width, std::string* bytes) {
    for_each_element(view, box, [&](const std::byte* at) {
      bytes->append(reinterpret_cast<const char*>(at), static_cast<std::size_t>(width));
    });
  }

  std::optional<std::string> compare(const std::vector<std::string>& all) const {
    program::Store is(program_);
    std::vector<std::size_t> next(all.size());
    for (const Expectation& e : expectations_) {
      if (e.value) continue;
      for_each_part(e, [&](plan::InstanceId, int rank, const Box& box) {
        const auto from = static_cast<std::size_t>(rank);
        for_each_element(is.field(e.region, e.field), box, [&](std::byte* at) {
          std::memcpy(at, all[from].data() + next[from], static_cast<std::size_t>(width(e)));
          next[from] += static_cast<std::size_t>(width(e));
        });
      });
    }
    program::Store right(program_);
    program::run_sequentially(program_, kernels_, iterations_, &right);
    std::vector<Expectation> open;
    std::ranges::copy_if(expectations_, std::back_inserter(open),
                         [](const Expectation& e) { return !e.value; });
    return program::first_wrong(program_, open, is, &right);
  }

  const plan::Plan& plan_;
  const program::Program& program_;
  const program::Kernels& kernels_;
  const Executor& executor_;
  Peers& peers_;
  const Shapes& shapes_;
  std::int64_t iterations_;
  std::vector<Expectation> expectations_;
};

}  // namespace

Verdict verify(const plan::Plan& plan, const program::Kernels& kernels, const Executor& executor,
               Peers* peers) {
  return Verifier(plan, kernels, executor, peers).run();
}

}  // namespace mapwright::rank
