// SPDX-License-Identifier: Apache-2.0
#include "host/device_backend.hpp"

#include <algorithm>
#include <chrono>
#include <list>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "sim/job/job_plan.hpp"

namespace sterna::host {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of the matrices of a model only this one comes behind a squared ReLU.
bool has_sparse_input(std::string_view name) { return name.ends_with("down_proj"); }

}  // namespace

/// One multiply() on its way to the device. Lists, because tasks hold spans of the buffers.
struct DeviceBackend::Job {
  struct Target {
    MatrixId matrix;
    std::size_t piece;
    std::span<std::int32_t> sums;  // where the product wants them
  };

  const ActivationBatch& x;
  std::span<const Product> products;
  std::vector<sim::TmuTask> tasks;
  std::vector<Target> targets;  // one a task
  std::list<std::vector<std::int8_t>> words;
  std::list<std::vector<std::int32_t>> partial_sums;  // of every piece but the first
};

DeviceBackend::DeviceBackend(sim::TmuDevice& device)
    : device_(device), matrices_(std::make_shared<std::vector<Matrix>>()) {}

DeviceBackend DeviceBackend::beside(sim::TmuDevice& device) const {
  DeviceBackend other(device);
  other.matrices_ = matrices_;
  return other;
}

MatrixId DeviceBackend::add_matrix(std::string_view name, const PackedTernary& weights) {
  if (weights.rows() == 0 || weights.cols() == 0 || weights.rows() > 0xFFFFFFFFU) {
    throw std::invalid_argument(
        fmt::format("matrix {} has the shape {} x {}; the unit takes 1 to 2^32 - 1 rows of at "
                    "least one column",
                    name, weights.rows(), weights.cols()));
  }
  const sim::UnitConfig& unit = hardware().unit;
  const sim::WeightFormat format = hardware().weight_format;
  Matrix matrix{std::string(name), weights.rows(), weights.cols(), {}, {}};
  for (const ColumnPiece& columns : split_columns(weights.cols(), unit, format)) {
    matrix.pieces.push_back({columns, pack_streams(weights, columns, unit, format)});
  }
  if (has_sparse_input(name) && can_skip_columns(weights.rows(), weights.cols(), unit, format)) {
    matrix.columns = pack_columns(weights, unit, format);
  }
  load(matrix);
  matrices_->push_back(std::move(matrix));
  return matrices_->size() - 1;
}

// Pieces stay where they are when the matrix moves; by columns few matrices are ever used.
void DeviceBackend::load(const Matrix& matrix) {
  for (const Piece& piece : matrix.pieces) {
    device_.load(piece.streams, {.tokens = 1,
                                 .beats = piece.columns.beats,
                                 .rows = static_cast<std::uint32_t>(matrix.rows),
                                 .format = hardware().weight_format,
                                 .keep_activations = false});
  }
}

void DeviceBackend::multiply(const ActivationBatch& x, std::span<const Product> products) {
  const auto start = Clock::now();
  check_shapes(x, products);
  Job job{x, products, {}, {}, {}, {}};
  if (by_columns(x, products)) {
    post_columns(job);
  } else {
    std::vector<std::size_t> rows;
    for (const Product& product : products) rows.push_back((*matrices_)[product.matrix].rows);
    for (const PlannedCommand& planned :
         plan_commands(x.tokens, x.cols, rows, hardware().unit, hardware().weight_format)) {
      post(job, planned);
    }
  }

  const auto device_start = Clock::now();
  unsettled_.push_back({records_.size(), device_.start(job.tasks)});
  device_s_ += seconds_since(device_start);

  record(job);
  add_partial_sums(job);
  multiply_s_ += seconds_since(start);
  settle(kUnsettledJobs);
}

void DeviceBackend::check_shapes(const ActivationBatch& x,
                                 std::span<const Product> products) const {
  if (x.tokens == 0 || products.empty() || x.values.size() != x.tokens * x.cols) {
    throw std::invalid_argument(
        fmt::format("multiply: {} activations for {} tokens of {} columns and {} products",
                    x.values.size(), x.tokens, x.cols, products.size()));
  }
  for (const Product& product : products) {
    const Matrix& matrix = matrices_->at(product.matrix);
    if (matrix.cols != x.cols || product.sums.size() != x.tokens * matrix.rows) {
      throw std::invalid_argument(
          "multiply: " + matrix.name + " is " + std::to_string(matrix.rows) + " x " +
          std::to_string(matrix.cols) + " but got " + std::to_string(x.cols) +
          " columns and room for " + std::to_string(product.sums.size()) + " sums of " +
          std::to_string(x.tokens) + " tokens");
    }
  }
}

void DeviceBackend::post(Job& job, const PlannedCommand& planned) const {
  const sim::TmuCommand& command = planned.command;
  const Product& product = job.products[planned.product];
  const Matrix& matrix = (*matrices_)[product.matrix];
  const auto& piece = matrix.pieces[planned.piece];
  std::span<const std::int8_t> activations;
  if (!command.keep_activations) {
    auto& words = job.words.emplace_back(std::size_t{command.tokens} * command.beats *
                                         hardware().unit.trits_per_beat(command.format));
    const std::size_t first = planned.first_token * job.x.cols;
    pad_activations(job.x.values.subspan(first, command.tokens * job.x.cols), job.x.cols,
                    piece.columns, words);
    activations = words;
  }
  const auto wanted =
      product.sums.subspan(planned.first_token * matrix.rows, command.tokens * matrix.rows);
  const auto sums =
      planned.piece == 0 ? wanted : std::span(job.partial_sums.emplace_back(wanted.size()));
  job.tasks.push_back({command, &piece.streams, activations, sums});
  job.targets.push_back({product.matrix, planned.piece, wanted});
}

// Whether one token's product reads fewer beats by its columns that are not zero than by all rows.
bool DeviceBackend::by_columns(const ActivationBatch& x, std::span<const Product> products) const {
  const Matrix& matrix = (*matrices_)[products.front().matrix];
  if (x.tokens != 1 || products.size() != 1 || !matrix.columns) return false;
  const auto zeros = static_cast<std::size_t>(std::count(x.values.begin(), x.values.end(), 0));
  return is_less_by_columns(matrix.rows, matrix.cols, x.cols - zeros, hardware().unit,
                            hardware().weight_format);
}

void DeviceBackend::post_columns(Job& job) const {
  const Product& product = job.products.front();
  const Matrix& matrix = (*matrices_)[product.matrix];
  const sim::TmuCommand command =
      column_command(matrix.rows, matrix.cols, hardware().unit, hardware().weight_format);
  const auto& activations = job.words.emplace_back(column_activations(job.x.values));
  job.tasks.push_back({command, &*matrix.columns, activations, product.sums});
  job.targets.push_back({product.matrix, 0, product.sums});
}

void DeviceBackend::add_partial_sums(const Job& job) {
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    const auto& target = job.targets[i];
    if (target.piece == 0) continue;
    for (std::size_t k = 0; k < target.sums.size(); ++k) target.sums[k] += job.tasks[i].sums[k];
    host_partial_adds_ += target.sums.size();
  }
}

void DeviceBackend::record(const Job& job) {
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    const sim::TmuCommand& command = job.tasks[i].command;
    const Matrix& matrix = (*matrices_)[job.targets[i].matrix];
    const bool by_columns = command.columns != 0;
    const std::size_t cols =
        by_columns ? matrix.cols : matrix.pieces[job.targets[i].piece].columns.cols;
    records_.push_back({.matrix = job.targets[i].matrix,
                        .piece = job.targets[i].piece,
                        .phase = phase_,
                        .job = jobs_,
                        .command = command,
                        .macs = std::uint64_t{command.tokens} * command.rows * cols,
                        .report = {},
                        .nonzero_columns = by_columns ? sim::nonzero_columns(job.tasks[i]) : 0});
  }
  ++jobs_;
}

// Takes what reports there are, and waits for those of all jobs but the `at_most` last.
void DeviceBackend::settle(std::size_t at_most) {
  const auto start = Clock::now();
  const auto is_ready = [](const Unsettled& job) {
    return job.reports.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  while (!unsettled_.empty() && (unsettled_.size() > at_most || is_ready(unsettled_.front()))) {
    Unsettled job = std::move(unsettled_.front());
    unsettled_.pop_front();
    CommandRecord* record = &records_[job.first_record];
    for (const sim::CommandReport& reported : job.reports.get()) report(*record++, reported);
  }
  const double waited = seconds_since(start);
  device_s_ += waited;
  multiply_s_ += waited;
}

void DeviceBackend::report(CommandRecord& record, const sim::CommandReport& report) const {
  record.report = report;
  if (report.status == sim::TmuStatus::Done) return;
  const sim::TmuCommand& command = record.command;
  throw std::runtime_error(
      fmt::format("the unit answered status {} to the command of {} ({} tokens, {} beats, {} rows)",
                  static_cast<int>(report.status), matrix_name(record.matrix), command.tokens,
                  command.beats, command.rows));
}

}  // namespace sterna::host
