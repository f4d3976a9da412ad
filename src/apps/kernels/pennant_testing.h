// What the tests of pennant's kernels run: the program launch by launch, on whole regions or on instances
// whose surroundings are watched.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "apps/kernels/pennant_strip.h"
#include "apps/testing.h"
#include "program/sequential.h"

namespace mapwright::apps::hydro::testing {

using apps::testing::machine_named;
using apps::testing::made;
using program::FieldView;
using program::LaunchId;
using program::Privilege;
using program::Program;
using program::Store;

enum class Layout : std::uint8_t {
  store,        // the arrays of the whole regions
  arrays,       // of each requirement, an instance with an array for each field
  interleaved,  // of each requirement, an instance with all fields of an element together
};

// What a requirement's point works on, between bytes that nobody may touch.
class Instance {
 public:
  Instance(const Program& program, const program::Requirement& requirement, std::int64_t position,
           Layout layout)
      : requirement_(requirement), partition_(program.partitions[requirement.partition]) {
    const program::Region& region = program.regions[partition_.region];
    const std::uint32_t piece = requirement.piece(position);
    box_.hi[0] = -1;
    if (partition_.begins[piece + 1] == partition_.begins[piece]) return;
    box_ = partition_.boxes[partition_.begins[piece]];
    if (layout == Layout::store) return;
    const auto n = static_cast<std::size_t>(box_.extent(0));
    for (std::size_t f = 0; f < region.fields.size(); ++f) {
      if ((requirement.fields >> f & 1) != 0) fields_.push_back({f, region.fields[f].bytes, {}});
    }
    const std::size_t slot = 8 * fields_.size();
    bytes_.assign((n + 2 * kPad) * slot, fill());
    std::size_t i = 0;
    for (Part& part : fields_) {
      const bool mixed = layout == Layout::interleaved;
      part.view.strides[0] = mixed ? static_cast<std::int64_t>(slot) : part.bytes;
      std::byte* first = bytes_.data() + (mixed ? kPad * slot + 8 * i : 8 * (n + 2 * kPad) * i + 8 * kPad);
      part.view.origin = first - box_.lo[0] * part.view.strides[0];
      ++i;
    }
  }

  void load(const Store& store) {
    const Privilege p = requirement_.privilege;
    each([&](const Part& part, std::byte* here, std::int64_t x) {
      if (p == Privilege::read || p == Privilege::read_write) {
        std::memcpy(here, there(store, part, x), static_cast<std::size_t>(part.bytes));
      } else if (p == Privilege::reduce) {
        std::memset(here, 0, static_cast<std::size_t>(part.bytes));
      }
    });
    before_ = bytes_;
  }
  // Says what is wrong, if anything is.
  std::string save(const Store& store) {
    const Privilege p = requirement_.privilege;
    if (p == Privilege::read) return bytes_ == before_ ? "" : "what is read was written";
    std::string wrong;
    const auto filled = [this](std::byte b) { return b == fill(); };
    each([&](const Part& part, std::byte* here, std::int64_t x) {
      const auto size = static_cast<std::size_t>(part.bytes);
      std::byte* to = there(store, part, x);
      const bool untouched = std::all_of(here, here + size, filled);
      if (untouched) wrong = "an element was not written";
      if (p == Privilege::reduce) {
        *reinterpret_cast<double*>(to) += *reinterpret_cast<double*>(here);
      } else {
        std::memcpy(to, here, size);
      }
      std::memset(here, std::to_integer<int>(fill()), size);
    });
    const bool clean = std::ranges::all_of(bytes_, filled);
    return !wrong.empty() || clean ? wrong : "something beside the elements was written";
  }

  const program::Box& box() const { return box_; }
  std::vector<FieldView> views() const {
    std::vector<FieldView> list;
    for (const Part& part : fields_) list.push_back(part.view);
    return list;
  }

 private:
  static constexpr std::size_t kPad = 4;  // elements

  // What nobody may read is no number. Copied to where nobody may write, it shows there as well.
  std::byte fill() const {
    return requirement_.privilege == Privilege::read ? std::byte{0xFF} : std::byte{0x7F};
  }

  struct Part {
    std::size_t field;
    std::int64_t bytes;
    FieldView view;
  };

  template <class Function>
  void each(Function function) {
    for (const Part& part : fields_) {
      for (std::int64_t x = box_.lo[0]; x <= box_.hi[0]; ++x)
        function(part, part.view.origin + x * part.view.strides[0], x);
    }
  }
  std::byte* there(const Store& store, const Part& part, std::int64_t x) const {
    const FieldView view = store.field(partition_.region, part.field);
    return view.origin + x * view.strides[0];
  }

  const program::Requirement& requirement_;
  const program::Partition& partition_;
  program::Box box_;
  std::vector<Part> fields_;
  std::vector<std::byte> bytes_, before_;
};

// A program, its data, and launches one by one.
class Tube {
 public:
  explicit Tube(std::int64_t nzx, std::int64_t nzy, std::int64_t nodes = 1, Layout layout = Layout::store,
                const Problem& problem = {})
      : machine_(machine_named("p100x4")),
        program_(made("pennant", machine_, nodes, {{"nzx", nzx}, {"nzy", nzy}}, Size::test)),
        kernels_(kernels_for(program_, problem)),
        store_(program_),
        futures_(program_.launches.size(), std::numeric_limits<double>::quiet_NaN()),
        layout_(layout) {
    launches(0, program_.loop_begin);
  }
  Tube(const Tube&) = delete;
  Tube& operator=(const Tube&) = delete;

  void cycle() { launches(program_.loop_begin, program_.loop_end); }
  void cycles(int n) {
    for (int i = 0; i < n; ++i) cycle();
  }
  // The launches of a cycle before the first of a task.
  void cycle_until(std::string_view task) {
    for (LaunchId l = program_.loop_begin; program_.tasks[program_.launches[l].task].name != task; ++l)
      launch(l);
  }
  void launches(LaunchId begin, LaunchId end) {
    for (LaunchId l = begin; l < end; ++l) launch(l);
  }

  const Program& program() const { return program_; }
  const program::Kernels& kernels() const { return *kernels_; }
  const Store& store() const { return store_; }
  double dt() const { return result_of("calc_global_dt"); }
  double result_of(std::string_view task) const {
    for (LaunchId l = 0; l < program_.launches.size(); ++l) {
      if (program_.tasks[program_.launches[l].task].name == task) return futures_[l];
    }
    return 0;
  }

  template <Of kOf, class T, int kParts>
  T& at(Name<kOf, T, kParts> name, std::int64_t i, std::size_t part = 0) const {
    return store_.view<T>(static_cast<program::RegionId>(kOf), name.index + part)(i);
  }
  template <Of kOf>
  Vec vec(Name<kOf, double, 2> name, std::int64_t i) const {
    return {at(name, i), at(name, i, 1)};
  }
  std::int64_t size(Of of) const { return program_.regions[static_cast<std::size_t>(of)].elements.extent(0); }

 private:
  void launch(LaunchId id) {
    const program::Launch& l = program_.launches[id];
    const program::Kernel& kernel = *kernels_->find(l.task);
    std::vector<double> futures;
    for (const LaunchId from : l.futures) futures.push_back(futures_[from]);
    double all = kernel.combine == program::Combine::sum ? 0 : std::numeric_limits<double>::infinity();
    for (std::int64_t p = 0; p < l.points(); ++p) {
      const double one = point(id, p, kernel, futures);
      all = kernel.combine == program::Combine::sum ? all + one : std::min(all, one);
    }
    futures_[id] = all;
  }

  double point(LaunchId id, std::int64_t position, const program::Kernel& kernel,
               const std::vector<double>& futures) {
    const program::Launch& l = program_.launches[id];
    std::vector<Instance> instances;
    std::vector<std::vector<FieldView>> views;
    std::vector<program::Argument> arguments;
    for (const program::Requirement& r : l.requirements) {
      Instance& instance = instances.emplace_back(program_, r, position, layout_);
      instance.load(store_);
      views.push_back(instance.views());
      if (layout_ != Layout::store || instance.box().extent(0) == 0) continue;
      for (std::size_t f = 0; f < program::kMaxFields; ++f) {
        if ((r.fields >> f & 1) != 0)
          views.back().push_back(store_.field(program_.partitions[r.partition].region, f));
      }
    }
    for (std::size_t r = 0; r < instances.size(); ++r)
      arguments.push_back({instances[r].box(), l.requirements[r].fields, views[r]});
    program::Call call(program_, id, position, arguments, futures);
    kernel.run(call);
    for (std::size_t r = 0; layout_ != Layout::store && r < instances.size(); ++r) {
      EXPECT_EQ(instances[r].save(store_), "")
          << program_.tasks[l.task].name << " point " << position << " requirement " << r;
    }
    return call.given();
  }

  machine::Machine machine_;
  Program program_;
  std::shared_ptr<const program::Kernels> kernels_;
  Store store_;
  std::vector<double> futures_;
  Layout layout_;
};

inline PennantMesh mesh_of(const Tube& tube) {
  const auto& parameters = tube.program().parameters;
  const std::size_t strips = tube.program().partitions[partition_of(tube.program(), "rz_all_p")].pieces();
  return {parameters.at("nzx"), parameters.at("nzy"), static_cast<std::int64_t>(strips)};
}

// The index of the point in column i and row j of the mesh.
inline std::int64_t point_at(const PennantMesh& mesh, std::int64_t i, std::int64_t j) {
  std::int64_t k = 0;
  while (mesh.rows(k).end < j) ++k;
  return mesh.row_begin(k, j) + i;
}

inline double mass_of(const Tube& tube) {
  double sum = 0;
  for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) sum += tube.at(zm, z);
  return sum;
}

inline double energy_of(const Tube& tube) {
  double sum = 0;
  for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) sum += tube.at(zetot, z);
  for (std::int64_t p = 0; p < tube.size(Of::point); ++p) {
    const Vec u = tube.vec(pu, p);
    sum += 0.5 * tube.at(pmaswt, p) * tube.at(px, p) * dot(u, u);
  }
  return sum;
}

}  // namespace mapwright::apps::hydro::testing
