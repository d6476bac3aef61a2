// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/job_bytes.hpp"

#include <cstring>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {
namespace {

template <typename T>
std::span<const std::uint8_t> bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace

JobReads::JobReads(std::uint32_t engines, const BusLayout& layout, std::span<const TmuTask> tasks) {
  add(layout.ring_base, bytes_of(std::span(layout.descriptors)));
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const axi::Descriptor& d = layout.descriptors[i];
    add(d.activation_base, bytes_of(tasks[i].activations));
    const WeightStreams& streams = *tasks[i].weights;
    for (std::uint32_t e = 0; e < engines; ++e) {
      const std::size_t first = streams.engine_offset[e];
      add(d.weight_base + e * d.weight_pitch,
          std::span(streams.bytes).subspan(first, streams.engine_offset[e + 1] - first));
    }
  }
}

void JobReads::add(std::uint64_t address, std::span<const std::uint8_t> bytes) {
  if (!bytes.empty()) ranges_.try_emplace(address, bytes);
}

const std::uint8_t* JobReads::at(std::uint64_t address, std::size_t bytes) const {
  const auto after = ranges_.upper_bound(address);
  if (after != ranges_.begin()) {
    const auto& [first, range] = *std::prev(after);
    const std::uint64_t offset = address - first;
    if (offset <= range.size() && bytes <= range.size() - offset) return range.data() + offset;
  }
  throw std::runtime_error(
      fmt::format("the RTL reads {} bytes at {:#x}, where nothing lies", bytes, address));
}

JobWrites::JobWrites(const HardwareConfig& hardware, const BusLayout& layout,
                     std::span<const TmuTask> tasks)
    : unit_(hardware.unit),
      word_bytes_(hardware.bus->result_bits / 8),
      layout_(layout),
      tasks_(tasks) {
  if (!tasks.empty()) begin_command();
}

void JobWrites::take_word(const std::uint8_t* data, const std::uint8_t* strobes) {
  words_.insert(words_.end(), data, data + word_bytes_);
  strobes_.insert(strobes_.end(), strobes, strobes + word_bytes_ / 8);
}

std::optional<axi::Completion> JobWrites::end_burst() {
  if (command_ == tasks_.size()) {
    throw std::runtime_error(
        fmt::format("the RTL writes to {:#x} after the last completion record", address_));
  }
  const std::uint64_t place = layout_.record_address(command_);
  const bool is_record = address_ == place / word_bytes_ * word_bytes_;
  axi::Completion record{};
  if (is_record) {
    std::vector<bool> written(sizeof(record));
    store(place, {reinterpret_cast<std::uint8_t*>(&record), sizeof(record)}, written);
    end_command(record);
  } else {
    store(
        layout_.descriptors[command_].result_base,
        {reinterpret_cast<std::uint8_t*>(results_.data()), results_.size() * sizeof(std::int32_t)},
        written_);
  }
  words_.clear();
  strobes_.clear();
  return is_record ? std::optional(record) : std::nullopt;
}

// The bytes of the burst whose strobes are set go to `target`, which lies at `base`.
void JobWrites::store(std::uint64_t base, std::span<std::uint8_t> target,
                      std::vector<bool>& written) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if ((strobes_[i / 8] >> i % 8 & 1U) == 0) continue;
    const std::uint64_t offset = address_ + i - base;
    if (offset >= target.size()) {
      throw std::runtime_error(
          fmt::format("the RTL writes to {:#x} in the turn of command {}, which has {} bytes at "
                      "{:#x}",
                      address_ + i, command_, target.size(), base));
    }
    if (written[offset]) {
      throw std::runtime_error(fmt::format(
          "the RTL writes twice to {:#x} in the turn of command {}", address_ + i, command_));
    }
    written[offset] = true;
    target[offset] = words_[i];
    --missing_bytes_;
  }
}

void JobWrites::begin_command() {
  const std::size_t bytes = result_bytes(unit_, tasks_[command_].command);
  results_.resize(bytes / sizeof(std::int32_t));
  written_.assign(bytes, false);
  missing_bytes_ = bytes + sizeof(axi::Completion);
}

void JobWrites::end_command(const axi::Completion& record) {
  if (record.status != static_cast<std::uint32_t>(axi::Code::Done) ||
      record.sequence_number != command_ || missing_bytes_ != 0) {
    throw std::runtime_error(fmt::format(
        "the completion record of command {} says status {} of command {}, with {} bytes of "
        "results not written",
        command_, record.status, record.sequence_number, missing_bytes_));
  }
  moved_.results += results_.size() * sizeof(std::int32_t);
  moved_.records += sizeof(record);
  const TmuTask& task = tasks_[command_];
  const std::size_t rows = task.command.rows;
  const std::size_t tokens = task.command.tokens;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t group = row / unit_.engines;
    const std::int32_t* out =
        results_.data() + group * tokens * unit_.engines + row % unit_.engines;
    for (std::size_t t = 0; t < tokens; ++t) task.sums[t * rows + row] = out[t * unit_.engines];
  }
  if (++command_ < tasks_.size()) begin_command();
}

}  // namespace sterna::sim
