// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/sentencepiece_file.hpp"

#include <bit>
#include <stdexcept>
#include <utility>

#include "model/text/readers/protobuf.hpp"
#include "model/text/tokenizer/utf8.hpp"

namespace sterna {
namespace {

// What the trainer and the normalizer left in the file, with the defaults of the schema.
struct Settings {
  std::uint64_t model_type = 1;  // 1 unigram, 2 BPE
  bool byte_fallback = false;
  bool blank_as_suffix = false;
  std::int64_t unknown = 0;
  std::int64_t begin = 1;
  bool adds_blank = true;
  bool removes_blanks = true;
  bool escapes_blanks = true;
  bool has_table = false;  // of characters to normalize
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& source) : file_(source), text_(bytes) {}

  SentencePieceModel read();

 private:
  template <typename Each>
  void for_each_field(std::string_view message, const Each& each) const;
  void read_piece(std::string_view message);
  void read_trainer(std::string_view message);
  void read_normalizer(std::string_view message);
  void check() const;
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error(file_ + ": " + why);
  }

  std::string file_;
  std::string_view text_;
  std::vector<Piece> pieces_;
  Settings settings_;
};

template <typename Each>
void Reader::for_each_field(std::string_view message, const Each& each) const {
  ProtobufReader reader(message);
  while (const auto field = reader.next()) each(*field);
  if (reader.is_broken()) {
    refuse("is neither a tokenizer of SentencePiece nor one of ranks, or it is truncated");
  }
}

void Reader::read_piece(std::string_view message) {
  Piece piece{.text = {}, .score = 0.0F, .type = PieceType::Normal};
  for_each_field(message, [&](const ProtobufField& field) {
    if (field.number == 1 && field.has_bytes) piece.text = field.bytes;
    if (field.number == 2)
      piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
    if (field.number != 3) return;
    const std::string which = "piece " + std::to_string(pieces_.size());
    if (field.value < 1 || field.value > 6) {
      refuse(which + " has type " + std::to_string(field.value) + " where 1 to 6 is expected");
    }
    piece.type = static_cast<PieceType>(field.value);
    if (piece.type == PieceType::Unused) refuse(which + " is unused, which is not supported");
  });
  if (pieces_.size() > Bpe::kMaxToken) refuse("has more than 16777216 pieces");
  if (find_invalid_utf8(piece.text)) {
    refuse("piece " + std::to_string(pieces_.size()) + " is not UTF-8");
  }
  pieces_.push_back(piece);
}

void Reader::read_trainer(std::string_view message) {
  for_each_field(message, [&](const ProtobufField& field) {
    if (field.number == 3) settings_.model_type = field.value;
    if (field.number == 24) settings_.blank_as_suffix = field.value != 0;
    if (field.number == 35) settings_.byte_fallback = field.value != 0;
    if (field.number == 40) settings_.unknown = static_cast<std::int64_t>(field.value);
    if (field.number == 41) settings_.begin = static_cast<std::int64_t>(field.value);
  });
}

void Reader::read_normalizer(std::string_view message) {
  for_each_field(message, [&](const ProtobufField& field) {
    if (field.number == 2) settings_.has_table = !field.bytes.empty();
    if (field.number == 3) settings_.adds_blank = field.value != 0;
    if (field.number == 4) settings_.removes_blanks = field.value != 0;
    if (field.number == 5) settings_.escapes_blanks = field.value != 0;
  });
}

void Reader::check() const {
  const auto size = static_cast<std::int64_t>(pieces_.size());
  const std::string type = std::to_string(settings_.model_type);
  if (pieces_.empty()) refuse("holds no pieces: it is not a tokenizer of SentencePiece");
  if (settings_.model_type != 2) refuse("model_type is " + type + ": only 2 (BPE) is supported");
  if (settings_.has_table) refuse("has a table that normalizes characters, which is not supported");
  if (settings_.blank_as_suffix) refuse("treat_whitespace_as_suffix is true: not supported");
  if (settings_.removes_blanks) refuse("remove_extra_whitespaces is true: not supported");
  if (!settings_.escapes_blanks) refuse("escape_whitespaces is false: not supported");
  if (settings_.unknown < 0 || settings_.unknown >= size) refuse("unk_id is not one of its pieces");
  if (settings_.begin >= size) refuse("bos_id is not one of its pieces");
}

SentencePieceModel Reader::read() {
  for_each_field(text_, [&](const ProtobufField& field) {
    if (!field.has_bytes) return;
    if (field.number == 1) read_piece(field.bytes);
    if (field.number == 2) read_trainer(field.bytes);
    if (field.number == 3) read_normalizer(field.bytes);
  });
  check();
  return {.pieces = std::move(pieces_),
          .rules = {.adds_blank = settings_.adds_blank,
                    .falls_back = settings_.byte_fallback,
                    .unknown = static_cast<TokenId>(settings_.unknown),
                    .skips_unknown = false},
          .begin = settings_.begin};
}

}  // namespace

SentencePieceModel parse_sentencepiece(std::string_view bytes, const std::string& source) {
  return Reader(bytes, source).read();
}

TokenizerParts read_sentencepiece(std::string_view bytes, const std::string& source) {
  const SentencePieceModel model = parse_sentencepiece(bytes, source);
  TokenizerParts parts = make_character_bpe(model.pieces, model.rules, source);
  if (model.begin >= 0) parts.prefix = {static_cast<TokenId>(model.begin)};
  return parts;
}

void add_added_tokens(const JsonFile& added, TokenizerParts& parts) {
  for (const std::string& text : added.keys()) {
    const TokenId id = added.whole(text, 0, 0, Bpe::kMaxToken);
    if (text.empty()) added.refuse(text, "the text of a token is expected");
    if (parts.texts.contains(id)) {
      if (parts.written.contains(text) && parts.written.find(text)->second == id) continue;
      added.refuse(text, "the tokenizer has another token with this id");
    }
    parts.added_raw.push_back({.text = text, .id = id});
    parts.written.insert_or_assign(text, id);
    parts.texts.emplace(id, TokenText{text, TokenText::Kind::Special});
  }
}

}  // namespace sterna
