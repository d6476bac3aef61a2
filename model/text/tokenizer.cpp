// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "model/text/bpe.hpp"
#include "model/text/byte_alphabet.hpp"
#include "model/text/pre_tokenizer.hpp"
#include "model/text/utf8.hpp"

namespace sterna {
namespace {

// An entry of "added_tokens": found in a text before anything else happens to it.
struct AddedToken {
  std::string text;
  TokenId id;
};

// Added tokens that are looked for together; of those that begin at one place the longest wins.
class AddedTokens {
 public:
  void add(AddedToken token) {
    auto& same_start = by_first_byte_[static_cast<std::uint8_t>(token.text[0])];
    const auto shorter = std::find_if(same_start.begin(), same_start.end(), [&](const auto& other) {
      return other.text.size() < token.text.size();
    });
    same_start.insert(shorter, std::move(token));
  }

  const AddedToken* at_start_of(std::string_view text) const {
    for (const AddedToken& token : by_first_byte_[static_cast<std::uint8_t>(text[0])]) {
      if (text.starts_with(token.text)) return &token;
    }
    return nullptr;
  }

  // Calls `between` with the text between added tokens and `token` with the tokens, in order.
  template <typename Between, typename Token>
  void split(std::string_view text, const Between& between, const Token& token) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size();) {
      const AddedToken* found = at_start_of(text.substr(i));
      if (found == nullptr) {
        ++i;
        continue;
      }
      if (i > begin) between(text.substr(begin, i - begin));
      token(found->id);
      i += found->text.size();
      begin = i;
    }
    if (begin < text.size()) between(text.substr(begin));
  }

 private:
  std::array<std::vector<AddedToken>, 256> by_first_byte_;  // each longest first
};

// What a token is when it is decoded.
struct TokenText {
  std::string bytes;
  bool is_special;
};

}  // namespace

struct Tokenizer::Impl {
  explicit Impl(const JsonFile& file)
      : bpe(file.object("model")), pre_tokenizer(file.object("pre_tokenizer")) {
    if (file.has("normalizer")) {
      file.refuse("normalizer", "changing the text before encoding is not supported, only null is");
    }
    check_decoder(file.object("decoder"));
    for (const auto& [token, id] : bpe.written()) {
      texts[id] = {.bytes = alphabet_bytes(token).value_or(token), .is_special = false};
    }
    for (const JsonFile& token : file.objects("added_tokens")) read_added(token);
    if (file.has("post_processor")) read_post_processor(file.object("post_processor"));
    for (const auto& [id, text] : texts) vocab = std::max<std::size_t>(vocab, id + 1);
  }

  static void check_decoder(const JsonFile& decoder);
  void read_added(const JsonFile& token);
  void read_post_processor(const JsonFile& processor);
  void read_template(const JsonFile& processor);
  void encode_plain(std::string_view text, std::vector<TokenId>& ids) const;

  Bpe bpe;
  PreTokenizer pre_tokenizer;
  AddedTokens added_raw;         // looked for first
  AddedTokens added_normalized;  // looked for in what is left
  std::unordered_map<TokenId, TokenText> texts;
  TokenIds added_ids;
  std::vector<TokenId> prefix;  // that the post-processor puts before a text
  std::vector<TokenId> suffix;
  std::size_t vocab = 0;
};

void Tokenizer::Impl::check_decoder(const JsonFile& decoder) {
  const std::string type = decoder.text("type", "");
  if (type == "Sequence") {
    for (const JsonFile& step : decoder.objects("decoders")) check_decoder(step);
  } else if (type != "ByteLevel") {
    decoder.refuse("type", "only ByteLevel is supported");
  }
}

void Tokenizer::Impl::read_added(const JsonFile& token) {
  constexpr std::uint32_t kMaxToken = (1U << 24) - 1;
  const std::string text = token.text("content", "");
  if (text.empty()) token.refuse("content", "the text of a token is expected");
  if (!token.has("id")) token.refuse("id", "a token id is expected");
  const TokenId id = token.whole("id", 0, 0, kMaxToken);
  for (const char* option : {"lstrip", "rstrip", "single_word"}) {
    if (token.boolean(option, false)) token.refuse(option, "only false is supported");
  }
  const bool is_special = token.boolean("special", false);
  const bool is_normalized = token.boolean("normalized", !is_special);
  (is_normalized ? added_normalized : added_raw).add({.text = text, .id = id});
  added_ids.insert_or_assign(text, id);
  texts[id] = {.bytes = alphabet_bytes(text).value_or(text), .is_special = is_special};
}

void Tokenizer::Impl::read_post_processor(const JsonFile& processor) {
  const std::string type = processor.text("type", "");
  if (type == "Sequence") {
    for (const JsonFile& step : processor.objects("processors")) read_post_processor(step);
  } else if (type == "TemplateProcessing") {
    read_template(processor);
  } else if (type != "ByteLevel") {  // which only moves offsets
    processor.refuse("type", "only ByteLevel, TemplateProcessing and Sequence are supported");
  }
}

// A template is a list of special tokens and one Sequence, the text.
void Tokenizer::Impl::read_template(const JsonFile& processor) {
  const JsonFile special = processor.object("special_tokens");
  std::vector<TokenId>* side = &prefix;
  for (const JsonFile& item : processor.objects("single")) {
    if (item.has("Sequence")) {
      side = &suffix;
      continue;
    }
    const std::string name = item.object("SpecialToken").text("id", "");
    const JsonFile token = special.object(name);
    const nlohmann::json& ids = token.at("ids");
    if (!ids.is_array()) special.refuse(name, "a special token with a list of ids is expected");
    for (const nlohmann::json& id : ids) {
      if (!id.is_number_unsigned() || !texts.contains(id.get<TokenId>())) {
        special.refuse(name, "ids of the vocabulary are expected");
      }
      side->push_back(id.get<TokenId>());
    }
  }
}

void Tokenizer::Impl::encode_plain(std::string_view text, std::vector<TokenId>& ids) const {
  pre_tokenizer.split(text, [&](std::string_view piece) { bpe.encode(piece, ids); });
}

Tokenizer::Tokenizer(const std::filesystem::path& file)
    : impl_(std::make_unique<Impl>(JsonFile(file))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::size_t Tokenizer::vocab() const { return impl_->vocab; }

std::vector<TokenId> Tokenizer::encode(std::string_view text, AddSpecial add) const {
  if (const auto bad = find_invalid_utf8(text)) {
    throw std::invalid_argument("the text is not UTF-8 at byte " + std::to_string(*bad) +
                                ": give text in UTF-8");
  }
  std::vector<TokenId> ids;
  if (add == AddSpecial::Yes) ids = impl_->prefix;
  const auto push = [&](TokenId id) { ids.push_back(id); };
  const auto plain = [&](std::string_view part) { impl_->encode_plain(part, ids); };
  const auto rest = [&](std::string_view part) {
    impl_->added_normalized.split(part, plain, push);
  };
  impl_->added_raw.split(text, rest, push);
  if (add == AddSpecial::Yes) ids.insert(ids.end(), impl_->suffix.begin(), impl_->suffix.end());
  return ids;
}

std::string_view Tokenizer::token_bytes(TokenId id, bool skip_special) const {
  const auto found = impl_->texts.find(id);
  if (found == impl_->texts.end()) {
    throw std::invalid_argument("token " + std::to_string(id) +
                                " is not in the tokenizer's vocabulary of " +
                                std::to_string(impl_->vocab));
  }
  if (skip_special && found->second.is_special) return {};
  return found->second.bytes;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string bytes;
  for (const TokenId id : ids) bytes.append(token_bytes(id, skip_special));
  return replace_invalid_utf8(bytes);
}

std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
  const auto added = impl_->added_ids.find(token);
  if (added != impl_->added_ids.end()) return added->second;
  const auto ordinary = impl_->bpe.written().find(token);
  if (ordinary != impl_->bpe.written().end()) return ordinary->second;
  return std::nullopt;
}

}  // namespace sterna
