// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sterna {

/// What one instruction set can read and multiply at most; the rates that kernels are held against.
/// Rows bear the names of all_panel_kernels().
struct LimitProbe {
  std::string_view isa;
  std::string_view multiply_add;  // the instruction(s) of one step of a kernel's inner loop
  bool (*supported)();            // by the CPU we run on

  /// Exclusive or of all 64-bit words of `bytes` bytes, by plain vector loads.
  /// Range   data aligned to 64 bytes, bytes a multiple of kReadGrain; `ahead` bytes in front of the
  ///         loads each line is prefetched, not at all for 0
  std::uint64_t (*read)(const std::uint8_t* data, std::size_t bytes, std::size_t ahead);

  /// Multiplies ones by ones in registers; returns the sum over all accumulators, which is the number
  /// of multiply-adds done: rounds * macs_a_round.
  /// Range   exact up to 10,000 rounds, then an int16 accumulator may wrap
  std::uint64_t (*multiply)(std::uint64_t rounds);
  std::uint64_t macs_a_round;
};

/// LimitProbe::read takes whole multiples of this.
inline constexpr std::size_t kReadGrain = 1024;

/// Every probe compiled in, fastest first; the last, "scalar", runs anywhere.
[[nodiscard]] std::span<const LimitProbe> limit_probes();

/// The probe of that name; that of "scalar" for a kernel that has none of its own.
[[nodiscard]] const LimitProbe& limit_probe(std::string_view isa);

/// The probe whose loads are the widest that this CPU has.
[[nodiscard]] const LimitProbe& fastest_reader();

/// Bytes of the last cache that processor 0 reaches; 0 where the system does not say. Not sysconf's, which on
/// AMD adds up the caches of all chiplets of a socket.
[[nodiscard]] std::size_t last_cache_bytes();

/// Sizes of a measurement of the limits.
struct LimitsPlan {
  unsigned threads;
  std::string_view isa;      // whose multiply-add is measured; loads are the fastest there are
  std::size_t dram_bytes;    // a thread reads; a multiple of 2 MiB
  unsigned repeats;          // the best of so many counts
  double multiply_target_s;  // how long one round of multiply-adds should last: as
      // a limit of seconds of work, not the speed of a cool core's first moment

  /// Over all threads 512 MiB or eight times the last-level cache, whichever is more, but at most a
  /// quarter of the memory that is free now.
  static LimitsPlan of(unsigned threads, std::string_view isa);
};

/// Rates of `threads` threads together.
struct MachineLimits {
  unsigned threads;
  double dram_bytes_s;          // each thread one sequential stream through memory of its own
  double l3_bytes_s;            // 8 MiB a thread, again and again
  double l2_bytes_s;            // 512 KiB a thread, again and again
  double macs_s;                // int8 multiply-adds by LimitProbe::multiply_add
  std::size_t dram_bytes;       // that one thread read
  std::size_t dram_ahead;       // prefetch distance that read fastest, bytes; 0: without
  double dram_huge_page_share;  // of that memory, on pages of 2 MiB
};

/// Measures. Takes about two seconds and threads * (dram_bytes + 8.5 MiB) of memory, which it asks
/// the system to back by 2 MiB pages and gives back.
/// Errors  std::invalid_argument for no threads or a size that is no multiple of 2 MiB, std::bad_alloc
[[nodiscard]] MachineLimits measure_limits(const LimitsPlan& plan);

/// The higher of two measurements of the same limits, rate by rate.
[[nodiscard]] MachineLimits best_of(const MachineLimits& a, const MachineLimits& b);

/// Anonymous memory of this process, by /proc/self/smaps_rollup; zeros where there is no such file.
struct AnonymousMemory {
  std::size_t bytes;
  std::size_t huge_bytes;  // of it on pages of 2 MiB
};
[[nodiscard]] AnonymousMemory anonymous_memory();

}  // namespace sterna
