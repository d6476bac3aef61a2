// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/weights.hpp"

namespace sterna::host {

/// What the transformer computes outside the ternary products, counted from the shapes; it runs on
/// the host whatever the backend is.
struct HostWork {
  std::uint64_t attention_macs = 0;      // q k^T and probabilities times v, causal
  std::uint64_t head_macs = 0;           // logits
  std::uint64_t softmax_elements = 0;    // exponentials
  std::uint64_t norm_elements = 0;       // RMSNorm inputs, sub-norms and final norm included
  std::uint64_t rope_elements = 0;       // of queries and keys
  std::uint64_t gate_elements = 0;       // activation(gate) * up
  std::uint64_t quantized_elements = 0;  // float to int8
  std::uint64_t rescaled_elements = 0;   // int32 sum to float

  [[nodiscard]] std::uint64_t macs() const { return attention_macs + head_macs; }

  HostWork& operator+=(const HostWork& other);
  friend bool operator==(const HostWork&, const HostWork&) = default;
};

/// Host work of `tokens` tokens that enter at position `first`, of which `logits` get logits.
[[nodiscard]] HostWork count_host_work(const ModelWeights& model, std::size_t first,
                                       std::size_t tokens, std::size_t logits);

}  // namespace sterna::host
