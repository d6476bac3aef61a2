// SPDX-License-Identifier: Apache-2.0
#include "rtl/axi/tmu_axi_unit.hpp"

#include <cstring>

#include "Vtmu_axi.h"
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
};
constexpr std::uint32_t kEngines = STERNA_ENGINES;
constexpr std::uint32_t kReaders = kEngines + 2;
constexpr std::size_t kBeatBytes = STERNA_LANES / 5;
constexpr std::size_t kStreamBytes = 16;
constexpr std::size_t kAddressBytes = STERNA_ADDRESS_BITS / 8;

// Sets bit `index` of a port of up to 32 bits.
template <typename Port>
void set_bit(Port& port, std::uint32_t index, bool value) {
  const auto bit = static_cast<Port>(Port{1} << index);
  port = static_cast<Port>(value ? port | bit : port & ~bit);
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

 private:
  void drive() override {
    for (std::uint32_t m = 0; m < kReaders; ++m) drive_reader(m, in.readers[m]);
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

  void drive_reader(std::uint32_t m, const ReadInputs& pins) {
    set_bit(top().ar_ready_i, m, pins.ar_ready);
    set_bit(top().r_valid_i, m, pins.r_valid);
    set_bit(top().r_last_i, m, pins.r_last);
    set_resp(m, pins.r_resp);
    if (!pins.r_valid) return;
    if (m < kEngines) {
      std::memcpy(bytes_of(top().weight_r_data_i) + m * kBeatBytes, pins.r_data, kBeatBytes);
    } else if (m == kEngines) {
      std::memcpy(&top().act_r_data_i, pins.r_data, kStreamBytes);
    } else {
      std::memcpy(&top().descriptor_r_data_i, pins.r_data, kStreamBytes);
    }
  }

  void set_resp(std::uint32_t m, std::uint8_t resp) {
    std::uint64_t all = 0;
    std::memcpy(&all, &top().r_resp_i, sizeof(top().r_resp_i));
    all = (all & ~(std::uint64_t{3} << 2 * m)) | std::uint64_t{resp} << 2 * m;
    std::memcpy(&top().r_resp_i, &all, sizeof(top().r_resp_i));
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
  }
};

}  // namespace
}  // namespace sterna

extern "C" __attribute__((visibility("default"))) sterna::TmuAxiUnit* sterna_tmu_axi_create(
    std::uint32_t abi) {
  return abi == sterna::kTmuAxiUnitAbi ? new sterna::VerilatedTmuAxiUnit : nullptr;
}
