// The processes of an execution, and what they say to one another beside the data: text that all need, the
// ends of steps that others wait for, the values of futures, a common time. None of it is counted as traffic.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace mapwright::rank {

//! A short message about an op of the plan.
struct Token {
  enum class Kind : std::uint8_t {
    over,     //!< the op is over at its process
    partial,  //!< a process's share of a future; to process 0
    value,    //!< the future, combined
    stop,     //!< to the process itself: no more are read
  };
  Kind kind = Kind::over;
  std::int64_t op = 0;
  std::int64_t any = 0;  //!< of a share: whether it has a value
  double value = 0;
};

class Peers {
 public:
  //! One process, or all that a launcher started (MPI).
  explicit Peers(bool alone);
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  //! All processes at the same time.
  ~Peers();

  int rank() const { return rank_; }
  int size() const { return size_; }
  int size_here() const { return size_here_; }  //!< of those on this computer

  std::string broadcast(std::string text);                   //!< that of process 0
  std::vector<std::string> gather(const std::string& text);  //!< of all, at process 0; nothing elsewhere
  //! The values of all, one process after the other, at process 0; nothing elsewhere.
  template <class T>
  std::vector<T> gather_all(const std::vector<T>& values) {
    std::vector<T> all;
    for (const std::string& bytes :
         gather({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)})) {
      const std::size_t before = all.size();
      all.resize(before + bytes.size() / sizeof(T));
      std::memcpy(all.data() + before, bytes.data(), bytes.size());
    }
    return all;
  }
  void barrier();

  //! From now on `heard` is called for every token, by a thread of its own (alone: by the one that tells).
  void listen(std::function<void(const Token&)> heard);
  void tell(int rank, const Token& token);
  //! No more tokens come.
  void stop_listening();

  //! Nanoseconds since a moment that all processes have in common, as far as messages between them tell.
  std::int64_t now() const;

 private:
  void synchronise();

  int rank_ = 0;
  int size_ = 1;
  int size_here_ = 1;
  std::int64_t offset_ = 0;
  std::function<void(const Token&)> heard_;
  std::thread listener_;
  struct Channels;
  std::unique_ptr<Channels> channels_;
};

//! Nanoseconds of this computer's clock.
std::int64_t clock_now();

}  // namespace mapwright::rank
