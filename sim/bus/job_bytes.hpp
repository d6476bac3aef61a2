// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "sim/bus/bus_layout.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// What a job reads, where the layout put it. Nothing is copied.
class JobReads {
 public:
  /// Layout and tasks outlive it; they belong together.
  JobReads(std::uint32_t engines, const BusLayout& layout, std::span<const TmuTask> tasks);

  /// Errors  std::runtime_error when the layout put nothing there, or less
  [[nodiscard]] const std::uint8_t* at(std::uint64_t address, std::size_t bytes) const;

 private:
  void add(std::uint64_t address, std::span<const std::uint8_t> bytes);

  std::map<std::uint64_t, std::span<const std::uint8_t>> ranges_;  // by first address
};

/// Takes what a job writes, a burst at a time: results, then a completion record, command after command.
/// A record puts its command's sums into their task.
///
/// Errors  std::runtime_error when a burst writes beside what the command on its turn may write or a byte
///         of it twice, a record does not say that its command is done, or results are missing
class JobWrites {
 public:
  /// Layout and tasks outlive it; they belong together.
  JobWrites(const HardwareConfig& hardware, const BusLayout& layout,
            std::span<const TmuTask> tasks);

  void take_address(std::uint64_t address) { address_ = address; }

  /// Shapes  data (word_bytes,), strobes a bit a byte, lowest first
  void take_word(const std::uint8_t* data, const std::uint8_t* strobes);

  /// The burst is whole: its address and all of its words have been taken. Returns the record, if it was
  /// one.
  std::optional<axi::Completion> end_burst();

  /// Bytes of results and of records that were written.
  [[nodiscard]] const MovedBytes& moved_bytes() const { return moved_; }

 private:
  void store(std::uint64_t base, std::span<std::uint8_t> target, std::vector<bool>& written);
  void begin_command();
  void end_command(const axi::Completion& record);

  UnitConfig unit_;
  std::size_t word_bytes_;
  const BusLayout& layout_;
  std::span<const TmuTask> tasks_;

  std::uint64_t address_ = 0;          // of the burst that comes
  std::vector<std::uint8_t> words_;    // its bytes
  std::vector<std::uint8_t> strobes_;  // and which of them count, a bit a byte

  std::size_t command_ = 0;            // on its turn
  std::vector<std::int32_t> results_;  // out[group][token][engine] of it
  std::vector<bool> written_;          // bytes of results_
  MovedBytes moved_{};
  std::size_t missing_bytes_ = 0;  // of them
};

}  // namespace sterna::sim
