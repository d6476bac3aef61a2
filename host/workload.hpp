// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/sampler.hpp"
#include "model/tokenizer.hpp"

namespace sterna::host {

/// The work that every backend of a run does alike.
struct Workload {
  std::vector<TokenId> prompt;
  std::size_t new_tokens;  // generated after the prompt; an end token does not stop them
  SamplerConfig sampler;
  std::vector<TokenId> held_out;  // scored in windows that do not overlap
  std::size_t window_tokens;

  /// Tokens that the longest context of this work holds.
  [[nodiscard]] std::size_t context_tokens() const;

  /// Errors  std::invalid_argument, one sentence: nothing to do, a token outside the vocabulary,
  /// more
  ///         tokens than the context of the model
  void validate(const ModelConfig& config) const;
};

/// The tokenizer that lies in a model folder; none for synthetic models and folders without one.
[[nodiscard]] std::optional<Tokenizer> find_tokenizer(std::string_view model_source);

/// Text of generated tokens; the ids with blanks between where there is no tokenizer.
[[nodiscard]] std::string text_of(const std::optional<Tokenizer>& tokenizer,
                                  std::span<const TokenId> tokens);

/// Reads a text file.
/// Errors  std::runtime_error naming the file
[[nodiscard]] std::string read_text(const std::filesystem::path& file);

/// `count` token ids drawn from the seed, for models without a tokenizer.
[[nodiscard]] std::vector<TokenId> random_tokens(std::size_t count, std::uint32_t vocab,
                                                 std::uint64_t seed);

}  // namespace sterna::host
