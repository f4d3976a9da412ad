// Pennant's kernels of artificial viscosity: the tensor in each corner of a zone that turns kinetic energy
// into heat where shocks are (QCS: Campbell and Shashkov 2001), with Kurapatenko's coefficient. A corner is
// called by its side, the one that begins at its point.
#include <algorithm>

#include "apps/kernels/pennant_strip.h"

namespace mapwright::apps::hydro {
namespace {

constexpr double kShortest = 1e-12;  // edges shorter than this have no direction
constexpr double kFlattest = 1e-4;   // the least squared sine of a corner that has a tensor

template <class S>
void qcs_zone_center_velocity(const S& strip) {
  const auto corners = strip.in(znump);
  const auto mean = strip.out(zuc);
  const auto u = strip.points(pu);
  const auto zone_of = strip.in(mapsz);
  const auto point = first_end(strip);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) mean.set(z, {});
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    mean.add(z, (1.0 / corners(z)) * point(u, s));
  }
}

// The corner is the quadrilateral of its point, the middle of its side, that of its zone, and that of the
// side before. Where it is compressed: how far, along the direction in which it moves, and how fast.
template <class S>
void qcs_corner_divergence(const S& strip) {
  const auto zone_x = strip.in(zxp);
  const auto zone_u = strip.in(zuc);
  const auto x = strip.points(pxp);
  const auto u = strip.points(pu);
  const auto zone_of = strip.in(mapsz);
  const auto before = strip.in(mapss3);
  const auto edge = strip.in(exp);
  const auto length_of = strip.in(elen);
  const auto area_of = strip.out(carea);
  const auto cosine = strip.out(ccos);
  const auto divergence = strip.out(cdiv);
  const auto extent = strip.out(cevol);
  const auto change = strip.out(cdu);
  const auto first = first_end(strip);
  const auto second = second_end(strip);
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    const std::int64_t b = before(s);
    const Vec u0 = first(u, s);
    const Vec u1 = 0.5 * (u0 + second(u, s));
    const Vec u2 = zone_u(z);
    const Vec u3 = 0.5 * (first(u, b) + u0);
    const Vec x0 = first(x, s);
    const Vec x1 = edge(s);
    const Vec x2 = zone_x(z);
    const Vec x3 = edge(b);

    const double area = 0.5 * cross(x2 - x0, x3 - x1);
    area_of(s) = area;
    const double before_is = length_of(b);
    const double side_is = length_of(s);
    const double shorter = std::min(before_is, side_is);
    // Both vectors are half an edge.
    cosine(s) = shorter < kShortest ? 0 : 4 * dot(x3 - x0, x1 - x0) / (before_is * side_is);

    // Half of the sum over the corner's edges, by its diagonals.
    const double div = (cross(u2 - u0, x3 - x1) - cross(u3 - u1, x2 - x0)) / (2 * area);
    divergence(s) = div;

    // The lines that join the middles of opposite edges, and the velocities along them.
    const Vec along = 0.5 * (x1 + x2 - x0 - x3);
    const Vec across = 0.5 * (x2 + x3 - x0 - x1);
    const double along_is = length(along);
    const double across_is = length(across);
    const Vec mean = 0.25 * (u0 + u1 + u2 + u3);
    const bool moves_along = std::abs(dot(along, mean) * across_is) > std::abs(dot(across, mean) * along_is);
    const double slim = moves_along ? along_is / across_is : across_is / along_is;
    const Vec by_side = u1 + u2 - u0 - u3;
    const Vec by_before = u2 + u3 - u0 - u1;
    const bool compressed = div < 0;
    extent(s) = compressed ? std::min(std::sqrt(4 * area * slim), 2 * shorter) : 0;
    change(s) = compressed ? std::sqrt(std::max(dot(by_side, by_side), dot(by_before, by_before))) : 0;
  }
}

// Kurapatenko's viscosity, r (b + sqrt(b2 + (q1 c)2)) with b = q2 (gamma + 1) / 4 du, times the velocities'
// gradients along both edges of the corner.
template <class S>
void qcs_qcn_force(const S& strip, const Problem& problem) {
  const auto density = strip.in(zrp);
  const auto sound = strip.in(zss);
  const auto u = strip.points(pu);
  const auto zone_of = strip.in(mapsz);
  const auto before = strip.in(mapss3);
  const auto length_of = strip.in(elen);
  const auto divergence = strip.in(cdiv);
  const auto change = strip.in(cdu);
  const auto extent = strip.in(cevol);
  const auto by_before = strip.out(cqe1);
  const auto by_side = strip.out(cqe2);
  const auto first = first_end(strip);
  const auto second = second_end(strip);
  const double of_change = problem.quadratic_viscosity * 0.25 * (kGamma + 1);
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    const std::int64_t b = before(s);
    const double quadratic = of_change * change(s);
    const double linear = problem.linear_viscosity * sound(z);
    const double speed = quadratic + std::sqrt(quadratic * quadratic + linear * linear);
    const double viscosity = divergence(s) > 0 ? 0 : speed * density(z) * extent(s);
    const Vec at = first(u, s);
    by_before.set(s, (viscosity / length_of(b)) * (at - first(u, b)));
    by_side.set(s, (viscosity / length_of(s)) * (second(u, s) - at));
  }
}

// A side's force comes from the corners at both of its ends. Edges that are not at right angles act on one
// another.
template <class S>
void qcs_force(const S& strip) {
  const auto next = strip.in(mapss4);
  const auto length_of = strip.in(elen);
  const auto area = strip.in(carea);
  const auto cosine = strip.in(ccos);
  const auto by_before = strip.in(cqe1);
  const auto by_side = strip.in(cqe2);
  const auto force = strip.out(sfq);
  const auto at_corner = [&](std::int64_t c, Vec own, Vec other) {
    const double cos = cosine(c);
    const double sin2 = 1 - cos * cos;
    return sin2 < kFlattest ? Vec{} : (area(c) / sin2) * (own + cos * other);
  };
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t n = next(s);
    const Vec here = at_corner(s, by_side(s), by_before(s));
    const Vec there = at_corner(n, by_before(n), by_side(n));
    force.set(s, (1 / length_of(s)) * (here + there));
  }
}

// How fast a shock is, for the time step: from sound and from how fast any two neighbours approach or leave.
template <class S>
void qcs_vel_diff(const S& strip, const Problem& problem) {
  const auto sound = strip.in(zss);
  const auto most = strip.out(z0tmp);
  const auto speed = strip.out(zdu);
  const auto x = strip.points(pxp);
  const auto u = strip.points(pu);
  const auto zone_of = strip.in(mapsz);
  const auto length_of = strip.in(elen);
  const auto first = first_end(strip);
  const auto second = second_end(strip);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) most(z) = 0;
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const double is = length_of(s);
    const double along = std::abs(dot(second(u, s) - first(u, s), second(x, s) - first(x, s)));
    const std::int64_t z = zone_of(s);
    most(z) = std::max(most(z), is > 0 ? along / is : 0);
  }
  for (std::int64_t z = zones.begin; z < zones.end; ++z)
    speed(z) = problem.linear_viscosity * sound(z) + 2 * problem.quadratic_viscosity * most(z);
}

}  // namespace

void add_viscosity_kernels(Table* table, const Problem& problem) {
  table->add("qcs_zone_center_velocity", kernel([](const auto& s) { qcs_zone_center_velocity(s); }));
  table->add("qcs_corner_divergence", kernel([](const auto& s) { qcs_corner_divergence(s); }));
  table->add("qcs_qcn_force", kernel([problem](const auto& s) { qcs_qcn_force(s, problem); }));
  table->add("qcs_force", kernel([](const auto& s) { qcs_force(s); }));
  table->add("qcs_vel_diff", kernel([problem](const auto& s) { qcs_vel_diff(s, problem); }));
}

}  // namespace mapwright::apps::hydro
