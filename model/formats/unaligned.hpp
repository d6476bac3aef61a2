// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>

namespace sterna {

/// The little-endian number at `bytes`, which need not be aligned.
template <typename T>
[[nodiscard]] T load(const std::byte* bytes) {
  T value{};
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace sterna
