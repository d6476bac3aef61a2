// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/address_map.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sterna::sim {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"row",    "rank",      "bank",
                                                    "column", "bankgroup", "channel"};

std::vector<std::string> split(const std::string& order) {
  std::vector<std::string> words(1);
  for (const char c : order) {
    if (c == '-') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

}  // namespace

AddressMap::AddressMap(const DramPart& part, std::uint32_t channels, const std::string& order) {
  const std::array<std::uint32_t, kFields> counts = {part.rows,      part.ranks,       part.banks,
                                                     part.columns(), part.bank_groups, channels};
  std::array<bool, kFields> seen{};
  std::uint32_t shift = 0;
  const std::vector<std::string> words = split(order);
  for (auto low = words.rbegin(); low != words.rend(); ++low) {
    const std::string& word = *low;
    const auto found = std::ranges::find(kNames, word);
    if (found == kNames.end()) {
      throw std::invalid_argument(fmt::format("'{}' has the field '{}'; fields are {}", order, word,
                                              fmt::join(kNames, ", ")));
    }
    const auto index = static_cast<std::size_t>(found - kNames.begin());
    if (seen[index]) {
      throw std::invalid_argument(
          fmt::format("'{}' has the field '{}' twice; every field stands once", order, word));
    }
    seen[index] = true;
    fields_[index] = {.shift = shift, .mask = counts[index] - 1};
    shift += static_cast<std::uint32_t>(std::countr_zero(counts[index]));
  }
  const auto missing = std::ranges::find(seen, false);
  if (missing != seen.end()) {
    throw std::invalid_argument(
        fmt::format("'{}' lacks the field '{}'; every field stands once", order,
                    kNames[static_cast<std::size_t>(missing - seen.begin())]));
  }
}

}  // namespace sterna::sim
