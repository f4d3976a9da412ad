// Small programs written down quickly, by names: for tests and benchmarks.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/bug.h"
#include "program/program.h"

namespace mapwright::program {

class Sketch {
 public:
  //! A one-dimensional region of so many elements.
  Sketch& region(const std::string& name, std::int64_t elements, const std::vector<Field>& fields) {
    return region(name, std::vector<std::int64_t>{elements}, fields);
  }
  Sketch& region(const std::string& name, const std::vector<std::int64_t>& extents,
                 const std::vector<Field>& fields) {
    program_.regions.push_back({name, lang::make_domain(extents), fields});
    return *this;
  }
  //! Pieces [first, last] of the region that was described last.
  Sketch& partition(const std::string& name, bool disjoint,
                    const std::vector<std::pair<std::int64_t, std::int64_t>>& pieces) {
    Partition p;
    p.name = name;
    p.region = static_cast<RegionId>(program_.regions.size() - 1);
    p.disjoint = disjoint;
    for (const auto& [first, last] : pieces) {
      Box box;
      box.lo[0] = first;
      box.hi[0] = last;
      p.add(box);
    }
    program_.partitions.push_back(std::move(p));
    return *this;
  }
  //! Equal pieces of the region's first dimension.
  Sketch& blocks(const std::string& name, std::int64_t pieces) {
    const Region& region = program_.regions.back();
    Partition p;
    p.name = name;
    p.region = static_cast<RegionId>(program_.regions.size() - 1);
    for (std::int64_t i = 0; i < pieces; ++i) {
      Box box = region.elements;
      box.lo[0] = region.elements.extent(0) * i / pieces;
      box.hi[0] = region.elements.extent(0) * (i + 1) / pieces - 1;
      p.add(box);
    }
    program_.partitions.push_back(std::move(p));
    return *this;
  }
  Sketch& task(const std::string& name, const std::vector<Variant>& variants, bool inner = false) {
    program_.tasks.push_back({name, variants, inner});
    return *this;
  }
  //! The loop's body begins with the next launch; until then everything is set-up.
  Sketch& loop(std::int64_t iterations, std::int64_t warmup = 0) {
    program_.loop_begin = static_cast<LaunchId>(program_.launches.size());
    program_.iterations = iterations;
    program_.warmup = warmup;
    return *this;
  }
  Sketch& launch(const std::string& task, std::int64_t points, double flops = 0) {
    Launch l;
    l.task = find(program_.tasks, task);
    l.domain = lang::make_domain(std::vector<std::int64_t>{points});
    if (flops > 0) l.flops.values = {flops};
    program_.launches.push_back(std::move(l));
    return *this;
  }
  Sketch& single(const std::string& task, double flops = 0) {
    launch(task, 1, flops);
    program_.launches.back().single = true;
    return *this;
  }
  //! Of the launch that was described last; all fields where none are named.
  Sketch& on(const std::string& partition, Privilege privilege, const std::vector<std::string>& fields = {},
             std::vector<std::uint32_t> pieces = {}) {
    Requirement r;
    r.partition = find(program_.partitions, partition);
    r.privilege = privilege;
    const Region& region = program_.regions[program_.partitions[r.partition].region];
    for (std::size_t f = 0; f < region.fields.size(); ++f) {
      if (fields.empty() || std::ranges::find(fields, region.fields[f].name) != fields.end())
        r.fields |= FieldSet{1} << f;
    }
    r.pieces = std::move(pieces);
    program_.launches.back().requirements.push_back(std::move(r));
    return *this;
  }
  Sketch& below(LaunchId parent, std::int64_t position) {
    program_.launches.back().parent = Parent{parent, position};
    return *this;
  }
  Launch& last() { return program_.launches.back(); }
  Program& edit() { return program_; }

  Program done() {
    program_.loop_end = static_cast<LaunchId>(program_.launches.size());
    return program_;
  }

 private:
  template <class List>
  static std::uint32_t find(const List& list, const std::string& name) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].name == name) return static_cast<std::uint32_t>(i);
    }
    base::bug("a sketch uses a name that it does not have");
  }

  Program program_ = [] {
    Program p;
    p.name = "sketch";
    return p;
  }();
};

}  // namespace mapwright::program
