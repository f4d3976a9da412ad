// What the tests of the kernels share: regions in any layout, and programs that run on them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "apps/kernels/kernels.h"
#include "apps/testing.h"
#include "program/sequential.h"

namespace mapwright::apps::testing {

inline constexpr program::Order kC = program::Order::c_order;
inline constexpr program::Order kF = program::Order::f_order;

struct Layout {
  program::Order order = program::Order::c_order;
  bool interleaved = false;  //!< without gaps, so that numbers may not be aligned
  std::int64_t spread = 1;   //!< numbers of the same size that an element takes
  std::int64_t padding = 0;  //!< elements between lines
};

//! All regions, each in one array; region r in layouts[r % layouts.size()].
class Fields {
 public:
  //! Unwritten memory holds `poison`.
  Fields(const program::Program& program, const std::vector<Layout>& layouts,
         std::byte poison = std::byte{0xFF}) {
    for (std::size_t r = 0; r < program.regions.size(); ++r)
      add(program.regions[r], layouts[r % layouts.size()], poison);
  }

  program::FieldView field(program::RegionId region, std::size_t f) const { return fields_[region][f]; }
  std::vector<std::byte>& bytes(program::RegionId region) { return bytes_[region]; }
  const std::vector<std::byte>& bytes(program::RegionId region) const { return bytes_[region]; }
  template <class T>
  program::View<T> view(program::RegionId region, std::size_t f) const {
    return program::View<T>(field(region, f));
  }

 private:
  void add(const program::Region& region, const Layout& layout, std::byte poison) {
    const std::int64_t all = region.bytes(region.all_fields());
    const program::Box& box = region.elements;
    std::vector<program::FieldView>& views = fields_.emplace_back();
    std::vector<std::int64_t> begins;
    std::int64_t size = 0;
    for (const program::Field& f : region.fields) {
      program::FieldView& view = views.emplace_back();
      std::int64_t next = layout.interleaved ? all : f.bytes * layout.spread;
      for (int i = 0; i < box.rank; ++i) {
        const int d = layout.order == program::Order::f_order ? i : box.rank - 1 - i;
        view.strides[static_cast<std::size_t>(d)] = next;
        next *= box.extent(d) + layout.padding;
      }
      begins.push_back(size);
      size += layout.interleaved ? f.bytes : (next + 63) / 64 * 64;
      if (layout.interleaved && &f == &region.fields.back()) size = next;
    }
    std::vector<std::byte>& bytes = bytes_.emplace_back(static_cast<std::size_t>(size), poison);
    for (std::size_t f = 0; f < views.size(); ++f) views[f].origin = bytes.data() + begins[f];
    for (std::size_t d = 0; d < 3; ++d) {
      if (box.lo[d] != 0) ADD_FAILURE() << "regions of applications begin at zero";
    }
  }

  std::vector<std::vector<std::byte>> bytes_;
  std::vector<std::vector<program::FieldView>> fields_;
};

inline std::int64_t offset(const program::FieldView& view, const lang::Point& p) {
  return p[0] * view.strides[0] + p[1] * view.strides[1] + p[2] * view.strides[2];
}

//! The box of a piece, as program::run_sequentially has it.
inline program::Box box_of(const program::Program& p, const program::Requirement& r, std::int64_t position) {
  const program::Partition& partition = p.partitions[r.partition];
  const std::uint32_t piece = r.piece(position);
  program::Box none;
  none.hi[0] = -1;
  return partition.begins[piece] == partition.begins[piece + 1] ? none
                                                                : partition.boxes[partition.begins[piece]];
}

using Execute = std::function<void(const program::Kernel&, program::Call&)>;

inline void run_launch(const program::Program& p, const program::Kernels& kernels, program::LaunchId id,
                       const Fields& fields, const Execute& execute) {
  const program::Launch& l = p.launches[id];
  if (p.tasks[l.task].inner) return;
  const std::vector<double> futures(l.futures.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::int64_t position = 0; position < l.points(); ++position) {
    std::vector<program::Argument> arguments;
    std::vector<std::vector<program::FieldView>> views(l.requirements.size());
    for (std::size_t r = 0; r < l.requirements.size(); ++r) {
      const program::Requirement& requirement = l.requirements[r];
      program::Argument& a = arguments.emplace_back();
      a.piece = box_of(p, requirement, position);
      if (requirement.privilege == program::Privilege::none) continue;
      a.fields = requirement.fields;
      const program::RegionId region = p.partitions[requirement.partition].region;
      for (std::size_t f = 0; a.piece.extent(0) > 0 && f < p.regions[region].fields.size(); ++f) {
        if ((a.fields >> f & 1) != 0) views[r].push_back(fields.field(region, f));
      }
      a.views = views[r];
    }
    program::Call call(p, id, position, arguments, futures);
    execute(*kernels.find(l.task), call);
  }
}

inline void on_cpu(const program::Kernel& kernel, program::Call& call) {
  kernel.run(call);
}

//! The whole program, in its order.
inline void run(const program::Program& p, const program::Kernels& kernels, std::int64_t iterations,
                const Fields& fields, const Execute& execute = on_cpu) {
  const auto launches = [&](program::LaunchId begin, program::LaunchId end) {
    for (program::LaunchId l = begin; l < end; ++l) run_launch(p, kernels, l, fields, execute);
  };
  launches(0, p.loop_begin);
  for (std::int64_t i = 0; i < iterations; ++i) launches(p.loop_begin, p.loop_end);
  launches(p.loop_end, static_cast<program::LaunchId>(p.launches.size()));
}

//! Of a region that anything writes.
inline program::FieldSet written_fields(const program::Program& p, program::RegionId region) {
  program::FieldSet set = 0;
  for (const program::Launch& l : p.launches) {
    for (const program::Requirement& r : l.requirements) {
      if (p.partitions[r.partition].region == region && r.privilege > program::Privilege::read)
        set |= r.fields;
    }
  }
  return set;
}

//! The first element of what is written that two runs do not agree on; `same` compares its bytes.
template <class Same>
std::optional<std::string> first_difference(const program::Program& p, const Fields& one, const Fields& other,
                                            Same same) {
  for (program::RegionId r = 0; r < p.regions.size(); ++r) {
    const program::Region& region = p.regions[r];
    for (std::size_t f = 0; f < region.fields.size(); ++f) {
      if ((written_fields(p, r) >> f & 1) == 0) continue;
      const program::FieldView a = one.field(r, f);
      const program::FieldView b = other.field(r, f);
      lang::Point at = region.elements.lo;
      do {
        if (!same(a.origin + offset(a, at), b.origin + offset(b, at), region.fields[f].bytes))
          return fmt::format("{}[{}].{}", region.name, fmt::join(region.elements.at(at), ", "),
                             region.fields[f].name);
      } while (region.elements.next(&at));
    }
  }
  return std::nullopt;
}

inline bool same_bits(const std::byte* a, const std::byte* b, std::int64_t bytes) {
  return std::memcmp(a, b, static_cast<std::size_t>(bytes)) == 0;
}

//! An application on a machine of four GPUs a node, and what is stated about it.
struct Case {
  const char* app;
  std::int64_t nodes;
  Set set;

  friend void PrintTo(const Case& c, std::ostream* out) {
    *out << c.app << " on " << c.nodes;
    for (const auto& [name, value] : c.set) *out << ", " << name << " = " << value;
  }
};

inline program::Program made(const Case& c) {
  return made(c.app, machine_named("p100x4"), c.nodes, c.set, Size::test);
}

}  // namespace mapwright::apps::testing
