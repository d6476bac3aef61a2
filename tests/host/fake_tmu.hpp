// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "sim/job/tmu_device.hpp"

namespace sterna::host {

/// Stands for a device: decodes the streams with plain divisions, sums with a plain loop, and
/// throws where a command breaks a rule of docs/tmu.md. Takes no time.
class FakeTmu final : public sim::TmuDevice {
 public:
  explicit FakeTmu(sim::HardwareConfig hardware) : hardware_(std::move(hardware)) {}

  [[nodiscard]] const sim::HardwareConfig& hardware() const override { return hardware_; }

  std::vector<sim::CommandReport> run(std::span<const sim::TmuTask> tasks) override {
    std::vector<sim::CommandReport> reports;
    held_ = {};
    for (const sim::TmuTask& task : tasks) {
      if (task.command.columns != 0) {
        check_columns(task);
        for (std::uint32_t r = 0; r < task.command.rows; ++r) run_row_by_columns(task, r);
      } else {
        check(task);
        for (std::uint32_t r = 0; r < task.command.rows; ++r) run_row(task, r);
      }
      commands.push_back(task.command);
      reports.push_back({sim::TmuStatus::Done, 0, 0, 0, {}});
    }
    ++jobs;
    return reports;
  }

  std::vector<sim::TmuCommand> commands;
  std::size_t jobs = 0;
  std::int64_t break_sum = -1;  // index of the sum, counted over all commands, that comes out wrong

 private:
  void check(const sim::TmuTask& task) {
    const auto& [tokens, beats, rows, format, keep, columns] = task.command;
    const std::uint32_t chunks = (tokens + hardware_.unit.slices - 1) / hardware_.unit.slices;
    const std::size_t words = std::size_t{tokens} * beats * hardware_.unit.trits_per_beat(format);
    if (tokens == 0 || beats == 0 || rows == 0 || chunks > hardware_.unit.chunks ||
        chunks * beats > hardware_.unit.activation_words || tokens > 0xFFFF) {
      throw std::logic_error("illegal command");
    }
    if (keep ? held_.size() != words || !task.activations.empty()
             : task.activations.size() != words) {
      throw std::logic_error("wrong activations");
    }
    if (!keep) held_.assign(task.activations.begin(), task.activations.end());
    if (task.sums.size() != std::size_t{tokens} * rows) throw std::logic_error("wrong sums");
    if (task.weights->engine_offset.size() != hardware_.unit.engines + 1U ||
        task.weights->engine_offset.back() != task.weights->bytes.size()) {
      throw std::logic_error("wrong streams");
    }
  }

  void check_columns(const sim::TmuTask& task) {
    const auto& [tokens, beats, rows, format, keep, columns] = task.command;
    const std::uint32_t engines = hardware_.unit.engines;
    const std::uint32_t trits = hardware_.unit.trits_per_beat(format);
    const std::uint32_t engine_rows = (rows + engines - 1) / engines;
    if (tokens != 1 || keep || beats != (engine_rows + trits - 1) / trits ||
        beats > hardware_.unit.column_words || columns > 0xFFFF) {
      throw std::logic_error("illegal command");
    }
    held_.clear();
    if (task.activations.size() != (columns + 15) / 16 * 16) {
      throw std::logic_error("wrong activations");
    }
    if (task.sums.size() != rows) throw std::logic_error("wrong sums");
    const std::size_t engine_bytes = std::size_t{columns} * beats * hardware_.unit.beat_bytes();
    if (task.weights->bytes.size() != engines * engine_bytes) {
      throw std::logic_error("wrong streams");
    }
  }

  void run_row_by_columns(const sim::TmuTask& task, std::uint32_t row) {
    const sim::UnitConfig& unit = hardware_.unit;
    const std::uint32_t trits = unit.trits_per_beat(task.command.format);
    const std::uint32_t place = row / unit.engines;  // among the rows of its engine
    std::int32_t sum = 0;
    for (std::size_t c = 0; c < task.command.columns; ++c) {
      const std::size_t beat = c * task.command.beats + place / trits;
      const std::uint8_t* bytes = task.weights->bytes.data() +
                                  task.weights->engine_offset[row % unit.engines] +
                                  beat * unit.beat_bytes();
      sum += trit(bytes, place % trits, task.command.format) * task.activations[c];
    }
    task.sums[row] = sum + (sums_++ == break_sum ? 1 : 0);
  }

  static int trit(const std::uint8_t* bytes, std::size_t index, sim::WeightFormat format) {
    const bool t5 = format == sim::WeightFormat::T5;
    const std::size_t per_byte = t5 ? 5 : 4;
    int code = bytes[index / per_byte];
    for (std::size_t j = 0; j < index % per_byte; ++j) code /= t5 ? 3 : 4;
    return code % (t5 ? 3 : 4) - 1;
  }

  void run_row(const sim::TmuTask& task, std::uint32_t row) {
    const std::uint32_t engine = row % hardware_.unit.engines;
    const std::size_t row_bytes = std::size_t{task.command.beats} * hardware_.unit.beat_bytes();
    const std::uint8_t* bytes = task.weights->bytes.data() + task.weights->engine_offset[engine] +
                                row / hardware_.unit.engines * row_bytes;
    const std::size_t cols = held_.size() / task.command.tokens;
    for (std::size_t t = 0; t < task.command.tokens; ++t) {
      std::int32_t sum = 0;
      for (std::size_t c = 0; c < cols; ++c) {
        sum += trit(bytes, c, task.command.format) * held_[t * cols + c];
      }
      task.sums[t * task.command.rows + row] = sum + (sums_++ == break_sum ? 1 : 0);
    }
  }

  sim::HardwareConfig hardware_;
  std::vector<std::int8_t> held_;
  std::int64_t sums_ = 0;
};

/// A unit of `lanes` x `engines` x `slices` with `words` activation words and `chunks` chunks.
inline sim::HardwareConfig fake_hardware(std::uint32_t lanes, std::uint32_t engines,
                                         std::uint32_t slices, std::uint32_t words,
                                         std::uint32_t chunks,
                                         sim::WeightFormat format = sim::WeightFormat::T5) {
  sim::HardwareConfig hardware{};
  hardware.name = "fake";
  hardware.clock_mhz = 100;
  hardware.weight_format = format;
  hardware.unit = {lanes, engines, slices, words, chunks, 4, 4};
  return hardware;
}

}  // namespace sterna::host
