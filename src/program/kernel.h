// What executes tasks really: kernels over strided views of the fields that their requirements name. One text
// of a kernel serves every layout and every processor that a mapper chooses.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program/program.h"

namespace mapwright::program {

//! Where an instance holds a field: element p stands at origin + sum of p[d] x strides[d].
struct FieldView {
  std::byte* origin = nullptr;            //!< of the element (0, 0, 0), which the instance need not have
  std::array<std::int64_t, 3> strides{};  //!< bytes; 0 for the dimensions that the region lacks
};

//! A field of an instance, by the coordinates of its region.
template <class T>
class View {
 public:
  explicit View(const FieldView& view) : view_(view) {}

  T& operator()(std::int64_t x) const { return *at(x * view_.strides[0]); }
  T& operator()(std::int64_t x, std::int64_t y) const {
    return *at(x * view_.strides[0] + y * view_.strides[1]);
  }
  //! Bytes from one element to the next along a dimension.
  std::int64_t stride(std::size_t dimension) const { return view_.strides[dimension]; }
  //! Whether elements that are neighbours along a dimension are neighbours in memory.
  bool dense(std::size_t dimension) const {
    return view_.strides[dimension] == static_cast<std::int64_t>(sizeof(T));
  }

 private:
  T* at(std::int64_t offset) const { return reinterpret_cast<T*>(view_.origin + offset); }

  FieldView view_;
};

//! What one requirement of a point has.
struct Argument {
  Box piece;  //!< of at most one box; empty pieces have no views
  FieldSet fields = 0;
  std::span<const FieldView> views;  //!< of the fields, in their order
};

//! One point of a launch, on its data. Contributions of Privilege::reduce are added to what the views hold.
class Call {
 public:
  Call(const Program& program, LaunchId launch, std::int64_t position, std::span<const Argument> arguments,
       std::span<const double> futures)
      : program_(program), launch_(launch), position_(position), arguments_(arguments), futures_(futures) {}

  const Program& program() const { return program_; }
  const Launch& launch() const { return program_.launches[launch_]; }
  std::int64_t position() const { return position_; }  //!< of the point, in the order of Domain::next
  const Requirement& requirement(std::size_t r) const { return launch().requirements[r]; }
  const Box& piece(std::size_t r) const { return arguments_[r].piece; }
  bool empty(std::size_t r) const { return arguments_[r].views.empty(); }

  //! Of a field of a requirement that is not empty; `field` counts those of the region.
  FieldView field(std::size_t r, std::size_t field) const {
    const Argument& a = arguments_[r];
    return a.views[static_cast<std::size_t>(std::popcount(a.fields & ((FieldSet{1} << field) - 1)))];
  }
  template <class T>
  View<T> view(std::size_t r, std::size_t at) const {
    return View<T>(field(r, at));
  }

  //! The value of the f-th launch that this one needs the future of; NaN before that was launched.
  double future(std::size_t f) const { return futures_[f]; }
  //! What the point gives to the future of its launch: 0 unless said.
  void give(double value) { given_ = value; }
  double given() const { return given_; }

 private:
  const Program& program_;
  LaunchId launch_;
  std::int64_t position_;
  std::span<const Argument> arguments_;
  std::span<const double> futures_;
  double given_ = 0;
};

//! How what all points give of all points become the future of a launch.
enum class Combine : std::uint8_t { sum, least };

//! The same kernel for a device. The source is OpenCL C 1.2; before it stand the declarations of
//! kDevicePrelude, and the kernel takes
//!   __global char* b0, b1, ...   the buffers of all fields of all requirements that are not
//!                                Privilege::none, requirement by requirement, field by field;
//!   __global const view_t* v     where in its buffer each of them is, in the same order;
//!   __global const box_t* p      the piece of every requirement, Privilege::none among them;
//!   __global const double* n     what `numbers` gives.
//! A requirement whose piece is empty has its views nowhere; kernels look at p first.
struct DeviceKernel {
  std::string name;
  std::string source;  //!< of all kernels of the application: built once for each device
  //! How many work items are started, in one dimension; 0 = none is. More do nothing: groups may be of any
  //! size.
  std::function<std::int64_t(const Call&)> items;
  std::function<std::vector<double>(const Call&)> numbers;
};
//! view_t {long offset; long stride[3];}, box_t {long lo[3]; long hi[3];} and
//! AT(type, b, x), AT2(type, b, x, y): element x, or (x, y), of view b.
extern const std::string_view kDevicePrelude;
//! The same structures, as hosts fill them.
struct DeviceView {
  std::int64_t offset = 0;
  std::array<std::int64_t, 3> stride{};
};
struct DeviceBox {
  std::array<std::int64_t, 3> lo{};
  std::array<std::int64_t, 3> hi{};
};
DeviceBox device_box(const Box& box);

//! Strides in bytes of a dense array over a box whose elements take so many.
std::array<std::int64_t, 3> strides_of(const Box& box, std::int64_t bytes, Order order);

struct Kernel {
  std::function<void(Call&)> run;
  Combine combine = Combine::sum;
  std::optional<DeviceKernel> device;
};

enum class Number : std::uint8_t { float_32, float_64 };

//! What a field has to hold when a program is over.
struct Expectation {
  RegionId region = 0;
  std::size_t field = 0;
  Number type = Number::float_64;
  std::vector<Box> where;  //!< the elements that are looked at
  //! Closed form. Absent: what the same program gives when it is run sequentially (program/sequential.h).
  std::function<double(const lang::Point&)> value;
  //! An element is right if |is - expected| <= absolute + relative x |expected|; what is not finite is wrong.
  double relative = 0;
  double absolute = 0;
};

//! What makes a program executable. Safe for several threads.
class Kernels {
 public:
  virtual ~Kernels() = default;

  //! Null for tasks that only launch others.
  virtual const Kernel* find(TaskId task) const = 0;
  //! After the loop was executed so often, warm-up included.
  virtual std::vector<Expectation> expectations(std::int64_t iterations) const = 0;
};

}  // namespace mapwright::program
