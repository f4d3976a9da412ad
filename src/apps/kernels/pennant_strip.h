// How pennant's kernels reach the fields of their strip: by the names of the fields, with what the privileges
// allow. One text of a kernel serves contiguous fields and strided ones.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "apps/kernels/table.h"
#include "apps/pennant.h"
#include "base/bug.h"

namespace mapwright::apps::hydro {

struct Vec {
  double x = 0;
  double y = 0;
};
inline Vec operator+(Vec a, Vec b) {
  return {a.x + b.x, a.y + b.y};
}
inline Vec operator-(Vec a, Vec b) {
  return {a.x - b.x, a.y - b.y};
}
inline Vec operator*(double f, Vec a) {
  return {f * a.x, f * a.y};
}
inline double dot(Vec a, Vec b) {
  return a.x * b.x + a.y * b.y;
}
inline double cross(Vec a, Vec b) {
  return a.x * b.y - a.y * b.x;
}
inline double length(Vec a) {
  return std::sqrt(dot(a, a));
}
inline double triangle_area(Vec a, Vec b, Vec c) {
  return 0.5 * cross(b - a, c - a);
}
//! The volume of a triangle that turns about the y axis by a radian (Pappus).
inline double revolved(double area, Vec a, Vec b, Vec c) {
  return area * ((1.0 / 3.0) * (a.x + b.x + c.x));
}

//! The mesh's regions, in the order in which the program has them.
enum class Of : std::uint8_t { zone, point, side };

//! A field of a region: `parts` is 2 where it has x and y.
template <Of kOf, class T, int kParts>
struct Name {
  std::size_t index = 0;  //!< of the field, or of its x, in the region
};

//! The index of a field, where structures take one for each part.
consteval std::size_t index_of(std::span<const FieldSpec> fields, std::string_view name) {
  std::size_t index = 0;
  for (const FieldSpec& f : fields) {
    if (f.name == name) return index;
    index += f.shape == Shape::plain ? 1 : 2;
  }
  throw "no such field";  // does not compile
}
template <class T, int kParts = 1>
consteval Name<Of::zone, T, kParts> zone_field(std::string_view name) {
  return {index_of(kPennantZone, name)};
}
template <class T, int kParts = 1>
consteval Name<Of::point, T, kParts> point_field(std::string_view name) {
  return {index_of(kPennantPoint, name)};
}
template <class T, int kParts = 1>
consteval Name<Of::side, T, kParts> side_field(std::string_view name) {
  return {index_of(kPennantSide, name)};
}

inline constexpr auto znump = zone_field<std::uint8_t>("znump");
inline constexpr auto zxp = zone_field<double, 2>("zxp");
inline constexpr auto zx = zone_field<double, 2>("zx");
inline constexpr auto zuc = zone_field<double, 2>("zuc");
inline constexpr auto zareap = zone_field<double>("zareap");
inline constexpr auto zarea = zone_field<double>("zarea");
inline constexpr auto zvol0 = zone_field<double>("zvol0");
inline constexpr auto zvolp = zone_field<double>("zvolp");
inline constexpr auto zvol = zone_field<double>("zvol");
inline constexpr auto zdl = zone_field<double>("zdl");
inline constexpr auto zm = zone_field<double>("zm");
inline constexpr auto zrp = zone_field<double>("zrp");
inline constexpr auto zr = zone_field<double>("zr");
inline constexpr auto ze = zone_field<double>("ze");
inline constexpr auto zetot = zone_field<double>("zetot");
inline constexpr auto zw = zone_field<double>("zw");
inline constexpr auto zwrate = zone_field<double>("zwrate");
inline constexpr auto zp = zone_field<double>("zp");
inline constexpr auto zss = zone_field<double>("zss");
inline constexpr auto zdu = zone_field<double>("zdu");
inline constexpr auto z0tmp = zone_field<double>("z0tmp");

inline constexpr auto px0 = point_field<double, 2>("px0");
inline constexpr auto pxp = point_field<double, 2>("pxp");
inline constexpr auto px = point_field<double, 2>("px");
inline constexpr auto pu0 = point_field<double, 2>("pu0");
inline constexpr auto pu = point_field<double, 2>("pu");
inline constexpr auto pf = point_field<double, 2>("pf");
inline constexpr auto pmaswt = point_field<double>("pmaswt");
inline constexpr auto has_bcx = point_field<std::uint8_t>("has_bcx");
inline constexpr auto has_bcy = point_field<std::uint8_t>("has_bcy");

inline constexpr auto mapsz = side_field<std::int64_t>("mapsz");
inline constexpr auto mapsp1 = side_field<std::int64_t>("mapsp1");
inline constexpr Name<Of::side, std::uint8_t, 1> mapsp1_region = {mapsp1.index + 1};
inline constexpr auto mapsp2 = side_field<std::int64_t>("mapsp2");
inline constexpr Name<Of::side, std::uint8_t, 1> mapsp2_region = {mapsp2.index + 1};
inline constexpr auto mapss3 = side_field<std::int64_t>("mapss3");
inline constexpr auto mapss4 = side_field<std::int64_t>("mapss4");
inline constexpr auto sareap = side_field<double>("sareap");
inline constexpr auto sarea = side_field<double>("sarea");
inline constexpr auto smf = side_field<double>("smf");
inline constexpr auto elen = side_field<double>("elen");
inline constexpr auto carea = side_field<double>("carea");
inline constexpr auto cevol = side_field<double>("cevol");
inline constexpr auto cdu = side_field<double>("cdu");
inline constexpr auto cdiv = side_field<double>("cdiv");
inline constexpr auto ccos = side_field<double>("ccos");
inline constexpr auto exp = side_field<double, 2>("exp");
inline constexpr auto ex = side_field<double, 2>("ex");
inline constexpr auto sfp = side_field<double, 2>("sfp");
inline constexpr auto sfq = side_field<double, 2>("sfq");
inline constexpr auto sft = side_field<double, 2>("sft");
inline constexpr auto cqe1 = side_field<double, 2>("cqe1");
inline constexpr auto cqe2 = side_field<double, 2>("cqe2");

//! What mapsp1.region and mapsp2.region hold.
inline constexpr std::uint8_t kPrivate = 0;
inline constexpr std::uint8_t kGhost = 1;

//! A field by its elements; T is const where it may only be read.
template <class T, bool kDense>
class Numbers {
 public:
  Numbers() = default;
  explicit Numbers(const program::FieldView& view) : view_(view) {}
  T& operator()(std::int64_t i) const { return view_(i); }
  void add(std::int64_t i, T value) const { view_(i) += value; }

 private:
  program::View<T> view_{program::FieldView{}};
};
template <class T>
class Numbers<T, true> {
 public:
  Numbers() = default;
  explicit Numbers(const program::FieldView& view) : at_(reinterpret_cast<T*>(view.origin)) {}
  T& operator()(std::int64_t i) const { return at_[i]; }
  void add(std::int64_t i, T value) const { at_[i] += value; }

 private:
  T* at_ = nullptr;
};

template <class T, bool kDense>
class Vectors {
 public:
  Vectors() = default;
  Vectors(const program::FieldView& x, const program::FieldView& y) : x_(x), y_(y) {}
  Vec operator()(std::int64_t i) const { return {x_(i), y_(i)}; }
  void set(std::int64_t i, Vec v) const {
    x_(i) = v.x;
    y_(i) = v.y;
  }
  void add(std::int64_t i, Vec v) const {
    x_(i) += v.x;
    y_(i) += v.y;
  }

 private:
  Numbers<T, kDense> x_, y_;
};

//! A field of points that are the strip's own or shared with neighbours.
template <class Part>
struct Points {
  Part own, ghost;

  const Part& at(std::uint8_t region) const { return region == kPrivate ? own : ghost; }
};

//! One point of a launch. Requirements name every field of zones and sides at most once, those of points at
//! most twice: first for the strip's own, then for what it shares.
template <bool kDense>
class Strip {
 public:
  explicit Strip(const program::Call& call) : call_(call) {}

  std::int64_t position() const { return call_.position(); }
  double future() const { return call_.future(0); }

  //! The elements that the strip has of the n-th requirement of a region.
  Range range(Of of, std::size_t n = 0) const {
    for (std::size_t r = 0; r < call_.launch().requirements.size(); ++r) {
      if (region(r) != of || n-- > 0) continue;
      return call_.empty(r) ? Range{} : Range{call_.piece(r).lo[0], call_.piece(r).hi[0] + 1};
    }
    base::bug("a kernel works on what its launch requires");
  }

  //! A field as input, as output, and as what is added to.
  template <Of kOf, class T, int kParts>
  auto in(Name<kOf, T, kParts> name, std::size_t n = 0) const {
    return get<const T, kParts>(find(kOf, name.index, n, 0));
  }
  template <Of kOf, class T, int kParts>
  auto out(Name<kOf, T, kParts> name, std::size_t n = 0) const {
    return get<T, kParts>(find(kOf, name.index, n, 1));
  }
  template <class T, int kParts>
  auto points(Name<Of::point, T, kParts> name) const {
    return Points{in(name, 0), in(name, 1)};
  }
  template <class T, int kParts>
  auto sums(Name<Of::point, T, kParts> name) const {
    return Points{out(name, 0), get<T, kParts>(find(Of::point, name.index, 1, 2))};
  }

 private:
  struct Found {
    std::size_t requirement, field;
  };

  Of region(std::size_t r) const {
    return static_cast<Of>(call_.program().partitions[call_.requirement(r).partition].region);
  }

  // Use 0 reads, 1 writes, 2 adds.
  Found find(Of of, std::size_t field, std::size_t n, int use) const {
    using program::Privilege;
    for (std::size_t r = 0; r < call_.launch().requirements.size(); ++r) {
      const program::Requirement& requirement = call_.requirement(r);
      if (region(r) != of || (requirement.fields >> field & 1) == 0 || n-- > 0) continue;
      const Privilege p = requirement.privilege;
      base::expects(use == 0   ? p == Privilege::read || p == Privilege::read_write
                    : use == 1 ? p == Privilege::write || p == Privilege::read_write
                               : p == Privilege::reduce,
                    "a kernel uses a field as its privilege allows");
      return {r, field};
    }
    base::bug("a kernel uses the fields that its launch requires");
  }

  template <class T, int kParts>
  auto get(Found found) const {
    const auto [r, field] = found;
    if constexpr (kParts == 2) {
      using Result = Vectors<T, kDense>;
      return call_.empty(r) ? Result() : Result(call_.field(r, field), call_.field(r, field + 1));
    } else {
      using Result = Numbers<T, kDense>;
      return call_.empty(r) ? Result() : Result(call_.field(r, field));
    }
  }

  const program::Call& call_;
};

//! One of the two ends of all sides.
template <bool kDense>
class End {
 public:
  End(const Strip<kDense>& strip, Name<Of::side, std::int64_t, 1> index,
      Name<Of::side, std::uint8_t, 1> region)
      : index_(strip.in(index)), region_(strip.in(region)) {}

  template <class Part>
  Vec operator()(const Points<Part>& points, std::int64_t side) const {
    return points.at(region_(side))(index_(side));
  }
  template <class Part, class Value>
  void add(const Points<Part>& points, std::int64_t side, Value value) const {
    points.at(region_(side)).add(index_(side), value);
  }

 private:
  Numbers<const std::int64_t, kDense> index_;
  Numbers<const std::uint8_t, kDense> region_;
};
template <bool kDense>
End<kDense> first_end(const Strip<kDense>& strip) {
  return {strip, mapsp1, mapsp1_region};
}
template <bool kDense>
End<kDense> second_end(const Strip<kDense>& strip) {
  return {strip, mapsp2, mapsp2_region};
}

//! Whether neighbours are neighbours in memory, in all fields of a call.
bool dense(const program::Call& call);

//! A kernel from a function of a strip; what that returns, if anything, goes into the launch's future.
template <class Body>
program::Kernel kernel(Body body, program::Combine combine = program::Combine::sum) {
  program::Kernel result;
  result.combine = combine;
  result.run = [body](program::Call& call) {
    const auto run = [&](const auto& strip) {
      if constexpr (requires { call.give(body(strip)); }) {
        call.give(body(strip));
      } else {
        body(strip);
      }
    };
    if (dense(call)) {
      run(Strip<true>(call));
    } else {
      run(Strip<false>(call));
    }
  };
  return result;
}

inline constexpr double kGamma = 5.0 / 3.0;
inline constexpr double kLeastSoundSpeed = 0.1;

//! What is computed; as it stands, Leblanc's shock tube of the published runs: dense hot gas in the lower
//! third of a tube along y, thin cold gas above.
struct Problem {
  double length = 9;  //!< of the mesh along y; zones are squares
  Vec dense_until = {std::numeric_limits<double>::infinity(), 3};
  double density = 1;
  double energy = 0.1;
  double thin_density = 1e-3;
  double thin_energy = 1e-7;
  double linear_viscosity = 0.3;
  double quadratic_viscosity = 2;
  double first_step = 0.1;  //!< the first time step, per width of a zone

  double spacing(const PennantMesh& mesh) const { return length / static_cast<double>(mesh.nzy); }
};

void add_setup_kernels(Table* table, const PennantMesh& mesh, const Problem& problem);
void add_mesh_kernels(Table* table);
void add_hydro_kernels(Table* table, double first_step);
void add_viscosity_kernels(Table* table, const Problem& problem);

//! All kernels and expectations.
std::unique_ptr<Table> kernels_for(const program::Program& program, const Problem& problem);

}  // namespace mapwright::apps::hydro
