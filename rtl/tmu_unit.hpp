// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sterna {

/// Sizes that a Verilated unit was built with, and what was built in. Names as in docs/tmu.md.
struct TmuUnitParameters {
  std::uint32_t lanes;
  std::uint32_t engines;
  std::uint32_t slices;
  std::uint32_t activation_words;
  std::uint32_t chunks;
  std::uint32_t weight_fifo_beats;
  std::uint32_t result_fifo_beats;
  bool assertions;  // SystemVerilog assertions are evaluated
  bool trace;       // start_trace() works

  friend bool operator==(const TmuUnitParameters&, const TmuUnitParameters&) = default;
};

/// Input pins (docs/tmu.md, Ports), as the driver wants them in the present cycle.
///
/// Layout  a data pointer is read by step() when its valid bit is set, and only then; it may be
/// null
///         otherwise. Multi-bit weight_valid: bit e is engine e.
struct TmuUnitInputs {
  static constexpr std::uint32_t kMaxEngines = 16;
  static constexpr std::uint32_t kActivationBytes = 16;

  std::uint32_t cmd_rows = 0;
  std::uint16_t cmd_tokens = 0;
  std::uint16_t cmd_beats = 0;
  bool cmd_t2 = false;
  bool cmd_keep = false;
  bool cmd_valid = false;
  bool act_valid = false;
  bool result_ready = false;
  bool rsp_ready = false;
  bool abort = false;
  std::uint32_t weight_valid = 0;
  const std::uint8_t* act_data = nullptr;             // kActivationBytes bytes
  const std::uint8_t* weight_data[kMaxEngines] = {};  // lanes / 5 bytes each
};

/// Output pins in the present cycle. They depend on registers only, never on this cycle's inputs.
struct TmuUnitOutputs {
  std::uint32_t weight_ready = 0;  // bit e: engine e
  bool cmd_ready = false;
  bool act_ready = false;
  bool result_valid = false;
  bool rsp_valid = false;
  std::uint8_t rsp_status = 0;
  const std::int32_t* result_data = nullptr;  // (engines, slices); meaningful while result_valid
};

/// The pins of one Verilated ternary matrix unit, a clock at a time.
///
/// Protocol  construction and reset() leave the unit in its first cycle after reset. In each cycle:
/// read
///           `out`, set `in`, call step(). step() is the rising edge that ends the cycle; a
///           stream's handshake is valid and ready both set when step() is called.
/// Errors    a failing assertion is counted and its text kept, never fatal
/// Trust     several units may live in one process; one unit is used by one thread at a time
class TmuUnit {
 public:
  virtual ~TmuUnit() = default;

  TmuUnitInputs in;

  /// Refreshed by reset() and step(), at the same address always.
  TmuUnitOutputs out;

  [[nodiscard]] virtual const TmuUnitParameters& parameters() const = 0;

  virtual void step() = 0;

  /// Holds the reset low for a few clocks with every input inactive, clears `in`, cycles() and
  /// errors().
  virtual void reset() = 0;

  /// Rising edges since reset().
  [[nodiscard]] virtual std::uint64_t cycles() const = 0;

  /// Counter `selector` (0..15) of docs/tmu.md in the present cycle; 0 for selectors that are not
  /// used.
  [[nodiscard]] virtual std::uint64_t counter(std::uint32_t selector) = 0;

  /// Assertions failed since reset(), and what the first one said (empty if none did).
  [[nodiscard]] virtual std::uint64_t errors() const = 0;
  [[nodiscard]] virtual const char* first_error() const = 0;

  /// Writes waves of every following cycle to an FST file, until stop_trace() or destruction; not across
  /// reset(). The present cycle is drawn as number `cycle`: from cycle * kTraceCyclePs (wave_time.hpp) on.
  /// Returns false when this library was built without tracing, or the file cannot be written.
  virtual bool start_trace(const char* path, std::uint64_t cycle) = 0;
  virtual void stop_trace() = 0;
};

/// Changes with every change of the classes above, so that an old library is refused, not misread.
inline constexpr std::uint32_t kTmuUnitAbi = 2;

/// The one symbol of libtmu.so, kTmuUnitFactory: a unit after reset, to be deleted by the caller;
/// null when the library was built for another `abi`. dlsym(handle, kTmuUnitFactory) has this type.
using TmuUnitFactory = TmuUnit* (*)(std::uint32_t abi);
inline constexpr char kTmuUnitFactory[] = "sterna_tmu_create";

}  // namespace sterna
