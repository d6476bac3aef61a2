// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/axi/axi_memory.hpp"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

namespace sterna {
namespace {

constexpr std::uint8_t kOkay = 0;
constexpr std::uint8_t kDecerr = 3;
constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kStreamBytes = 16;

}  // namespace

AxiMemory::AxiMemory(const TmuAxiParameters& unit, std::uint64_t base, std::size_t bytes)
    : unit_(unit), base_(base), bytes_(bytes), random_(1), readers_(unit.engines + 2) {}

void AxiMemory::reset() {
  readers_.assign(readers_.size(), {});
  writes_.clear();
  write_beats_.clear();
  answers_.clear();
  b_valid_ = false;
}

bool AxiMemory::holds(std::uint64_t asked, std::size_t bytes) const {
  const std::uint64_t address = place(asked);
  return address >= base_ && address - base_ <= bytes_.size() &&
         bytes <= bytes_.size() - (address - base_);
}

std::span<std::uint8_t> AxiMemory::at(std::uint64_t address, std::size_t bytes) {
  if (!holds(address, bytes)) throw std::out_of_range("no memory at that address");
  return std::span(bytes_).subspan(place(address) - base_, bytes);
}

std::size_t AxiMemory::beat_bytes(std::uint32_t m) const {
  return m < unit_.engines ? unit_.lanes / 5 : kStreamBytes;
}

std::uint64_t AxiMemory::answer_at() {
  return now_ + traffic.latency + random_() % (traffic.extra_latency + 1);
}

std::uint8_t AxiMemory::response(std::uint64_t address, std::size_t bytes) const {
  if (!holds(address, bytes)) return kDecerr;
  const auto in = [&](std::uint64_t bad) { return bad >= address && bad - address < bytes; };
  return std::any_of(faults.slverr.begin(), faults.slverr.end(), in) ? faults.response : kOkay;
}

void AxiMemory::check_burst(std::uint64_t address, std::uint32_t beats,
                            std::size_t beat_bytes) const {
  EXPECT_EQ(address % beat_bytes, 0U) << "misaligned burst at " << address;
  EXPECT_LE(beats, unit_.burst_beats) << "long burst at " << address;
  EXPECT_EQ(address / kPage, (address + beats * beat_bytes - 1) / kPage)
      << "a burst of " << beats << " beats at " << address << " crosses 4 KiB";
}

void AxiMemory::drive(TmuAxiUnit& unit) {
  now_ = unit.cycles();
  for (std::uint32_t m = 0; m < readers_.size(); ++m) drive_reader(unit, m);
  drive_writer(unit);
}

void AxiMemory::drive_reader(TmuAxiUnit& unit, std::uint32_t m) {
  Reader& reader = readers_[m];
  auto& in = unit.in.readers[m];
  const auto& out = unit.out.readers[m];
  const bool silent = now_ >= faults.silent_from && (faults.silent_readers >> m & 1U) != 0;
  const std::size_t bytes = beat_bytes(m);

  if (!reader.valid && !silent && !reader.bursts.empty() &&
      reader.bursts.front().ready_at <= now_ && !chance(traffic.gap_percent)) {
    const Burst& burst = reader.bursts.front();
    const std::uint64_t address = burst.address + burst.done * bytes;
    reader.valid = true;
    reader.resp = response(address, bytes);
    reader.last = burst.done + 1 == burst.beats;
    reader.data.assign(bytes, 0xEE);
    if (holds(address, bytes)) std::ranges::copy(at(address, bytes), reader.data.begin());
  }
  in.r_valid = reader.valid;
  in.r_last = reader.last;
  in.r_resp = reader.resp;
  in.r_data = reader.data.data();
  EXPECT_TRUE(out.r_ready) << "RREADY of reader " << m;
  if (in.r_valid && out.r_ready) {
    reader.valid = false;
    if (++reader.bursts.front().done == reader.bursts.front().beats) reader.bursts.pop_front();
    (m < unit_.engines    ? seen.weight_beats
     : m == unit_.engines ? seen.activation_beats
                          : seen.descriptor_beats) += 1;
  }

  in.ar_ready = !(silent && faults.silent_ar) && !chance(traffic.not_ready_percent);
  seen.ar_stalls += out.ar_valid && !in.ar_ready;
  if (out.ar_valid && in.ar_ready) {
    check_burst(out.ar_addr, out.ar_len + 1U, bytes);
    reader.bursts.push_back({out.ar_addr, out.ar_len + 1U, 0, answer_at()});
  }
}

void AxiMemory::drive_writer(TmuAxiUnit& unit) {
  auto& in = unit.in;
  const auto& out = unit.out;
  const bool silent = now_ >= faults.silent_from;
  const std::size_t bytes = unit_.result_bits / 8;

  if (!b_valid_ && !(silent && faults.silent_b) && !answers_.empty() &&
      answers_.front().ready_at <= now_ && !chance(traffic.gap_percent)) {
    b_valid_ = true;
  }
  in.b_valid = b_valid_;
  in.b_resp = b_valid_ ? answers_.front().resp : kOkay;
  EXPECT_TRUE(out.b_ready);
  if (b_valid_ && out.b_ready) {
    b_valid_ = false;
    answers_.pop_front();
  }

  in.aw_ready = !(silent && faults.silent_aw) && !chance(traffic.not_ready_percent);
  seen.aw_stalls += out.aw_valid && !in.aw_ready;
  if (out.aw_valid && in.aw_ready) {
    check_burst(out.aw_addr, out.aw_len + 1U, bytes);
    writes_.push_back({out.aw_addr, out.aw_len + 1U, 0, 0});
  }
  in.w_ready = !(silent && faults.silent_w) && !chance(traffic.not_ready_percent);
  seen.w_stalls += out.w_valid && !in.w_ready;
  if (out.w_valid && in.w_ready) {
    ++seen.write_beats;
    WriteBeat beat{{out.w_data, out.w_data + bytes}, {}, out.w_last};
    for (std::size_t i = 0; i < bytes; ++i) {
      beat.strobes.push_back((out.w_strb[i / 8] >> i % 8 & 1U) != 0);
    }
    write_beats_.push_back(beat);
  }
  finish_write();
}

// Data may come before its address.
void AxiMemory::finish_write() {
  const std::size_t bytes = unit_.result_bits / 8;
  while (!writes_.empty() && !write_beats_.empty()) {
    Burst& burst = writes_.front();
    const WriteBeat& beat = write_beats_.front();
    const std::uint64_t address = burst.address + burst.done * bytes;
    EXPECT_EQ(beat.last, burst.done + 1 == burst.beats) << "WLAST at " << address;
    const bool legal = response(burst.address, burst.beats * bytes) == kOkay;
    for (std::size_t i = 0; legal && i < bytes; ++i) {
      if (beat.strobes[i]) at(address, bytes)[i] = beat.data[i];
    }
    write_beats_.pop_front();
    if (++burst.done == burst.beats) {
      answers_.push_back({response(burst.address, burst.beats * bytes), answer_at()});
      writes_.pop_front();
    }
  }
}

}  // namespace sterna
