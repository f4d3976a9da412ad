#include "rank/idle.h"

#include <starpu.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>

namespace mapwright::rank {
namespace {

std::atomic<bool> g_crowded = false;

// Threads that pass messages look often, and yield once for each message that they wait for; a worker that
// found nothing for long looks less often. Nanoseconds.
constexpr long kMessageSleep = 20'000;
constexpr int kMessageYields = 1;
constexpr long kShortest = 10'000;
constexpr long kLongest = 200'000;

thread_local long t_sleep = kShortest;
thread_local int t_yields = 0;

long next_sleep() {
  if (starpu_worker_get_id() < 0) return ++t_yields % kMessageYields == 0 ? kMessageSleep : 0;
  t_sleep = std::min(2 * t_sleep, kLongest);
  return t_sleep;
}

}  // namespace

void share_cores(bool crowded) {
  g_crowded = crowded;
  // Sleeps of all threads that are made from here on are as long as they are asked to be, not 50 us longer.
  prctl(PR_SET_TIMERSLACK, 1000);
}

void found_work() {
  t_sleep = kShortest;
}

}  // namespace mapwright::rank

// Takes the place of the C library's, for the libraries of this program as well.
extern "C" __attribute__((visibility("default"))) int sched_yield() {
  if (!mapwright::rank::g_crowded) return static_cast<int>(syscall(SYS_sched_yield));
  const timespec time{0, mapwright::rank::next_sleep()};
  return time.tv_nsec > 0 ? nanosleep(&time, nullptr) : static_cast<int>(syscall(SYS_sched_yield));
}
