// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sterna {

/// Sizes that a Verilated tmu_axi was built with. Names as in docs/axi.md.
struct TmuAxiParameters {
  std::uint32_t lanes;
  std::uint32_t engines;
  std::uint32_t slices;
  std::uint32_t activation_words;
  std::uint32_t chunks;
  std::uint32_t weight_fifo_beats;
  std::uint32_t result_fifo_beats;
  std::uint32_t burst_beats;
  std::uint32_t dma_fifo_beats;
  std::uint32_t outstanding;
  std::uint32_t descriptors;
  std::uint32_t address_bits;
  std::uint32_t result_bits;
  std::uint32_t column_words;

  friend bool operator==(const TmuAxiParameters&, const TmuAxiParameters&) = default;
};

/// The pins of one Verilated unit on its bus, a clock at a time (docs/axi.md, Ports).
///
/// Protocol  construction and reset() leave the unit in its first cycle after reset. In each cycle:
///           read `out`, set `in`, call step(), which is the rising edge that ends the cycle. Outputs
///           depend on registers only, never on this cycle's inputs
/// Layout    read ports: index e < engines is weight master e, then activations, then descriptors
/// Errors    a failing assertion is counted and its text kept, never fatal
class TmuAxiUnit {
 public:
  static constexpr std::uint32_t kMaxReaders = 18;

  struct ReadInputs {
    bool ar_ready = false;
    bool r_valid = false;
    bool r_last = false;
    std::uint8_t r_resp = 0;
    const std::uint8_t* r_data = nullptr;  // a whole beat while r_valid
  };
  struct ReadOutputs {
    bool ar_valid = false;
    bool r_ready = false;
    std::uint8_t ar_len = 0;
    std::uint64_t ar_addr = 0;
  };
  struct Inputs {
    ReadInputs readers[kMaxReaders];
    bool aw_ready = false;
    bool w_ready = false;
    bool b_valid = false;
    std::uint8_t b_resp = 0;
    bool lite_aw_valid = false;
    bool lite_w_valid = false;
    bool lite_b_ready = false;
    bool lite_ar_valid = false;
    bool lite_r_ready = false;
    std::uint8_t lite_w_strb = 0xF;
    std::uint16_t lite_aw_addr = 0;
    std::uint16_t lite_ar_addr = 0;
    std::uint32_t lite_w_data = 0;
  };
  struct Outputs {
    ReadOutputs readers[kMaxReaders];
    bool aw_valid = false;
    bool w_valid = false;
    bool w_last = false;
    bool b_ready = false;
    std::uint8_t aw_len = 0;
    std::uint64_t aw_addr = 0;
    const std::uint8_t* w_data = nullptr;  // result_bits / 8 bytes
    std::uint8_t w_strb[16] = {};          // a bit a byte, lowest first
    bool lite_aw_ready = false;
    bool lite_w_ready = false;
    bool lite_b_valid = false;
    bool lite_ar_ready = false;
    bool lite_r_valid = false;
    std::uint8_t lite_b_resp = 0;
    std::uint8_t lite_r_resp = 0;
    std::uint32_t lite_r_data = 0;
    bool irq = false;
  };

  /// Handshakes of the unit inside in the cycle that the last step() ended.
  struct Inside {
    bool accepted = false;    // a command
    bool answered = false;    // its response
    std::uint8_t status = 0;  // of the response; docs/tmu.md
  };

  virtual ~TmuAxiUnit() = default;

  Inputs in;
  Outputs out;    // refreshed by reset() and step()
  Inside inside;  // likewise; no pins of the design, for reports only

  [[nodiscard]] virtual const TmuAxiParameters& parameters() const = 0;
  virtual void step() = 0;

  /// Holds the reset low for a few clocks with every input inactive; clears `in`, cycles(), errors().
  virtual void reset() = 0;

  /// Counter `selector` (0..13) of docs/tmu.md in the present cycle; 0 for other selectors. They hold a
  /// whole command from its response until the next is accepted. For reports only, like `inside`.
  [[nodiscard]] virtual std::uint64_t counter(std::uint32_t selector) const = 0;

  [[nodiscard]] virtual std::uint64_t cycles() const = 0;  // rising edges since reset()
  [[nodiscard]] virtual std::uint64_t errors() const = 0;  // assertions failed since reset()
  [[nodiscard]] virtual const char* first_error() const = 0;

  /// As TmuUnit has them (rtl/tmu_unit.hpp).
  virtual bool start_trace(const char* path, std::uint64_t cycle) = 0;
  virtual void stop_trace() = 0;
};

/// Changes with every change of the classes above.
inline constexpr std::uint32_t kTmuAxiUnitAbi = 3;

/// The one symbol of libtmu_axi.so: a unit after reset, to be deleted by the caller; null when the
/// library was built for another `abi`.
using TmuAxiUnitFactory = TmuAxiUnit* (*)(std::uint32_t abi);
inline constexpr char kTmuAxiUnitFactory[] = "sterna_tmu_axi_create";

}  // namespace sterna
