// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/tokenizer.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "model/text/tokenizer/added_tokens.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"
#include "model/text/tokenizer/utf8.hpp"

namespace sterna {

struct Tokenizer::Impl {
  explicit Impl(TokenizerParts from) : parts(std::move(from)) {
    for (const AddedToken& token : parts.added_raw) added_raw.add(token);
    for (const AddedToken& token : parts.added_normalized) added_normalized.add(token);
    for (const auto& [id, text] : parts.texts) vocab = std::max<std::size_t>(vocab, id + 1);
  }

  void encode_plain(std::string_view text, bool begins, std::vector<TokenId>& ids) const {
    if (text.empty()) return;  // before which a mark or a blank would be put
    parts.pre_tokenizer.split(text, begins,
                              [&](std::string_view piece) { parts.bpe.encode(piece, ids); });
  }

  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;

  TokenizerParts parts;
  AddedTokens added_raw;
  AddedTokens added_normalized;
  std::size_t vocab = 0;
};

std::optional<std::uint8_t> byte_of_written(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  std::uint8_t byte = 0;
  const char* end = token.data() + 5;
  const auto result = std::from_chars(token.data() + 3, end, byte, 16);
  return result.ptr == end ? std::optional(byte) : std::nullopt;
}

std::vector<TokenId> Tokenizer::Impl::encode(std::string_view text) const {
  std::vector<TokenId> ids;
  const auto push = [&](TokenId id) { ids.push_back(id); };
  const auto rest = [&](std::string_view part) {
    const bool changes = !parts.normalizer.changes_nothing();
    const std::string changed = changes ? parts.normalizer.apply(part) : std::string();
    const std::string_view subject = changes ? changed : part;
    const auto plain = [&](std::string_view piece) {
      const bool begins = part.data() == text.data() && piece.data() == subject.data();
      encode_plain(piece, begins, ids);
    };
    added_normalized.split(subject, plain, push);
  };
  added_raw.split(text, rest, push);
  return ids;
}

Tokenizer::Tokenizer(TokenizerParts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::size_t Tokenizer::vocab() const { return impl_->vocab; }

namespace {

void require_utf8(std::string_view text) {
  if (const auto bad = find_invalid_utf8(text)) {
    throw std::invalid_argument("the text is not UTF-8 at byte " + std::to_string(*bad) +
                                ": give text in UTF-8");
  }
}

// What a run of byte tokens stands for; empties it.
std::string take_bytes(std::string& run, BadBytes bad) {
  std::string bytes = std::exchange(run, {});
  if (bad == BadBytes::EachPart || !find_invalid_utf8(bytes)) return bytes;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) out += utf8_of(0xFFFD);
  return out;
}

}  // namespace

std::vector<TokenId> Tokenizer::encode(std::string_view text, AddSpecial add) const {
  require_utf8(text);
  std::vector<TokenId> ids = impl_->encode(text);
  if (add == AddSpecial::Yes) {
    const TokenizerParts& parts = impl_->parts;
    ids.insert(ids.begin(), parts.prefix.begin(), parts.prefix.end());
    ids.insert(ids.end(), parts.suffix.begin(), parts.suffix.end());
  }
  return ids;
}

std::vector<TokenId> Tokenizer::encode_plain(std::string_view text) const {
  require_utf8(text);
  std::vector<TokenId> ids;
  impl_->encode_plain(impl_->parts.normalizer.apply(text), true, ids);
  return ids;
}

std::span<const TokenId> Tokenizer::prefix() const { return impl_->parts.prefix; }

bool Tokenizer::has(TokenId id) const { return impl_->parts.texts.contains(id); }

std::string_view Tokenizer::token_bytes(TokenId id, bool skip_special) const {
  const auto found = impl_->parts.texts.find(id);
  if (found == impl_->parts.texts.end()) {
    throw std::invalid_argument("token " + std::to_string(id) +
                                " is not in the tokenizer's vocabulary of " +
                                std::to_string(impl_->vocab));
  }
  if (skip_special && found->second.kind == TokenText::Kind::Special) return {};
  return found->second.bytes;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  const TokenizerParts& parts = impl_->parts;
  std::string text;
  std::string run;  // of byte tokens
  bool is_first = true;
  for (const TokenId id : ids) {
    std::string_view bytes = token_bytes(id, skip_special);
    const TokenText::Kind kind = parts.texts.at(id).kind;
    if (skip_special && kind == TokenText::Kind::Special) continue;
    const bool drops_blanks =
        std::exchange(is_first, false) && parts.dropped_start == DroppedStart::BlanksOfFirstToken;
    if (kind == TokenText::Kind::Byte) {
      run.append(bytes);
      continue;
    }
    text.append(take_bytes(run, parts.bad_bytes));
    if (drops_blanks) {
      std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(text),
                   [](char c) { return c != ' '; });
    } else {
      text.append(bytes);
    }
  }
  text.append(take_bytes(run, parts.bad_bytes));
  if (parts.dropped_start == DroppedStart::OneBlank && text.starts_with(' ')) text.erase(0, 1);
  return replace_invalid_utf8(text);
}

std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
  const auto found = impl_->parts.written.find(token);
  return found == impl_->parts.written.end() ? std::nullopt : std::optional(found->second);
}

const std::optional<std::string>& Tokenizer::chat_template() const {
  return impl_->parts.chat_template;
}

}  // namespace sterna
