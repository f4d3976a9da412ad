#include "rank/storage.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/bug.h"

namespace mapwright::rank {

void Held::take(plan::MemoryId memory, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  now_[memory] += bytes;
  most_[memory] = std::max(most_[memory], now_[memory]);
}

void Held::give(plan::MemoryId memory, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  now_[memory] -= bytes;
}

std::vector<plan::MemoryUse> Held::most() const {
  const std::lock_guard lock(mutex_);
  std::vector<plan::MemoryUse> uses;
  for (plan::MemoryId m = 0; m < most_.size(); ++m) {
    if (most_[m] > 0) uses.push_back({m, most_[m]});
  }
  return uses;
}

Buffer::Buffer(Held* held, const plan::Instance& instance, std::shared_ptr<const Geometry> geometry,
               bool on_device, bool poison)
    : held_(*held), instance_(instance), geometry_(std::move(geometry)), poison_(poison) {
  if (!on_device) return;
  base::expects(geometry_->bytes() < std::int64_t{1} << 32, "instances on devices have less than 4 GiB");
  starpu_vector_data_register(&handle_, -1, 0, static_cast<std::uint32_t>(geometry_->bytes()), 1);
}

Buffer::~Buffer() {
  if (handle_ != nullptr) {
    if (data_ != nullptr) starpu_data_release(handle_);
    starpu_data_unregister_submit(handle_);
  } else {
    std::free(data_);  // NOLINT(cppcoreguidelines-no-malloc): aligned as the mapper says
  }
  if (taken_) held_.give(instance_.memory, instance_.bytes);
}

bool Buffer::take() {
  if (taken_.exchange(true)) return false;
  held_.take(instance_.memory, instance_.bytes);
  return true;
}

std::byte* Buffer::data() {
  std::call_once(made_, [&] {
    if (handle_ != nullptr) {
      starpu_data_acquire(handle_, STARPU_R);
      data_ = static_cast<std::byte*>(starpu_data_get_local_ptr(handle_));
      return;
    }
    const auto alignment = static_cast<std::size_t>(geometry_->alignment());
    const std::size_t bytes =
        (static_cast<std::size_t>(geometry_->bytes()) + alignment - 1) / alignment * alignment;
    data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, bytes));
    if (data_ == nullptr) throw std::bad_alloc();
    take();
    // Now, or others would already have written.
    if (poison_) std::memset(data_, 0xFF, bytes);
  });
  return data_;
}

}  // namespace mapwright::rank
