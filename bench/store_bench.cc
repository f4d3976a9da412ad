// What recording a tuning run costs: a trial, the look for an earlier execution, and opening a store.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>

#include "store/store.h"

namespace mapwright::store {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mapwright-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  std::filesystem::path file() const { return path_ / "runs.db"; }

 private:
  std::filesystem::path path_;
};

template <class T>
T value_of(base::Result<T> result) {
  base::expects(result.ok(), "the store works");
  return *std::move(result);
}

Trial trial(std::int64_t number) {
  constexpr std::size_t kMapper = 1500;
  constexpr std::size_t kFeedback = 3000;
  Trial t;
  t.number = number;
  t.mapper = std::string(kMapper, 'm');
  t.canonical = fmt::format("{:064x}", number * 0x9E3779B9);
  t.metric = 1.0 / static_cast<double>(number);
  t.samples = {*t.metric, *t.metric, *t.metric};
  t.feedback = std::string(kFeedback, 'f');
  t.why = "one decision of the best mapper so far was changed";
  return t;
}

constexpr std::int64_t kRecorded = 10'000;

std::unique_ptr<Store> recorded(const Folder& folder) {
  auto store = value_of(Store::open(folder.file()));
  const auto writer = value_of(store->create({"circuit", "subject", "{}"}));
  for (std::int64_t n = 1; n <= kRecorded; ++n) value_of(writer->add(trial(n)));
  return store;
}

void add(benchmark::State& state) {
  const Folder folder;
  const auto store = value_of(Store::open(folder.file()));
  const auto writer = value_of(store->create({"circuit", "subject", "{}"}));
  std::int64_t number = 0;
  for (auto _ : state) value_of(writer->add(trial(++number)));
}
BENCHMARK(add)->Unit(benchmark::kMicrosecond);

void find(benchmark::State& state) {
  const Folder folder;
  const auto store = recorded(folder);
  std::int64_t number = 0;
  for (auto _ : state) {
    number = number % (2 * kRecorded) + 1;  // half of them are there
    benchmark::DoNotOptimize(value_of(store->find("subject", trial(number).canonical)));
  }
}
BENCHMARK(find)->Unit(benchmark::kMicrosecond);

void open(benchmark::State& state) {
  const Folder folder;
  recorded(folder).reset();
  for (auto _ : state) value_of(Store::open(folder.file()));
}
BENCHMARK(open)->Unit(benchmark::kMicrosecond);

void list(benchmark::State& state) {
  const Folder folder;
  const auto store = recorded(folder);
  for (auto _ : state) benchmark::DoNotOptimize(value_of(store->trials("circuit-1")));
}
BENCHMARK(list)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mapwright::store
