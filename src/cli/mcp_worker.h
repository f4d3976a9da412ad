// Requests that take their time, one after the other, beside the thread that reads messages.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "cli/mcp_transport.h"

namespace mapwright::cli::mcp {

class Worker {
 public:
  //! Requests that may wait, and the bytes of their messages: a client that never reads an answer cannot fill
  //! the memory.
  static constexpr std::size_t kMostWaiting = 1000;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  //! Of its stack: what a mapper's recursion may need, whatever the limits of the process say.
  static constexpr std::size_t kStack = std::size_t{16} << 20;

  //! The writer outlives this. Throws std::system_error where there is no thread to have.
  explicit Worker(LineWriter* out);
  //! Does what is left to do.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  //! `work` gives the line that answers, and does not throw. False: too much waits already.
  bool add(std::string id, std::size_t bytes, std::function<std::string()> work);
  //! Requests with this id: one that waits is dropped, one in work goes on without an answer.
  void cancel(const std::string& id);
  //! Whether all is done, after at most so long. Nothing is added after it.
  bool finish(std::chrono::milliseconds patience);

 private:
  struct Job {
    std::string id;
    std::size_t bytes = 0;
    std::function<std::string()> work;
    bool cancelled = false;
  };
  void run();

  LineWriter& out_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // the first one is in work
  std::size_t bytes_ = 0;
  bool closed_ = false;
  pthread_t thread_{};  // last: it uses the others
};

}  // namespace mapwright::cli::mcp
