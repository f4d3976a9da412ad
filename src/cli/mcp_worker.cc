#include "cli/mcp_worker.h"

#include <system_error>
#include <utility>

namespace mapwright::cli::mcp {

Worker::Worker(LineWriter* out) : out_(*out) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  const auto work = [](void* self) -> void* {
    static_cast<Worker*>(self)->run();
    return nullptr;
  };
  const int error = ::pthread_create(&thread_, &attributes, work, this);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) throw std::system_error(error, std::generic_category());
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  ::pthread_join(thread_, nullptr);
}

bool Worker::add(std::string id, std::size_t bytes, std::function<std::string()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= kMostWaiting || bytes_ + bytes > kMostBytes) return false;
    bytes_ += bytes;
    jobs_.push_back({std::move(id), bytes, std::move(work)});
  }
  changed_.notify_all();
  return true;
}

void Worker::cancel(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (Job& job : jobs_) job.cancelled = job.cancelled || job.id == id;
}

bool Worker::finish(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, patience, [this] { return jobs_.empty(); });
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    // The queue keeps the place of the one in work, so that it can be cancelled.
    Job& job = jobs_.front();
    std::string line;
    if (!job.cancelled) {
      const auto work = std::exchange(job.work, nullptr);
      lock.unlock();
      line = work();
      lock.lock();
    }
    const bool answered = !job.cancelled;
    lock.unlock();
    if (answered) out_.write(line);
    lock.lock();
    bytes_ -= job.bytes;
    jobs_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace mapwright::cli::mcp
