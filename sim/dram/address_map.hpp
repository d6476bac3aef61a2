// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/dram/dram_part.hpp"

namespace sterna::sim {

/// Where one column access goes.
struct DramLocation {
  std::uint32_t channel;
  std::uint32_t rank;
  std::uint32_t bank_group;
  std::uint32_t bank;  // in its group
  std::uint32_t row;
  std::uint32_t column;  // in accesses

  friend bool operator==(const DramLocation&, const DramLocation&) = default;
};

/// Byte addresses to channels, banks, rows and columns: fields of address bits, one after another.
///
/// Layout  the order names the fields from high to low: "row-rank-bank-column-bankgroup-channel";
///         below them lie the bytes of one column access
/// Errors  std::invalid_argument names the first field that is unknown, twice or missing
class AddressMap {
 public:
  AddressMap(const DramPart& part, std::uint32_t channels, const std::string& order);

  /// `access` is an address divided by the part's access_bytes(); bits beyond the memory are an
  /// assertion.
  [[nodiscard]] DramLocation locate(std::uint64_t access) const {
    return {.channel = field(access, Channel),
            .rank = field(access, Rank),
            .bank_group = field(access, BankGroup),
            .bank = field(access, Bank),
            .row = field(access, Row),
            .column = field(access, Column)};
  }

  [[nodiscard]] std::uint32_t channel(std::uint64_t access) const { return field(access, Channel); }

  /// From one column of a row to the next it is 2^this accesses.
  [[nodiscard]] std::uint32_t column_shift() const { return fields_[Column].shift; }
  /// From one channel to the next.
  [[nodiscard]] std::uint32_t channel_shift() const { return fields_[Channel].shift; }

 private:
  enum Field : std::uint8_t { Row, Rank, Bank, Column, BankGroup, Channel };
  static constexpr std::size_t kFields = 6;

  struct Bits {
    std::uint32_t shift;
    std::uint32_t mask;
  };

  [[nodiscard]] std::uint32_t field(std::uint64_t access, Field name) const {
    return static_cast<std::uint32_t>(access >> fields_[name].shift) & fields_[name].mask;
  }

  std::array<Bits, kFields> fields_{};
};

}  // namespace sterna::sim
