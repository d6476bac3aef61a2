// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/gguf_tokenizer.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/formats/json_file.hpp"
#include "model/text/readers/gguf_pre.hpp"
#include "model/text/tokenizer/byte_alphabet.hpp"
#include "model/text/tokenizer/character_bpe.hpp"

namespace sterna {
namespace {

using Kind = TokenText::Kind;

constexpr const char* kModel = "tokenizer.ggml.model";
constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kMerges = "tokenizer.ggml.merges";

std::string known_pres() {
  std::vector<std::string_view> names;
  for (const GgufPre& pre : gguf_pres())
    names.insert(names.end(), pre.names.begin(), pre.names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

class Reader {
 public:
  explicit Reader(const GgufFile& file);

  TokenizerParts read();

 private:
  [[nodiscard]] const GgufPre& pre() const;
  [[nodiscard]] PieceType type(TokenId id) const;
  TokenizerParts read_byte_level();
  void add_byte_level(TokenizerParts& parts, TokenId id) const;
  void add_merges(TokenizerParts& parts) const;
  TokenizerParts read_characters();
  void add_ends(TokenizerParts& parts, bool begin, std::uint32_t begin_id) const;
  [[noreturn]] void refuse_token(TokenId id, std::string_view why) const;

  const GgufFile& file_;
  std::vector<std::string_view> tokens_;
  std::vector<std::int64_t> types_;
};

Reader::Reader(const GgufFile& file)
    : file_(file), tokens_(file.texts(kTokens)), types_(file.wholes("tokenizer.ggml.token_type")) {
  if (tokens_.empty()) file.refuse(kTokens, "a list of tokens is expected");
  if (tokens_.size() > Bpe::kMaxToken) file.refuse(kTokens, "at most 16777215 are expected");
  if (!types_.empty() && types_.size() != tokens_.size()) {
    file.refuse("tokenizer.ggml.token_type", "as many as tokenizer.ggml.tokens are expected");
  }
}

void Reader::refuse_token(TokenId id, std::string_view why) const {
  throw std::runtime_error(fmt::format("{}: token {} is \"{}\": {}", file_.path().string(), id,
                                       printable(tokens_[id]), why));
}

PieceType Reader::type(TokenId id) const {
  if (types_.empty()) return PieceType::Normal;
  if (types_[id] < 1 || types_[id] > 6) refuse_token(id, "a token_type of 1 to 6 is expected");
  return static_cast<PieceType>(types_[id]);
}

const GgufPre& Reader::pre() const {
  const std::string name = gguf_pre_name(file_);
  if (name.empty()) {
    throw std::runtime_error(file_.path().string() + ": has no " + kPre +
                             ", so how it cuts texts is not known: give the model's own "
                             "tokenizer with --tokenizer");
  }
  if (const GgufPre* known = find_gguf_pre(name)) return *known;
  file_.refuse(kPre, "known are " + known_pres() + "; give another tokenizer with --tokenizer");
}

void Reader::add_byte_level(TokenizerParts& parts, TokenId id) const {
  const std::string text(tokens_[id]);
  const PieceType kind = type(id);
  if (text.empty()) refuse_token(id, "a text is expected");
  if (!parts.written.emplace(text, id).second) refuse_token(id, "another token has this text");
  if (kind == PieceType::Normal || kind == PieceType::Byte) {
    const std::optional<std::string> bytes = alphabet_bytes(text);
    if (bytes) parts.bpe.add_token(*bytes, id);
    parts.texts.emplace(id, TokenText{bytes.value_or(text), Kind::Ordinary});
    return;
  }
  const bool is_special = kind == PieceType::Control || kind == PieceType::Unknown;
  if (kind != PieceType::Unused) parts.added_raw.push_back({.text = text, .id = id});
  parts.texts.emplace(id, TokenText{text, is_special ? Kind::Special : Kind::Ordinary});
}

void Reader::add_merges(TokenizerParts& parts) const {
  const std::vector<std::string_view> merges = file_.texts(kMerges);
  for (std::uint32_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const std::size_t blank = merge.find(' ');
    const auto refuse = [&](std::string_view why) {
      throw std::runtime_error(fmt::format("{}: {} {} is \"{}\": {}", file_.path().string(),
                                           kMerges, rank, printable(merge), why));
    };
    if (blank == std::string_view::npos) refuse("two tokens with a blank between are expected");
    const std::string left(merge.substr(0, blank));
    const std::string right(merge.substr(blank + 1));
    const auto id_of = [&](const std::string& token) {
      const auto found = parts.written.find(token);
      if (found == parts.written.end()) refuse("it needs a token that tokenizer.ggml.tokens lacks");
      return found->second;
    };
    parts.bpe.add_merge(id_of(left), id_of(right), id_of(left + right), rank);
  }
}

TokenizerParts Reader::read_byte_level() {
  const GgufPre& pre = this->pre();
  TokenizerParts parts{.bpe = Bpe(Bpe::Unit::Byte)};
  if (pre.composes) parts.normalizer.add_form(Normalizer::Form::Nfc);
  for (const char* pattern : pre.patterns) parts.pre_tokenizer.add_split(pattern);
  if (pre.takes_whole_tokens) parts.bpe.take_whole_tokens();
  for (TokenId id = 0; id < tokens_.size(); ++id) add_byte_level(parts, id);
  add_merges(parts);
  constexpr std::uint32_t kGpt2Begin = 11;  // llama.cpp's default
  add_ends(parts, pre.adds_begin, kGpt2Begin);
  return parts;
}

TokenizerParts Reader::read_characters() {
  const std::vector<float> scores = file_.numbers("tokenizer.ggml.scores");
  if (scores.size() != tokens_.size()) {
    file_.refuse("tokenizer.ggml.scores", "as many as tokenizer.ggml.tokens are expected");
  }
  std::vector<Piece> pieces;
  for (TokenId id = 0; id < tokens_.size(); ++id) {
    pieces.push_back({.text = tokens_[id], .score = scores[id], .type = type(id)});
  }
  const auto last = static_cast<std::uint32_t>(tokens_.size() - 1);
  const PieceRules rules{.adds_blank = file_.boolean("tokenizer.ggml.add_space_prefix", true),
                         .falls_back = true,
                         .unknown = file_.whole("tokenizer.ggml.unknown_token_id", 0, 0, last),
                         .skips_unknown = false};
  TokenizerParts parts = make_character_bpe(pieces, rules, file_.path().string());
  add_ends(parts, true, 1);
  return parts;
}

// The tokens around a text; `begin` and `begin_id` are the defaults.
void Reader::add_ends(TokenizerParts& parts, bool begin, std::uint32_t begin_id) const {
  const auto last = static_cast<std::uint32_t>(tokens_.size() - 1);
  if (file_.boolean("tokenizer.ggml.add_bos_token", begin)) {
    parts.prefix = {file_.whole("tokenizer.ggml.bos_token_id", std::min(begin_id, last), 0, last)};
  }
  if (file_.boolean("tokenizer.ggml.add_eos_token", false)) {
    parts.suffix = {file_.whole("tokenizer.ggml.eos_token_id", std::nullopt, 0, last)};
  }
}

TokenizerParts Reader::read() {
  const std::string model = file_.text(kModel, std::nullopt);
  if (model != "gpt2" && model != "llama") {
    file_.refuse(kModel,
                 "only gpt2 and llama are supported; give another tokenizer with --tokenizer");
  }
  TokenizerParts parts = model == "gpt2" ? read_byte_level() : read_characters();
  const std::string chat = file_.text("tokenizer.chat_template", "");
  if (!chat.empty()) parts.chat_template = chat;
  return parts;
}

}  // namespace

TokenizerParts read_gguf_tokenizer(const GgufFile& file) { return Reader(file).read(); }

bool has_gguf_tokenizer(const GgufFile& file) { return file.has(kModel); }

}  // namespace sterna
