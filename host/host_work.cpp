// SPDX-License-Identifier: Apache-2.0
#include "host/host_work.hpp"

namespace sterna::host {

HostWork& HostWork::operator+=(const HostWork& other) {
  attention_macs += other.attention_macs;
  head_macs += other.head_macs;
  softmax_elements += other.softmax_elements;
  norm_elements += other.norm_elements;
  rope_elements += other.rope_elements;
  gate_elements += other.gate_elements;
  quantized_elements += other.quantized_elements;
  rescaled_elements += other.rescaled_elements;
  return *this;
}

HostWork count_host_work(const ModelWeights& model, std::size_t first, std::size_t tokens,
                         std::size_t logits) {
  const ModelConfig& c = model.config;
  const std::uint64_t n = tokens;
  const std::uint64_t kv = c.kv_width();
  // A token at position p attends to p + 1 tokens.
  const std::uint64_t attended = n * first + n * (n + 1) / 2;
  HostWork work;
  for (const LayerWeights& layer : model.layers) {
    work.attention_macs += 2 * attended * c.q_width();
    work.softmax_elements += attended * c.heads;
    work.norm_elements += n * (2 * std::uint64_t{c.hidden} + layer.attention_sub_norm.size() +
                               layer.ffn_sub_norm.size());
    work.rope_elements += n * (c.q_width() + kv);
    work.gate_elements += n * c.ffn;
    // Inputs of qkv, o, gate-up and down; outputs of all seven.
    work.quantized_elements += n * (2 * std::uint64_t{c.hidden} + c.q_width() + c.ffn);
    work.rescaled_elements +=
        n * (c.q_width() + 2 * kv + 2 * std::uint64_t{c.hidden} + 2 * std::uint64_t{c.ffn});
  }
  work.norm_elements += logits * c.hidden;
  work.head_macs = std::uint64_t{logits} * c.vocab * c.hidden;
  return work;
}

}  // namespace sterna::host
