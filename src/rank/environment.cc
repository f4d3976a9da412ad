#include "rank/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mapwright::rank {
namespace {

// Set once this has been done.
constexpr const char* kPrepared = "MAPWRIGHT_RANK_PREPARED";

struct Setting {
  const char* name;
  std::string value;
};

// OpenBLAS 0.3.21 takes processors that are newer than itself for old ones, and reaches a fifth of their
// rate.
const char* openblas_core() {
  if (__builtin_cpu_supports("avx512f")) return "SKYLAKEX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "HASWELL";
  return __builtin_cpu_supports("avx") ? "SANDYBRIDGE" : nullptr;
}

// StarPU keeps what it measured of the computer; processes that share a folder read what others have half
// written. In the folder of whoever started this process, where that is on this computer.
std::string own_folder() {
  const char* given = std::getenv("MAPWRIGHT_FOLDER");
  std::error_code none;
  const std::filesystem::path base = given != nullptr && std::filesystem::is_directory(given, none)
                                         ? std::filesystem::path(given)
                                         : std::filesystem::temp_directory_path(none);
  return base / fmt::format("mapwright-rank-{}", getpid());
}

std::vector<Setting> settings(int devices) {
  std::string pocl;
  for (int i = 0; i < devices; ++i) pocl += i == 0 ? "pthread" : " pthread";
  std::vector<Setting> list = {
      {"STARPU_WORKERS_NOBIND", "1"},
      {"STARPU_MAIN_THREAD_BIND", "0"},
      {"STARPU_MPI_NOBIND", "1"},
      {"STARPU_HOME", own_folder()},
      {"STARPU_SILENT", "1"},
      {"STARPU_MINIMUM_CLEAN_BUFFERS", "0"},
      {"STARPU_TARGET_CLEAN_BUFFERS", "0"},
      {"STARPU_COMM_STATS", "1"},
      {"STARPU_PROFILING", "1"},
      {"STARPU_NOPENCL", fmt::format("{}", devices)},
      {"STARPU_OPENCL_ON_CPUS", devices > 0 ? "1" : "0"},
      {"STARPU_OPENCL_ONLY_ON_CPUS", devices > 0 ? "1" : "0"},
      {"OMPI_MCA_mpi_yield_when_idle", "1"},
      {"OPENBLAS_NUM_THREADS", "1"},
      {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
      {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
  };
  if (devices > 0) list.push_back({"POCL_DEVICES", std::move(pocl)});
  if (const char* core = openblas_core()) list.push_back({"OPENBLAS_CORETYPE", core});
  return list;
}

}  // namespace

std::vector<std::string> stated_by_others(int devices) {
  const std::vector<Setting> ours = settings(devices);
  std::vector<std::string> others;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool own = std::ranges::any_of(
        ours, [&](const Setting& s) { return text == fmt::format("{}={}", s.name, s.value); });
    if (text.starts_with("STARPU_") && !own) others.emplace_back(text);
  }
  return others;
}

void leave_nothing() {
  std::error_code none;
  std::filesystem::remove_all(own_folder(), none);
}

void prepare_environment(char** argv, int devices) {
  if (std::getenv(kPrepared) != nullptr) return;
  setenv(kPrepared, "1", 1);
  for (const Setting& s : settings(devices)) setenv(s.name, s.value.c_str(), 0);
  // By its own name, which is what lists of processes show.
  std::error_code none;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", none);
  execv(self.c_str(), argv);
  // Where that fails, libraries run as they find things.
}

}  // namespace mapwright::rank
