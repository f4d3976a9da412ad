#include "tune/random.h"
#include "tune/search.h"

namespace mapwright::tune {
namespace {

constexpr std::size_t kBatch = 16;  // independent of one another, so that they may be executed at once

class RandomSearch final : public Search {
 public:
  RandomSearch(Sizes sizes, std::uint64_t seed) : sizes_(std::move(sizes)), random_(seed) {}

  std::vector<Candidate> propose() override {
    std::vector<Candidate> batch(kBatch);
    for (Candidate& c : batch) {
      for (const std::uint16_t size : sizes_)
        c.choice.push_back(static_cast<std::uint16_t>(random_.below(size)));
    }
    return batch;
  }
  void observe(const Candidate& /*candidate*/, const Observation& /*observation*/) override {}

 private:
  Sizes sizes_;
  Random random_;
};

}  // namespace

std::unique_ptr<Search> random_search(Sizes sizes, std::uint64_t seed) {
  return std::make_unique<RandomSearch>(std::move(sizes), seed);
}

}  // namespace mapwright::tune
