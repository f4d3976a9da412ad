#include "lang/domain.h"

#include <fmt/format.h>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::lang {

std::optional<std::int64_t> Domain::size(std::int64_t limit) const {
  std::int64_t n = 1;
  for (int d = 0; d < rank; ++d) {
    if (extent(d) == 0) return 0;
  }
  for (int d = 0; d < rank; ++d) {
    if (extent(d) > limit / n) return std::nullopt;
    n *= extent(d);
  }
  return n;
}

bool Domain::next(Point* p) const {
  for (int d = rank - 1; d >= 0; --d) {
    const auto i = static_cast<std::size_t>(d);
    if ((*p)[i] < hi[i]) {
      ++(*p)[i];
      return true;
    }
    (*p)[i] = lo[i];
  }
  return false;
}

std::int64_t Domain::position(const Point& p) const {
  std::int64_t n = 0;
  for (int d = 0; d < rank; ++d)
    n = n * extent(d) + p[static_cast<std::size_t>(d)] - lo[static_cast<std::size_t>(d)];
  return n;
}

Domain make_domain(std::span<const std::int64_t> extents) {
  base::expects(!extents.empty() && extents.size() <= kMaxLaunchRank, "a domain has 1 to 9 dimensions");
  Domain domain;
  domain.rank = static_cast<int>(extents.size());
  for (std::size_t i = 0; i < extents.size(); ++i) domain.hi[i] = extents[i] - 1;
  return domain;
}

std::optional<Domain> parse_domain(std::string_view text) {
  // Bounds stay far from where hi - lo + 1 could overflow.
  constexpr std::int64_t kFarthest = std::int64_t{1} << 40;
  Domain domain;
  domain.rank = 0;
  for (const std::string_view piece : base::split(text, 'x')) {
    if (domain.rank == kMaxLaunchRank) return std::nullopt;
    const auto i = static_cast<std::size_t>(domain.rank++);
    const std::size_t dots = piece.find("..");
    if (dots == std::string_view::npos) {
      const auto extent = base::parse_integer(piece);
      if (!extent || *extent < 1 || *extent > kFarthest) return std::nullopt;
      domain.hi[i] = *extent - 1;
      continue;
    }
    const auto lo = base::parse_integer(piece.substr(0, dots));
    const auto hi = base::parse_integer(piece.substr(dots + 2));
    if (!lo || !hi || *lo > *hi || *lo < -kFarthest || *hi > kFarthest) return std::nullopt;
    domain.lo[i] = *lo;
    domain.hi[i] = *hi;
  }
  return domain;
}

std::string domain_text(const Domain& domain) {
  const Point origin{};
  if (domain.lo == origin) {
    return base::tuple_text(domain.at(domain.extents()));
  }
  std::string text;
  for (std::size_t i = 0; i < static_cast<std::size_t>(domain.rank); ++i) {
    text += fmt::format("{}{}..{}", i == 0 ? "(" : ", ", domain.lo[i], domain.hi[i]);
  }
  return text + ")";
}

std::size_t DomainHash::operator()(const Domain& d) const {
  auto h = static_cast<std::size_t>(d.rank);
  for (std::size_t i = 0; i < static_cast<std::size_t>(d.rank); ++i) {
    h = (h * 0x9E3779B97F4A7C15ULL) ^ static_cast<std::size_t>(d.lo[i] * 31 + d.hi[i]);
  }
  return h;
}

}  // namespace mapwright::lang
