// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "rtl/axi/tmu_axi_unit.hpp"
#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_memory.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// What goes wrong on the ports of a unit. Counts begin with FaultyBus::begin(); readers as in TmuAxiUnit.
struct BusFaults {
  static constexpr std::uint64_t kNever = BusMemory::kNever;

  std::uint8_t response = 2;  // SLVERR; 3: DECERR
  std::uint32_t reader = 0;
  std::uint64_t read_beat = kNever;    // this beat of the reader has the response
  std::uint64_t write_burst = kNever;  // this burst has it, and its bytes are not stored

  std::uint64_t silent_from = kNever;  // cycle
  std::uint32_t silent_ar = 0;         // bit r: addresses of reader r are not taken
  std::uint32_t silent_r = 0;          // nor does it get beats
  bool silent_aw = false;
  bool silent_w = false;
  bool silent_b = false;
};

/// The bytes of a job: rings, activations and results can be written, weights are those of its tasks.
///
/// Errors  std::runtime_error for an address where nothing lies
class JobMemory {
 public:
  JobMemory(const HardwareConfig& hardware, const BusLayout& layout,
            std::span<const TmuTask> tasks);

  [[nodiscard]] const std::uint8_t* at(std::uint64_t address, std::size_t bytes) const;
  [[nodiscard]] std::span<std::uint8_t> writable(std::uint64_t address, std::size_t bytes);
  [[nodiscard]] const std::vector<std::uint8_t>& low() const { return low_; }

 private:
  std::vector<std::uint8_t> low_;  // all below the weights
  std::map<std::uint64_t, std::span<const std::uint8_t>> weights_;
};

/// A Verilated tmu_axi between a host and the DRAM of a design, clock by clock, with faults on its ports.
///
/// Cycles  as in RtlBusJob: 0 is the first in which the tail of the first ring_bell() after reset() acts
class FaultyBus {
 public:
  /// `unit` is of that design and outlives it.
  FaultyBus(TmuAxiUnit& unit, const HardwareConfig& hardware);

  /// The unit and an idle memory. `bytes` outlives its use.
  void reset(JobMemory& bytes);

  // Host. Registers that a driver writes are accepted: std::runtime_error otherwise.
  void set(axi::Reg reg, std::uint32_t value);
  void set64(axi::Reg low, std::uint64_t value);
  [[nodiscard]] std::uint32_t get(axi::Reg reg);
  [[nodiscard]] std::uint64_t get64(axi::Reg low);
  void ring_bell(std::uint32_t tail);

  /// Forgets what was seen; counts of faults begin. Only while the ports are at rest.
  void begin(const BusFaults& with);
  /// Nothing is silent any more.
  void speak() { faults_.silent_from = BusFaults::kNever; }

  void step();
  /// False after `most` cycles.
  bool run_until(const std::function<bool()>& done, std::uint64_t most);

  [[nodiscard]] std::uint64_t cycle() const { return cycle_; }
  [[nodiscard]] TmuAxiUnit& unit() const { return unit_; }

  /// Where a fault was put on the bus.
  struct Injected {
    std::uint64_t cycle;
    std::uint64_t burst;  // its address
  };
  struct Seen {
    std::optional<Injected> fault;
    std::optional<std::uint64_t> irq;    // first cycle
    std::vector<std::uint64_t> starts;   // commands that the unit inside took
    std::vector<std::uint64_t> answers;  // and those that it answered
    std::vector<std::uint64_t> descriptor_beats;
    std::uint64_t last_handshake = 0;
    std::uint64_t last_slot = 0;
    // Of the memory as it was: longest wait of an address or word, and for a last beat or an answer.
    std::uint64_t worst_wait = 0;
    std::uint64_t worst_answer = 0;
    std::array<bool, TmuAxiUnit::kMaxReaders + 2> waited{};  // addresses of readers, AW, W
    bool blocked = false;  // a silent channel kept something waiting
  };
  [[nodiscard]] const Seen& seen() const { return seen_; }
  /// Where every write burst began that had an answer, and when that came.
  [[nodiscard]] const std::vector<Injected>& written() const { return written_; }

 private:
  struct Burst {
    std::uint64_t address;
    const std::uint8_t* next;
    std::uint32_t beats;  // still to come
    std::uint64_t asked;  // cycle
  };
  struct Answer {
    std::uint64_t address;
    std::uint8_t response;
    std::uint64_t sent;
  };

  void clock();
  void take_addresses();
  void offer_beats();
  void take_writes();
  void end_write();
  void offer_answer();
  void see_inside();
  void handshake() { seen_.last_handshake = cycle_; }
  void note_wait(std::uint32_t channel, bool waits);
  [[nodiscard]] bool silent(bool channel) const { return cycle_ >= faults_.silent_from && channel; }
  [[nodiscard]] bool access_write(axi::Reg reg, std::uint32_t value);

  std::uint32_t readers_;
  std::size_t word_bytes_;
  BusMemory memory_;
  TmuAxiUnit& unit_;
  JobMemory* bytes_ = nullptr;
  BusFaults faults_;
  Seen seen_;
  bool started_ = false;
  std::uint64_t cycle_ = 0;
  std::uint64_t issued_ = 0;

  std::array<BusMemory::Address, TmuAxiUnit::kMaxReaders> addresses_{};
  std::array<std::deque<Burst>, TmuAxiUnit::kMaxReaders> bursts_;
  std::array<std::uint64_t, TmuAxiUnit::kMaxReaders> beats_{};
  std::array<std::uint64_t, TmuAxiUnit::kMaxReaders + 2> waits_{};  // readers, AW, W
  std::optional<std::uint64_t> write_address_;
  bool has_last_ = false;
  std::vector<std::uint8_t> words_;
  std::vector<std::uint8_t> strobes_;
  std::uint64_t write_bursts_ = 0;
  std::deque<Answer> answers_;
  std::vector<Injected> written_;
};

}  // namespace sterna::sim
