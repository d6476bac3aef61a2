// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/bench/traffic.hpp"
#include "kernels/limits/machine_limits.hpp"
#include "model/synthetic.hpp"
#include "model/transformer.hpp"

namespace sterna::host {

/// What limits of a machine leave a model of one shape: no engine with these formats is faster.
///
/// Trust  arithmetic on the shape; `sterna bench --model` measures how near the engine comes
/// Omits  attention, norms and whatever else is neither a weight nor a multiply-add by one
struct ShapeBound {
  std::string_view name;
  TokenTraffic traffic;     // of a token decoded from an empty cache
  double decode_tokens_s;   // the slower of reading those bytes and of multiplying by them
  bool decode_by_memory;    // reading is
  double prefill_tokens_s;  // of prompts cut into batches of TransformerLimits::kBatchTokens
  bool prefill_by_memory;
  double memory_bytes;  // needed_bytes() with the longest context, kMostContext at most
  bool fits;            // into this machine

  static constexpr std::size_t kMostContext = 4096;
};

/// Units   machine_bytes: memory of the machine
[[nodiscard]] ShapeBound bound_shape(const NamedShape& shape, const MachineLimits& limits,
                                     double machine_bytes);

/// Every named shape on this machine, smallest first.
[[nodiscard]] std::vector<ShapeBound> bound_shapes(const MachineLimits& limits);

/// As a Markdown table, and as a JSON document.
[[nodiscard]] std::string to_table(std::span<const ShapeBound> shapes, const MachineLimits& limits);
[[nodiscard]] std::string to_json_text(std::span<const ShapeBound> shapes,
                                       const MachineLimits& limits);

}  // namespace sterna::host
