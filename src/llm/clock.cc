#include "llm/clock.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

namespace mapwright::llm {
namespace {

class SystemClock final : public Clock {
 public:
  Seconds now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
  Seconds calendar() override { return std::chrono::system_clock::now().time_since_epoch(); }
  void sleep(Seconds time, const std::function<bool()>& cancelled) override {
    constexpr Seconds kSlice{0.05};
    const Seconds end = now() + time;
    for (Seconds left = time; left > Seconds(0) && !(cancelled && cancelled()); left = end - now())
      std::this_thread::sleep_for(std::min(left, kSlice));
  }
  double chance() override {
    const std::scoped_lock lock(mutex_);
    return std::uniform_real_distribution<>()(random_);
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 random_{std::random_device()()};
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace mapwright::llm
