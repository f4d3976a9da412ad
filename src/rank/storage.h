// What instances are stored in, and how much of each memory that takes.
#pragma once

#include <starpu.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "plan/plan.h"
#include "rank/geometry.h"

namespace mapwright::rank {

//! Bytes that are held now, and the most that ever were, in each memory. Safe for several threads.
class Held {
 public:
  explicit Held(std::size_t memories) : now_(memories), most_(memories) {}

  void take(plan::MemoryId memory, std::int64_t bytes);
  void give(plan::MemoryId memory, std::int64_t bytes);
  //! Of memories that ever held anything.
  std::vector<plan::MemoryUse> most() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::int64_t> now_;
  std::vector<std::int64_t> most_;
};

//! One life of an instance, from its first use to its collection. The bytes are gone when nobody has the
//! buffer any more. Those of a host memory are there when they are first asked for; those of a device are
//! StarPU's, which makes them on that device when a task first writes them, and never anywhere else. Safe for
//! several threads.
class Buffer {
 public:
  Buffer(Held* held, const plan::Instance& instance, std::shared_ptr<const Geometry> geometry, bool on_device,
         bool poison);
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  const plan::Instance& instance() const { return instance_; }
  const Geometry& geometry() const { return *geometry_; }

  //! Of the host. Of a device: what is there now, read back, once no task uses it any more.
  std::byte* data();
  //! Of a device; null for the host.
  starpu_data_handle_t handle() const { return handle_; }
  //! Of a device: counts its bytes, which the memory has from here on. True for who comes first.
  bool take();
  bool poison() const { return poison_; }

 private:
  Held& held_;
  const plan::Instance& instance_;
  std::shared_ptr<const Geometry> geometry_;
  bool poison_;  //!< begins with what is no number
  std::once_flag made_;
  std::byte* data_ = nullptr;
  starpu_data_handle_t handle_ = nullptr;
  std::atomic<bool> taken_ = false;
};

}  // namespace mapwright::rank
