// SPDX-License-Identifier: Apache-2.0
#include "rtl/tmu_unit.hpp"

#include <cstring>
#include <type_traits>

#include "Vtmu.h"
#include "Vtmu___024root.h"
#include "rtl/verilated_unit.hpp"

// Compiled with the sizes that rtl/build_library.sh verilated: STERNA_LANES and so on.

namespace sterna {
namespace {

constexpr TmuUnitParameters kParameters = {
    .lanes = STERNA_LANES,
    .engines = STERNA_ENGINES,
    .slices = STERNA_SLICES,
    .activation_words = STERNA_ACT_WORDS,
    .chunks = STERNA_CHUNKS,
    .weight_fifo_beats = STERNA_WEIGHT_FIFO_BEATS,
    .result_fifo_beats = STERNA_RESULT_FIFO_BEATS,
#ifdef STERNA_ASSERTIONS
    .assertions = true,
#else
    .assertions = false,
#endif
    .trace = VM_TRACE != 0,
};
constexpr std::size_t kBeatBytes = STERNA_LANES / 5;

class VerilatedTmuUnit final : public VerilatedUnit<TmuUnit, Vtmu> {
 public:
  VerilatedTmuUnit() : VerilatedUnit("tmu") { reset(); }

  [[nodiscard]] const TmuUnitParameters& parameters() const override { return kParameters; }

  [[nodiscard]] std::uint64_t counter(std::uint32_t selector) override {
    top().counter_sel_i = static_cast<CData>(selector);
    evaluate();
    return top().counter_o;
  }

  bool start_trace(const char* path, std::uint64_t cycle) override {
    return open_trace(path, cycle);
  }
  void stop_trace() override { close_trace(); }

 private:
  void drive() override {
    Vtmu& pins = top();
    pins.cmd_valid_i = in.cmd_valid;
    pins.cmd_tokens_i = in.cmd_tokens;
    pins.cmd_beats_i = in.cmd_beats;
    pins.cmd_rows_i = in.cmd_rows;
    pins.cmd_t2_i = in.cmd_t2;
    pins.cmd_keep_i = in.cmd_keep;
    pins.act_valid_i = in.act_valid;
    if (in.act_valid) std::memcpy(&pins.act_data_i, in.act_data, TmuUnitInputs::kActivationBytes);
    pins.weight_valid_i =
        static_cast<std::remove_reference_t<decltype(pins.weight_valid_i)>>(in.weight_valid);
    auto* weights = reinterpret_cast<std::uint8_t*>(&pins.weight_data_i);
    for (std::uint32_t e = 0; e < kParameters.engines; ++e) {
      if ((in.weight_valid >> e & 1U) == 0) continue;
      std::memcpy(weights + e * kBeatBytes, in.weight_data[e], kBeatBytes);
    }
    pins.result_ready_i = in.result_ready;
    pins.rsp_ready_i = in.rsp_ready;
    pins.abort_i = in.abort;
  }

  void sample() override {
    const Vtmu& pins = top();
    out.weight_ready = pins.weight_ready_o;
    out.cmd_ready = pins.cmd_ready_o != 0;
    out.act_ready = pins.act_ready_o != 0;
    out.result_valid = pins.result_valid_o != 0;
    out.rsp_valid = pins.rsp_valid_o != 0;
    out.rsp_status = pins.rsp_status_o;
    if (out.result_valid) std::memcpy(results_, &pins.result_data_o, sizeof(results_));
    out.result_data = results_;
  }

  std::int32_t results_[STERNA_ENGINES * STERNA_SLICES] = {};
};

}  // namespace
}  // namespace sterna

extern "C" __attribute__((visibility("default"))) sterna::TmuUnit* sterna_tmu_create(
    std::uint32_t abi) {
  return abi == sterna::kTmuUnitAbi ? new sterna::VerilatedTmuUnit : nullptr;
}
