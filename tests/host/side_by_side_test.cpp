// SPDX-License-Identifier: Apache-2.0
#include "host/side_by_side.hpp"

#include <random>

#include <gtest/gtest.h>

#include "kernels/cpu_backend.hpp"
#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

constexpr std::size_t kCols = 200;
constexpr std::size_t kRows = 7;

class SideBySideTest : public testing::Test {
 protected:
  /// `count` fakes; each is also in fakes_.
  std::vector<std::unique_ptr<sim::TmuDevice>> devices(std::size_t count) {
    std::vector<std::unique_ptr<sim::TmuDevice>> devices;
    for (std::size_t i = 0; i < count; ++i) {
      auto fake = std::make_unique<FakeTmu>(fake_hardware(80, 3, 2, 64, 4));
      fakes_.push_back(fake.get());
      devices.push_back(std::move(fake));
    }
    return devices;
  }

  PackedTernary random_weights() {
    std::vector<Trit> trits(kRows * kCols);
    for (Trit& trit : trits) trit = static_cast<Trit>(static_cast<int>(random_() % 3) - 1);
    return {trits, kRows, kCols};
  }

  /// A batch of two tokens by both matrices; returns the sums.
  std::vector<std::int32_t> multiply(MatmulBackend& backend, std::span<const std::int8_t> x) {
    std::vector<std::int32_t> sums(2 * 2 * kRows);
    const Product products[] = {{0, std::span(sums).first(2 * kRows)},
                                {1, std::span(sums).last(2 * kRows)}};
    backend.multiply({x, 2, kCols}, products);
    return sums;
  }

  std::vector<std::int8_t> random_batch() {
    std::vector<std::int8_t> x(2 * kCols);
    for (std::int8_t& value : x) value = static_cast<std::int8_t>(random_() % 256);
    return x;
  }

  std::mt19937 random_{1};
  PackedTernary a_ = random_weights();
  PackedTernary b_ = random_weights();
  ThreadPool pool_{1};
  CpuBackend cpu_{pool_};
  std::vector<FakeTmu*> fakes_;
};

TEST_F(SideBySideTest, EveryProductIsComputedByOneDeviceAndTheSumsAreTheReferences) {
  SideBySide side_by_side(cpu_, devices(3));
  side_by_side.add_matrix("layers.0.gate_proj", a_);
  side_by_side.add_matrix("layers.0.up_proj", b_);
  CpuBackend alone(pool_);
  alone.add_matrix("a", a_);
  alone.add_matrix("b", b_);
  for (int i = 0; i < 50; ++i) {
    const auto x = random_batch();
    EXPECT_EQ(multiply(side_by_side, x), multiply(alone, x));
  }
  side_by_side.finish();
  EXPECT_EQ(fakes_[0]->jobs + fakes_[1]->jobs + fakes_[2]->jobs, 50U);
}

TEST_F(SideBySideTest, NamesTheSumThatDiffersWhenFinished) {
  SideBySide side_by_side(cpu_, devices(2));
  for (FakeTmu* fake : fakes_) fake->break_sum = 2 * kRows + 3 * 2 + 1;  // row 3, token 1 of b
  side_by_side.add_matrix("layers.0.gate_proj", a_);
  side_by_side.add_matrix("layers.0.up_proj", b_);
  multiply(side_by_side, random_batch());
  try {
    side_by_side.finish();
    FAIL() << "no difference";
  } catch (const SumsDiffer& error) {
    EXPECT_NE(std::string(error.what()).find("layers.0.up_proj, token 1 of its batch, row 3"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(SideBySideTest, TakesNoMoreProductsAfterADifference) {
  SideBySide side_by_side(cpu_, devices(1));
  fakes_[0]->break_sum = 0;
  side_by_side.add_matrix("layers.0.gate_proj", a_);
  side_by_side.add_matrix("layers.0.up_proj", b_);
  const auto x = random_batch();
  EXPECT_THROW(
      {
        for (int i = 0; i < 1000; ++i) multiply(side_by_side, x);
      },
      SumsDiffer);
}

TEST_F(SideBySideTest, DropsWhatIsWaitingWhenItGoes) {
  SideBySide side_by_side(cpu_, devices(2));
  side_by_side.add_matrix("layers.0.gate_proj", a_);
  side_by_side.add_matrix("layers.0.up_proj", b_);
  for (int i = 0; i < 4; ++i) multiply(side_by_side, random_batch());
}

}  // namespace
}  // namespace sterna::host
