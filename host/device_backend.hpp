// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/stream_layout.hpp"
#include "kernels/matmul_backend.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::host {

/// What the transformer was doing when a command ran; reports keep the three apart.
enum class Phase : std::uint8_t { Prefill, Decode, Eval };

/// One command that ran on the device.
struct CommandRecord {
  MatrixId matrix;
  std::size_t piece;  // of the matrix's columns
  Phase phase;
  std::size_t job;  // number of the multiply() call
  sim::TmuCommand command;
  std::uint64_t macs;  // tokens * rows * columns, padding not counted, columns left out counted
  sim::CommandReport report;
  std::uint32_t nonzero_columns = 0;  // by columns: those not left out

  friend bool operator==(const CommandRecord&, const CommandRecord&) = default;
};

/// Drives a ternary matrix unit: lays weights out at add_matrix(), turns each multiply() into one
/// job.
///
/// A batch that the activation SRAM cannot hold becomes several commands, a row that it cannot hold
/// several pieces whose sums are added here, exactly. Commands that share a batch of one piece
/// follow each other, and all but the first keep its activations.
///
/// Where the unit can skip columns, the matrix behind a squared ReLU ("down_proj") is laid out by columns, too, which
/// takes as much memory again; one token goes by columns when that reads fewer weights than by rows.
class DeviceBackend final : public MatmulBackend {
 public:
  /// `device` must outlive the backend.
  explicit DeviceBackend(sim::TmuDevice& device);
  DeviceBackend(DeviceBackend&&) = default;

  /// A driver of another device of this design that shares the matrices of this one; they are added here.
  [[nodiscard]] DeviceBackend beside(sim::TmuDevice& device) const;

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;

  /// Errors  std::invalid_argument when a shape disagrees; those of finish(), of this job and those before
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  /// Waits until the device has told when everything happened.
  /// Errors  std::runtime_error when it answered a command with another status than done; those of the device
  void finish() { settle(0); }

  void set_phase(Phase phase) { phase_ = phase; }

  [[nodiscard]] const sim::HardwareConfig& hardware() const { return device_.hardware(); }
  /// Of all jobs. Errors  those of finish()
  [[nodiscard]] const std::vector<CommandRecord>& records() {
    finish();
    return records_;
  }
  [[nodiscard]] std::size_t matrix_count() const { return matrices_->size(); }
  [[nodiscard]] const std::string& matrix_name(MatrixId id) const { return (*matrices_)[id].name; }

  /// Wall time inside multiply() and finish(), and the part of it inside the device.
  [[nodiscard]] double multiply_s() const { return multiply_s_; }
  [[nodiscard]] double device_s() const { return device_s_; }

  /// int32 additions made here because rows were split.
  [[nodiscard]] std::uint64_t host_partial_adds() const { return host_partial_adds_; }

 private:
  struct Piece {
    ColumnPiece columns;
    sim::WeightStreams streams;
  };
  struct Matrix {
    std::string name;
    std::size_t rows;
    std::size_t cols;
    std::vector<Piece> pieces;
    std::optional<sim::WeightStreams> columns;  // once more, where columns can be skipped
  };
  struct Job;
  /// Jobs that are computed, and whose times the device may still be finding out, are at most these.
  static constexpr std::size_t kUnsettledJobs = 256;
  struct Unsettled {
    std::size_t first_record;
    std::future<std::vector<sim::CommandReport>> reports;
  };

  void load(const Matrix& matrix);
  void check_shapes(const ActivationBatch& x, std::span<const Product> products) const;
  [[nodiscard]] bool by_columns(const ActivationBatch& x, std::span<const Product> products) const;
  void post(Job& job, const PlannedCommand& planned) const;
  void post_columns(Job& job) const;
  void add_partial_sums(const Job& job);
  void record(const Job& job);
  void settle(std::size_t at_most);
  void report(CommandRecord& record, const sim::CommandReport& report) const;

  sim::TmuDevice& device_;
  std::shared_ptr<std::vector<Matrix>> matrices_;
  std::vector<CommandRecord> records_;
  std::deque<Unsettled> unsettled_;  // their records have no report yet
  Phase phase_ = Phase::Prefill;
  std::size_t jobs_ = 0;
  std::uint64_t host_partial_adds_ = 0;
  double multiply_s_ = 0.0;
  double device_s_ = 0.0;
};

}  // namespace sterna::host
