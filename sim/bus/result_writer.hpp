// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>

#include "sim/bus/bus_memory.hpp"
#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// result_packer.sv, axi_result_writer.sv and axi_write_port.sv clock by clock, without data and errors: the
/// results of commands, then their completion records.
///
/// Protocol  each cycle: job_ready() and result_ready() are of its start; clock() ends it
class ResultWriter {
 public:
  /// A command that starts.
  struct Job {
    std::uint32_t tokens;
    std::uint64_t address;
    std::uint64_t words;
    std::uint64_t record_address;
  };

  struct Events {
    const Job* job;  // null: none starts
    bool result;     // a result beat is taken
    bool finish;     // the command that runs has given its last
  };

  struct Outcome {
    bool moved;
    bool done;  // the oldest command's record is answered
  };

  explicit ResultWriter(const HardwareConfig& hardware);

  void start();

  [[nodiscard]] bool job_ready() const { return jobs_.size() < kJobs; }
  [[nodiscard]] bool result_ready() const {
    return !finish_ && (!is_whole() || (word_ready() && sums_ < 2 * word_sums_));
  }

  /// Without events nothing changes before an answer.
  [[nodiscard]] bool waits() const;

  Outcome clock(const Events& events, BusMemory& memory);

 private:
  enum class State : std::uint8_t { Idle, Results, Record, Answer };
  static constexpr std::size_t kJobs = 2;

  [[nodiscard]] bool is_whole() const { return sums_ >= word_sums_; }
  [[nodiscard]] bool word_ready() const { return words_ < 2 * burst_beats_; }
  [[nodiscard]] bool emits() const { return (is_whole() || finish_) && word_ready(); }
  [[nodiscard]] bool is_sent() const { return !address_valid_ && words_left_ == 0; }
  [[nodiscard]] bool at_rest() const { return is_sent() && open_ == 0; }
  [[nodiscard]] bool sends() const {
    return state_ == State::Results && left_ != 0 && is_sent() && open_ < outstanding_ &&
           words_ >= burst_length();
  }

  bool pack(const Events& events);
  bool move_words(BusMemory& memory);
  bool next_state(bool at_rest, bool sends);
  void send_burst(std::uint64_t address, std::uint32_t beats);
  [[nodiscard]] std::uint32_t burst_length() const;

  std::uint32_t engines_;
  std::uint32_t slices_;
  std::uint32_t word_sums_;
  std::uint32_t burst_beats_;
  std::uint32_t outstanding_;

  // Packer.
  std::uint32_t tokens_ = 0;
  std::uint32_t tokens_left_ = 0;  // of this row group
  std::uint32_t sums_ = 0;         // held
  bool finish_ = false;

  // Queue, jobs.
  std::uint32_t words_ = 0;
  std::deque<Job> jobs_;  // not yet done
  std::uint32_t ends_ = 0;
  State state_ = State::Idle;
  std::uint64_t address_ = 0;  // of the next burst
  std::uint64_t left_ = 0;     // words of this job that no burst has taken
  bool record_ = false;        // the word on offer is a record

  // Port.
  bool address_valid_ = false;
  std::uint64_t burst_address_ = 0;
  std::uint32_t burst_length_ = 0;
  std::uint32_t words_left_ = 0;  // of the burst
  std::uint32_t open_ = 0;        // bursts not answered
};

}  // namespace sterna::sim
