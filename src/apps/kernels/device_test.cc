// Kernels for devices, built by PoCL and compared with those for processors, on the same data.
#include "apps/kernels/testing.h"

#ifdef MAPWRIGHT_OPENCL
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#endif

namespace mapwright::apps::testing {
namespace {

#ifndef MAPWRIGHT_OPENCL
TEST(Device, Kernels) {
  GTEST_SKIP() << "built without OpenCL";
}
#else

using program::DeviceBox;
using program::DeviceView;

// PoCL keeps what it builds in a folder of its own, which is ours for as long as the tests run.
class Environment : public ::testing::Environment {
 public:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "mapwright-pocl-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    setenv("POCL_CACHE_DIR", name.c_str(), 1);
    setenv("POCL_DEVICES", "pthread", 0);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

 private:
  std::filesystem::path folder_;
};
const ::testing::Environment* const kEnvironment = ::testing::AddGlobalTestEnvironment(new Environment);

void check(cl_int status, const char* what) {
  if (status != CL_SUCCESS) throw std::runtime_error(fmt::format("{} gives {}", what, status));
}

class Device {
 public:
  // Null where there is none.
  static Device* get() {
    static const std::unique_ptr<Device> device = [] {
      cl_platform_id platform = nullptr;
      cl_uint platforms = 0;
      cl_device_id id = nullptr;
      const bool found = clGetPlatformIDs(1, &platform, &platforms) == CL_SUCCESS && platforms > 0 &&
                         clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &id, nullptr) == CL_SUCCESS;
      return found ? std::make_unique<Device>(id) : nullptr;
    }();
    return device.get();
  }

  explicit Device(cl_device_id id) : id_(id) {
    cl_int status = CL_SUCCESS;
    context_ = clCreateContext(nullptr, 1, &id_, nullptr, nullptr, &status);
    check(status, "clCreateContext");
    queue_ = clCreateCommandQueue(context_, id_, 0, &status);
    check(status, "clCreateCommandQueue");
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() {
    for (const auto& [source, program] : programs_) clReleaseProgram(program);
    clReleaseCommandQueue(queue_);
    clReleaseContext(context_);
  }

  // A kernel on regions that stand in `fields`, and come back there.
  void run(const program::DeviceKernel& kernel, const program::Call& call, Fields* fields) {
    const std::int64_t items = kernel.items(call);
    if (items == 0) return;
    Memory memory(*this);
    std::map<program::RegionId, cl_mem> regions;
    std::vector<cl_mem> buffers;
    std::vector<DeviceView> views;
    std::vector<DeviceBox> boxes;
    const program::Program& p = call.program();
    for (std::size_t r = 0; r < call.launch().requirements.size(); ++r) {
      boxes.push_back(program::device_box(call.piece(r)));
      const program::Requirement& requirement = call.requirement(r);
      if (requirement.privilege == program::Privilege::none) continue;
      const program::RegionId region = p.partitions[requirement.partition].region;
      std::vector<std::byte>& bytes = fields->bytes(region);
      if (!regions.contains(region)) regions[region] = memory.of(bytes.data(), bytes.size());
      for (std::size_t f = 0; f < p.regions[region].fields.size(); ++f) {
        if ((requirement.fields >> f & 1) == 0) continue;
        const program::FieldView view = fields->field(region, f);
        buffers.push_back(regions[region]);
        views.push_back({view.origin - bytes.data(), view.strides});
      }
    }
    buffers.push_back(memory.of(views.data(), views.size() * sizeof(DeviceView)));
    buffers.push_back(memory.of(boxes.data(), boxes.size() * sizeof(DeviceBox)));
    std::vector<double> numbers = kernel.numbers(call);
    buffers.push_back(memory.of(numbers.data(), numbers.size() * sizeof(double)));
    start(kernel, buffers, static_cast<std::size_t>(items));
    for (const auto& [region, buffer] : regions) {
      std::vector<std::byte>& bytes = fields->bytes(region);
      check(clEnqueueReadBuffer(queue_, buffer, CL_TRUE, 0, bytes.size(), bytes.data(), 0, nullptr, nullptr),
            "clEnqueueReadBuffer");
    }
  }

 private:
  // Buffers of one kernel.
  class Memory {
   public:
    explicit Memory(const Device& device) : device_(device) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
      for (const cl_mem buffer : buffers_) clReleaseMemObject(buffer);
    }
    cl_mem of(void* data, std::size_t bytes) {
      cl_int status = CL_SUCCESS;
      buffers_.push_back(
          clCreateBuffer(device_.context_, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, data, &status));
      check(status, "clCreateBuffer");
      return buffers_.back();
    }

   private:
    const Device& device_;
    std::vector<cl_mem> buffers_;
  };

  void start(const program::DeviceKernel& kernel, const std::vector<cl_mem>& buffers, std::size_t items) {
    cl_int status = CL_SUCCESS;
    const cl_kernel k = clCreateKernel(built(kernel.source), kernel.name.c_str(), &status);
    check(status, "clCreateKernel");
    cl_uint arguments = 0;
    check(clGetKernelInfo(k, CL_KERNEL_NUM_ARGS, sizeof arguments, &arguments, nullptr), "clGetKernelInfo");
    EXPECT_EQ(arguments, buffers.size()) << kernel.name;
    for (cl_uint i = 0; i < buffers.size(); ++i)
      check(clSetKernelArg(k, i, sizeof(cl_mem), &buffers[i]), "clSetKernelArg");
    const std::size_t started = (items + kGroup - 1) / kGroup * kGroup;
    check(clEnqueueNDRangeKernel(queue_, k, 1, nullptr, &started, &kGroup, 0, nullptr, nullptr),
          "clEnqueueNDRangeKernel");
    check(clFinish(queue_), "clFinish");
    clReleaseKernel(k);
  }

  cl_program built(const std::string& source) {
    const auto [known, is_new] = programs_.try_emplace(source);
    if (!is_new) return known->second;
    const std::string text = std::string(program::kDevicePrelude) + source;
    const char* pointer = text.c_str();
    cl_int status = CL_SUCCESS;
    known->second = clCreateProgramWithSource(context_, 1, &pointer, nullptr, &status);
    check(status, "clCreateProgramWithSource");
    status = clBuildProgram(known->second, 1, &id_, "-cl-std=CL1.2 -Werror", nullptr, nullptr);
    std::string log(1 << 16, '\0');
    clGetProgramBuildInfo(known->second, id_, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
    check(status, log.c_str());
    return known->second;
  }

  // PoCL builds kernels again for each size of groups, so there is one.
  static constexpr std::size_t kGroup = 64;

  cl_device_id id_;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
  std::map<std::string, cl_program> programs_;
};

// Devices may fuse products and sums, and add charges in any order. All else is whole numbers, and exact.
bool nearly_same(const std::byte* a, const std::byte* b, std::int64_t bytes) {
  if (bytes != sizeof(float)) return same_bits(a, b, bytes);
  float x = 0;
  float y = 0;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return same_bits(a, b, bytes) || std::abs(x - y) <= 1e-6F + 1e-5F * std::abs(y);
}

class DeviceKernels : public ::testing::TestWithParam<Case> {};

const std::vector<Layout> kDeviceLayouts[] = {
    {{kC}}, {{kF}}, {{kC, true}}, {{kF, true}}, {{kC, false, 2, 1}}, {{kC}, {kF}, {kF, false, 1, 3}},
};

TEST_P(DeviceKernels, DoWhatTheOthersDo) {
  Device* device = Device::get();
  if (device == nullptr) GTEST_SKIP() << "no OpenCL platform";
  const program::Program p = made(GetParam());
  const auto kernels = kernels_of(p);
  for (std::size_t i = 0; i < std::size(kDeviceLayouts); ++i) {
    const Fields expected(p, kDeviceLayouts[i]);
    Fields on_device(p, kDeviceLayouts[i]);
    run(p, *kernels, 2, expected, [&](const program::Kernel& kernel, program::Call& call) {
      for (program::RegionId r = 0; kernel.device && r < p.regions.size(); ++r)
        std::ranges::copy(expected.bytes(r), on_device.bytes(r).begin());
      kernel.run(call);
      if (!kernel.device) return;
      device->run(*kernel.device, call, &on_device);
      const auto wrong = first_difference(p, on_device, expected, nearly_same);
      if (wrong) ADD_FAILURE() << p.tasks[call.launch().task].name << ", layout " << i << ": " << *wrong;
    });
  }
}

const Case kCases[] = {
    {"circuit", 1, {{"pieces", 9}, {"pps", 3}, {"wpp", 37}, {"npp", 120}, {"pct", 50}}},
    {"circuit", 1, {{"pieces", 2}, {"pps", 1}, {"wpp", 300}, {"npp", 3}, {"steps", 50}}},
    {"circuit", 1, {{"pieces", 1}, {"pps", 1}, {"wpp", 1}, {"npp", 2}}},
    {"stencil", 1, {{"ntx", 3}, {"nty", 3}, {"nx", 30}, {"ny", 21}}},
    {"stencil", 1, {{"ntx", 1}, {"nty", 2}, {"nx", 5}, {"ny", 7}}},
    {"summa", 1, {{"n", 37}}},
    {"cannon", 2, {{"n", 7}}},
    {"johnson", 1, {{"n", 17}, {"gdim", 3}}},
    {"johnson", 1, {{"n", 3}}},
    {"solomonik", 1, {{"n", 64}}},
};
INSTANTIATE_TEST_SUITE_P(OnPocl, DeviceKernels, ::testing::ValuesIn(kCases));

#endif

}  // namespace
}  // namespace mapwright::apps::testing
