// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/bench/limits.hpp"
#include "host/bench/traffic.hpp"
#include "host/progress.hpp"
#include "kernels/matmul_backend.hpp"
#include "kernels/thread_pool.hpp"
#include "model/weights.hpp"

namespace sterna::host {

/// What `sterna bench` measures.
struct BenchPlan {
  unsigned threads;
  std::size_t prefill_tokens;  // 0: no prefill
  std::size_t decode_tokens;   // 0: no decode
  std::size_t context_tokens;  // decode also at the end of so long a context; 0: not
  unsigned repeats;            // of prefill, and of the decoded sequence
  std::uint64_t seed;          // of the tokens
  KvFormat kv;                 // of the cache

  /// Tokens that the cache must hold.
  [[nodiscard]] std::size_t cache_tokens() const;

  /// Errors  std::invalid_argument, one sentence: nothing to measure, more tokens than the model was
  ///         made for; std::runtime_error: more memory than this machine has
  void validate(const ModelConfig& config) const;
};

/// Tokens a second: the median, and what bounds the middle half (decode) or all (prefill) of the times.
struct TokenRate {
  double median;
  double low;
  double high;
};

/// A decoded token, and what memory gave meanwhile.
struct TokenTime {
  double seconds;
  double reading_seconds;  // of a pass over the weights: mean of the one before and the one after
};

/// Value at `share` of the way through sorted values, between neighbours linearly. Range  at least one value
[[nodiscard]] double quantile(const std::vector<double>& sorted, double share);

/// From the times of single tokens, the quartiles. Range  at least one time
[[nodiscard]] TokenRate rate_with_quartiles(std::vector<double> seconds_a_token);
/// From the times of whole passes of `tokens` tokens, slowest and fastest. Range  at least one time
[[nodiscard]] TokenRate rate_with_range(std::vector<double> seconds, std::size_t tokens);

/// What the same threads read of the same weights before and after every token, with nothing to compute.
struct Reading {
  std::size_t bytes;  // of one of these passes over the weights
  double bytes_s;     // the median
  double share;  // median of the tokens: their bytes at that moment's rate, over their own time
};

/// How fast tokens came one at a time.
struct DecodeSpeed {
  TokenRate tokens_per_s;
  std::optional<Reading> reading;  // nothing where the model is smaller than a read
};

/// The speed of one token each. Range  at least one
[[nodiscard]] DecodeSpeed decode_speed(const std::vector<TokenTime>& times, double bytes_a_token,
                                       std::size_t bytes_a_read);

/// `limits` with at least the DRAM bandwidth of these reads, where they were as long as the limit's own:
/// memory may have been slower before and after the work than while it ran.
[[nodiscard]] MachineLimits raised_by(MachineLimits limits, const std::optional<Reading>& reading);

/// How a head in two planes found the tokens that a decode draws from.
struct ScreenBench {
  std::size_t candidates;  // most likely tokens found for every token, by reading six bits a weight
  double rescored_share;   // of the rows of the head, whose other two bits were read too
};

/// One token at a time.
struct DecodeBench {
  std::size_t tokens;  // decoded one after another, `repeats` times
  double context;      // tokens in the cache, on average
  DecodeSpeed speed;
  TokenTraffic traffic;      // bytes a token reads
  double macs_per_token;     // of the ternary matrices and the head; attention is not counted
  double fraction_of_limit;  // bytes read a second over the DRAM bandwidth of as many threads
  std::optional<DecodeSpeed> one_thread;  // the same on one thread, where there are more
  std::optional<ScreenBench> screen;      // where the head is in two planes
};

/// Many tokens together.
struct PrefillBench {
  std::size_t tokens;
  TokenRate tokens_per_s;
  double macs_per_token;     // of the ternary matrices; attention and head are not counted
  double fraction_of_limit;  // these multiply-adds a second over the peak of as many threads
};

/// Everything that a run of the bench found.
struct BenchResult {
  BenchLimits limits;  // the best of before, after and, for DRAM, between the measurements
  std::optional<DecodeBench> decode;
  std::optional<PrefillBench> prefill;
  std::optional<DecodeBench> at_context;
  std::uint64_t compared_sums;  // products checked before anything was timed
  std::size_t peak_rss_bytes;   // of this process until the timed work on all threads was done
  double huge_page_share;       // of the anonymous memory then
  double foreign_cpu_share;     // while that work ran
};

/// A sum or a logit was wrong, so no time was taken.
struct BenchCheckFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the bench stands on; tests put in their own.
struct BenchParts {
  std::function<std::unique_ptr<MatmulBackend>(ThreadPool&)> make_backend;
  std::function<BenchLimits()> measure_limits;
};

/// Checks, then measures. Products are compared with plain loops on rows of every matrix, and the
/// logits of a prefill with those of the same tokens one by one, bit for bit; of a head in two planes the
/// most likely tokens also with the sorted logits of all eight bits.
/// Errors  BenchCheckFailed saying which sum is wrong; those of BenchPlan::validate
[[nodiscard]] BenchResult run_bench(const ModelWeights& model, const BenchPlan& plan,
                                    const BenchParts& parts, Progress& progress);

}  // namespace sterna::host
