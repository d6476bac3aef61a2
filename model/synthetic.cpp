// SPDX-License-Identifier: Apache-2.0
#include "model/synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "model/memory_check.hpp"
#include "model/splitmix.hpp"

namespace sterna {
namespace {

// A row of the table: what differs between shapes; head_dim is hidden / heads.
// NOLINTNEXTLINE(readability-function-size): the columns of a table
constexpr NamedShape shape(std::string_view name, std::uint32_t hidden, std::uint32_t ffn,
                           std::uint32_t layers, std::uint32_t heads, std::uint32_t kv_heads,
                           std::uint32_t vocab) {
  return {.name = name,
          .config = {.hidden = hidden,
                     .layers = layers,
                     .heads = heads,
                     .kv_heads = kv_heads,
                     .head_dim = hidden / heads,
                     .ffn = ffn,
                     .vocab = vocab,
                     .max_tokens = 4096,
                     .rope_theta = 500000.0F,
                     .norm_eps = 1e-5F,
                     .activation = Activation::Relu2,
                     .tied_head = true}};
}

constexpr NamedShape with_silu(NamedShape named) {
  named.config.activation = Activation::Silu;
  named.config.rope_theta = 10000.0F;
  named.config.max_tokens = 2048;
  return named;
}

// Sources: 2b4t, its published config.json. 700m, 1.3b, 3b, 3.9b: shapes of the b1.58 paper's
// training guide (16 heads for 700m as the published checkpoint has). 7b, 13b, 70b, 100b: the
// dummy shapes of bitnet.cpp's speed tests; 70b with the 8 KV heads of the LLaMA it copies. tiny
// and 5m are ours, for tests and demonstrations.
constexpr std::array kShapes = {
    shape("tiny", 64, 176, 2, 4, 2, 256),
    shape("5m", 256, 688, 6, 4, 2, 2048),
    with_silu(shape("700m", 1536, 4096, 24, 16, 16, 32002)),
    with_silu(shape("1.3b", 2048, 5460, 24, 32, 32, 32002)),
    shape("2b4t", 2560, 6912, 30, 20, 5, 128256),
    with_silu(shape("3b", 3200, 8640, 26, 32, 32, 32002)),
    with_silu(shape("3.9b", 3200, 12800, 26, 32, 32, 32002)),
    with_silu(shape("7b", 4096, 12032, 32, 32, 32, 32002)),
    with_silu(shape("13b", 5120, 13824, 40, 40, 40, 32002)),
    with_silu(shape("70b", 8192, 24576, 80, 64, 8, 32002)),
    with_silu(shape("100b", 8192, 45568, 72, 64, 8, 32002)),
};

// 42 % zeros, in 256ths: 107.5 rounded; the rest is split evenly between the signs.
constexpr unsigned kZeroOf256 = 108;
constexpr unsigned kPositiveOf256 = (256 - kZeroOf256) / 2;

// Makes matrices one after the other; a row has random numbers of its own, from the seed, the number
// of its matrix and its own number, so that rows can be made in any order and by any thread.
class Maker {
 public:
  Maker(std::uint64_t seed, std::pmr::memory_resource* memory, HeadForm head)
      : seeds_(seed), memory_(memory), head_(head), pool_(ThreadPool::one_a_core()) {}

  TernaryLinear linear(std::size_t rows, std::size_t cols) {
    // 0.58 * cols unit products of random sign add up to about sqrt(0.58 * cols).
    const auto norm = static_cast<float>(1.0 / std::sqrt(0.58 * static_cast<double>(cols)));
    TernaryLinear made{.trits = PackedTernary(rows, cols, memory_), .scale = norm};
    for_each_row(rows, [&](std::size_t r, SplitMix64& random, std::vector<std::int8_t>& row) {
      row.resize(cols);
      fill_trits(random, row);
      made.trits.set_row(r, row);
    });
    return made;
  }

  VocabMatrix embedding(std::size_t rows, std::size_t cols) {
    std::vector<float> scales(rows, 1.0F / 127.0F);  // values between -1 and 1
    VocabMatrix made{.rows = rows, .cols = cols, .values = {}};
    if (head_ == HeadForm::Int6) {
      made.values = PlanedInt8{.codes = codes<TwoPlaneInt8>(rows, cols), .scales = scales};
    } else {
      made.values = ScaledInt8{.codes = codes<PackedInt8>(rows, cols), .scales = scales};
    }
    return made;
  }

  std::vector<float> norm(std::size_t width) {
    SplitMix64 random(seeds_.next());
    std::vector<float> weights(width);
    for (float& weight : weights)
      weight = 0.5F + static_cast<float>(random.next() >> 40) * 0x1p-24F;
    return weights;
  }

 private:
  using RowMaker =
      std::function<void(std::size_t r, SplitMix64& random, std::vector<std::int8_t>&)>;

  template <typename Codes>
  Codes codes(std::size_t rows, std::size_t cols) {
    Codes made(rows, cols, memory_);
    for_each_row(rows, [&](std::size_t r, SplitMix64& random, std::vector<std::int8_t>& row) {
      row.resize(cols);
      fill_bytes(random, row);
      for (std::int8_t& code : row) code = std::max<std::int8_t>(code, -127);
      made.set_row(r, row);
    });
    return made;
  }

  void for_each_row(std::size_t rows, const RowMaker& make) {
    const std::uint64_t seed = seeds_.next();
    pool_.parallel_for(
        rows,
        [&](std::size_t begin, std::size_t end) {
          std::vector<std::int8_t> row;
          for (std::size_t r = begin; r < end; ++r) {
            SplitMix64 random(seed + r);
            make(r, random, row);
          }
        },
        kPanelRows);
  }

  // Bytes from 0 to 255, eight a number.
  static void fill_bytes(SplitMix64& random, std::span<std::int8_t> row) {
    for (std::size_t c = 0; c < row.size(); c += sizeof(std::uint64_t)) {
      const std::uint64_t bits = random.next();
      std::memcpy(row.data() + c, &bits, std::min(sizeof bits, row.size() - c));
    }
  }

  static void fill_trits(SplitMix64& random, std::span<Trit> row) {
    fill_bytes(random, row);
    for (Trit& trit : row) {
      const auto byte = static_cast<std::uint8_t>(trit);
      trit = static_cast<Trit>((byte >= kZeroOf256 ? 1 : 0) -
                               (byte >= kZeroOf256 + kPositiveOf256 ? 2 : 0));
    }
  }

  SplitMix64 seeds_;
  std::pmr::memory_resource* memory_;
  HeadForm head_;
  ThreadPool pool_;
};

}  // namespace

std::span<const NamedShape> named_shapes() { return kShapes; }

const ModelConfig& named_shape(std::string_view name) {
  std::string message("synthetic:");
  message.append(name).append(" is not known: choose one of");
  for (const NamedShape& known : kShapes) {
    if (known.name == name) return known.config;
    message.append(" synthetic:").append(known.name);
  }
  throw std::invalid_argument(message);
}

std::optional<std::string_view> synthetic_name(std::string_view source) {
  constexpr std::string_view kPrefix = "synthetic:";
  if (!source.starts_with(kPrefix)) return std::nullopt;
  return source.substr(kPrefix.size());
}

ModelWeights make_synthetic(const ModelConfig& config, std::uint64_t seed, HeadForm head) {
  config.validate();
  const double embedding_bytes = 1.0 * config.vocab * config.hidden * (config.tied_head ? 1 : 2);
  require_memory(static_cast<double>(config.ternary_weights()) / 4 + embedding_bytes,
                 "a model of this shape", "choose a smaller one");
  const auto memory = std::make_shared<HugePages>();
  Maker make(seed, memory.get(), head);
  ModelWeights weights{.memory = memory,
                       .config = config,
                       .special = {},
                       .embedding = make.embedding(config.vocab, config.hidden),
                       .layers = {},
                       .final_norm = make.norm(config.hidden),
                       .own_head = {}};
  if (!config.tied_head) weights.own_head = make.embedding(config.vocab, config.hidden);
  for (std::uint32_t i = 0; i < config.layers; ++i) {
    weights.layers.push_back({.attention_norm = make.norm(config.hidden),
                              .q = make.linear(config.q_width(), config.hidden),
                              .k = make.linear(config.kv_width(), config.hidden),
                              .v = make.linear(config.kv_width(), config.hidden),
                              .attention_sub_norm = make.norm(config.q_width()),
                              .o = make.linear(config.hidden, config.q_width()),
                              .ffn_norm = make.norm(config.hidden),
                              .gate = make.linear(config.ffn, config.hidden),
                              .up = make.linear(config.ffn, config.hidden),
                              .ffn_sub_norm = make.norm(config.ffn),
                              .down = make.linear(config.hidden, config.ffn)});
  }
  return weights;
}

}  // namespace sterna
