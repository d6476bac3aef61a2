// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/attention/attention.hpp"
#include "model/weights.hpp"

namespace sterna::host {

/// What the transformer computes outside the ternary products, counted from the shapes; it runs on
/// the host whatever the backend is.
struct HostWork {
  std::uint64_t attention_macs = 0;      // q k^T and probabilities times v, causal
  std::uint64_t kv_bytes = 0;            // of keys and values of all tokens so far, read once
  std::uint64_t head_macs = 0;           // logits
  std::uint64_t head_bytes = 0;          // of the output head, read once where there are logits
  std::uint64_t softmax_elements = 0;    // exponentials
  std::uint64_t norm_elements = 0;       // RMSNorm inputs, sub-norms and final norm included
  std::uint64_t rope_elements = 0;       // of queries and keys
  std::uint64_t gate_elements = 0;       // activation(gate) * up
  std::uint64_t quantized_elements = 0;  // float to int8
  std::uint64_t rescaled_elements = 0;   // int32 sum to float

  [[nodiscard]] std::uint64_t macs() const { return attention_macs + head_macs; }
  /// Those of all loops over elements; exponentials belong to the attention.
  [[nodiscard]] std::uint64_t elements() const {
    return norm_elements + rope_elements + gate_elements + quantized_elements + rescaled_elements;
  }

  HostWork& operator+=(const HostWork& other);
  HostWork& operator*=(std::uint64_t times);
  friend bool operator==(const HostWork&, const HostWork&) = default;
};

/// Host work of one pass of `tokens` tokens that enter at position `first`, of which `logits` get logits,
/// with a cache of the form `kv`.
[[nodiscard]] HostWork count_host_work(const ModelWeights& model, KvFormat kv, std::size_t first,
                                       std::size_t tokens, std::size_t logits);

/// The same from a shape alone: a model with all sub-norms and its head in int8, as synthetic ones are, and
/// a cache in int8.
[[nodiscard]] HostWork count_host_work(const ModelConfig& model, std::size_t first,
                                       std::size_t tokens, std::size_t logits);

/// One step of `batch` sequences that each have `context` tokens in the cache: a token of each goes through
/// the layers and gets logits. They share the pass, so the head is read once.
[[nodiscard]] HostWork count_decode_step(const ModelConfig& model, std::size_t batch,
                                         std::size_t context);

}  // namespace sterna::host
