// Pennant's kernels that move points and measure zones. The y axis is one of symmetry, x the distance from
// it: areas are of the plane, volumes those of bodies of revolution, for each radian.
#include <algorithm>
#include <limits>

#include "apps/kernels/pennant_strip.h"

namespace mapwright::apps::hydro {
namespace {

template <class S>
void init_step_points(const S& strip) {
  const auto mass = strip.out(pmaswt);
  const auto force = strip.out(pf);
  const Range points = strip.range(Of::point);
  for (std::int64_t p = points.begin; p < points.end; ++p) {
    mass(p) = 0;
    force.set(p, {});
  }
}

template <class S>
void init_step_zones(const S& strip) {
  const auto is = strip.in(zvol);
  const auto was = strip.out(zvol0);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) was(z) = is(z);
}

// Points at half the time step: x + u dt / 2.
template <class S>
void adv_pos_half(const S& strip) {
  const auto x = strip.in(px);
  const auto u = strip.in(pu);
  const auto x0 = strip.out(px0);
  const auto half = strip.out(pxp);
  const auto u0 = strip.out(pu0);
  const double step = 0.5 * strip.future();
  const Range points = strip.range(Of::point);
  for (std::int64_t p = points.begin; p < points.end; ++p) {
    const Vec at = x(p);
    const Vec speed = u(p);
    x0.set(p, at);
    u0.set(p, speed);
    half.set(p, at + step * speed);
  }
}

// Walls: what points at them have across them is zero.
template <class S>
void apply_boundary_conditions(const S& strip) {
  const auto at_x = strip.in(has_bcx);
  const auto at_y = strip.in(has_bcy);
  const auto u0 = strip.out(pu0);
  const auto force = strip.out(pf);
  const Range points = strip.range(Of::point);
  for (std::int64_t p = points.begin; p < points.end; ++p) {
    const Vec free = {at_x(p) != 0 ? 0.0 : 1.0, at_y(p) != 0 ? 0.0 : 1.0};
    if (free.x != 0 && free.y != 0) continue;
    const Vec u = u0(p);
    const Vec f = force(p);
    u0.set(p, {free.x * u.x, free.y * u.y});
    force.set(p, {free.x * f.x, free.y * f.y});
  }
}

// u = u0 + dt f / m, and x from the mean of both velocities, which is what the work is done with.
template <class S>
void adv_pos_full(const S& strip) {
  const auto x0 = strip.in(px0);
  const auto u0 = strip.in(pu0);
  const auto force = strip.in(pf);
  const auto mass = strip.in(pmaswt);
  const auto x = strip.out(px);
  const auto u = strip.out(pu);
  const double dt = strip.future();
  const Range points = strip.range(Of::point);
  for (std::int64_t p = points.begin; p < points.end; ++p) {
    const double per_mass = dt / std::max(mass(p), std::numeric_limits<double>::min());
    const Vec before = u0(p);
    const Vec after = before + per_mass * force(p);
    u.set(p, after);
    x.set(p, x0(p) + (0.5 * dt) * (before + after));
  }
}

// The middle of every side, and of every zone: the mean of its points.
template <class S, class PointName, class ZoneName, class SideName>
void centers(const S& strip, PointName point_at, ZoneName zone_at, SideName side_at) {
  const auto x = strip.points(point_at);
  const auto corners = strip.in(znump);
  const auto zone_of = strip.in(mapsz);
  const auto first = first_end(strip);
  const auto second = second_end(strip);
  const auto middle = strip.out(zone_at);
  const auto edge = strip.out(side_at);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) middle.set(z, {});
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const Vec a = first(x, s);
    const Vec b = second(x, s);
    edge.set(s, 0.5 * (a + b));
    const std::int64_t z = zone_of(s);
    middle.add(z, (1.0 / corners(z)) * a);
  }
}

// A side is the triangle of its two points and the middle of its zone. Its volume is its area times the x of
// its centre (Pappus). `length_of`, if it is wanted, takes how long the side's edge is.
template <class S, class PointName, class ZoneName, class Length>
void volumes(const S& strip, PointName point_at, ZoneName zone_at, Name<Of::side, double, 1> side_area,
             Name<Of::zone, double, 1> zone_area, Name<Of::zone, double, 1> zone_volume, Length length_of) {
  const auto x = strip.points(point_at);
  const auto middle = strip.in(zone_at);
  const auto zone_of = strip.in(mapsz);
  const auto first = first_end(strip);
  const auto second = second_end(strip);
  const auto triangle = strip.out(side_area);
  const auto area = strip.out(zone_area);
  const auto volume = strip.out(zone_volume);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) {
    area(z) = 0;
    volume(z) = 0;
  }
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    const Vec a = first(x, s);
    const Vec b = second(x, s);
    const Vec c = middle(z);
    const double of_side = triangle_area(a, b, c);
    triangle(s) = of_side;
    area(z) += of_side;
    volume(z) += revolved(of_side, a, b, c);
    length_of(s, a, b);
  }
}

// How far it is through a zone from each of its sides, at least: what a wave has to cross.
template <class S>
void calc_char_len(const S& strip) {
  const auto corners = strip.in(znump);
  const auto zone_of = strip.in(mapsz);
  const auto triangle = strip.in(sareap);
  const auto base = strip.in(elen);
  const auto least = strip.out(zdl);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) least(z) = std::numeric_limits<double>::max();
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    const double shape = corners(z) == 3 ? 3 : 4;
    least(z) = std::min(least(z), shape * triangle(s) / base(s));
  }
}

}  // namespace

void add_mesh_kernels(Table* table) {
  table->add("init_step_points", kernel([](const auto& s) { init_step_points(s); }));
  table->add("init_step_zones", kernel([](const auto& s) { init_step_zones(s); }));
  table->add("adv_pos_half", kernel([](const auto& s) { adv_pos_half(s); }));
  table->add("calc_centers", kernel([](const auto& s) { centers(s, pxp, zxp, exp); }));
  table->add("calc_volumes", kernel([](const auto& strip) {
               const auto lengths = strip.out(elen);
               volumes(strip, pxp, zxp, sareap, zareap, zvolp,
                       [&](std::int64_t s, Vec a, Vec b) { lengths(s) = length(b - a); });
             }));
  table->add("calc_char_len", kernel([](const auto& s) { calc_char_len(s); }));
  table->add("apply_boundary_conditions", kernel([](const auto& s) { apply_boundary_conditions(s); }));
  table->add("adv_pos_full", kernel([](const auto& s) { adv_pos_full(s); }));
  table->add("calc_centers_full", kernel([](const auto& s) { centers(s, px, zx, ex); }));
  table->add("calc_volumes_full", kernel([](const auto& strip) {
               volumes(strip, px, zx, sarea, zarea, zvol, [](std::int64_t, Vec, Vec) {});
             }));
}

}  // namespace mapwright::apps::hydro
