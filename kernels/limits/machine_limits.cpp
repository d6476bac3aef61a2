// SPDX-License-Identifier: Apache-2.0
#include "kernels/limits/machine_limits.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/limits/machine_limits_impl.hpp"

namespace sterna {
namespace {

constexpr std::size_t kKib = 1024;
constexpr std::size_t kMib = 1024 * kKib;
constexpr std::size_t kHugePageBytes = 2 * kMib;

// Twice the largest L2 of a core on the market (Zen 5: 1 MiB, Sapphire Rapids: 2 MiB, M-class Arm: 3
// MiB) and a quarter of the smallest.
constexpr std::size_t kL3Bytes = 8 * kMib;
constexpr std::size_t kL2Bytes = 512 * kKib;
// A pass over a cache ends too soon to be timed: read so much in a round.
constexpr std::size_t kCacheRoundBytes = 256 * kMib;

// Which distance is best differs between machines; 0 leaves it to the hardware prefetchers.
constexpr std::array<std::size_t, 2> kAhead = {0, 4 * kKib};

constexpr std::array kProbes = {
#if defined(__x86_64__)
    LimitProbe{"avx512vnni", "vpdpbusd zmm",
               [] {
                 return __builtin_cpu_supports("avx512vnni") != 0 &&
                        __builtin_cpu_supports("avx512bw") != 0;
               },
               read_avx512, multiply_avx512vnni, kMacsAvx512vnni},
    LimitProbe{"avx2", "vpmaddubsw + vpaddw ymm",
               [] { return __builtin_cpu_supports("avx2") != 0; }, read_avx2, multiply_avx2,
               kMacsAvx2},
#elif defined(__aarch64__)
    LimitProbe{"neon", "sdot, 128 bits",
               [] { return (::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }, read_neon,
               multiply_neon, kMacsNeon},
#endif
    LimitProbe{"scalar", "int16 multiply + add, 128 bits", [] { return true; }, read_scalar,
               multiply_scalar, kMacsScalar},
};

/// Anonymous memory on 2 MiB pages as far as the system gives any.
class Region {
 public:
  explicit Region(std::size_t bytes) : mapped_bytes_(bytes + kHugePageBytes), bytes_(bytes) {
    mapped_ =
        ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped_ == MAP_FAILED) throw std::bad_alloc();
    auto* start = static_cast<std::uint8_t*>(mapped_);
    const auto past = reinterpret_cast<std::uintptr_t>(start) % kHugePageBytes;
    data_ = start + (kHugePageBytes - past) % kHugePageBytes;
    ::madvise(data_, bytes_, MADV_HUGEPAGE);  // refused: then 4 KiB pages are this run's limit
  }
  ~Region() { ::munmap(mapped_, mapped_bytes_); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// First touch, by the thread that will read. Not zero: equal pages might be merged.
  void touch() {
    for (std::size_t i = 0; i < bytes_; i += sizeof(i)) std::memcpy(data_ + i, &i, sizeof(i));
  }
  [[nodiscard]] const std::uint8_t* data() const { return data_; }

 private:
  std::size_t mapped_bytes_;
  std::size_t bytes_;
  void* mapped_;
  std::uint8_t* data_;
};

/// One for each thread.
std::vector<std::unique_ptr<Region>> make_regions(unsigned threads, std::size_t bytes) {
  std::vector<std::unique_ptr<Region>> regions;
  for (unsigned i = 0; i < threads; ++i) regions.push_back(std::make_unique<Region>(bytes));
  return regions;
}

/// What each thread does in each round.
using Round = std::function<void(unsigned thread, std::size_t round)>;

/// Seconds of rounds 1..rounds; round 0, in which threads touch their memory, is not timed. All threads
/// begin a round together, and it ends with the last of them.
std::vector<double> time_rounds(unsigned threads, std::size_t rounds, const Round& body) {
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> ends;
  ends.reserve(rounds + 1);
  const auto stamp = [&ends]() noexcept { ends.push_back(Clock::now()); };
  std::barrier barrier(threads, stamp);
  const auto work = [&](unsigned thread) {
    for (std::size_t round = 0; round <= rounds; ++round) {
      body(thread, round);
      barrier.arrive_and_wait();
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i) workers.emplace_back(work, i);
  work(0);
  for (std::thread& worker : workers) worker.join();
  std::vector<double> seconds;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    seconds.push_back(std::chrono::duration<double>(ends[i] - ends[i - 1]).count());
  }
  return seconds;
}

// Keeps results alive that are computed for their time only.
std::atomic<std::uint64_t> sink;

void measure_dram(const LimitsPlan& plan, MachineLimits& limits) {
  const LimitProbe& probe = fastest_reader();
  const auto memory = make_regions(plan.threads, plan.dram_bytes);
  const std::size_t huge_before = anonymous_memory().huge_bytes;
  const auto seconds = time_rounds(
      plan.threads, kAhead.size() * plan.repeats, [&](unsigned thread, std::size_t round) {
        if (round == 0) return memory[thread]->touch();
        const std::size_t ahead = kAhead[(round - 1) % kAhead.size()];
        sink += probe.read(memory[thread]->data(), plan.dram_bytes, ahead);
      });
  const auto best = std::min_element(seconds.begin(), seconds.end());
  const double total = static_cast<double>(plan.dram_bytes) * plan.threads;
  limits.dram_bytes_s = total / *best;
  limits.dram_bytes = plan.dram_bytes;
  limits.dram_ahead = kAhead[static_cast<std::size_t>(best - seconds.begin()) % kAhead.size()];
  const std::size_t huge = anonymous_memory().huge_bytes;
  limits.dram_huge_page_share =
      std::min(1.0, static_cast<double>(huge - std::min(huge, huge_before)) / total);
}

double cache_bytes_s(const LimitsPlan& plan, std::size_t cache_bytes) {
  const LimitProbe& probe = fastest_reader();
  const auto memory = make_regions(plan.threads, std::max(cache_bytes, kHugePageBytes));
  const std::size_t passes = kCacheRoundBytes / cache_bytes;
  const auto seconds =
      time_rounds(plan.threads, plan.repeats, [&](unsigned thread, std::size_t round) {
        if (round == 0) return memory[thread]->touch();
        for (std::size_t pass = 0; pass < passes; ++pass) {
          sink += probe.read(memory[thread]->data(), cache_bytes, 0);
        }
      });
  return static_cast<double>(kCacheRoundBytes) * plan.threads /
         *std::min_element(seconds.begin(), seconds.end());
}

double multiply_macs_s(const LimitsPlan& plan) {
  const LimitProbe& probe = limit_probe(plan.isa);
  std::uint64_t rounds = 1 << 14;
  // How many rounds fill the time: doubled until they do.
  while (time_rounds(1, 1, [&](unsigned, std::size_t round) {
           if (round == 1) sink += probe.multiply(rounds);
         })[0] < plan.multiply_target_s) {
    rounds *= 2;
  }
  const auto seconds = time_rounds(plan.threads, plan.repeats, [&](unsigned, std::size_t round) {
    if (round > 0) sink += probe.multiply(rounds);
  });
  return static_cast<double>(rounds * probe.macs_a_round) * plan.threads /
         *std::min_element(seconds.begin(), seconds.end());
}

std::size_t system_bytes(int pages_name) {
  return static_cast<std::size_t>(std::max(0L, ::sysconf(pages_name))) *
         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::span<const LimitProbe> limit_probes() { return kProbes; }

const LimitProbe& limit_probe(std::string_view isa) {
  for (const LimitProbe& probe : kProbes) {
    if (probe.isa == isa && probe.supported()) return probe;
  }
  return kProbes.back();
}

const LimitProbe& fastest_reader() {
  return *std::find_if(kProbes.begin(), kProbes.end(),
                       [](const LimitProbe& probe) { return probe.supported(); });
}

std::size_t last_cache_bytes() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
  std::size_t kib = 0;
  if (file >> kib) return kib * 1024;  // "32768K"
  return static_cast<std::size_t>(std::max(0L, ::sysconf(_SC_LEVEL3_CACHE_SIZE)));
}

LimitsPlan LimitsPlan::of(unsigned threads, std::string_view isa) {
  const std::size_t wanted = std::max(512 * kMib, 8 * last_cache_bytes()) / threads;
  const std::size_t bound = system_bytes(_SC_AVPHYS_PAGES) / 4 / threads;
  const std::size_t pages = std::max<std::size_t>(1, std::min(wanted, bound) / kHugePageBytes);
  return {.threads = threads,
          .isa = isa,
          .dram_bytes = pages * kHugePageBytes,
          .repeats = 3,
          .multiply_target_s = 0.25};
}

MachineLimits measure_limits(const LimitsPlan& plan) {
  if (plan.threads == 0 || plan.repeats == 0 || plan.dram_bytes == 0 ||
      plan.dram_bytes % kHugePageBytes != 0) {
    throw std::invalid_argument("limits of " + std::to_string(plan.threads) + " threads with " +
                                std::to_string(plan.dram_bytes) + " bytes, best of " +
                                std::to_string(plan.repeats) +
                                ": give a thread, a repeat and a multiple of 2 MiB at least");
  }
  MachineLimits limits{};
  limits.threads = plan.threads;
  measure_dram(plan, limits);
  limits.l3_bytes_s = cache_bytes_s(plan, kL3Bytes);
  limits.l2_bytes_s = cache_bytes_s(plan, kL2Bytes);
  limits.macs_s = multiply_macs_s(plan);
  return limits;
}

MachineLimits best_of(const MachineLimits& a, const MachineLimits& b) {
  MachineLimits best = a.dram_bytes_s >= b.dram_bytes_s ? a : b;
  best.l3_bytes_s = std::max(a.l3_bytes_s, b.l3_bytes_s);
  best.l2_bytes_s = std::max(a.l2_bytes_s, b.l2_bytes_s);
  best.macs_s = std::max(a.macs_s, b.macs_s);
  return best;
}

AnonymousMemory anonymous_memory() {
  AnonymousMemory memory{};
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::size_t kib = 0;
    if (!(words >> key >> kib)) continue;
    if (key == "Anonymous:") memory.bytes = kib * kKib;
    if (key == "AnonHugePages:") memory.huge_bytes = kib * kKib;
  }
  return memory;
}

}  // namespace sterna
