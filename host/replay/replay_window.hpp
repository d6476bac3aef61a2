// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/weights.hpp"

namespace sterna::host {

/// Numbers first, first + 1, ..., last - 1.
struct IndexRange {
  std::size_t first;
  std::size_t last;

  [[nodiscard]] std::size_t count() const { return last - first; }
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

/// Reads "A:B", A below B, B at most `size`.
/// Errors  std::invalid_argument, one sentence that begins with `option` and says what there is `of`
[[nodiscard]] IndexRange parse_range(std::string_view text, std::size_t size,
                                     std::string_view option, std::string_view of);

/// The positions of a prompt of `tokens` tokens: "last", "all" or "A:B".
/// Errors  as parse_range()
[[nodiscard]] IndexRange parse_positions(std::string_view text, std::size_t tokens);

/// A ternary matrix of a layer, by the name that the transformer gives its products.
struct Projection {
  std::string_view name;  // "down_proj"
  TernaryLinear LayerWeights::*matrix;
};

inline constexpr std::array<Projection, 7> kProjections = {{{"q_proj", &LayerWeights::q},
                                                            {"k_proj", &LayerWeights::k},
                                                            {"v_proj", &LayerWeights::v},
                                                            {"o_proj", &LayerWeights::o},
                                                            {"gate_proj", &LayerWeights::gate},
                                                            {"up_proj", &LayerWeights::up},
                                                            {"down_proj", &LayerWeights::down}}};

/// By its name, with or without "_proj".
/// Errors  std::invalid_argument naming those that there are
[[nodiscard]] const Projection& find_projection(std::string_view name);

/// What of a model's work is replayed: some rows of one projection, for the activations of some tokens.
struct ReplayWindow {
  std::size_t layer;
  const Projection* projection;
  IndexRange rows;
  IndexRange positions;  // of the prompt

  /// As the transformer names the matrix: "layers.3.down_proj".
  [[nodiscard]] std::string matrix_name() const;
};

/// The same as a user types it.
struct ReplayWords {
  std::size_t layer;
  std::string projection;
  std::string rows;
  std::string positions;
};

/// Errors  std::invalid_argument, one sentence: a layer, projection, row or position that there is not
[[nodiscard]] ReplayWindow find_window(const ReplayWords& words, const ModelWeights& model,
                                       std::size_t prompt_tokens);

}  // namespace sterna::host
