#include "rank/measure_processor.h"

#include <cblas.h>

#include <atomic>
#include <barrier>
#include <cstring>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "rank/repeated.h"

namespace mapwright::rank {
namespace {

using engine::starpu::Measurements;

constexpr int kRepeats = 5;

// No compiler drops what may be read here, nor knows what is in it.
template <class T>
void keep(T* data) {
  asm volatile("" : : "r"(data) : "memory");
}

// What one thread does in one repetition, on data of its own; made anew in each thread, so that its pages
// are near.
using Work = std::function<void()>;

// Seconds that the work takes on each of so many threads that begin together: of all threads and
// repetitions, the one in the middle. The first repetition warms up.
double at_once(std::int64_t threads, const std::function<Work()>& make) {
  std::barrier together(threads);
  std::vector<std::vector<double>> times(static_cast<std::size_t>(threads));
  const auto run = [&](std::vector<double>* own) {
    const Work work = make();
    work();
    for (int i = 0; i < kRepeats; ++i) {
      together.arrive_and_wait();
      own->push_back(processor_seconds(work));
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < times.size(); ++t) others.emplace_back(run, &times[t]);
    run(times.data());
  }
  std::vector<double> all;
  for (const auto& own : times) all.insert(all.end(), own.begin(), own.end());
  return median(std::move(all));
}

// Chains of multiply-adds, so many that every unit always has one that is ready. All numbers stay in
// registers. Flop.
constexpr std::int64_t kRounds = 2'000'000;
template <class T, std::size_t kBytes, std::size_t kChains>
[[gnu::always_inline]] inline double multiply_adds() {
  using Vector [[gnu::vector_size(kBytes)]] = T;
  Vector chains[kChains] = {};  // std::array takes vectors for their elements
  T factor = T(0.5);
  keep(&factor);
  for (std::int64_t r = 0; r < kRounds; ++r) {
    for (Vector& c : chains) c = c * factor + factor;
  }
  keep(&chains[0]);
  constexpr std::size_t kLanes = kBytes / sizeof(T);
  return 2.0 * kChains * kLanes * kRounds;
}

// 32 registers of 64 bytes, 16 of 32, 16 of 16.
template <class T>
[[gnu::target("avx512f")]] double widest_avx512() {
  return multiply_adds<T, 64, 16>();
}
template <class T>
[[gnu::target("avx2,fma")]] double widest_avx2() {
  return multiply_adds<T, 32, 12>();
}
template <class T>
double widest_other() {
  return multiply_adds<T, 16, 12>();
}

template <class T>
double peak(std::int64_t threads) {
  auto chosen = widest_other<T>;
  if (__builtin_cpu_supports("avx512f") != 0) {
    chosen = widest_avx512<T>;
  } else if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    chosen = widest_avx2<T>;
  }
  const double flop = chosen();
  return flop / at_once(threads, [&] { return [&] { chosen(); }; });
}

double dgemm(std::int64_t threads) {
  constexpr int kSide = 512;
  constexpr double kFlop = 2.0 * kSide * kSide * kSide;
  openblas_set_num_threads(1);
  return kFlop / at_once(threads, [] {
           constexpr std::size_t kElements = std::size_t{kSide} * kSide;
           return [a = std::vector<double>(kElements, 0.5), b = std::vector<double>(kElements, 0.25),
                   c = std::vector<double>(kElements)]() mutable {
             cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, kSide, kSide, kSide, 1, a.data(), kSide,
                         b.data(), kSide, 1, c.data(), kSide);
             keep(c.data());
           };
         });
}

// Gauss-Seidel would be one chain; Jacobi's method reads one side and writes the other, as solvers do that
// are made for vectors: a few sums, a product and a division's worth of products for each number.
double relaxation(std::int64_t threads) {
  constexpr std::size_t kUnknowns = 1024;
  constexpr int kSweeps = 10'000;
  constexpr double kFlop = 5.0 * (kUnknowns - 2) * kSweeps;
  return kFlop / at_once(threads, [] {
           return
               [x = std::vector<float>(kUnknowns, 1), y = std::vector<float>(kUnknowns, 1),
                b = std::vector<float>(kUnknowns, 0.5F), d = std::vector<float>(kUnknowns, 0.25F)]() mutable {
                 for (int s = 0; s < kSweeps; ++s) {
                   const float* from = (s % 2 == 0 ? x : y).data();
                   float* __restrict to = (s % 2 == 0 ? y : x).data();
                   const float* right = b.data();
                   const float* inverse = d.data();
                   for (std::size_t i = 1; i + 1 < kUnknowns; ++i)
                     to[i] = (right[i] + 0.5F * (from[i - 1] + from[i + 1])) * inverse[i] + from[i] * 0.5F;
                   keep(to);
                 }
               };
         });
}

constexpr std::size_t kBeyondCaches = std::size_t{48} << 20;  // bytes of each of the three arrays

double triad(std::int64_t threads) {
  constexpr std::size_t kElements = kBeyondCaches / sizeof(double);
  return 3.0 * kBeyondCaches / at_once(threads, [] {
           return [a = std::vector<double>(kElements), b = std::vector<double>(kElements, 1),
                   c = std::vector<double>(kElements, 2)]() mutable {
             double* __restrict to = a.data();
             const double* first = b.data();
             const double* second = c.data();
             for (std::size_t i = 0; i < kElements; ++i) to[i] = first[i] + 3 * second[i];
             keep(to);
           };
         });
}

// Bytes that all threads together copy in a second.
double copies(std::int64_t threads) {
  return static_cast<double>(threads) * kBeyondCaches / at_once(threads, [] {
           return [a = std::vector<std::byte>(kBeyondCaches),
                   b = std::vector<std::byte>(kBeyondCaches)]() mutable {
             std::memcpy(a.data(), b.data(), kBeyondCaches);
             keep(a.data());
           };
         });
}

constexpr std::size_t kTable = std::size_t{1} << 26;  // numbers of 4 bytes
constexpr std::uint32_t kReads = 1 << 20;

std::uint32_t next_random(std::uint32_t x) {
  return x * 1'664'525U + 1'013'904'223U;  // all of 2^32 before one comes again
}
std::size_t place(std::uint32_t random) {
  return random >> 6;
}

// The next place is known without the number that is read.
double scattered(std::int64_t threads, const std::vector<std::uint32_t>& table) {
  return at_once(threads,
                 [&] {
                   return [&, random = std::uint32_t{1}]() mutable {
                     std::uint32_t sum = 0;
                     for (std::uint32_t i = 0; i < kReads; ++i) {
                       random = next_random(random);
                       sum += table[place(random)];
                     }
                     keep(&sum);
                   };
                 }) /
         kReads;
}

// It is not known.
double chased(const std::vector<std::uint32_t>& table) {
  constexpr std::uint32_t kFewer = kReads / 8;
  return at_once(1,
                 [&] {
                   return [&, random = std::uint32_t{1}]() mutable {
                     for (std::uint32_t i = 0; i < kFewer; ++i)
                       random = next_random(random + table[place(random)]);
                     keep(&random);
                   };
                 }) /
         kFewer;
}

double contended(std::int64_t threads) {
  constexpr int kAdditions = 1 << 18;
  std::atomic<std::uint64_t> number = 0;
  return at_once(threads,
                 [&] {
                   return [&] {
                     for (int i = 0; i < kAdditions; ++i) number.fetch_add(1, std::memory_order_relaxed);
                   };
                 }) /
         kAdditions;
}

}  // namespace

void measure_processors(std::int64_t processors, Measurements* to) {
  to->dp_peak = peak<double>(processors);
  to->sp_peak = peak<float>(processors);
  to->dp_sustained = dgemm(processors);
  to->sp_sustained = relaxation(processors);
  to->bandwidth = triad(processors);
  to->bandwidth_alone = triad(1);
  to->copies_bandwidth = copies(processors);
  {
    std::vector<std::uint32_t> table(kTable);
    std::iota(table.begin(), table.end(), 0U);
    to->scattered = scattered(processors, table);
    to->latency = chased(table);
  }
  to->atomic = contended(processors);
}

}  // namespace mapwright::rank
