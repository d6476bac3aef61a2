// SPDX-License-Identifier: Apache-2.0
#include "model/config.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sterna {

std::uint64_t ModelConfig::ternary_weights() const {
  const std::uint64_t attention = 2ULL * hidden * q_width() + 2ULL * hidden * kv_width();
  return layers * (attention + 3ULL * hidden * ffn);
}

void ModelConfig::validate() const {
  const auto require = [](bool ok, std::string_view rule) {
    if (!ok) throw std::invalid_argument(std::string(rule));
  };
  const auto in_range = [&](std::string_view name, std::uint32_t value, std::uint32_t high) {
    require(value >= 1 && value <= high, std::string(name) + " is " + std::to_string(value) +
                                             ": must be 1 to " + std::to_string(high));
  };
  in_range("hidden_size", hidden, kMaxWidth);
  in_range("intermediate_size", ffn, kMaxWidth);
  in_range("num_hidden_layers", layers, kMaxLayers);
  in_range("num_attention_heads", heads, kMaxHeads);
  in_range("num_key_value_heads", kv_heads, kMaxHeads);
  in_range("head_dim", head_dim, kMaxWidth);
  in_range("vocab_size", vocab, kMaxVocab);
  in_range("max_position_embeddings", max_tokens, kMaxTokens);
  require(heads % kv_heads == 0, "num_attention_heads is " + std::to_string(heads) +
                                     ": must be a multiple of num_key_value_heads, " +
                                     std::to_string(kv_heads));
  require(head_dim % 2 == 0,
          "head_dim is " + std::to_string(head_dim) + ": must be even, rope turns pairs");
  require(heads <= kMaxWidth / head_dim, "num_attention_heads * head_dim is " +
                                             std::to_string(std::uint64_t{heads} * head_dim) +
                                             ": must be at most " + std::to_string(kMaxWidth));
  require(rope_theta > 0.0F && std::isfinite(rope_theta), "rope_theta must be above 0");
  require(norm_eps > 0.0F && std::isfinite(norm_eps), "rms_norm_eps must be above 0");
}

bool is_llama3(const SpecialTokens& special, std::uint32_t vocab) {
  constexpr std::uint32_t kVocab = 128256;
  constexpr TokenId kEndOfText = 128001;
  return vocab == kVocab &&
         std::find(special.end.begin(), special.end.end(), kEndOfText) != special.end.end();
}

}  // namespace sterna
