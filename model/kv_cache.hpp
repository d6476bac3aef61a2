// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/config.hpp"

namespace sterna {

/// Keys and values of every token of the context.
///
/// Layout  layer after layer; in a layer head after head; in a head token after token, so that the
///         keys one query head reads are one run of memory
class KvCache {
 public:
  /// Errors  std::runtime_error when the machine has less memory than this takes
  KvCache(const ModelConfig& config, std::size_t tokens);

  /// Keys of all tokens for one head, shape (tokens, head_dim).
  [[nodiscard]] std::span<float> keys(std::size_t layer, std::size_t head) {
    return {keys_.data() + (layer * heads_ + head) * head_floats_, head_floats_};
  }
  /// Values of all tokens for one head, shape (tokens, head_dim).
  [[nodiscard]] std::span<float> values(std::size_t layer, std::size_t head) {
    return {values_.data() + (layer * heads_ + head) * head_floats_, head_floats_};
  }

 private:
  std::size_t heads_;
  std::size_t head_floats_;  // tokens * head_dim
  std::vector<float> keys_;
  std::vector<float> values_;
};

}  // namespace sterna
