// SPDX-License-Identifier: Apache-2.0
#include "host/checking_backend.hpp"

#include <gtest/gtest.h>

#include "host/device_backend.hpp"
#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

class CheckingBackendTest : public testing::Test {
 protected:
  CheckingBackendTest() {
    q_ = checking_.add_matrix("layers.7.q_proj", q_weights_);
    k_ = checking_.add_matrix("layers.7.k_proj", k_weights_);
  }

  /// Two products of 3 tokens with matrices of 2 and 5 rows of ones, by activations of ones.
  void multiply() {
    const std::vector<std::int8_t> x(3 * 80, 1);
    const Product products[] = {{q_, q_sums_}, {k_, k_sums_}};
    checking_.multiply({x, 3, 80}, products);
  }

  PackedTernary q_weights_{std::vector<Trit>(2 * 80, 1), 2, 80};
  PackedTernary k_weights_{std::vector<Trit>(5 * 80, 1), 5, 80};
  FakeTmu good_device_{fake_hardware(80, 2, 2, 8, 4)};
  FakeTmu tested_device_{fake_hardware(160, 3, 1, 8, 4)};
  DeviceBackend reference_{good_device_};
  DeviceBackend tested_{tested_device_};
  CheckingBackend checking_{reference_, tested_};
  MatrixId q_;
  MatrixId k_;
  std::vector<std::int32_t> q_sums_ = std::vector<std::int32_t>(3 * 2);
  std::vector<std::int32_t> k_sums_ = std::vector<std::int32_t>(3 * 5);
};

TEST_F(CheckingBackendTest, PassesEqualSumsOn) {
  multiply();
  EXPECT_FALSE(checking_.first_difference());
  EXPECT_EQ(q_sums_, std::vector<std::int32_t>(6, 80));
  EXPECT_EQ(k_sums_, std::vector<std::int32_t>(15, 80));
  EXPECT_EQ(checking_.compared_sums(), 21U);
}

// The fake counts sums row by row: sum 6 + 3 * 3 + 2 of a call is row 3, token 2 of the second
// matrix.
TEST_F(CheckingBackendTest, NamesTheFirstDifferenceByAbsoluteToken) {
  tested_device_.break_sum = 21 + 6 + 3 * 3 + 2;
  multiply();
  multiply();
  const Difference expected{7, "k_proj", 3 + 2, 3, 80, 81};
  ASSERT_TRUE(checking_.first_difference());
  EXPECT_EQ(*checking_.first_difference(), expected);
  EXPECT_EQ(k_sums_[2 * 5 + 3], 81) << "the tested sums go on, not the reference's";
}

TEST_F(CheckingBackendTest, CountsFromZeroInANewSequence) {
  tested_device_.break_sum = 21;
  multiply();
  checking_.start_sequence();
  multiply();
  EXPECT_EQ(checking_.first_difference()->token, 0U);
}

TEST_F(CheckingBackendTest, KeepsTheFirstOfTwoDifferences) {
  tested_device_.break_sum = 0;
  multiply();
  tested_device_.break_sum = 21 + 4;
  multiply();
  EXPECT_EQ(checking_.first_difference()->token, 0U);
  EXPECT_EQ(checking_.first_difference()->projection, "q_proj");
}

TEST(SplitMatrixName, TakesLayerNamesApartAndLeavesOthers) {
  using Split = std::pair<std::int64_t, std::string>;
  EXPECT_EQ(split_matrix_name("layers.0.q_proj"), Split(0, "q_proj"));
  EXPECT_EQ(split_matrix_name("layers.12.down_proj"), Split(12, "down_proj"));
  EXPECT_EQ(split_matrix_name("weights"), Split(-1, "weights"));
  EXPECT_EQ(split_matrix_name("layers.x.q_proj"), Split(-1, "layers.x.q_proj"));
  EXPECT_EQ(split_matrix_name("layers.3"), Split(-1, "layers.3"));
}

}  // namespace
}  // namespace sterna::host
