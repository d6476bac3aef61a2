// SPDX-License-Identifier: Apache-2.0
#include "model/kv_cache.hpp"

#include "model/memory_check.hpp"

namespace sterna {
namespace {

std::size_t checked_floats(const ModelConfig& config, std::size_t tokens) {
  const double floats =
      static_cast<double>(config.layers) * config.kv_width() * static_cast<double>(tokens);
  require_memory(2.0 * sizeof(float) * floats, "the cache of keys and values",
                 "choose a shorter context");
  return std::size_t{config.layers} * config.kv_width() * tokens;
}

}  // namespace

KvCache::KvCache(const ModelConfig& config, std::size_t tokens)
    : heads_(config.kv_heads),
      head_floats_(tokens * config.head_dim),
      keys_(checked_floats(config, tokens)),
      values_(keys_.size()) {}

}  // namespace sterna
