// SPDX-License-Identifier: Apache-2.0
#include "host/bench/host_rates.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "host/bench/bench.hpp"

namespace sterna::host {
namespace {

constexpr std::array kRates = {
    NamedRate{"attention_gmac_s", &sim::HostConfig::attention_gmac_s, false},
    NamedRate{"kv_gb_s", &sim::HostConfig::kv_gb_s, false},
    NamedRate{"head_gb_s", &sim::HostConfig::head_gb_s, false},
    NamedRate{"head_gmac_s", &sim::HostConfig::head_gmac_s, false},
    NamedRate{"elements_g_s", &sim::HostConfig::elements_g_s, false},
    NamedRate{"job_us", &sim::HostConfig::job_us, true}};
static_assert(kRates.size() == kHostCosts);

/// A sample's amounts in the order of HostCosts, and its seconds behind them.
using Equation = std::array<double, kHostCosts + 1>;

Equation equation_of(const HostSample& s) {
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  return {number(s.work.attention_macs),
          number(s.work.kv_bytes),
          number(s.work.head_bytes),
          number(s.work.head_macs),
          number(s.work.elements()),
          number(s.jobs),
          s.seconds};
}

// Subtracts `pivot` so often that the amount at `column` goes.
void eliminate(Equation& row, const Equation& pivot, std::size_t column) {
  const double times = row[column] / pivot[column];
  for (std::size_t j = column; j < row.size(); ++j) row[j] -= times * pivot[j];
  row[column] = 0;
}

}  // namespace

std::span<const NamedRate> named_rates() { return kRates; }

// Gaussian elimination: differences of samples until one kind of work is left in each.
HostCosts solve_costs(std::span<const HostSample> samples) {
  if (samples.size() != kHostCosts) {
    throw std::invalid_argument(
        fmt::format("{} samples for {} costs: give one each", samples.size(), kHostCosts));
  }
  std::vector<Equation> rows;
  for (const HostSample& sample : samples) rows.push_back(equation_of(sample));
  std::array<double, kHostCosts> most{};  // of each kind in any sample
  for (std::size_t c = 0; c < kHostCosts; ++c) {
    for (const Equation& row : rows) most[c] = std::max(most[c], row[c]);
  }
  for (std::size_t c = 0; c < kHostCosts; ++c) {
    const auto pivot = std::max_element(
        rows.begin() + static_cast<std::ptrdiff_t>(c), rows.end(),
        [c](const Equation& a, const Equation& b) { return std::abs(a[c]) < std::abs(b[c]); });
    // Amounts are whole numbers, so what is left of one is either rounding or a sample of its own.
    if (!(std::abs((*pivot)[c]) > 1e-9 * most[c])) {
      throw std::invalid_argument(fmt::format(
          "the samples do not tell {} from the rest: vary it on its own", kRates[c].key));
    }
    std::swap(rows[c], *pivot);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (r != c) eliminate(rows[r], rows[c], c);
    }
  }
  HostCosts costs{};
  for (std::size_t c = 0; c < kHostCosts; ++c) costs[c] = rows[c].back() / rows[c][c];
  return costs;
}

HostCosts quantile(const std::vector<HostCosts>& costs, double share) {
  HostCosts out{};
  for (std::size_t c = 0; c < kHostCosts; ++c) {
    std::vector<double> sorted;
    sorted.reserve(costs.size());
    for (const HostCosts& one : costs) sorted.push_back(one[c]);
    std::ranges::sort(sorted);
    out[c] = quantile(sorted, share);
  }
  return out;
}

sim::HostConfig rates_of(const HostCosts& costs, const std::string& evidence,
                         const std::string& source) {
  sim::HostConfig host{.attention_gmac_s = 0,
                       .kv_gb_s = 0,
                       .head_gb_s = 0,
                       .head_gmac_s = 0,
                       .elements_g_s = 0,
                       .job_us = 0,
                       .evidence = evidence,
                       .source = source};
  for (std::size_t c = 0; c < kHostCosts; ++c) {
    if (!(costs[c] > 0)) {
      throw std::runtime_error(
          fmt::format("{} is smaller than the noise of this machine: measure a larger model, "
                      "repeat more often, "
                      "or on a quieter machine",
                      kRates[c].key));
    }
    host.*kRates[c].field = kRates[c].value(costs[c]);
  }
  return host;
}

}  // namespace sterna::host
