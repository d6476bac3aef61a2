// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace sterna::sim {

/// A value outside its legal range, found by a validate(); the sentence names field, value and what
/// is legal.
class FieldError : public std::invalid_argument {
 public:
  FieldError(std::string field, const std::string& rest)
      : std::invalid_argument(field + " " + rest), field_(std::move(field)) {}

  /// Dotted, as in the file: "unit.lanes".
  [[nodiscard]] const std::string& field() const { return field_; }

 private:
  std::string field_;
};

/// Throws FieldError unless `value` is in [low, high]; NaN never is. `unit` follows the numbers: " GB/s".
inline void require_range(const char* field, double value, double low, double high,
                          const char* unit = "") {
  if (value >= low && value <= high) return;
  throw FieldError(field, fmt::format("is {}; it must be from {} to {}{}", value, low, high, unit));
}

}  // namespace sterna::sim
