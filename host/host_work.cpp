// SPDX-License-Identifier: Apache-2.0
#include "host/host_work.hpp"

#include <array>

#include "host/bench/traffic.hpp"

namespace sterna::host {
namespace {

constexpr std::array kFields = {&HostWork::attention_macs,     &HostWork::kv_bytes,
                                &HostWork::head_macs,          &HostWork::head_bytes,
                                &HostWork::softmax_elements,   &HostWork::norm_elements,
                                &HostWork::rope_elements,      &HostWork::gate_elements,
                                &HostWork::quantized_elements, &HostWork::rescaled_elements};
static_assert(sizeof(HostWork) == kFields.size() * sizeof(std::uint64_t), "a field is missing");

/// The work of `layers` layers whose sub-norms have so many elements together.
HostWork count_layers(const ModelConfig& c, std::size_t first, std::size_t tokens,
                      std::uint64_t layers, std::uint64_t sub_norm_elements) {
  const std::uint64_t n = tokens;
  const std::uint64_t kv = c.kv_width();
  // A token at position p attends to p + 1 tokens.
  const std::uint64_t attended = n * first + n * (n + 1) / 2;
  HostWork work;
  work.attention_macs = 2 * attended * c.q_width();
  work.softmax_elements = attended * c.heads;
  work.norm_elements = n * 2 * c.hidden;
  work.rope_elements = n * (c.q_width() + kv);
  work.gate_elements = n * c.ffn;
  // Inputs of qkv, o, gate-up and down; outputs of all seven.
  work.quantized_elements = n * (2 * std::uint64_t{c.hidden} + c.q_width() + c.ffn);
  work.rescaled_elements =
      n * (c.q_width() + 2 * kv + 2 * std::uint64_t{c.hidden} + 2 * std::uint64_t{c.ffn});
  work *= layers;
  work.norm_elements += n * sub_norm_elements;
  return work;
}

void add_head(HostWork& work, const ModelConfig& c, std::size_t logits, std::uint64_t head_bytes) {
  if (logits == 0) return;
  work.norm_elements += logits * c.hidden;
  work.head_macs = std::uint64_t{logits} * c.vocab * c.hidden;
  work.head_bytes = head_bytes;
}

}  // namespace

HostWork& HostWork::operator+=(const HostWork& other) {
  for (const auto field : kFields) this->*field += other.*field;
  return *this;
}

HostWork& HostWork::operator*=(std::uint64_t times) {
  for (const auto field : kFields) this->*field *= times;
  return *this;
}

HostWork count_host_work(const ModelWeights& model, KvFormat kv, std::size_t first,
                         std::size_t tokens, std::size_t logits) {
  std::uint64_t sub_norms = 0;
  for (const LayerWeights& layer : model.layers) {
    sub_norms += layer.attention_sub_norm.size() + layer.ffn_sub_norm.size();
  }
  HostWork work = count_layers(model.config, first, tokens, model.layers.size(), sub_norms);
  work.kv_bytes = (first + tokens) * kv_bytes_per_token(kv, model.config);
  add_head(work, model.config, logits, model.head().bytes());
  return work;
}

HostWork count_host_work(const ModelConfig& model, std::size_t first, std::size_t tokens,
                         std::size_t logits) {
  const std::uint64_t sub_norms =
      std::uint64_t{model.layers} * (std::uint64_t{model.q_width()} + model.ffn);
  HostWork work = count_layers(model, first, tokens, model.layers, sub_norms);
  work.kv_bytes = (first + tokens) * kv_bytes_per_token(KvFormat::Int8, model);
  const auto head_bytes =
      static_cast<std::uint64_t>(token_traffic(model, KvFormat::Int8, 0.0).head);
  add_head(work, model, logits, head_bytes);
  return work;
}

HostWork count_decode_step(const ModelConfig& model, std::size_t batch, std::size_t context) {
  HostWork work = count_host_work(model, context, 1, 1);
  const std::uint64_t head_bytes = work.head_bytes;
  work *= batch;
  work.head_bytes = head_bytes;
  return work;
}

}  // namespace sterna::host
