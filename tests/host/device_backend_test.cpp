// SPDX-License-Identifier: Apache-2.0
#include "host/device_backend.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Matrix {
  std::size_t rows;
  std::size_t cols;
  std::vector<Trit> trits;
};

Matrix random_matrix(std::size_t rows, std::size_t cols, std::mt19937& rng) {
  Matrix m{rows, cols, std::vector<Trit>(rows * cols)};
  for (Trit& trit : m.trits) trit = static_cast<Trit>(static_cast<int>(rng() % 3) - 1);
  return m;
}

std::vector<std::int32_t> plain_product(const Matrix& m, std::span<const std::int8_t> x,
                                        std::size_t tokens) {
  std::vector<std::int32_t> sums(tokens * m.rows, 0);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t r = 0; r < m.rows; ++r) {
      for (std::size_t c = 0; c < m.cols; ++c) {
        sums[t * m.rows + r] += m.trits[r * m.cols + c] * x[t * m.cols + c];
      }
    }
  }
  return sums;
}

std::vector<std::int8_t> random_activations(std::size_t count, std::mt19937& rng) {
  std::vector<std::int8_t> x(count);
  for (auto& v : x) v = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
  return x;
}

/// Multiplies one batch by matrices of these row counts through `device`; compares with the plain
/// loop.
void expect_plain_products(FakeTmu& device, std::size_t tokens, std::size_t cols,
                           const std::vector<std::size_t>& rows) {
  std::mt19937 rng(static_cast<unsigned>(tokens * 7919 + cols));
  DeviceBackend backend(device);
  std::vector<Matrix> matrices;
  std::vector<std::vector<std::int32_t>> sums;
  std::vector<Product> products;
  for (std::size_t r : rows) {
    matrices.push_back(random_matrix(r, cols, rng));
    sums.emplace_back(tokens * r, 12345);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PackedTernary packed(matrices[i].trits, rows[i], cols);
    products.push_back({backend.add_matrix("m" + std::to_string(i), packed), sums[i]});
  }
  const auto x = random_activations(tokens * cols, rng);
  backend.multiply({x, tokens, cols}, products);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(sums[i], plain_product(matrices[i], x, tokens))
        << tokens << " tokens, " << rows[i] << " x " << cols;
  }
}

// 4 words and 3 chunks of 2 slices: columns at, below and above a beat, a full SRAM and its
// multiples; tokens at, below and above a slice, a chunk and a command.
TEST(DeviceBackend, GivesThePlainProductAroundEveryLimitOfTheUnit) {
  for (auto format : {sim::WeightFormat::T5, sim::WeightFormat::T2}) {
    for (std::size_t cols : {1, 79, 80, 81, 160, 256, 257, 319, 320, 321, 640, 641, 1000}) {
      for (std::size_t tokens : {1, 2, 3, 6, 7, 13}) {
        FakeTmu device(fake_hardware(80, 3, 2, 4, 3, format));
        expect_plain_products(device, tokens, cols, {5, 1, 3});
        EXPECT_EQ(device.jobs, 1U);
      }
    }
  }
}

TEST(DeviceBackend, DoesNotOverflowAtTheExtreme) {
  FakeTmu device(fake_hardware(80, 1, 1, 2, 1));
  DeviceBackend backend(device);
  const std::vector<Trit> minus(8192, -1);
  const std::vector<std::int8_t> lowest(8192, -128);
  std::vector<std::int32_t> sum(1);
  const Product product{backend.add_matrix("m", PackedTernary(minus, 1, 8192)), sum};
  backend.multiply({lowest, 1, 8192}, {&product, 1});
  EXPECT_EQ(sum[0], 8192 * 128);
}

TEST(DeviceBackend, LoadsABatchOnceForAllProducts) {
  FakeTmu device(fake_hardware(80, 4, 2, 8, 4));
  expect_plain_products(device, 8, 160, {3, 4, 5});
  ASSERT_EQ(device.commands.size(), 3U);
  EXPECT_FALSE(device.commands[0].keep_activations);
  EXPECT_TRUE(device.commands[1].keep_activations);
  EXPECT_TRUE(device.commands[2].keep_activations);
}

TEST(DeviceBackend, CountsMacsWithoutPaddingAndTheAdditionsOfSplitRows) {
  FakeTmu device(fake_hardware(80, 4, 2, 2, 4));
  DeviceBackend backend(device);
  const std::vector<Trit> trits(3 * 161, 1);
  const std::vector<std::int8_t> x(5 * 161, 1);
  std::vector<std::int32_t> sums(5 * 3);
  const Product product{backend.add_matrix("layers.0.q_proj", PackedTernary(trits, 3, 161)), sums};
  backend.set_phase(Phase::Decode);
  backend.multiply({x, 5, 161}, {&product, 1});
  std::uint64_t macs = 0;
  for (const CommandRecord& record : backend.records()) {
    macs += record.macs;
    EXPECT_EQ(record.phase, Phase::Decode);
    EXPECT_EQ(record.job, 0U);
  }
  EXPECT_EQ(macs, 5U * 3 * 161);
  EXPECT_EQ(backend.host_partial_adds(), 5U * 3);  // two pieces: one addition a sum
  EXPECT_EQ(backend.matrix_name(0), "layers.0.q_proj");
}

/// A unit that can skip columns: 240 rows a beat in t5, 192 in t2, up to 2 beats; rows of 4 beats a piece.
sim::HardwareConfig column_hardware(sim::WeightFormat format = sim::WeightFormat::T5) {
  sim::HardwareConfig hardware = fake_hardware(80, 3, 2, 4, 3, format);
  hardware.unit.column_words = 2;
  return hardware;
}

struct ColumnRun {
  std::vector<sim::TmuCommand> commands;
  std::vector<CommandRecord> records;
};

/// Multiplies `tokens` tokens, whose first `nonzeros` activations alone are not zero, by a matrix; compares.
ColumnRun multiply_sparse(const sim::HardwareConfig& hardware, const std::string& name,
                          std::size_t rows, std::size_t cols, std::size_t nonzeros,
                          std::size_t tokens = 1) {
  std::mt19937 rng(static_cast<unsigned>(rows * 7919 + cols));
  FakeTmu device(hardware);
  DeviceBackend backend(device);
  const Matrix matrix = random_matrix(rows, cols, rng);
  std::vector<std::int8_t> x(tokens * cols);
  std::fill_n(x.begin(), nonzeros, std::int8_t{-128});
  std::vector<std::int32_t> sums(tokens * rows);
  const Product product{backend.add_matrix(name, PackedTernary(matrix.trits, rows, cols)), sums};
  backend.multiply({x, tokens, cols}, {&product, 1});
  EXPECT_EQ(sums, plain_product(matrix, x, tokens)) << rows << " x " << cols;
  return {device.commands, backend.records()};
}

TEST(DeviceBackend, GivesThePlainProductByColumns) {
  for (auto format : {sim::WeightFormat::T5, sim::WeightFormat::T2}) {
    for (std::size_t rows : {150, 191, 192, 193, 239, 240, 241, 384}) {
      for (std::size_t cols : {79, 80, 81, 330, 1000}) {
        const ColumnRun run =
            multiply_sparse(column_hardware(format), "layers.3.down_proj", rows, cols, cols / 5);
        ASSERT_EQ(run.commands.size(), 1U) << rows << " x " << cols;
        EXPECT_EQ(run.commands[0].columns, cols);
        EXPECT_EQ(run.records[0].nonzero_columns, cols / 5);
        EXPECT_EQ(run.records[0].macs, rows * cols);
      }
    }
  }
}

// An engine has 33 rows, of 3 beats; a beat a column.
TEST(DeviceBackend, GoesByColumnsWhereThatMovesFewerBeats) {
  const auto hardware = column_hardware();
  EXPECT_EQ(multiply_sparse(hardware, "layers.0.down_proj", 99, 240, 98).commands[0].columns, 240);
  EXPECT_EQ(multiply_sparse(hardware, "layers.0.down_proj", 99, 240, 99).commands[0].columns, 0);
  EXPECT_EQ(multiply_sparse(hardware, "layers.0.down_proj", 99, 240, 0).commands[0].columns, 240);
  // Two pieces of 4 and 1 beats.
  const ColumnRun wide = multiply_sparse(hardware, "layers.0.down_proj", 99, 330, 164);
  EXPECT_EQ(wide.commands[0].columns, 330);
  EXPECT_EQ(multiply_sparse(hardware, "layers.0.down_proj", 99, 330, 165).commands.size(), 2U);
}

TEST(DeviceBackend, GoesByRowsWhatTheUnitCannotDoByColumns) {
  const auto by_columns = [](const ColumnRun& run) { return run.commands[0].columns != 0; };
  const auto hardware = column_hardware();
  EXPECT_FALSE(by_columns(multiply_sparse(hardware, "layers.0.down_proj", 481, 80, 1)));
  EXPECT_FALSE(by_columns(multiply_sparse(hardware, "layers.0.down_proj", 100, 80, 1, 2)));
  EXPECT_TRUE(by_columns(multiply_sparse(hardware, "layers.0.down_proj", 3, 65535, 1)));
  EXPECT_FALSE(by_columns(multiply_sparse(hardware, "layers.0.down_proj", 3, 65536, 1)));
  EXPECT_FALSE(by_columns(multiply_sparse(hardware, "layers.0.up_proj", 100, 80, 1)));
  EXPECT_FALSE(
      by_columns(multiply_sparse(fake_hardware(80, 3, 2, 4, 3), "layers.0.down_proj", 100, 80, 1)));
}

TEST(DeviceBackend, RefusesShapesThatDisagree) {
  FakeTmu device(fake_hardware(80, 1, 1, 2, 1));
  DeviceBackend backend(device);
  const MatrixId id = backend.add_matrix("layers.0.q_proj", PackedTernary(3, 80));
  std::vector<std::int32_t> sums(3);
  const std::vector<std::int8_t> x(81);
  const Product product{id, sums};
  EXPECT_THAT(
      [&] {
        backend.multiply({x, 1, 81}, {&product, 1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("layers.0.q_proj is 3 x 80 but got 81")));
  EXPECT_THROW(backend.multiply({x, 1, 80}, {&product, 1}), std::invalid_argument);
  EXPECT_THROW(backend.multiply({x, 1, 81}, {}), std::invalid_argument);
  EXPECT_THROW(backend.add_matrix("empty", PackedTernary(0, 80)), std::invalid_argument);
}

class RefusingTmu final : public sim::TmuDevice {
 public:
  [[nodiscard]] const sim::HardwareConfig& hardware() const override { return hardware_; }
  std::vector<sim::CommandReport> run(std::span<const sim::TmuTask> tasks) override {
    return std::vector<sim::CommandReport>(tasks.size(), {sim::TmuStatus::Illegal, 0, 0, 0, {}});
  }

 private:
  sim::HardwareConfig hardware_ = fake_hardware(80, 1, 1, 2, 1);
};

TEST(DeviceBackend, NamesTheMatrixWhoseCommandTheUnitRefuses) {
  RefusingTmu device;
  DeviceBackend backend(device);
  std::vector<std::int32_t> sums(3);
  const std::vector<std::int8_t> x(80);
  const Product product{backend.add_matrix("layers.1.o_proj", PackedTernary(3, 80)), sums};
  EXPECT_THAT(
      [&] {
        backend.multiply({x, 1, 80}, {&product, 1});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("status 1 to the command of layers.1.o_proj")));
}

/// Tells when a job happened only when it is asked: the n-th after n cycles, the `refused`-th not at all.
class LateTmu final : public sim::TmuDevice {
 public:
  [[nodiscard]] const sim::HardwareConfig& hardware() const override { return hardware_; }
  std::vector<sim::CommandReport> run(std::span<const sim::TmuTask> tasks) override {
    return start(tasks).get();
  }
  std::future<std::vector<sim::CommandReport>> start(std::span<const sim::TmuTask> tasks) override {
    const std::uint64_t job = ++started;
    const std::size_t commands = tasks.size();
    return std::async(std::launch::deferred, [this, job, commands] {
      ++told;
      const auto status = job == refused ? sim::TmuStatus::Illegal : sim::TmuStatus::Done;
      return std::vector<sim::CommandReport>(commands, {status, 0, 0, job, {}});
    });
  }

  std::uint64_t started = 0;
  std::uint64_t told = 0;
  std::uint64_t refused = 0;

 private:
  sim::HardwareConfig hardware_ = fake_hardware(80, 1, 1, 2, 1);
};

/// Three rows, and as many jobs of one command as are asked for.
struct LateJobs {
  explicit LateJobs(std::size_t count) {
    const Product product{backend.add_matrix("layers.1.o_proj", PackedTernary(3, 80)), sums};
    for (std::size_t i = 0; i < count; ++i) backend.multiply({x, 1, 80}, {&product, 1});
  }

  LateTmu device;
  DeviceBackend backend{device};
  std::vector<std::int32_t> sums = std::vector<std::int32_t>(3);
  std::vector<std::int8_t> x = std::vector<std::int8_t>(80);
};

TEST(DeviceBackend, TakesReportsWhenTheyCome) {
  LateJobs jobs(3);
  EXPECT_EQ(jobs.device.told, 0U);
  const auto& records = jobs.backend.records();
  EXPECT_EQ(jobs.device.told, 3U);
  ASSERT_EQ(records.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(records[i].job, i);
    EXPECT_EQ(records[i].report.done_cycle, i + 1);
  }
}

TEST(DeviceBackend, DoesNotLetJobsPileUp) {
  LateJobs jobs(1000);
  EXPECT_EQ(jobs.device.started, 1000U);
  EXPECT_EQ(jobs.device.told, 1000U - 256U);
}

TEST(DeviceBackend, FailsWithALateReport) {
  LateJobs jobs(3);
  jobs.device.refused = 2;
  EXPECT_THAT([&] { jobs.backend.finish(); },
              ThrowsMessage<std::runtime_error>(
                  HasSubstr("status 1 to the command of layers.1.o_proj (1 tokens, 1 beats, 3")));
  EXPECT_EQ(jobs.backend.records().back().report.done_cycle, 3U);
}

}  // namespace
}  // namespace sterna::host
