// Launch domains: boxes of points.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mapwright::lang {

//! Legion's largest number of dimensions (LEGION_MAX_DIM at most 9).
inline constexpr int kMaxLaunchRank = 9;

using Point = std::array<std::int64_t, kMaxLaunchRank>;

//! The points lo[d] <= p[d] <= hi[d]. An extent of 0 or less makes it empty.
struct Domain {
  int rank = 1;
  Point lo{};
  Point hi{};

  std::int64_t extent(int d) const {
    const auto i = static_cast<std::size_t>(d);
    return hi[i] < lo[i] ? 0 : hi[i] - lo[i] + 1;
  }
  Point extents() const {
    Point e{};
    for (int d = 0; d < rank; ++d) e[static_cast<std::size_t>(d)] = extent(d);
    return e;
  }
  //! The number of points; nothing where it is over `limit`.
  std::optional<std::int64_t> size(std::int64_t limit) const;
  std::span<const std::int64_t> at(const Point& p) const {
    return {p.data(), static_cast<std::size_t>(rank)};
  }

  //! Row by row: the last coordinate runs fastest. False after the last point.
  bool next(Point* p) const;
  //! The position of a point in that order.
  std::int64_t position(const Point& p) const;

  friend bool operator==(const Domain&, const Domain&) = default;
};

//! 0 .. extent-1 in each dimension. 1 to kMaxLaunchRank extents.
Domain make_domain(std::span<const std::int64_t> extents);

//! "4x2" or "0..3x2..5": extents or bounds.
std::optional<Domain> parse_domain(std::string_view text);

//! "(4, 2)", or "(0..3, 2..5)" where it does not begin at the origin.
std::string domain_text(const Domain& domain);

struct DomainHash {
  std::size_t operator()(const Domain& d) const;
};

}  // namespace mapwright::lang
