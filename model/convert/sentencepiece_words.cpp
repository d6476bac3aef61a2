// SPDX-License-Identifier: Apache-2.0
#include "model/convert/sentencepiece_words.hpp"

#include <algorithm>
#include <stdexcept>

#include "model/text/readers/rank_file.hpp"
#include "model/text/readers/sentencepiece_file.hpp"

namespace sterna {
namespace {

constexpr const char* kName = "tokenizer.model";

// An entry of GGUF's lists for every token of the model.
struct Words {
  explicit Words(std::uint32_t vocab)
      : texts(vocab),
        scores(vocab, 0.0F),
        types(vocab, static_cast<std::int32_t>(PieceType::Unused)) {
    for (std::uint32_t id = 0; id < vocab; ++id) texts[id] = "[PAD" + std::to_string(id) + "]";
  }

  void place(std::size_t id, std::string_view text, float score, PieceType type) {
    if (id >= texts.size()) {
      ++outside;
      return;
    }
    texts[id] = text;
    scores[id] = score;
    types[id] = static_cast<std::int32_t>(type);
  }

  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  std::size_t outside = 0;
};

void say(const SentencePieceModel& model, const JsonFile& added, std::uint32_t vocab,
         GgufMetadata& metadata, std::vector<std::string>& notes) {
  Words words(vocab);
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    words.place(id, piece.text, piece.score, piece.type);
  }
  for (const std::string& text : added.keys()) {
    const std::uint32_t id = added.whole(text, 0, 0, Bpe::kMaxToken);
    if (id >= model.pieces.size()) words.place(id, text, 0.0F, PieceType::Control);
  }
  if (words.outside > 0) {
    notes.push_back(std::to_string(words.outside) +
                    " tokens of the tokenizer are outside the model's vocabulary and left out");
  }
  metadata.add_text("tokenizer.ggml.model", "llama");
  metadata.add_text("tokenizer.ggml.pre", "default");
  metadata.add_texts("tokenizer.ggml.tokens", words.texts);
  metadata.add_reals("tokenizer.ggml.scores", words.scores);
  metadata.add_wholes("tokenizer.ggml.token_type", words.types);
  metadata.add_whole("tokenizer.ggml.unknown_token_id", model.rules.unknown);
  metadata.add_boolean("tokenizer.ggml.add_space_prefix", model.rules.adds_blank);
  metadata.add_boolean("tokenizer.ggml.add_bos_token", model.begin >= 0);
  if (model.begin >= 0) {
    metadata.add_whole("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(model.begin));
  }
}

}  // namespace

void add_sentencepiece(const std::string& model, const std::string& added_json, std::uint32_t vocab,
                       GgufMetadata& metadata, std::vector<std::string>& notes) {
  if (looks_like_ranks(model)) {
    notes.push_back(
        "its tokenizer.model is a list of ranks, which GGUF has no words for: the file has no "
        "tokenizer");
    return;
  }
  const SentencePieceModel parsed = parse_sentencepiece(model, kName);
  if (!parsed.rules.falls_back) {
    notes.push_back(
        "its tokenizer.model does not fall back to bytes, which GGUF's tokenizers of this kind do: "
        "the file has no tokenizer");
    return;
  }
  say(parsed, JsonFile(added_json, "added_tokens.json"), vocab, metadata, notes);
}

}  // namespace sterna
