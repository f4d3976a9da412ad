// What processes of a real execution measure of their computer, and how they are asked: texts, as jobs and
// answers are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mapwright::engine::starpu {

//! What makes a process measure instead of executing.
inline constexpr std::string_view kMeasure = "--measure";

struct Question {
  std::int64_t processors = 2;  //!< that compute at the same time: threads
  double limit = 30;            //!< seconds; then a process ends itself
};

std::string save(const Question& question);
std::optional<Question> load_question(std::string_view text);

//! Seconds, bytes/s and flop/s; medians of several repetitions. What a process does not measure is 0: alone
//! it measures all but the last four, and of two processes those.
struct Measurements {
  // One processor while all are at it at the same time, as under a mapper that uses all.
  double dp_peak = 0;  //!< multiply-adds of registers, in the widest vectors
  double sp_peak = 0;
  double dp_sustained = 0;  //!< DGEMM of matrices beyond the caches of a core
  double sp_sustained = 0;  //!< relaxation of a tridiagonal system in the first cache
  double bandwidth = 0;     //!< a[i] = b[i] + s c[i] in arrays beyond the caches: read, read, written
  double scattered = 0;     //!< independent reads of 4 bytes beyond the caches: from one to the next
  double atomic = 0;        //!< additions to one number by all: from one of a processor to its next

  double bandwidth_alone = 0;  //!< as `bandwidth`, by one processor while the others rest
  double latency = 0;          //!< reads of which each has to wait for the one before

  // Of our own runtime on StarPU, with kernels that do nothing.
  double mapping = 0;  //!< from one submitted task to the next, while none can run
  double launch = 0;   //!< from the start of a task to that of the next on its processor, which waits for it
  double copy_setup = 0;      //!< what a copy of a few bytes between two tasks adds to that
  double copy_bandwidth = 0;  //!< by what a large one takes longer than a small one
  double copies_bandwidth =
      0;  //!< of as many threads as there are processors that copy at once, all together

  // Between two processes.
  double network_latency = 0;    //!< half of an empty message and its answer, without the runtime
  double message = 0;            //!< what the runtime adds to that when it tells the end of a task
  double remote_hop = 0;         //!< as `launch`, where the next task is at the other process and needs a few
                                 //!< bytes: packed, sent and unpacked
  double network_bandwidth = 0;  //!< as copy_bandwidth, of such a hop
};

struct NamedMeasurement {
  std::string_view name;
  double Measurements::* member;
  bool between_processes = false;
};
std::span<const NamedMeasurement> measurement_names();

std::string save(const Measurements& measurements);
//! Nothing where the text is none.
std::optional<Measurements> load_measurements(std::string_view text);

}  // namespace mapwright::engine::starpu
