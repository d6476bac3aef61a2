// SPDX-License-Identifier: Apache-2.0
#include "rtl/axi/tmu_axi_unit.hpp"

#include <cstring>

#include "Vtmu_axi.h"
#include "Vtmu_axi___024root.h"
#include "rtl/verilated_unit.hpp"

// Compiled with the sizes that rtl/build_library.sh verilated: STERNA_LANES and so on.

namespace sterna {
namespace {

constexpr TmuAxiParameters kParameters = {
    .lanes = STERNA_LANES,
    .engines = STERNA_ENGINES,
    .slices = STERNA_SLICES,
    .activation_words = STERNA_ACT_WORDS,
    .chunks = STERNA_CHUNKS,
    .weight_fifo_beats = STERNA_WEIGHT_FIFO_BEATS,
    .result_fifo_beats = STERNA_RESULT_FIFO_BEATS,
    .burst_beats = STERNA_BURST_BEATS,
    .dma_fifo_beats = STERNA_DMA_FIFO_BEATS,
    .outstanding = STERNA_OUTSTANDING,
    .descriptors = STERNA_DESCRIPTORS,
    .address_bits = STERNA_ADDRESS_BITS,
    .result_bits = STERNA_RESULT_BITS,
    .column_words = STERNA_COLUMN_WORDS,
};
constexpr std::uint32_t kEngines = STERNA_ENGINES;
constexpr std::uint32_t kReaders = kEngines + 2;
constexpr std::size_t kBeatBytes = STERNA_LANES / 5;
constexpr std::size_t kStreamBytes = 16;
constexpr std::size_t kAddressBytes = STERNA_ADDRESS_BITS / 8;

// tmu_pkg: two states of the unit inside, and a counter that has no register of its own.
constexpr std::uint32_t kStateIdle = 0;
constexpr std::uint32_t kStateRespond = 4;
constexpr std::uint32_t kLoadCycles = 0;
constexpr std::uint32_t kActivationWrites = 11;

// Sets a port of up to 64 bits.
template <typename Port>
void assign(Port& port, std::uint64_t value) {
  port = static_cast<Port>(value);
}

// The bytes of a port, lowest first, as Verilator keeps ports of any width on a little-endian machine.
template <typename Port>
std::uint8_t* bytes_of(Port& port) {
  return reinterpret_cast<std::uint8_t*>(&port);
}

class VerilatedTmuAxiUnit final : public VerilatedUnit<TmuAxiUnit, Vtmu_axi> {
 public:
  VerilatedTmuAxiUnit() : VerilatedUnit("tmu_axi") { reset(); }

  [[nodiscard]] const TmuAxiParameters& parameters() const override { return kParameters; }

  [[nodiscard]] std::uint64_t counter(std::uint32_t selector) const override {
    constexpr std::uint32_t kSelectors = 14;
    if (selector >= kSelectors) return 0;
    const std::uint32_t index = selector == kActivationWrites ? kLoadCycles : selector;
    return registers().tmu_axi__DOT__u_tmu__DOT__u_counters__DOT__count_q[index];
  }

  bool start_trace(const char* path, std::uint64_t cycle) override {
    return open_trace(path, cycle);
  }
  void stop_trace() override { close_trace(); }

 private:
  void drive() override {
    drive_readers();
    top().aw_ready_i = in.aw_ready;
    top().w_ready_i = in.w_ready;
    top().b_valid_i = in.b_valid;
    top().b_resp_i = in.b_resp;
    top().lite_aw_valid_i = in.lite_aw_valid;
    top().lite_aw_addr_i = in.lite_aw_addr;
    top().lite_w_valid_i = in.lite_w_valid;
    top().lite_w_data_i = in.lite_w_data;
    top().lite_w_strb_i = in.lite_w_strb;
    top().lite_b_ready_i = in.lite_b_ready;
    top().lite_ar_valid_i = in.lite_ar_valid;
    top().lite_ar_addr_i = in.lite_ar_addr;
    top().lite_r_ready_i = in.lite_r_ready;
  }

  void drive_readers() {
    std::uint64_t ar_ready = 0;
    std::uint64_t r_valid = 0;
    std::uint64_t r_last = 0;
    std::uint64_t r_resp = 0;
    for (std::uint32_t m = 0; m < kReaders; ++m) {
      const ReadInputs& pins = in.readers[m];
      ar_ready |= std::uint64_t{pins.ar_ready} << m;
      r_valid |= std::uint64_t{pins.r_valid} << m;
      r_last |= std::uint64_t{pins.r_last} << m;
      r_resp |= std::uint64_t{pins.r_resp} << 2 * m;
      if (pins.r_valid) drive_beat(m, pins.r_data);
    }
    assign(top().ar_ready_i, ar_ready);
    assign(top().r_valid_i, r_valid);
    assign(top().r_last_i, r_last);
    assign(top().r_resp_i, r_resp);
  }

  void drive_beat(std::uint32_t m, const std::uint8_t* data) {
    if (m < kEngines) {
      std::memcpy(bytes_of(top().weight_r_data_i) + m * kBeatBytes, data, kBeatBytes);
    } else if (m == kEngines) {
      std::memcpy(&top().act_r_data_i, data, kStreamBytes);
    } else {
      std::memcpy(&top().descriptor_r_data_i, data, kStreamBytes);
    }
  }

  void sample() override {
    for (std::uint32_t m = 0; m < kReaders; ++m) {
      ReadOutputs& pins = out.readers[m];
      pins.ar_valid = top().ar_valid_o >> m & 1U;
      pins.r_ready = top().r_ready_o >> m & 1U;
      pins.ar_len = bytes_of(top().ar_len_o)[m];
      std::memcpy(&pins.ar_addr, bytes_of(top().ar_addr_o) + m * kAddressBytes, kAddressBytes);
    }
    out.aw_valid = top().aw_valid_o;
    out.aw_addr = top().aw_addr_o;
    out.aw_len = top().aw_len_o;
    out.w_valid = top().w_valid_o;
    out.w_last = top().w_last_o;
    out.w_data = bytes_of(top().w_data_o);
    std::memcpy(out.w_strb, &top().w_strb_o, STERNA_RESULT_BITS / 64);
    out.b_ready = top().b_ready_o;
    out.lite_aw_ready = top().lite_aw_ready_o;
    out.lite_w_ready = top().lite_w_ready_o;
    out.lite_b_valid = top().lite_b_valid_o;
    out.lite_b_resp = top().lite_b_resp_o;
    out.lite_ar_ready = top().lite_ar_ready_o;
    out.lite_r_valid = top().lite_r_valid_o;
    out.lite_r_data = top().lite_r_data_o;
    out.lite_r_resp = top().lite_r_resp_o;
    out.irq = top().irq_o;
    sample_inside();
  }

  // StIdle is left in the cycle of a command handshake and in no other, StRespond in that of a response.
  void sample_inside() {
    const std::uint32_t before = state_;
    state_ = registers().tmu_axi__DOT__u_tmu__DOT__u_control__DOT__state_q;
    const bool left = cycles() != 0 && state_ != before;
    inside.accepted = left && before == kStateIdle;
    inside.answered = left && before == kStateRespond;
    inside.status = registers().tmu_axi__DOT__u_tmu__DOT__u_control__DOT__status_q;
  }

  // What rtl/axi/probe.vlt makes public.
  [[nodiscard]] const Vtmu_axi___024root& registers() const { return *top().rootp; }

  std::uint32_t state_ = kStateIdle;
};

}  // namespace
}  // namespace sterna

extern "C" __attribute__((visibility("default"))) sterna::TmuAxiUnit* sterna_tmu_axi_create(
    std::uint32_t abi) {
  return abi == sterna::kTmuAxiUnitAbi ? new sterna::VerilatedTmuAxiUnit : nullptr;
}
