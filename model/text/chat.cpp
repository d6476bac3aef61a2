// SPDX-License-Identifier: Apache-2.0
#include "model/text/chat.hpp"

#include <optional>
#include <stdexcept>
#include <string>

namespace sterna {
namespace {

constexpr std::string_view kEndOfTurn = "<|eot_id|>";
constexpr std::string_view kBeginOfHeader = "<|start_header_id|>";
constexpr std::string_view kEndOfHeader = "<|end_header_id|>";
constexpr std::string_view kBeginOfMessage = "<|im_start|>";
constexpr std::string_view kEndOfMessage = "<|im_end|>";

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The kind that a template's text is.
std::optional<ChatKind> kind_of_text(std::string_view text, const ModelConfig& config) {
  const auto has = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (has(kBeginOfHeader)) return ChatKind::Llama3;
  if (has(kBeginOfMessage)) return ChatKind::ChatMl;
  // The published GGUF file of 2B4T holds a template that its authors never trained with.
  if (has("BITNETAssistant")) return ChatKind::BitNet;
  if (has(kEndOfTurn) && (has("Assistant: ") || config.activation == Activation::Relu2)) {
    return ChatKind::BitNet;
  }
  return std::nullopt;
}

std::optional<ChatKind> kind_of_tokens(const Tokenizer& tokenizer, const ModelConfig& config) {
  const auto has = [&](std::string_view token) { return tokenizer.id_of(token).has_value(); };
  if (has(kBeginOfMessage) && has(kEndOfMessage)) return ChatKind::ChatMl;
  if (has(kEndOfTurn) && config.activation == Activation::Relu2) return ChatKind::BitNet;
  if (has(kEndOfTurn) && has(kBeginOfHeader)) return ChatKind::Llama3;
  return std::nullopt;
}

}  // namespace

ChatKind find_chat_kind(std::string_view name, const Tokenizer& tokenizer,
                        const ModelConfig& config) {
  if (name == "bitnet") return ChatKind::BitNet;
  if (name == "llama3") return ChatKind::Llama3;
  if (name == "chatml") return ChatKind::ChatMl;
  if (name != "auto") {
    throw std::invalid_argument("a chat template " + std::string(name) +
                                " is not known: choose auto, bitnet, llama3 or chatml");
  }
  const std::optional<std::string>& text = tokenizer.chat_template();
  const std::optional<ChatKind> kind =
      text ? kind_of_text(*text, config) : kind_of_tokens(tokenizer, config);
  if (!kind) {
    throw std::invalid_argument(
        std::string("no chat template is known for this model, because ") +
        (text ? "its own is none that Sterna has" : "its tokenizer has no tokens of a chat") +
        ": name one with --chat-template (bitnet, llama3 or chatml), or leave out --chat");
  }
  return *kind;
}

Chat::Chat(ChatKind kind, const Tokenizer& tokenizer)
    : kind_(kind),
      tokenizer_(tokenizer),
      end_(special(kind == ChatKind::ChatMl ? kEndOfMessage : kEndOfTurn)) {
  if (kind == ChatKind::ChatMl) (void)special(kBeginOfMessage);
  if (kind == ChatKind::Llama3) (void)(special(kBeginOfHeader) + special(kEndOfHeader));
}

TokenId Chat::special(std::string_view name) const {
  const std::optional<TokenId> id = tokenizer_.id_of(name);
  if (!id) {
    throw std::invalid_argument("the tokenizer has no token " + std::string(name) +
                                ", which this chat template needs: choose another --chat-template");
  }
  return *id;
}

void Chat::add_text(std::string_view text, std::vector<TokenId>& ids) const {
  const std::vector<TokenId> more = tokenizer_.encode_plain(text);
  ids.insert(ids.end(), more.begin(), more.end());
}

// What stands before the content of a message.
void Chat::add_head(std::string_view role, std::vector<TokenId>& ids) const {
  if (kind_ == ChatKind::Llama3) {
    ids.push_back(special(kBeginOfHeader));
    add_text(role, ids);
    ids.push_back(special(kEndOfHeader));
  } else {
    ids.push_back(special(kBeginOfMessage));
  }
}

void Chat::add_message(std::string_view role, std::string_view content,
                       std::vector<TokenId>& ids) const {
  const std::string text(stripped(content));
  if (kind_ == ChatKind::BitNet) {
    std::string name(role);
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
    add_text(name + ": " + text, ids);
  } else {
    add_head(role, ids);
    add_text((kind_ == ChatKind::Llama3 ? "\n\n" : std::string(role) + "\n") + text, ids);
  }
  ids.push_back(end_);
  if (kind_ == ChatKind::ChatMl) add_text("\n", ids);
}

void Chat::add_turn(std::string_view user, std::vector<TokenId>& ids) const {
  add_message("user", user, ids);
  if (kind_ == ChatKind::BitNet) {
    add_text("Assistant: ", ids);
  } else {
    add_head("assistant", ids);
    add_text(kind_ == ChatKind::Llama3 ? "\n\n" : "assistant\n", ids);
  }
}

std::vector<TokenId> Chat::begin(std::string_view system, std::string_view user) const {
  std::vector<TokenId> ids(tokenizer_.prefix().begin(), tokenizer_.prefix().end());
  const std::optional<TokenId> begin = tokenizer_.id_of("<|begin_of_text|>");
  if (ids.empty() && begin && kind_ != ChatKind::ChatMl) ids.push_back(*begin);
  if (!stripped(system).empty()) add_message("system", system, ids);
  add_turn(user, ids);
  return ids;
}

std::vector<TokenId> Chat::next(std::string_view user) const {
  std::vector<TokenId> ids{end_};
  if (kind_ == ChatKind::ChatMl) add_text("\n", ids);
  add_turn(user, ids);
  return ids;
}

}  // namespace sterna
