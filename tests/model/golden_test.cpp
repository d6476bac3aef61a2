// SPDX-License-Identifier: Apache-2.0

// Logits of tiny checkpoints against those that transformers computed. Their weights are chosen so
// that no activation lies near a rounding boundary of its int8 code, so every integer must be equal
// and what is left is float32 rounding: 3e-5 measured between two independent programs, 2e-4
// allowed.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "model/formats/checkpoint.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

void expect_golden(const std::filesystem::path& folder, float tolerance) {
  const ModelWeights weights = load_checkpoint(folder);
  const std::vector<std::int32_t> ids = read_npy<std::int32_t>(folder / "ids.npy");
  const std::vector<float> golden = read_npy<float>(folder / "logits.npy");
  ASSERT_EQ(golden.size(), ids.size() * weights.config.vocab);

  CpuModel model(weights);
  const std::vector<TokenId> tokens(ids.begin(), ids.end());
  const std::vector<float> logits = model.logits(tokens, tokens.size());
  const std::size_t vocab = weights.config.vocab;
  float largest = 0.0F;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const auto ours = std::span(logits).subspan(t * vocab, vocab);
    const auto theirs = std::span(golden).subspan(t * vocab, vocab);
    for (std::size_t i = 0; i < vocab; ++i) {
      largest = std::max(largest, std::abs(ours[i] - theirs[i]));
    }
    EXPECT_EQ(std::max_element(ours.begin(), ours.end()) - ours.begin(),
              std::max_element(theirs.begin(), theirs.end()) - theirs.begin())
        << "position " << t;
  }
  EXPECT_LE(largest, tolerance);
  testing::Test::RecordProperty(folder.filename().string(), std::to_string(largest));
}

// Checkpoints under `root`, each a folder with logits.npy.
void expect_every_golden(const std::filesystem::path& root, float tolerance) {
  if (!std::filesystem::is_directory(root)) GTEST_SKIP() << root << " is not there";
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!std::filesystem::exists(entry.path() / "logits.npy")) continue;
    SCOPED_TRACE(entry.path().string());
    expect_golden(entry.path(), tolerance);
    ++found;
  }
  EXPECT_GT(found, 0U);
}

TEST(Golden, OracleLogitsAgreeWithTransformers) {
  expect_every_golden(data_folder() / "oracle", 2e-4F);
}

TEST(Golden, OwnLogitsAgreeWithTransformers) {
  expect_every_golden(source_folder() / "tests/model/golden", 1e-4F);
}

}  // namespace
}  // namespace sterna
