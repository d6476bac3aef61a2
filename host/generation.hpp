// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/sampler.hpp"
#include "model/text/tokenizer/tokenizer.hpp"
#include "model/text/tokenizer/utf8.hpp"
#include "model/transformer.hpp"

namespace sterna::host {

/// Text that comes a token at a time: printed on standard output as soon as it is whole characters.
class TextStream {
 public:
  explicit TextStream(bool print) : print_(print) {}

  void push(std::string_view bytes) { put(utf8_.push(bytes)); }
  /// Ends the text, and the line.
  void finish();

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void put(const std::string& text);

  bool print_;
  Utf8Stream utf8_;
  std::string text_;
};

/// The tokens that end a generation: the model's own, and those by which the tokenizer ends a message
/// of a chat, which 2B4T's configuration does not name.
[[nodiscard]] std::vector<TokenId> end_tokens(const SpecialTokens& special,
                                              const Tokenizer& tokenizer);

/// Draws the tokens that follow a context, from all logits or, where the head can, from the most likely
/// ones.
class Generation {
 public:
  /// `by_candidates`: the head looks for the most likely tokens only. Both references must outlive the
  /// object.
  Generation(Transformer& transformer, Sampler& sampler, bool by_candidates,
             std::vector<TokenId> end);

  /// Appends `prompt` to the context and generates up to `limit` tokens or an end token, which is not
  /// part of the result and not in the context. The last token generated is not in the context either:
  /// pending() has it.
  std::vector<TokenId> run(std::span<const TokenId> prompt, std::size_t limit,
                           const std::function<void(TokenId)>& emit);

  /// The tokens that belong into the context before anything else does.
  [[nodiscard]] std::span<const TokenId> pending() const { return pending_; }

 private:
  TokenId next(std::span<const TokenId> tokens);

  Transformer& transformer_;
  Sampler& sampler_;
  std::size_t count_;  // of the most likely tokens that a draw looks at; 0: all
  std::vector<TokenId> end_;
  std::vector<TokenId> pending_;
  std::vector<float> logits_;
  std::vector<Candidate> candidates_;
};

}  // namespace sterna::host
