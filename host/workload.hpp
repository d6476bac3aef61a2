// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/sampler.hpp"
#include "model/text/readers/tokenizer_file.hpp"
#include "model/transformer.hpp"

namespace sterna::host {

/// The work that every backend of a run does alike.
struct Workload {
  std::vector<TokenId> prompt;
  std::size_t new_tokens;  // generated after the prompt; an end token does not stop them
  SamplerConfig sampler;
  std::vector<TokenId> held_out;  // scored in windows that do not overlap
  std::size_t window_tokens;
  KvFormat kv = KvFormat::Float32;

  /// Takes the text to score and the window that scores it, at most the text itself.
  void set_held_out(std::vector<TokenId> tokens, std::size_t window);

  /// Buffers of a transformer that does this work.
  [[nodiscard]] TransformerLimits limits() const;

  /// Errors  std::invalid_argument, one sentence: no tokens, a token outside the vocabulary, more tokens
  ///         than the model's context
  void validate_prompt(const ModelConfig& config) const;
  void validate_held_out(const ModelConfig& config) const;
};

/// Errors  std::invalid_argument naming a token outside the model's vocabulary
void require_in_vocabulary(std::span<const TokenId> tokens, const ModelConfig& config);

/// A whole text file.
/// Errors  std::runtime_error naming a file that cannot be read
[[nodiscard]] std::string read_text(const std::filesystem::path& file);

/// The tokenizer in `tokenizer_file`; where that is empty, the one that belongs to a model: in its folder or
/// in its GGUF file; none for synthetic models and for models without one.
[[nodiscard]] std::optional<Tokenizer> find_tokenizer(std::string_view model_source,
                                                      std::string_view tokenizer_file = {});

/// The same where the work needs one.
/// Errors  also std::runtime_error saying that there is none
[[nodiscard]] Tokenizer require_tokenizer(std::string_view model_source,
                                          std::string_view tokenizer_file = {});

/// The tokens of `text`; of a sentence of ours when it is empty, and where the model has no tokenizer
/// either, random ones of the seed.
/// Errors  std::runtime_error when there is a text and no tokenizer
[[nodiscard]] std::vector<TokenId> prompt_tokens(const std::string& text,
                                                 const std::optional<Tokenizer>& tokenizer,
                                                 std::string_view model_source, std::uint32_t vocab,
                                                 std::uint64_t seed);

/// The held-out text that lies in a model folder.
/// Errors  std::runtime_error when there is none
[[nodiscard]] std::filesystem::path held_out_file(std::string_view model_source);

/// The first `tokens` tokens of a text file; all of them for 0.
/// Errors  std::runtime_error naming a file that cannot be read, std::invalid_argument naming the file
///         and the first byte that is not UTF-8
[[nodiscard]] std::vector<TokenId> encode_file(const Tokenizer& tokenizer,
                                               const std::filesystem::path& file,
                                               std::size_t tokens);

/// Text of generated tokens; the ids with blanks between where there is no tokenizer.
[[nodiscard]] std::string text_of(const std::optional<Tokenizer>& tokenizer,
                                  std::span<const TokenId> tokens);

/// `count` token ids drawn from the seed, for models without a tokenizer.
[[nodiscard]] std::vector<TokenId> random_tokens(std::size_t count, std::uint32_t vocab,
                                                 std::uint64_t seed);

}  // namespace sterna::host
