// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/weights.hpp"

namespace sterna {

/// A published shape under the name that "synthetic:NAME" takes.
struct NamedShape {
  std::string_view name;
  ModelConfig config;
};

/// Every shape that has a name, smallest first.
[[nodiscard]] std::span<const NamedShape> named_shapes();

/// The shape called `name`.
/// Errors  std::invalid_argument listing the names there are
[[nodiscard]] const ModelConfig& named_shape(std::string_view name);

/// NAME of a model called "synthetic:NAME"; nothing for a file or a folder.
[[nodiscard]] std::optional<std::string_view> synthetic_name(std::string_view source);

/// Random weights in the given shape: trits with 42 % zeros (as the published 2B4T has), scales
/// that keep activations near 1, int8 embeddings in +-1 (in two planes for HeadForm::Int6), all
/// sub-norms. The same bits for a seed everywhere.
///
/// Errors  std::invalid_argument for a shape that is not valid, std::runtime_error when the weights
///         would not fit into this machine's memory
[[nodiscard]] ModelWeights make_synthetic(const ModelConfig& config, std::uint64_t seed,
                                          HeadForm head = HeadForm::Stored);

}  // namespace sterna
