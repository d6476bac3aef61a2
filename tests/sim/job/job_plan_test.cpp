// SPDX-License-Identifier: Apache-2.0
#include "sim/job/job_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/random_job.hpp"

namespace sterna::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// A column's beat holds 240 rows in t5, 192 in t2.
constexpr UnitConfig kUnit = {.lanes = 80,
                              .engines = 3,
                              .slices = 2,
                              .activation_words = 8,
                              .chunks = 2,
                              .weight_fifo_beats = 4,
                              .result_fifo_beats = 4,
                              .column_words = 2};

constexpr TmuCommand kColumns = {.tokens = 1,
                                 .beats = 1,
                                 .rows = 240,
                                 .format = WeightFormat::T5,
                                 .keep_activations = false,
                                 .columns = 100};

ProductShape columns_of(std::uint32_t rows, std::uint32_t cols, double zeros) {
  return {.tokens = 1, .cols = cols, .rows = rows, .by_columns = true, .zeros = zeros};
}

TEST(ColumnBeats, AreThoseOfTheEngineWithMostRows) {
  EXPECT_EQ(column_beats(kUnit, 1, WeightFormat::T5), 1U);
  EXPECT_EQ(column_beats(kUnit, 240, WeightFormat::T5), 1U);
  EXPECT_EQ(column_beats(kUnit, 241, WeightFormat::T5), 2U);
  EXPECT_EQ(column_beats(kUnit, 192, WeightFormat::T2), 1U);
  EXPECT_EQ(column_beats(kUnit, 193, WeightFormat::T2), 2U);
}

TEST(IsLegal, TakesColumnsOfExactlyTheBeatsOfTheRows) {
  TmuCommand command = kColumns;
  EXPECT_TRUE(is_legal(kUnit, command, std::nullopt));
  command.beats = 2;
  EXPECT_FALSE(is_legal(kUnit, command, std::nullopt));
  command.rows = 241;
  EXPECT_TRUE(is_legal(kUnit, command, std::nullopt));
  command.rows = 480;
  EXPECT_TRUE(is_legal(kUnit, command, std::nullopt));
  command.format = WeightFormat::T2;  // 480 rows take three beats
  EXPECT_FALSE(is_legal(kUnit, command, std::nullopt));
  command.rows = 384;
  EXPECT_TRUE(is_legal(kUnit, command, std::nullopt));
}

TEST(IsLegal, RefusesColumnsBeyondTheUnit) {
  TmuCommand command = kColumns;
  command.rows = 481;
  command.beats = 3;
  EXPECT_FALSE(is_legal(kUnit, command, std::nullopt));
  UnitConfig without = kUnit;
  without.column_words = 0;
  EXPECT_FALSE(is_legal(without, kColumns, std::nullopt));
}

TEST(IsLegal, RefusesColumnsOfManyTokensOfNoRowsAndOfKeptActivations) {
  TmuCommand command = kColumns;
  command.tokens = 2;
  EXPECT_FALSE(is_legal(kUnit, command, std::nullopt));
  command = kColumns;
  command.rows = 0;
  EXPECT_FALSE(is_legal(kUnit, command, std::nullopt));
  command = kColumns;
  command.keep_activations = true;
  EXPECT_FALSE(is_legal(kUnit, command, std::nullopt));
  EXPECT_FALSE(is_legal(kUnit, command, kColumns));
}

// What the columns' command asks for fits the SRAM: only that it holds nothing forbids it.
TEST(IsLegal, RefusesToKeepWhatColumnsLeave) {
  TmuCommand keep = kColumns;
  keep.columns = 0;
  const TmuCommand rows = keep;
  keep.keep_activations = true;
  EXPECT_TRUE(is_legal(kUnit, keep, rows));
  EXPECT_FALSE(is_legal(kUnit, keep, kColumns));
}

TEST(PlanJob, ForgetsTheActivationsOfRowsBeforeColumns) {
  RandomJob job(kUnit, 1);
  const ProductShape rows = {.tokens = 1, .cols = 80, .rows = 5};
  ProductShape keep = rows;
  keep.keep_activations = true;
  job.add(rows);
  job.add(keep);
  job.add(columns_of(5, 80, 0.5));
  job.add(keep);
  EXPECT_THAT(plan_job(kUnit, job.tasks()).legal, ElementsAre(true, true, true, false));
}

TEST(PlanJob, CountsTheBeatsOfTheColumnsThatAreNotZero) {
  RandomJob job(kUnit, 1);
  job.add(columns_of(241, 33, 0));
  const auto tasks = job.tasks();
  EXPECT_EQ(nonzero_columns(tasks[0]), 33U);
  const JobPlan plan = plan_job(kUnit, tasks);
  EXPECT_THAT(plan.weight_beats, ElementsAre(66, 66, 66));
  EXPECT_EQ(plan.activation_beats, 3U);  // 33 bytes

  RandomJob zeros(kUnit, 1);
  zeros.add(columns_of(241, 32, 1));
  EXPECT_EQ(nonzero_columns(zeros.tasks()[0]), 0U);
  EXPECT_THAT(plan_job(kUnit, zeros.tasks()).weight_beats, ElementsAre(0, 0, 0));
  EXPECT_EQ(plan_job(kUnit, zeros.tasks()).activation_beats, 2U);
}

TEST(PlanJob, RefusesColumnDataOfAnotherShape) {
  RandomJob job(kUnit, 1);
  job.add(columns_of(2, 33, 0));  // engine 2 has no row, and a stream as long as the others
  TmuTask task = job.tasks()[0];
  const auto plan = [&] { (void)plan_job(kUnit, std::span(&task, 1)); };
  EXPECT_NO_THROW(plan());

  WeightStreams streams = *task.weights;
  streams.engine_offset[3] -= 16;
  task.weights = &streams;
  EXPECT_THAT(plan,
              ThrowsMessage<std::invalid_argument>(HasSubstr("engine 2 must have 528 bytes")));

  task = job.tasks()[0];
  std::vector<std::int8_t> x(task.activations.begin(), task.activations.end());
  task.activations = std::span(x).first(33);
  EXPECT_THAT(plan,
              ThrowsMessage<std::invalid_argument>(HasSubstr("33 activations given, 48 needed")));

  x[40] = 1;
  task.activations = x;
  EXPECT_THAT(plan, ThrowsMessage<std::invalid_argument>(
                        HasSubstr("activation 40 is not zero, but its command has 33 columns")));
}

TEST(PlanJob, RefusesMoreColumnsThanThePortHolds) {
  TmuTask task = {.command = kColumns, .weights = nullptr, .activations = {}, .sums = {}};
  task.command.columns = 65536;
  EXPECT_THAT([&] { (void)plan_job(kUnit, std::span(&task, 1)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("65536 columns")));
}

}  // namespace
}  // namespace sterna::sim
