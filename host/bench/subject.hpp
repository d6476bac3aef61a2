// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "host/bench/bench.hpp"
#include "host/bench/check.hpp"
#include "host/bench/weight_reader.hpp"
#include "model/transformer.hpp"

namespace sterna::host {

/// Tokens whose sums and logits are checked: a tile and a remainder, so that both paths of a kernel are.
inline constexpr std::size_t kCheckTokens = 11;

/// A transformer with its own threads, whose products can be checked.
class Subject {
 public:
  Subject(const ModelWeights& model, const BenchPlan& plan, unsigned threads,
          const BenchParts& parts);

  /// Compares sums with plain loops and a prefill with a decode; returns how many sums.
  /// Errors  BenchCheckFailed
  std::uint64_t require_right_results();

  /// Seconds of the first `count` tokens together from an empty cache.
  double prefill(std::size_t count);

  /// What the head has read since the last call; nothing where it is not in two planes.
  std::optional<ScreenBench> take_screen();

  /// Appends the times of each of `count` tokens after `context` others. Tokens and reads take turns.
  void decode(std::size_t context, std::size_t count, std::vector<TokenTime>& times);

  /// Bytes of each read.
  [[nodiscard]] std::size_t reading_bytes() const { return reader_.bytes(); }

 private:
  /// What the head gives for the next token: all logits, or the most likely ones.
  struct Next {
    std::vector<float> logits;
    std::vector<Candidate> candidates;
  };

  void append(std::span<const TokenId> tokens);
  void require_right_candidates(std::size_t count);

  std::vector<TokenId> tokens_;
  ThreadPool pool_;
  std::unique_ptr<MatmulBackend> backend_;
  SampleCheck check_;
  Transformer model_;
  WeightReader reader_;
  bool screens_;  // the head is in two planes
  Next next_;
  RescoredRows rescored_{0, 0};  // until take_screen()
};

}  // namespace sterna::host
