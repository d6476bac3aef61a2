// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "sim/config/hardware.hpp"
#include "sim/dram/dram.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// The interconnect and the DRAM behind the masters of a unit on its bus: which handshakes happen when.
/// Values the devices keep.
///
/// Readers   index e < engines is weight master e, then activations, then descriptors, as in docs/axi.md
/// Cycles    advance(c) begins cycle c; the other calls are about that cycle. Cycles before next_change() may
///           be left out if nothing new is put on a channel in them: nothing happens
/// Reads     addresses are taken in turn, as many as the queues of the DRAM have room for; a beat comes
///           `bus.latency_ns`, a cycle at least, after its last byte is at the controller, one a cycle a
///           reader. RREADY is always high
/// Writes    one burst at a time: it goes to the controller in the cycle after its last word and its
///           address have come, when there is room; WREADY and AWREADY are low until then. Its answer
///           follows after the interconnect's latency. BREADY is always high
/// Trust     both devices ask this same object, so it cannot differ between them
/// Omits     width conversion, arbitration of data buses between readers
class BusMemory {
 public:
  using Cycle = Dram::Cycle;
  static constexpr Cycle kNever = Dram::kNever;

  /// What a reader has on its address channel.
  struct Address {
    bool valid = false;
    std::uint64_t address = 0;
    std::uint32_t beats = 0;

    friend bool operator==(const Address&, const Address&) = default;
  };

  /// Errors  as HardwareConfig::validate(); hardware.bus is set
  explicit BusMemory(const HardwareConfig& hardware);

  [[nodiscard]] std::uint32_t readers() const {
    return static_cast<std::uint32_t>(readers_.size());
  }
  /// Of a beat of a reader's data bus.
  [[nodiscard]] std::uint32_t beat_bytes(std::uint32_t reader) const {
    return readers_[reader].beat_bytes;
  }

  /// Begins a job: an idle memory, cycle 0.
  void start();

  void advance(Cycle cycle);

  /// The first cycle after this one in which an answer comes, or a queue may have room again.
  [[nodiscard]] Cycle next_change() const;

  /// ARREADY where ARVALID: a bit a reader. Shape  addresses (readers,)
  [[nodiscard]] std::uint32_t take_addresses(std::span<const Address> addresses);

  /// RVALID; the beat is taken, since RREADY is high, by take_beat(), which returns RLAST.
  [[nodiscard]] bool has_beat(std::uint32_t reader) const {
    return readers_[reader].next <= cycle_;
  }
  bool take_beat(std::uint32_t reader) { return take(readers_[reader], reader, cycle_); }

  /// What a reader takes in a stretch of cycles.
  struct Taken {
    std::uint32_t beats = 0;
    std::uint32_t bursts = 0;  // of which the last beat is among them
  };
  /// Cycles from this one up to `cycle` at once, in which no address is on a channel and nothing is written: each
  /// reader takes its beats as they come. Shape  taken (readers,)
  void take_until(Cycle cycle, std::span<Taken> taken);

  [[nodiscard]] bool aw_ready() const { return !write_.has_address; }
  [[nodiscard]] bool w_ready() const { return !write_.has_last; }
  void take_write_address(std::uint64_t address, std::uint32_t beats);
  void take_word(bool last) { write_.has_last |= last; }
  /// BVALID, and its handshake.
  [[nodiscard]] bool has_answer() const { return !answers_.empty() && answers_.front() <= cycle_; }
  void take_answer() { answers_.pop_front(); }
  /// The cycle of the next answer, if it is known.
  [[nodiscard]] Cycle next_answer() const { return answers_.empty() ? kNever : answers_.front(); }

  /// Beats that are asked for and have not come.
  [[nodiscard]] std::uint32_t open_beats(std::uint32_t reader) const {
    return readers_[reader].open;
  }

  /// What the readers of this job have taken; of what was written, the devices know how much was meant.
  [[nodiscard]] MovedBytes read_bytes() const;

  [[nodiscard]] const Dram& dram() const { return *dram_; }

 private:
  struct Reader {
    std::uint32_t beat_bytes;
    std::uint64_t taken = 0;  // beats of this job
    std::uint32_t have = 0;   // bytes that came and belong to beats not yet taken
    std::uint32_t open = 0;   // beats asked for and not taken
    bool last = false;        // the last of these bytes ends a burst
    Cycle ready = 0;          // when they are at the unit
    Cycle free = 0;           // after the beat taken last
    Cycle next = kNever;      // of the next beat, if known
  };
  struct Write {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    bool has_address = false;
    bool has_last = false;
  };

  void advance_dram(Cycle cycle);
  void collect(std::uint32_t reader);
  bool take(Reader& reader, std::uint32_t index, Cycle cycle);
  void send_write();

  HardwareConfig hardware_;
  Cycle latency_;
  std::optional<Dram> dram_;
  std::vector<Reader> readers_;
  std::uint32_t turn_ = 0;  // the reader whose address is looked at first
  std::uint32_t refused_ =
      0;  // readers whose addresses find no room until the DRAM changes, a bit each
  Write write_;
  std::deque<Cycle> answers_;
  Cycle cycle_ = 0;
  Cycle quiet_until_ = 0;  // nothing changes in the DRAM before
};

}  // namespace sterna::sim
