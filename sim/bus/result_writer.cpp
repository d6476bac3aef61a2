// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/result_writer.hpp"

#include <algorithm>

namespace sterna::sim {

ResultWriter::ResultWriter(const HardwareConfig& hardware)
    : engines_(hardware.unit.engines),
      slices_(hardware.unit.slices),
      word_sums_(hardware.bus->result_bits / 32),
      burst_beats_(hardware.bus->burst_beats),
      outstanding_(hardware.bus->outstanding) {}

void ResultWriter::start() {
  tokens_ = tokens_left_ = sums_ = words_ = ends_ = 0;
  finish_ = record_ = address_valid_ = false;
  jobs_.clear();
  state_ = State::Idle;
  address_ = left_ = 0;
  words_left_ = open_ = 0;
}

bool ResultWriter::waits() const {
  if (emits() || !is_sent() || sends()) return false;
  switch (state_) {
    case State::Idle:
      return jobs_.empty();
    case State::Results:
      return ends_ == 0 || left_ != 0 || !at_rest();
    case State::Record:
      return false;
    case State::Answer:
      return !at_rest();
  }
  return false;
}

ResultWriter::Outcome ResultWriter::clock(const Events& events, BusMemory& memory) {
  // What a burst finds in the queue is there at the start of the cycle.
  const bool at_rest = this->at_rest();
  const bool sends = this->sends();
  const bool done = state_ == State::Answer && at_rest;
  bool moved = pack(events);
  moved |= move_words(memory);
  if (sends) {
    const std::uint32_t beats = burst_length();
    send_burst(address_, beats);
    address_ += std::uint64_t{beats} * word_sums_ * 4;
    left_ -= beats;
  }
  moved |= next_state(at_rest, sends);
  if (done) {
    jobs_.pop_front();
    --ends_;
  }
  if (events.job != nullptr) jobs_.push_back(*events.job);
  ends_ += events.finish ? 1 : 0;
  return {.moved = moved || events.job != nullptr || events.finish, .done = done};
}

// Sums to words.
bool ResultWriter::pack(const Events& events) {
  const bool emit = emits();
  std::uint32_t rest = sums_;
  if (emit) {
    rest = is_whole() ? sums_ - word_sums_ : 0;
    ++words_;
  }
  if (events.finish) {
    finish_ = rest != 0;
  } else if (emit && rest == 0) {
    finish_ = false;
  }
  sums_ = rest;
  if (events.result) {
    sums_ += std::min(tokens_left_, slices_) * engines_;
    tokens_left_ = tokens_left_ <= slices_ ? tokens_ : tokens_left_ - slices_;
  }
  if (events.job != nullptr) tokens_ = tokens_left_ = events.job->tokens;
  return emit || events.result;
}

// Address, words and answers of the port.
bool ResultWriter::move_words(BusMemory& memory) {
  const bool address = address_valid_ && memory.aw_ready();
  const bool word = words_left_ != 0 && memory.w_ready();
  const bool answer = memory.has_answer();
  if (address) {
    memory.take_write_address(burst_address_, burst_length_);
    address_valid_ = false;
  }
  if (word) {
    memory.take_word(words_left_ == 1);
    --words_left_;
    if (!record_) --words_;
  }
  if (answer) {
    memory.take_answer();
    --open_;
  }
  return address || word || answer;
}

bool ResultWriter::next_state(bool at_rest, bool sends) {
  const State before = state_;
  switch (state_) {
    case State::Idle:
      if (jobs_.empty()) break;
      state_ = State::Results;
      address_ = jobs_.front().address;
      left_ = jobs_.front().words;
      break;
    case State::Results:
      if (ends_ != 0 && left_ == 0 && at_rest && !sends) state_ = State::Record;
      break;
    case State::Record: {
      const std::uint64_t word_bytes = std::uint64_t{word_sums_} * 4;
      send_burst(jobs_.front().record_address / word_bytes * word_bytes, 1);
      state_ = State::Answer;
      break;
    }
    case State::Answer:
      if (at_rest) state_ = State::Idle;
      break;
  }
  record_ = state_ == State::Answer;
  return sends || state_ != before;
}

void ResultWriter::send_burst(std::uint64_t address, std::uint32_t beats) {
  address_valid_ = true;
  burst_address_ = address;
  burst_length_ = beats;
  words_left_ = beats;
  ++open_;
}

std::uint32_t ResultWriter::burst_length() const {
  const std::uint64_t beat = address_ / (std::uint64_t{word_sums_} * 4);
  const std::uint64_t to_edge = burst_beats_ - (beat & (burst_beats_ - 1));
  return static_cast<std::uint32_t>(std::min(left_, to_edge));
}

}  // namespace sterna::sim
