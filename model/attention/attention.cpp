// SPDX-License-Identifier: Apache-2.0
#include "model/attention/attention.hpp"

#include <array>
#include <stdexcept>
#include <string>

#include "model/attention/float_attention.hpp"
#include "model/attention/int8_attention.hpp"

namespace sterna {
namespace {

struct Format {
  std::string_view name;
  KvFormat format;
  std::unique_ptr<Attention> (*make)(const ModelConfig&, std::size_t, ThreadPool&);
  std::size_t (*bytes_per_token)(const ModelConfig&);
};

template <typename Implementation>
std::unique_ptr<Attention> make(const ModelConfig& config, std::size_t context_tokens,
                                ThreadPool& pool) {
  return std::make_unique<Implementation>(config, context_tokens, pool);
}

constexpr std::array kFormats = {
    Format{"f32", KvFormat::Float32, make<FloatAttention>, FloatAttention::bytes_per_token},
    Format{"int8", KvFormat::Int8, make<Int8Attention>, Int8Attention::bytes_per_token},
};

const Format& row_of(KvFormat format) { return kFormats.at(static_cast<std::size_t>(format)); }

}  // namespace

std::string_view name_of(KvFormat format) { return row_of(format).name; }

KvFormat parse_kv_format(std::string_view name) {
  for (const Format& known : kFormats) {
    if (known.name == name) return known.format;
  }
  throw std::invalid_argument("a cache of keys and values in " + std::string(name) +
                              " is not known: choose f32 or int8");
}

std::size_t kv_bytes_per_token(KvFormat format, const ModelConfig& config) {
  return row_of(format).bytes_per_token(config);
}

std::unique_ptr<Attention> make_attention(KvFormat format, const ModelConfig& config,
                                          std::size_t context_tokens, ThreadPool& pool) {
  return row_of(format).make(config, context_tokens, pool);
}

}  // namespace sterna
