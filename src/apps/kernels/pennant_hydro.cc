// Pennant's kernels of mass, pressure, force, work and energy: compatible hydrodynamics on a staggered grid
// (Caramana, Burton, Shashkov and Whalen 1998), with forces of the plane and volumes of revolution.
#include <algorithm>
#include <limits>

#include "apps/kernels/pennant_strip.h"

namespace mapwright::apps::hydro {
namespace {

constexpr double kSubzonal = 0.5;      // share of the sub-zonal pressures that acts
constexpr double kCourant = 0.6;       // of the time that a wave needs through a zone
constexpr double kVolumeChange = 0.1;  // share of a zone's volume that a step may change
constexpr double kStepGrowth = 1.2;    // from one time step to the next
constexpr double kTiny = std::numeric_limits<double>::min();

template <class S>
void calc_rho_half(const S& strip) {
  const auto mass = strip.in(zm);
  const auto volume = strip.in(zvolp);
  const auto density = strip.out(zrp);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) density(z) = mass(z) / volume(z);
}

// A corner belongs to a point, between a side and the one before. Its mass is the mean of what both sides
// have of the zone's.
template <class S>
void sum_point_mass(const S& strip) {
  const auto area = strip.in(zareap);
  const auto density = strip.in(zrp);
  const auto mass = strip.sums(pmaswt);
  const auto zone_of = strip.in(mapsz);
  const auto before = strip.in(mapss3);
  const auto share = strip.in(smf);
  const auto point = first_end(strip);
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    point.add(mass, s, density(z) * area(z) * (0.5 * (share(s) + share(before(s)))));
  }
}

// An ideal gas, p = (gamma - 1) r e, and from the start of the step to its middle
//   dp = dp/de de - r c2 dV r,   de = (heating - p dV) with the mean p,
// where V is the volume of a unit of mass.
template <class S>
void calc_state_at_half(const S& strip) {
  const auto volume_before = strip.in(zvol0);
  const auto volume = strip.in(zvolp);
  const auto mass = strip.in(zm);
  const auto density = strip.in(zr);
  const auto energy = strip.in(ze);
  const auto heating = strip.in(zwrate);
  const auto pressure = strip.out(zp);
  const auto sound = strip.out(zss);
  const double half = 0.5 * strip.future();
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) {
    const double r = density(z);
    const double e = std::max(energy(z), 0.0);
    const double by_density = (kGamma - 1) * e;
    const double by_energy = (kGamma - 1) * r;
    const double p = by_energy * e;
    const double c2 = std::max(kLeastSoundSpeed * kLeastSoundSpeed, by_density + by_energy * p / (r * r));
    const double per_mass = 1 / mass(z);
    const double growth = (volume(z) - volume_before(z)) * per_mass;
    const double heat = heating(z) * half * per_mass;
    sound(z) = std::sqrt(c2);
    pressure(z) = p + (by_energy * heat - r * r * c2 * growth) / (1 + 0.5 * by_energy * growth);
  }
}

// The force of a zone's pressure on the line from its middle to a side's: on the side's first point so, on
// its second the other way round. With it goes that of temporary triangular sub-zoning (TTS): where a side
// has become denser than its zone, its own pressure differs by c2 (its density - the zone's).
template <class S>
void calc_force_pgas_tts(const S& strip) {
  const auto middle = strip.in(zxp);
  const auto area = strip.in(zareap);
  const auto density = strip.in(zrp);
  const auto sound = strip.in(zss);
  const auto pressure = strip.in(zp);
  const auto zone_of = strip.in(mapsz);
  const auto triangle = strip.in(sareap);
  const auto share = strip.in(smf);
  const auto edge = strip.in(exp);
  const auto of_gas = strip.out(sfp);
  const auto with_sides = strip.out(sft);
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t z = zone_of(s);
    const Vec line = edge(s) - middle(z);
    const Vec surface = {-line.y, line.x};
    const double c = std::max(sound(z), kLeastSoundSpeed);
    const double denser = density(z) * (share(s) * area(z) / triangle(s) - 1);
    const Vec force = -pressure(z) * surface;
    of_gas.set(s, force);
    with_sides.set(s, force - (kSubzonal * c * c * denser) * surface);
  }
}

// What a corner gives to its point: its side's forces less those of the side before.
template <class S>
void sum_point_force(const S& strip) {
  const auto force = strip.sums(pf);
  const auto before = strip.in(mapss3);
  const auto of_shock = strip.in(sfq);
  const auto of_gas = strip.in(sft);
  const auto point = first_end(strip);
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const std::int64_t b = before(s);
    point.add(force, s, of_shock(s) + of_gas(s) - (of_shock(b) + of_gas(b)));
  }
}

// What the forces do to the points by their mean velocities, zones lose: so kinetic and internal energy add
// up to the same to the last digit, up to the work of TTS, which the published code leaves out.
template <class S>
void calc_work(const S& strip) {
  const auto work = strip.out(zw);
  const auto total = strip.out(zetot);
  const auto x = strip.points(pxp);
  const auto u0 = strip.points(pu0);
  const auto u = strip.points(pu);
  const auto zone_of = strip.in(mapsz);
  const auto of_gas = strip.in(sfp);
  const auto of_shock = strip.in(sfq);
  const auto first = first_end(strip);
  const auto second = second_end(strip);
  const double half = 0.5 * strip.future();
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) work(z) = 0;
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    const Vec force = of_gas(s) + of_shock(s);
    const double on_first = dot(force, first(u0, s) + first(u, s)) * first(x, s).x;
    const double on_second = dot(force, second(u0, s) + second(u, s)) * second(x, s).x;
    const double done = half * (on_second - on_first);
    const std::int64_t z = zone_of(s);
    work(z) += done;
    total(z) += done;
  }
}

template <class S>
void calc_work_rate_energy_rho_full(const S& strip) {
  const auto volume_before = strip.in(zvol0);
  const auto volume = strip.in(zvol);
  const auto mass = strip.in(zm);
  const auto work = strip.in(zw);
  const auto pressure = strip.in(zp);
  const auto total = strip.in(zetot);
  const auto rate = strip.out(zwrate);
  const auto energy = strip.out(ze);
  const auto density = strip.out(zr);
  const double per_step = 1 / strip.future();
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) {
    rate(z) = (work(z) + pressure(z) * (volume(z) - volume_before(z))) * per_step;
    energy(z) = total(z) / (mass(z) + kTiny);
    density(z) = mass(z) / volume(z);
  }
}

// The next time step may be as long as waves need through a zone, as zones need to change their volumes, and
// little longer than this one. That last is the same for all strips, so it commutes with their least.
template <class S>
double calc_dt_hydro(const S& strip) {
  const auto way = strip.in(zdl);
  const auto volume_before = strip.in(zvol0);
  const auto volume = strip.in(zvol);
  const auto sound = strip.in(zss);
  const auto shock = strip.in(zdu);
  const double dt = strip.future();
  double crossing = std::numeric_limits<double>::max();
  double change = kTiny;
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) {
    crossing = std::min(crossing, way(z) / std::max(std::max(shock(z), sound(z)), kTiny));
    change = std::max(change, std::abs((volume(z) - volume_before(z)) / volume_before(z)));
  }
  return std::min({kCourant * crossing, dt * kVolumeChange / change, kStepGrowth * dt});
}

}  // namespace

void add_hydro_kernels(Table* table, double first_step) {
  program::Kernel global;
  global.run = [first_step](program::Call& call) {
    call.give(std::isnan(call.future(0)) ? first_step : call.future(0));
  };
  table->add("calc_global_dt", std::move(global));
  table->add("calc_rho_half", kernel([](const auto& s) { calc_rho_half(s); }));
  table->add("sum_point_mass", kernel([](const auto& s) { sum_point_mass(s); }));
  table->add("calc_state_at_half", kernel([](const auto& s) { calc_state_at_half(s); }));
  table->add("calc_force_pgas_tts", kernel([](const auto& s) { calc_force_pgas_tts(s); }));
  table->add("sum_point_force", kernel([](const auto& s) { sum_point_force(s); }));
  table->add("calc_work", kernel([](const auto& s) { calc_work(s); }));
  table->add("calc_work_rate_energy_rho_full",
             kernel([](const auto& s) { calc_work_rate_energy_rho_full(s); }));
  table->add("calc_dt_hydro",
             kernel([](const auto& s) { return calc_dt_hydro(s); }, program::Combine::least));
}

}  // namespace mapwright::apps::hydro
