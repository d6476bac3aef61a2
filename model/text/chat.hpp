// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/text/tokenizer/tokenizer.hpp"

namespace sterna {

/// Templates that put the messages of a conversation into one text.
///   BitNet  BOS, then for each message "Role: content<|eot_id|>", then "Assistant: "
///   Llama3  BOS, then "<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>"
///   ChatMl  "<|im_start|>role\ncontent<|im_end|>\n"
/// Source  facts/bitnet.md 3.2 for 2B4T; the published templates of LLaMA-3 and Qwen2 for the others
enum class ChatKind : std::uint8_t { BitNet, Llama3, ChatMl };

/// The template with a name: bitnet, llama3 or chatml. "auto" takes the one that the file's template
/// text is, else the one that the special tokens and the activation (only 2B4T has relu2) speak for.
/// Errors  std::invalid_argument: an unknown name, or a model of which none is known
[[nodiscard]] ChatKind find_chat_kind(std::string_view name, const Tokenizer& tokenizer,
                                      const ModelConfig& config);

/// Token ids of a conversation. Messages are stripped of blanks around them, and names of special
/// tokens in them are plain text: nobody can end a message from inside.
class Chat {
 public:
  /// `tokenizer` must outlive the object.
  /// Errors  std::invalid_argument naming a special token that the tokenizer lacks
  Chat(ChatKind kind, const Tokenizer& tokenizer);

  /// From the beginning of a text to where the model answers; an empty `system` is left out.
  [[nodiscard]] std::vector<TokenId> begin(std::string_view system, std::string_view user) const;

  /// From the end of the model's answer to where it answers the next message.
  [[nodiscard]] std::vector<TokenId> next(std::string_view user) const;

  /// The token that ends an answer.
  [[nodiscard]] TokenId end() const { return end_; }

 private:
  [[nodiscard]] TokenId special(std::string_view name) const;
  void add_text(std::string_view text, std::vector<TokenId>& ids) const;
  void add_head(std::string_view role, std::vector<TokenId>& ids) const;
  void add_message(std::string_view role, std::string_view content,
                   std::vector<TokenId>& ids) const;
  void add_turn(std::string_view user, std::vector<TokenId>& ids) const;

  ChatKind kind_;
  const Tokenizer& tokenizer_;
  TokenId end_;
};

}  // namespace sterna
