// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace sterna {

/// Functional coverage: how often each of a fixed set of situations was reached by a run that passed its
/// checks. Verilator 5.006 has no covergroups; here a bin is a name.
class Coverage {
 public:
  /// Adds the cross of these lists as bins of `group`: "group: a, x" and so on.
  void declare(const std::string& group, const std::vector<std::vector<std::string>>& lists);

  /// Counts a situation. Errors  std::out_of_range for a bin that nobody declared
  void hit(const std::string& group, const std::vector<std::string>& values);

  [[nodiscard]] std::vector<std::string> missed() const;

  /// A line a bin with its count, and the totals.
  void print(std::ostream& out) const;

  /// The same into this file of the folder STERNA_COVERAGE_REPORT, if that is set.
  void report(const std::string& file) const;

 private:
  std::map<std::string, std::uint64_t> bins_;
};

}  // namespace sterna
