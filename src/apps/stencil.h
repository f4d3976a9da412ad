// The grid of stencil and its tiles: what program and kernels both have to know of them.
#pragma once

#include <cstdint>

#include "apps/builder.h"

namespace mapwright::apps {

inline constexpr std::int64_t kStencilRadius = 2;

struct StencilSizes {
  std::int64_t nx, ny;    //!< with the border
  std::int64_t ntx, nty;  //!< tiles

  std::int64_t tiles() const { return ntx * nty; }
  //! Points inside the border, and with the halos of all tiles.
  std::int64_t inner_x() const { return nx - 2 * kStencilRadius; }
  std::int64_t inner_y() const { return ny - 2 * kStencilRadius; }
  std::int64_t stored_x() const { return inner_x() + 2 * kStencilRadius * ntx; }
  std::int64_t stored_y() const { return inner_y() + 2 * kStencilRadius * nty; }
};

//! Part i of 0 .. extent-1.
constexpr Range part(std::int64_t extent, std::int64_t i, std::int64_t parts) {
  return {i * extent / parts, (i + 1) * extent / parts};
}

}  // namespace mapwright::apps
