// SPDX-License-Identifier: Apache-2.0
#include "host/generation.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace sterna::host {

void TextStream::put(const std::string& text) {
  text_ += text;
  if (!print_) return;
  fmt::print("{}", text);
  std::fflush(stdout);
}

void TextStream::finish() {
  put(utf8_.finish());
  if (print_) fmt::print("\n");
}

std::vector<TokenId> end_tokens(const SpecialTokens& special, const Tokenizer& tokenizer) {
  std::vector<TokenId> end = special.end;
  for (const char* name : {"<|eot_id|>", "<|im_end|>"}) {
    const std::optional<TokenId> id = tokenizer.id_of(name);
    if (id && std::find(end.begin(), end.end(), *id) == end.end()) end.push_back(*id);
  }
  return end;
}

Generation::Generation(Transformer& transformer, Sampler& sampler, bool by_candidates,
                       std::vector<TokenId> end)
    : transformer_(transformer),
      sampler_(sampler),
      count_(by_candidates ? sampler.candidates(transformer.config().vocab) : 0),
      end_(std::move(end)),
      logits_(count_ == 0 ? transformer.config().vocab : 0) {}

TokenId Generation::next(std::span<const TokenId> tokens) {
  if (count_ == 0) {
    transformer_.forward(tokens, Logits::Last, logits_);
    return sampler_.next(logits_);
  }
  transformer_.forward_top(tokens, count_, candidates_);
  return sampler_.next_of(candidates_);
}

std::vector<TokenId> Generation::run(std::span<const TokenId> prompt, std::size_t limit,
                                     const std::function<void(TokenId)>& emit) {
  std::vector<TokenId> generated;
  std::span<const TokenId> context = prompt;
  pending_.clear();
  while (generated.size() < limit) {
    const TokenId token = next(context);
    if (std::find(end_.begin(), end_.end(), token) != end_.end()) return generated;
    generated.push_back(token);
    emit(token);
    pending_ = {token};
    context = pending_;
  }
  return generated;
}

}  // namespace sterna::host
