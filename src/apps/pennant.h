// Pennant's mesh: its fields, and how zones, points and sides are numbered. What makes the program and what
// computes on it agree here.
#pragma once

#include "apps/builder.h"

namespace mapwright::apps {

inline constexpr FieldSpec kPennantZone[] = {
    {"znump", 1},
    {"zxp", 8, Shape::vector},
    {"zx", 8, Shape::vector},
    {"zuc", 8, Shape::vector},
    {"zareap"},
    {"zarea"},
    {"zvol0"},
    {"zvolp"},
    {"zvol"},
    {"zdl"},
    {"zm"},
    {"zrp"},
    {"zr"},
    {"ze"},
    {"zetot"},
    {"zw"},
    {"zwrate"},
    {"zp"},
    {"zss"},
    {"zdu"},
    {"z0tmp"},
};
inline constexpr FieldSpec kPennantPoint[] = {
    {"px0", 8, Shape::vector},
    {"pxp", 8, Shape::vector},
    {"px", 8, Shape::vector},
    {"pu0", 8, Shape::vector},
    {"pu", 8, Shape::vector},
    {"pf", 8, Shape::vector},
    {"pmaswt"},
    {"has_bcx", 1},
    {"has_bcy", 1},
};
inline constexpr FieldSpec kPennantSide[] = {
    {"mapsz"},
    {"mapsp1", 8, Shape::pointer},
    {"mapsp2", 8, Shape::pointer},
    {"mapss3"},
    {"mapss4"},
    {"sareap"},
    {"sarea"},
    {"smf"},
    {"elen"},
    {"carea"},
    {"cevol"},
    {"cdu"},
    {"cdiv"},
    {"ccos"},
    {"exp", 8, Shape::vector},
    {"ex", 8, Shape::vector},
    {"sfp", 8, Shape::vector},
    {"sfq", 8, Shape::vector},
    {"sft", 8, Shape::vector},
    {"cqe1", 8, Shape::vector},
    {"cqe2", 8, Shape::vector},
};

//! Zones row by row, and four sides for each. Private points strip by strip, row by row, then the interfaces
//! one by one: a strip touches the one below and the one above, and owns the one above.
struct PennantMesh {
  std::int64_t nzx, nzy, strips;

  Range rows(std::int64_t k) const { return {k * nzy / strips, (k + 1) * nzy / strips}; }
  std::int64_t interfaces(std::int64_t k) const { return (k > 0 ? 1 : 0) + (k < strips - 1 ? 1 : 0); }
  //! Rows of points that no other strip touches, and the first of them.
  std::int64_t private_rows(std::int64_t k) const { return rows(k).size() + 1 - interfaces(k); }
  std::int64_t first_private_row(std::int64_t k) const { return rows(k).begin + (k > 0 ? 1 : 0); }

  std::int64_t row() const { return nzx + 1; }  //!< points of a row
  std::int64_t zones() const { return nzx * nzy; }
  std::int64_t points() const { return row() * (nzy + 1); }
  std::int64_t sides() const { return 4 * zones(); }
  Range private_points(std::int64_t k) const {
    const std::int64_t begin = k == 0 ? 0 : (rows(k).begin - (k - 1)) * row();
    return {begin, begin + private_rows(k) * row()};
  }
  std::int64_t first_shared() const { return (nzy + 1 - (strips - 1)) * row(); }
  //! The first point of the interface between strips k and k + 1.
  std::int64_t interface(std::int64_t k) const { return first_shared() + k * row(); }
  //! The first point of a row, 0 to nzy, that strip k touches.
  std::int64_t row_begin(std::int64_t k, std::int64_t y) const {
    if (k > 0 && y == rows(k).begin) return interface(k - 1);
    if (k < strips - 1 && y == rows(k).end) return interface(k);
    return private_points(k).begin + (y - first_private_row(k)) * row();
  }
};

}  // namespace mapwright::apps
