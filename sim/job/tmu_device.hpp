// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <span>
#include <string>
#include <vector>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// What a command asks of the unit (docs/tmu.md, Ports).
struct TmuCommand {
  std::uint32_t tokens;
  std::uint32_t beats;  // of a weight row; also activation words of a token
  std::uint32_t rows;
  WeightFormat format;
  bool keep_activations;  // those of the command before; same tokens, beats and format
  /// Not 0: the product of one token is added up column by column, those left out whose activation is zero;
  /// beats are those of a column (docs/tmu.md, Columns).
  std::uint32_t columns = 0;

  friend bool operator==(const TmuCommand&, const TmuCommand&) = default;
};

/// Weights of one matrix as the engines stream them.
///
/// Layout  engine after engine; engine e holds rows e, e + engines, ...; a row is `beats` beats of
///         beat_bytes. engine_offset[e] is the first byte of engine e; one more entry ends the
///         last.
/// Columns for a command with columns: column after column, each `beats` beats of every engine; the trits of
///         a column's beats are the engine's rows in order, zeros beyond the last.
struct WeightStreams {
  std::vector<std::uint8_t> bytes;
  std::vector<std::size_t> engine_offset;  // (engines + 1,)
};

/// One command with its data. Spans stay valid and unmoved until run() returns.
struct TmuTask {
  TmuCommand command;
  const WeightStreams* weights;
  std::span<const std::int8_t>
      activations;               // (tokens, beats * trits_per_beat), zero padded; empty when kept;
                                 // with columns: (columns,), padded to whole activation beats
  std::span<std::int32_t> sums;  // (tokens, rows) row-major, written by the device
};

/// Counters of docs/tmu.md in the order of their selectors, equal on every level.
struct TmuCounters {
  std::uint64_t load_cycles = 0;
  std::uint64_t activation_stall_cycles = 0;
  std::uint64_t issue_cycles = 0;
  std::uint64_t weight_stall_cycles = 0;
  std::uint64_t result_stall_cycles = 0;
  std::uint64_t drain_cycles = 0;
  std::uint64_t respond_cycles = 0;
  std::uint64_t weight_beats = 0;
  std::uint64_t row_slots = 0;
  std::uint64_t nonzero_lanes = 0;
  std::uint64_t activation_reads = 0;
  std::uint64_t activation_writes = 0;
  std::uint64_t result_beats = 0;
  std::uint64_t sums = 0;

  TmuCounters& operator+=(const TmuCounters& other);
  friend bool operator==(const TmuCounters&, const TmuCounters&) = default;
};

/// In the order of the selectors.
inline constexpr std::uint64_t TmuCounters::*kTmuCounters[] = {
    &TmuCounters::load_cycles,         &TmuCounters::activation_stall_cycles,
    &TmuCounters::issue_cycles,        &TmuCounters::weight_stall_cycles,
    &TmuCounters::result_stall_cycles, &TmuCounters::drain_cycles,
    &TmuCounters::respond_cycles,      &TmuCounters::weight_beats,
    &TmuCounters::row_slots,           &TmuCounters::nonzero_lanes,
    &TmuCounters::activation_reads,    &TmuCounters::activation_writes,
    &TmuCounters::result_beats,        &TmuCounters::sums};

enum class TmuStatus : std::uint8_t { Done = 0, Illegal = 1, Aborted = 2 };

/// What one command did. Cycles count from the start of the job (cycle 0).
struct CommandReport {
  TmuStatus status;
  std::uint64_t accept_cycle;   // of the command handshake
  std::uint64_t respond_cycle;  // of the response handshake
  std::uint64_t
      done_cycle;  // of the last thing it did: the response, or on a bus the completion record
  TmuCounters counters;

  friend bool operator==(const CommandReport&, const CommandReport&) = default;
};

/// A ternary matrix unit with the memory that feeds it. Implemented by the SystemC model and by the
/// Verilated RTL: the same tasks give the same sums and the same reports.
class TmuDevice {
 public:
  virtual ~TmuDevice() = default;

  [[nodiscard]] virtual const HardwareConfig& hardware() const = 0;

  /// Says that commands such as `command`, whatever their tokens, will use `weights`: a model may get ready for
  /// them before the first job does. Nothing has to be said; what was stays in place as in a job.
  virtual void load(const WeightStreams& /*weights*/, const TmuCommand& /*command*/) {}

  /// Runs the tasks in order as one job: the commands are posted together at cycle 0, weights of
  /// later tasks are fetched while earlier ones compute. Every job starts on an idle unit and an
  /// idle memory; activations held from the job before do not count as held. Returns one report a
  /// task. Errors  std::runtime_error when the unit makes no progress (a broken invariant), never a
  /// hang
  virtual std::vector<CommandReport> run(std::span<const TmuTask> tasks) = 0;

  /// As run(), for who goes on with the sums: they are written when it returns, and no span is needed any
  /// longer; the reports may come later. Jobs are simulated in the order of the calls.
  /// Errors  those of run(), here or out of the future
  virtual std::future<std::vector<CommandReport>> start(std::span<const TmuTask> tasks);
};

}  // namespace sterna::sim
