#include "program/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bug.h"

namespace mapwright::program {
namespace {

// The futures of launches, as far as they are known.
class Run {
 public:
  Run(const Program& program, const Kernels& kernels, Store* store)
      : program_(program),
        kernels_(kernels),
        store_(*store),
        futures_(program.launches.size(), std::numeric_limits<double>::quiet_NaN()) {}

  void launches(LaunchId begin, LaunchId end) {
    for (LaunchId l = begin; l < end; ++l) launch(l);
  }

 private:
  void launch(LaunchId id) {
    const Launch& l = program_.launches[id];
    if (program_.tasks[l.task].inner) return;  // what it launches stands behind it
    const Kernel* kernel = kernels_.find(l.task);
    base::expects(kernel != nullptr, "every task of a program that is run has a kernel");
    std::vector<double> futures;
    futures.reserve(l.futures.size());
    for (const LaunchId from : l.futures) futures.push_back(futures_[from]);
    std::optional<double> all;
    for (std::int64_t position = 0; position < l.points(); ++position) {
      arguments(l, position);
      Call call(program_, id, position, arguments_, futures);
      kernel->run(call);
      if (!all) {
        all = call.given();
      } else {
        all = kernel->combine == Combine::sum ? *all + call.given() : std::min(*all, call.given());
      }
    }
    if (all) futures_[id] = *all;
  }

  void arguments(const Launch& l, std::int64_t position) {
    arguments_.clear();
    views_.clear();
    std::vector<std::size_t> begins;
    for (const Requirement& r : l.requirements) {
      const Partition& partition = program_.partitions[r.partition];
      const std::uint32_t piece = r.piece(position);
      const std::size_t boxes = partition.begins[piece + 1] - partition.begins[piece];
      base::expects(boxes <= 1, "kernels work on pieces of one box");
      Argument a;
      begins.push_back(views_.size());
      if (boxes == 1) a.piece = partition.boxes[partition.begins[piece]];
      if (boxes == 0) a.piece.hi[0] = -1;
      if (r.privilege != Privilege::none) {
        a.fields = r.fields;
        for (std::size_t f = 0; boxes == 1 && f < kMaxFields; ++f) {
          if ((r.fields >> f & 1) != 0) views_.push_back(store_.field(partition.region, f));
        }
      }
      arguments_.push_back(a);
    }
    begins.push_back(views_.size());
    for (std::size_t r = 0; r < arguments_.size(); ++r)
      arguments_[r].views = std::span(views_).subspan(begins[r], begins[r + 1] - begins[r]);
  }

  const Program& program_;
  const Kernels& kernels_;
  Store& store_;
  std::vector<double> futures_;  // of each launch
  std::vector<Argument> arguments_;
  std::vector<FieldView> views_;
};

double number_at(const FieldView& view, const lang::Point& p, Number type) {
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < 3; ++d) offset += p[d] * view.strides[d];
  const std::byte* at = view.origin + offset;
  if (type == Number::float_64) {
    double value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  float value = 0;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

}  // namespace

Store::Store(const Program& program, Order order) : program_(program), order_(order) {
  for (const Region& region : program.regions) bytes_.emplace_back(region.fields.size());
}

FieldView Store::field(RegionId region, std::size_t field) const {
  const Box& box = program_.regions[region].elements;
  const std::int64_t width = program_.regions[region].fields[field].bytes;
  std::vector<std::byte>& bytes = bytes_[region][field];
  if (bytes.empty()) {
    const std::int64_t elements = box.size(kMaxElements).value_or(kMaxElements);
    bytes.assign(static_cast<std::size_t>(elements * width), std::byte{0xFF});
  }
  FieldView view;
  view.strides = strides_of(box, width, order_);
  view.origin = bytes.data();
  for (std::size_t d = 0; d < 3; ++d) view.origin -= box.lo[d] * view.strides[d];
  return view;
}

void run_sequentially(const Program& program, const Kernels& kernels, std::int64_t iterations, Store* store) {
  Run run(program, kernels, store);
  run.launches(0, program.loop_begin);
  for (std::int64_t i = 0; i < iterations; ++i) run.launches(program.loop_begin, program.loop_end);
  run.launches(program.loop_end, static_cast<LaunchId>(program.launches.size()));
}

std::optional<std::string> first_wrong(const Program& program, const Expectation& e, const Box& box,
                                       const FieldView& is, const FieldView* expected) {
  if (box.size(1).value_or(1) == 0) return std::nullopt;
  base::expects(e.value || expected != nullptr, "there is something to compare with");
  lang::Point p = box.lo;
  do {
    const double value = number_at(is, p, e.type);
    const double right = e.value ? e.value(p) : number_at(*expected, p, e.type);
    if (std::isfinite(value) && std::abs(value - right) <= e.absolute + e.relative * std::abs(right))
      continue;
    const Region& region = program.regions[e.region];
    return fmt::format("{}[{}].{} is {}, not {}", region.name, fmt::join(box.at(p), ", "),
                       region.fields[e.field].name, value, right);
  } while (box.next(&p));
  return std::nullopt;
}

std::optional<std::string> first_wrong(const Program& program, const std::vector<Expectation>& expectations,
                                       const Store& is, const Store* expected) {
  for (const Expectation& e : expectations) {
    const FieldView right = expected == nullptr ? FieldView() : expected->field(e.region, e.field);
    for (const Box& box : e.where) {
      auto wrong = first_wrong(program, e, box, is.field(e.region, e.field), &right);
      if (wrong) return wrong;
    }
  }
  return std::nullopt;
}

}  // namespace mapwright::program
