// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/dram/dram_part.hpp"

namespace sterna::sim {

enum class DramKind : std::uint8_t {
  Banks,  // a part with its banks, rows and refresh
  Flat,   // one pipe of flat_gb_s behind flat_latency_ns
  Ideal,  // whatever is asked for is there in the same cycle
};

enum class DramScheduler : std::uint8_t {
  FrFcfs,   // accesses to open rows first, then the oldest; reads before writes until these pile up
  InOrder,  // one access after the other, none prepared ahead
};

enum class PagePolicy : std::uint8_t {
  Open,    // a row stays open until another is wanted or a refresh is due
  Closed,  // a row is closed when no waiting access wants it
};

/// As a hardware file writes them: "fr-fcfs" or "in-order", "open" or "closed".
[[nodiscard]] std::string_view name_of(DramScheduler scheduler);
[[nodiscard]] std::string_view name_of(PagePolicy policy);

/// One memory: its part, how many channels, and the controller in front of each.
///
/// What only DramKind::Banks looks at may hold anything under the other two kinds.
struct DramConfig {
  DramKind kind;
  std::uint32_t asker_khz;  // clock of whoever asks; every cycle in dram.hpp is one of its

  DramPart part;
  std::uint32_t channels;
  std::string mapping;  // AddressMap
  DramScheduler scheduler;
  PagePolicy page_policy;
  std::uint32_t queue_depth;     // waiting accesses a channel and direction
  std::uint32_t starvation_cap;  // accesses to an open row that may pass the oldest of the bank

  double flat_gb_s;
  double flat_latency_ns;

  /// Throws FieldError naming the field, its value and what is legal.
  void validate() const;

  /// What it is made of: "2 x LPDDR4X-4266", "flat", "ideal".
  [[nodiscard]] std::string description() const;

  /// What all channels hold; 0 stands for no limit (Flat, Ideal).
  [[nodiscard]] std::uint64_t bytes() const;

  /// Of all channels; infinite for Ideal.
  [[nodiscard]] double peak_gb_s() const;

  friend bool operator==(const DramConfig&, const DramConfig&) = default;
};

/// `part` behind one channel with the controller that docs/dram.md recommends for it.
DramConfig default_dram(const DramPart& part, std::uint32_t asker_khz);

}  // namespace sterna::sim
