// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_config.hpp"

#include <bit>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/dram/address_map.hpp"
#include "sim/field_error.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint32_t kMaxKhz = 10'000'000;  // ClockRatio: no overflow up to here
constexpr std::uint32_t kMaxBanks = 64;  // of a channel: the scheduler's set of banks is a word
constexpr std::uint32_t kMaxChannels = 64;
constexpr std::uint32_t kMaxDepth = 1024;
constexpr std::uint32_t kMaxCap = 1'000'000;
constexpr double kMinGbPerS = 0.001;
constexpr double kMaxGbPerS = 100'000;
constexpr double kMaxLatencyNs = 1e6;

void require_power_of_two(const char* field, std::uint32_t value, std::uint32_t high) {
  if (!std::has_single_bit(value) || value > high) {
    throw FieldError(field,
                     fmt::format("is {}; it must be a power of two from 1 to {}", value, high));
  }
}

void validate_shape(const DramPart& part) {
  require_range("dram.part.clock_khz", part.clock_khz, 1, kMaxKhz, " kHz");
  require_range("dram.part.data_rate_mt", part.data_rate_mt, 1, 1e6, " MT/s");
  require_power_of_two("dram.part.bus_bits", part.bus_bits, 4096);
  require_power_of_two("dram.part.burst_length", part.burst_length, 64);
  if (part.bus_bits < 8) throw FieldError("dram.part.bus_bits", "is below 8; it must hold a byte");
  require_power_of_two("dram.part.ranks", part.ranks, kMaxBanks);
  require_power_of_two("dram.part.bank_groups", part.bank_groups, kMaxBanks);
  require_power_of_two("dram.part.banks", part.banks, kMaxBanks);
  require_power_of_two("dram.part.rows", part.rows, 1U << 24);
  require_power_of_two("dram.part.row_bytes", part.row_bytes, 1U << 20);
  if (part.channel_banks() > kMaxBanks) {
    throw FieldError("dram.part", fmt::format("has {} banks a channel; at most {} are supported",
                                              part.channel_banks(), kMaxBanks));
  }
  if (part.row_bytes < part.access_bytes()) {
    throw FieldError("dram.part.row_bytes",
                     fmt::format("is {}; it must hold a column access of {} bytes", part.row_bytes,
                                 part.access_bytes()));
  }
  if (part.burst_clocks() == 0) {
    throw FieldError("dram.part.burst_length",
                     fmt::format("is {}; it must last a whole clock", part.burst_length));
  }
  if (part.refresh_banks != 0) {
    require_power_of_two("dram.part.refresh_banks", part.refresh_banks, part.rank_banks());
  }
}

void validate_refresh(const DramPart& part) {
  const DramTiming& t = part.timing;
  // While a refresh waits for a bank to close, at most a write that began just before must end.
  const std::uint32_t before = t.rc + t.cwl + part.burst_clocks() + t.wr + t.rp_all;
  if (t.refi < t.rfc + before) {
    throw FieldError(
        "dram.part.timing.refi",
        fmt::format("is {}; it must be at least {} clocks, or refreshes would leave no "
                    "time for accesses",
                    t.refi, t.rfc + before));
  }
}

}  // namespace

std::string_view name_of(DramScheduler scheduler) {
  return scheduler == DramScheduler::FrFcfs ? "fr-fcfs" : "in-order";
}

std::string_view name_of(PagePolicy policy) {
  return policy == PagePolicy::Open ? "open" : "closed";
}

void DramConfig::validate() const {
  require_range("dram.asker_khz", asker_khz, 1, kMaxKhz, " kHz");
  if (kind == DramKind::Flat) {
    require_range("dram.flat_gb_s", flat_gb_s, kMinGbPerS, kMaxGbPerS, " GB/s");
    require_range("dram.flat_latency_ns", flat_latency_ns, 0, kMaxLatencyNs, " ns");
  }
  if (kind != DramKind::Banks) return;
  validate_shape(part);
  validate_refresh(part);
  require_power_of_two("dram.channels", channels, kMaxChannels);
  require_range("dram.queue_depth", queue_depth, 1, kMaxDepth);
  require_range("dram.starvation_cap", starvation_cap, 1, kMaxCap);
  try {
    const AddressMap map(part, channels, mapping);
  } catch (const std::invalid_argument& error) {
    throw FieldError("dram.mapping", error.what());
  }
}

std::uint64_t DramConfig::bytes() const {
  return kind == DramKind::Banks ? part.channel_bytes() * channels : 0;
}

std::string DramConfig::description() const {
  if (kind == DramKind::Ideal) return "ideal";
  return kind == DramKind::Flat ? "flat" : fmt::format("{} x {}", channels, part.name);
}

double DramConfig::peak_gb_s() const {
  if (kind == DramKind::Ideal) return std::numeric_limits<double>::infinity();
  return kind == DramKind::Flat ? flat_gb_s : part.peak_gb_s() * channels;
}

DramConfig default_dram(const DramPart& part, std::uint32_t asker_khz) {
  return {.kind = DramKind::Banks,
          .asker_khz = asker_khz,
          .part = part,
          .channels = 1,
          .mapping = "row-rank-bank-column-bankgroup-channel",
          .scheduler = DramScheduler::FrFcfs,
          .page_policy = PagePolicy::Open,
          .queue_depth = 32,
          .starvation_cap = 64,
          .flat_gb_s = 0,
          .flat_latency_ns = 0};
}

}  // namespace sterna::sim
