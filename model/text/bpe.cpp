// SPDX-License-Identifier: Apache-2.0
#include "model/text/bpe.hpp"

#include <queue>
#include <stdexcept>
#include <tuple>

#include "model/text/byte_alphabet.hpp"

namespace sterna {
namespace {

constexpr std::uint32_t kMaxToken = (1U << 24) - 1;  // ids that a ModelConfig can address
constexpr std::uint32_t kNone = ~0U;

// A token of the piece at hand, in a list that merging shortens.
struct Symbol {
  TokenId id;
  std::uint32_t previous;
  std::uint32_t next;
};

// A merge that was possible when it was found; by then its symbols may have changed.
struct Candidate {
  std::uint32_t rank;
  std::uint32_t left;  // index of a symbol
  TokenId merged;

  bool operator>(const Candidate& other) const {
    return std::tie(rank, left) > std::tie(other.rank, other.left);
  }
};

}  // namespace

Bpe::Bpe(const JsonFile& model) : ignore_merges_(model.boolean("ignore_merges", false)) {
  if (model.text("type", "BPE") != "BPE") model.refuse("type", "only BPE is supported");
  for (const char* option : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.text(option, "").empty()) model.refuse(option, "only none is supported");
  }
  if (model.boolean("byte_fallback", false)) {
    model.refuse("byte_fallback", "only byte-level BPE is supported, which needs none");
  }
  if (model.has("dropout") && model.at("dropout") != 0.0) {
    model.refuse("dropout", "random merges are not supported, only null is");
  }
  read_vocabulary(model);
  read_merges(model);
}

void Bpe::read_vocabulary(const JsonFile& model) {
  const JsonFile vocabulary = model.object("vocab");
  const nlohmann::json& entries = model.at("vocab");
  if (entries.empty()) model.refuse("vocab", "an object from tokens to ids is expected");
  for (const auto& [token, value] : entries.items()) {
    if (value.is_null()) vocabulary.refuse(token, "a token id is expected");
    const TokenId id = vocabulary.whole(token, 0, 0, kMaxToken);
    written_.emplace(token, id);
    const std::optional<std::string> bytes = alphabet_bytes(token);
    if (!bytes) continue;  // no piece of a text can be this token
    by_bytes_.emplace(*bytes, id);
    if (bytes->size() == 1) byte_tokens_[static_cast<std::uint8_t>(bytes->front())] = id;
  }
}

void Bpe::read_merges(const JsonFile& model) {
  const nlohmann::json& list = model.at("merges");
  if (!list.is_array()) model.refuse("merges", "a list of merges is expected");
  for (const nlohmann::json& entry : list) {
    // Two spellings: "left right", and ["left", "right"] since version 0.20 of the library.
    if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
      add_merge(model, entry[0].get<std::string>(), entry[1].get<std::string>());
      continue;
    }
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    const std::size_t blank = text.find(' ');
    if (blank == std::string::npos || text.find(' ', blank + 1) != std::string::npos) {
      throw std::runtime_error(model.file().string() + ": model.merges holds " + brief(entry) +
                               " where a pair of tokens is expected");
    }
    add_merge(model, text.substr(0, blank), text.substr(blank + 1));
  }
}

void Bpe::add_merge(const JsonFile& model, const std::string& left, const std::string& right) {
  const auto id_of = [&](const std::string& token) {
    const auto found = written_.find(token);
    if (found == written_.end()) {
      throw std::runtime_error(model.file().string() + ": model.merges has the token " +
                               printable(token) + ", which model.vocab lacks");
    }
    return found->second;
  };
  const std::uint64_t key = (std::uint64_t{id_of(left)} << 32) | id_of(right);
  const auto rank = static_cast<std::uint32_t>(merges_.size());
  merges_.try_emplace(key, Merge{.rank = rank, .merged = id_of(left + right)});
}

const Bpe::Merge* Bpe::find_merge(TokenId left, TokenId right) const {
  const auto found = merges_.find((std::uint64_t{left} << 32) | right);
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::encode(std::string_view piece, std::vector<TokenId>& ids) const {
  if (ignore_merges_) {
    if (const auto whole = by_bytes_.find(piece); whole != by_bytes_.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  const std::size_t first = ids.size();
  for (const char c : piece) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (!byte_tokens_[byte]) {
      throw std::runtime_error("the tokenizer has no token for byte " + std::to_string(byte) +
                               " of the text: train it with the whole byte alphabet");
    }
    ids.push_back(*byte_tokens_[byte]);
  }
  merge_all(ids, first);
}

// Merges the tokens of ids from `first` on, in place.
void Bpe::merge_all(std::vector<TokenId>& ids, std::size_t first) const {
  const auto count = static_cast<std::uint32_t>(ids.size() - first);
  std::vector<Symbol> symbols(count);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](std::uint32_t left) {
    if (left == kNone || symbols[left].next == kNone) return;
    const Merge* merge = find_merge(symbols[left].id, symbols[symbols[left].next].id);
    if (merge != nullptr) queue.push({merge->rank, left, merge->merged});
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols[i] = {ids[first + i], i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1};
  }
  for (std::uint32_t i = 0; i < count; ++i) consider(i);

  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.left];
    if (left.id == kNone || left.next == kNone) continue;
    Symbol& right = symbols[left.next];
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->rank != best.rank) continue;  // one of the two was merged since
    left.id = best.merged;
    left.next = right.next;
    right.id = kNone;
    if (left.next != kNone) symbols[left.next].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }

  ids.resize(first);
  for (std::uint32_t i = count == 0 ? kNone : 0; i != kNone; i = symbols[i].next) {
    ids.push_back(symbols[i].id);
  }
}

}  // namespace sterna
