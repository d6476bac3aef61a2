// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/bpe.hpp"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <tuple>

#include "model/text/tokenizer/utf8.hpp"

namespace sterna {
namespace {

constexpr std::uint32_t kNone = ~0U;

// Bytes up to the first mark that follows anything but a mark.
std::size_t word_bytes(std::string_view text) {
  std::size_t begin = 0;
  while (text.substr(begin).starts_with(kWordMark)) begin += kWordMark.size();
  return std::min(text.find(kWordMark, begin), text.size());
}

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

  bool operator>(const Candidate& other) const {
    return std::tie(rank, left) > std::tie(other.rank, other.left);
  }
};

}  // namespace

void Bpe::add_token(std::string_view text, TokenId id) {
  by_text_.emplace(text, id);
  joins_words_ |= word_bytes(text) < text.size();
  if (unit_ == Unit::Byte && text.size() == 1) {
    byte_tokens_[static_cast<std::uint8_t>(text.front())] = id;
  }
}

void Bpe::add_merge(TokenId left, TokenId right, TokenId merged, std::uint32_t rank) {
  merges_.try_emplace((std::uint64_t{left} << 32) | right, Merge{.rank = rank, .merged = merged});
}

void Bpe::set_unknown(TokenId id, bool fuse) {
  unknown_ = id;
  fuses_unknown_ = fuse;
}

// The token with this text, or a symbol for a character that is none; kNone for any other text.
TokenId Bpe::symbol_of(std::string_view text) {
  if (const auto found = by_text_.find(text); found != by_text_.end()) return found->second;
  if (unit_ == Unit::Byte || text.size() != character_bytes(text)) return kNone;
  const auto next = static_cast<TokenId>(kMaxToken + 1 + virtual_texts_.size());
  const auto [entry, is_new] = virtual_.emplace(text, next);
  if (is_new) virtual_texts_.emplace_back(text);
  return entry->second;
}

void Bpe::add_ranked_tokens(std::span<const RankedToken> tokens) {
  for (const RankedToken& token : tokens) add_token(token.text, token.id);
  for (const RankedToken& token : tokens) {
    const auto step = [&](std::size_t at) {
      return unit_ == Unit::Byte ? 1 : character_bytes(token.text.substr(at));
    };
    for (std::size_t cut = token.text.empty() ? 0 : step(0); cut < token.text.size();
         cut += step(cut)) {
      const TokenId left = symbol_of(token.text.substr(0, cut));
      const TokenId right = left == kNone ? kNone : symbol_of(token.text.substr(cut));
      if (right != kNone) add_merge(left, right, token.id, token.rank);
    }
  }
}

const Bpe::Merge* Bpe::find_merge(TokenId left, TokenId right) const {
  const auto found = merges_.find((std::uint64_t{left} << 32) | right);
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::encode(std::string_view piece, std::vector<TokenId>& ids) const {
  if (takes_whole_tokens_) {
    if (const auto whole = by_text_.find(piece); whole != by_text_.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  const bool cuts = unit_ == Unit::Character && !joins_words_ && by_text_.contains(kWordMark);
  while (!piece.empty()) {
    const std::size_t word = cuts ? word_bytes(piece) : piece.size();
    encode_word(piece.substr(0, word), ids);
    piece.remove_prefix(word);
  }
}

void Bpe::encode_word(std::string_view word, std::vector<TokenId>& ids) const {
  const std::size_t first = ids.size();
  if (unit_ == Unit::Byte) {
    push_bytes(word, ids);
  } else {
    push_characters(word, ids);
  }
  merge_all(ids, first);
  if (!virtual_.empty()) replace_virtual(ids, first);
}

void Bpe::push_bytes(std::string_view piece, std::vector<TokenId>& ids) const {
  for (const char c : piece) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (!byte_tokens_[byte]) {
      throw std::runtime_error("the tokenizer has no token for byte " + std::to_string(byte) +
                               " of the text: train it with the whole byte alphabet");
    }
    ids.push_back(*byte_tokens_[byte]);
  }
}

void Bpe::push_characters(std::string_view piece, std::vector<TokenId>& ids) const {
  const std::size_t first = ids.size();
  for (std::size_t i = 0; i < piece.size();) {
    const std::string_view character = piece.substr(i, character_bytes(piece.substr(i)));
    i += character.size();
    if (const auto token = by_text_.find(character); token != by_text_.end()) {
      ids.push_back(token->second);
    } else if (const auto part = virtual_.find(character); part != virtual_.end()) {
      ids.push_back(part->second);
    } else {
      const bool follows_unknown = unknown_ && ids.size() > first && ids.back() == *unknown_;
      push_unknown(character, ids);
      if (fuses_unknown_ && follows_unknown && ids.back() == *unknown_) ids.pop_back();
    }
  }
}

void Bpe::push_unknown(std::string_view character, std::vector<TokenId>& ids) const {
  bool has_bytes = true;
  for (const char c : character)
    has_bytes &= byte_tokens_[static_cast<std::uint8_t>(c)].has_value();
  if (has_bytes) {
    for (const char c : character) ids.push_back(*byte_tokens_[static_cast<std::uint8_t>(c)]);
  } else if (unknown_) {
    ids.push_back(*unknown_);
  } else {
    throw std::runtime_error("the tokenizer has no token for the character " +
                             std::string(character) +
                             " of the text: it needs byte_fallback or an unknown token");
  }
}

// Characters that were not merged become what unknown ones become.
void Bpe::replace_virtual(std::vector<TokenId>& ids, std::size_t first) const {
  const auto is_virtual = [](TokenId id) { return id > kMaxToken; };
  if (std::none_of(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end(), is_virtual)) return;
  const std::vector<TokenId> merged(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end());
  ids.resize(first);
  for (const TokenId id : merged) {
    if (is_virtual(id)) {
      push_unknown(virtual_texts_[id - kMaxToken - 1], ids);
    } else {
      ids.push_back(id);
    }
  }
}

// Merges the tokens of ids from `first` on, in place.
void Bpe::merge_all(std::vector<TokenId>& ids, std::size_t first) const {
  const auto count = static_cast<std::uint32_t>(ids.size() - first);
  std::vector<Symbol> symbols(count);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](std::uint32_t left) {
    if (left == kNone || symbols[left].next == kNone) return;
    const Merge* merge = find_merge(symbols[left].id, symbols[symbols[left].next].id);
    if (merge != nullptr) queue.push({merge->rank, left});
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
    left.id = merge->merged;
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
