// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rtl/tmu_unit.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/job/wave_window.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// The beats of one port over a whole job: byte ranges one after the other, each of whole beats.
class BeatStream {
 public:
  explicit BeatStream(std::size_t beat_bytes) : beat_bytes_(beat_bytes) {}

  void append(std::span<const std::uint8_t> bytes);

  /// The current beat; null after the last.
  [[nodiscard]] const std::uint8_t* beat() const { return beat_; }
  void next() {
    beat_ += beat_bytes_;
    if (beat_ == end_) next_range();
  }

 private:
  void next_range();

  std::size_t beat_bytes_;
  std::vector<std::span<const std::uint8_t>> ranges_;  // none empty
  std::size_t range_ = 0;
  const std::uint8_t* beat_ = nullptr;
  const std::uint8_t* end_ = nullptr;
};

/// One job on the pins of a Verilated unit, clock by clock.
class RtlJob {
 public:
  /// All four outlive the job. Errors  as plan_job()
  RtlJob(TmuUnit& unit, StreamMemory& memory, const UnitConfig& config,
         std::span<const TmuTask> tasks);

  /// Errors  as WaveRecorder; std::runtime_error when an assertion of the RTL fails, or nothing happens for
  ///         kPatienceCycles although every stream could move
  std::vector<CommandReport> run(const std::optional<WaveWindow>& waves = {});

 private:
  // Longer than any legal silence: a weight beat keeps the array busy for at most 64 clocks.
  static constexpr std::uint64_t kPatienceCycles = 10'000;

  void clock();
  void offer_command();
  [[nodiscard]] std::uint32_t arrived_weights() const;
  bool result_ready();
  void take_weights(std::uint32_t engines);
  void take_activation();
  void take_result();
  void accept();
  void answer(std::uint8_t status);
  void check_progress();
  void check_assertions() const;

  TmuUnit& unit_;
  StreamMemory& memory_;
  UnitConfig config_;
  std::span<const TmuTask> tasks_;
  JobPlan plan_;
  std::vector<BeatStream> weights_;  // (engines,)
  BeatStream activations_{kActivationBeatBytes};

  std::uint64_t cycle_ = 0;
  std::uint64_t last_progress_ = 0;      // a handshake, or data that came to where one was possible
  std::uint64_t result_ready_from_ = 0;  // first ready cycle not before the last one asked for
  std::vector<CommandReport> reports_;   // of the commands accepted
  std::size_t answered_ = 0;

  // Where the next result belongs, in the command accepted last.
  CommandShape shape_{};
  std::uint32_t group_ = 0;
  std::uint32_t chunk_ = 0;
};

}  // namespace sterna::sim
