// SPDX-License-Identifier: Apache-2.0
#include "sim/job/job_values.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/job_plan.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/job_generator.hpp"

namespace sterna::sim {
namespace {

using testing::ElementsAre;

// A column's beat holds 240 rows in t5, 192 in t2.
constexpr UnitConfig kUnit = {.lanes = 80,
                              .engines = 3,
                              .slices = 2,
                              .activation_words = 8,
                              .chunks = 2,
                              .weight_fifo_beats = 4,
                              .result_fifo_beats = 4,
                              .column_words = 3};

std::vector<std::uint64_t> compute(JobValues& values, RandomJob& job) {
  const auto tasks = job.tasks();
  return values.compute(tasks, plan_job(kUnit, tasks).legal);
}

// Rows around the engines, around a beat and at the end of the third; columns around a beat of activations.
TEST(JobValues, AddsUpByColumnsWhatAPlainLoopDoes) {
  ThreadPool pool(2);
  JobValues values(kUnit, &pool);
  for (const auto format : {WeightFormat::T5, WeightFormat::T2}) {
    RandomJob job(kUnit, 1);
    for (const std::uint32_t rows : {1U, 2U, 3U, 4U, 191U, 192U, 193U, 239U, 240U, 241U, 576U}) {
      for (const std::uint32_t cols : {1U, 15U, 16U, 17U, 64U}) {
        job.add({.tokens = 1,
                 .cols = cols,
                 .rows = rows,
                 .format = format,
                 .by_columns = true,
                 .zeros = 0.5});
      }
    }
    (void)compute(values, job);
    EXPECT_EQ(job.first_wrong_task(), -1);
  }
}

TEST(JobValues, AgreesWithAPlainLoopForRandomJobs) {
  const std::uint32_t first = environment_number("STERNA_SEED", 1);
  const std::uint32_t count = environment_number("STERNA_CASES", 50);
  for (std::uint32_t seed = first; seed < first + count; ++seed) {
    RandomJob job(kUnit, seed);
    JobGenerator(kUnit, seed).fill(job, false);
    JobValues values(kUnit);
    (void)compute(values, job);
    ASSERT_EQ(job.first_wrong_task(), -1) << "STERNA_SEED=" << seed;
  }
}

TEST(JobValues, CountsTheWeightsOfTheColumnsThatAreNotLeftOut) {
  JobValues values(kUnit);
  RandomJob job(kUnit, 1);
  const ProductShape shape = {
      .tokens = 1, .cols = 20, .rows = 250, .fill = Fill::AllPlus, .by_columns = true, .zeros = 0};
  job.add(shape);
  ProductShape zeros = shape;
  zeros.zeros = 1;
  job.add(zeros);
  zeros.zeros = 0.5;
  job.add(zeros);
  ProductShape rows = shape;
  rows.by_columns = false;
  job.add(rows);
  const std::uint64_t some = nonzero_columns(job.tasks()[2]);
  EXPECT_GT(some, 0U);
  EXPECT_LT(some, 20U);
  EXPECT_THAT(compute(values, job), ElementsAre(20 * 250, 0, some * 250, 20 * 250));
}

TEST(JobValues, CountsColumnByColumn) {
  JobValues values(kUnit);
  RandomJob job(kUnit, 1);
  job.add({.tokens = 1, .cols = 5, .rows = 7, .by_columns = true, .zeros = 0});
  const TmuTask& whole = job.tasks()[0];
  const std::uint64_t all = values.compute(job.tasks(), {true})[0];
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < 5; ++c) {
    std::vector<std::int8_t> x(16);
    x[c] = 1;
    std::vector<std::int32_t> sums(7);
    const TmuTask one = {
        .command = whole.command, .weights = whole.weights, .activations = x, .sums = sums};
    const std::uint64_t lanes = values.compute(std::span(&one, 1), {true})[0];
    EXPECT_EQ(lanes, static_cast<std::uint64_t>(7 - std::count(sums.begin(), sums.end(), 0)));
    sum += lanes;
  }
  EXPECT_EQ(sum, all);
}

// Three commands of one matrix are one product of three tokens.
TEST(JobValues, ComputesCommandsOfOneMatrixTogether) {
  JobValues values(kUnit);
  RandomJob job(kUnit, 1);
  job.add({.tokens = 1, .cols = 33, .rows = 250, .by_columns = true, .zeros = 0.3});
  const TmuTask task = job.tasks()[0];
  const std::vector<std::int8_t> other(task.activations.rbegin() + 15, task.activations.rend());
  std::vector<std::int8_t> x(48);
  std::copy(other.begin(), other.end(), x.begin());
  std::vector<std::int32_t> alone(250);
  std::vector<std::int32_t> second(250);
  const TmuTask reversed = {
      .command = task.command, .weights = task.weights, .activations = x, .sums = alone};
  (void)values.compute(std::span(&reversed, 1), {true});
  TmuTask again = reversed;
  again.sums = second;
  const TmuTask both[] = {again, task};
  (void)values.compute(both, {true, true});
  EXPECT_EQ(second, alone);
  EXPECT_EQ(job.first_wrong_task(), -1);
}

// The same bytes and sizes, once as 80 rows and once as 80 columns.
TEST(JobValues, KeepsRowsAndColumnsOfTheSameStreamsApart) {
  constexpr UnitConfig kOne = {.lanes = 80,
                               .engines = 1,
                               .slices = 1,
                               .activation_words = 8,
                               .chunks = 1,
                               .weight_fifo_beats = 4,
                               .result_fifo_beats = 4,
                               .column_words = 1};
  RandomJob job(kOne, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 80});
  const TmuTask rows = job.tasks()[0];
  std::vector<std::int32_t> sums(80);
  TmuTask columns = rows;
  columns.command.columns = 80;
  columns.sums = sums;
  const TmuTask both[] = {rows, columns};
  (void)JobValues(kOne).compute(both, {true, true});
  EXPECT_EQ(job.first_wrong_task(), -1);
  EXPECT_NE(sums, std::vector<std::int32_t>(rows.sums.begin(), rows.sums.end()));
}

}  // namespace
}  // namespace sterna::sim
