// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Written by scripts/registers.py from rtl/axi/registers.yaml. Edit that.
namespace sterna::axi {

inline constexpr std::uint32_t kMapVersion = 1;

/// Byte offsets of the registers; docs/axi.md says what each holds.
enum class Reg : std::uint32_t {
  Id = 0x000,
  Version = 0x004,
  Shape = 0x008,
  Capacity = 0x00C,
  Bus = 0x010,
  ColumnWords = 0x014,
  Control = 0x020,
  Command = 0x024,
  Status = 0x028,
  ErrorSequence = 0x02C,
  ErrorAddressLo = 0x030,
  ErrorAddressHi = 0x034,
  RingBaseLo = 0x040,
  RingBaseHi = 0x044,
  RingSize = 0x048,
  Head = 0x04C,
  Tail = 0x050,
  CompletionBaseLo = 0x058,
  CompletionBaseHi = 0x05C,
  WindowBaseLo = 0x060,
  WindowBaseHi = 0x064,
  WindowLimitLo = 0x068,
  WindowLimitHi = 0x06C,
  Watchdog = 0x070,
  IrqEnable = 0x074,
  IrqStatus = 0x078,
  CountersSequence = 0x07C,
  Counter = 0x080,
  TotalCommandsLo = 0x100,
  TotalCommandsHi = 0x104,
  TotalDescriptorBeatsLo = 0x108,
  TotalDescriptorBeatsHi = 0x10C,
  TotalActivationBeatsLo = 0x110,
  TotalActivationBeatsHi = 0x114,
  TotalWeightBeatsLo = 0x118,
  TotalWeightBeatsHi = 0x11C,
  TotalWriteBeatsLo = 0x120,
  TotalWriteBeatsHi = 0x124,
  TotalArStallsLo = 0x128,
  TotalArStallsHi = 0x12C,
  TotalAwStallsLo = 0x130,
  TotalAwStallsHi = 0x134,
  TotalWStallsLo = 0x138,
  TotalWStallsHi = 0x13C,
};

/// Status codes of a command and of the status register; docs/axi.md says when.
enum class Code : std::uint32_t {
  Done = 0,
  Illegal = 1,
  Aborted = 2,
  Address = 3,
  ReadError = 4,
  WriteError = 5,
  Watchdog = 6,
  Overrun = 7,
};

/// Fields of Reg::Shape: masks, shifts of those with more bits.
namespace shape {
inline constexpr std::uint32_t kLanes = 0xFFFF;
inline constexpr std::uint32_t kLanesShift = 0;
inline constexpr std::uint32_t kEngines = 0xFF0000;
inline constexpr std::uint32_t kEnginesShift = 16;
inline constexpr std::uint32_t kSlices = 0xFF000000;
inline constexpr std::uint32_t kSlicesShift = 24;
}  // namespace shape

/// Fields of Reg::Capacity: masks, shifts of those with more bits.
namespace capacity {
inline constexpr std::uint32_t kActWords = 0xFFFF;
inline constexpr std::uint32_t kActWordsShift = 0;
inline constexpr std::uint32_t kChunks = 0xFF0000;
inline constexpr std::uint32_t kChunksShift = 16;
inline constexpr std::uint32_t kDescriptors = 0xFF000000;
inline constexpr std::uint32_t kDescriptorsShift = 24;
}  // namespace capacity

/// Fields of Reg::Bus: masks, shifts of those with more bits.
namespace bus {
inline constexpr std::uint32_t kBurstBeats = 0xFFFF;
inline constexpr std::uint32_t kBurstBeatsShift = 0;
inline constexpr std::uint32_t kResultBytes = 0xFF0000;
inline constexpr std::uint32_t kResultBytesShift = 16;
inline constexpr std::uint32_t kAddressBits = 0xFF000000;
inline constexpr std::uint32_t kAddressBitsShift = 24;
}  // namespace bus

/// Fields of Reg::Control: masks, shifts of those with more bits.
namespace control {
inline constexpr std::uint32_t kEnable = 0x1;
}  // namespace control

/// Fields of Reg::Command: masks, shifts of those with more bits.
namespace command {
inline constexpr std::uint32_t kCancel = 0x1;
inline constexpr std::uint32_t kClear = 0x2;
}  // namespace command

/// Fields of Reg::Status: masks, shifts of those with more bits.
namespace status {
inline constexpr std::uint32_t kBusy = 0x1;
inline constexpr std::uint32_t kStopping = 0x2;
inline constexpr std::uint32_t kHalted = 0x4;
inline constexpr std::uint32_t kWatchdog = 0x8;
inline constexpr std::uint32_t kCode = 0xF00;
inline constexpr std::uint32_t kCodeShift = 8;
inline constexpr std::uint32_t kResponse = 0x3000;
inline constexpr std::uint32_t kResponseShift = 12;
}  // namespace status

/// Fields of Reg::RingSize: masks, shifts of those with more bits.
namespace ring_size {
inline constexpr std::uint32_t kLog2 = 0x1F;
inline constexpr std::uint32_t kLog2Shift = 0;
}  // namespace ring_size

/// Fields of Reg::IrqEnable: masks, shifts of those with more bits.
namespace irq_enable {
inline constexpr std::uint32_t kCompletion = 0x1;
inline constexpr std::uint32_t kHalted = 0x2;
inline constexpr std::uint32_t kWatchdog = 0x4;
}  // namespace irq_enable

/// Fields of Reg::IrqStatus: masks, shifts of those with more bits.
namespace irq_status {
inline constexpr std::uint32_t kCompletion = 0x1;
inline constexpr std::uint32_t kHalted = 0x2;
inline constexpr std::uint32_t kWatchdog = 0x4;
}  // namespace irq_status

/// Flags of a descriptor.
inline constexpr std::uint8_t kFlagT2 = 1U << 0;
inline constexpr std::uint8_t kFlagKeep = 1U << 1;
inline constexpr std::uint8_t kFlagIrq = 1U << 2;
inline constexpr std::uint8_t kFlagCounters = 1U << 3;

/// A descriptor in memory, little-endian.
struct Descriptor {
  std::uint8_t flags = 0;
  std::uint8_t reserved0[3] = {};
  std::uint16_t tokens = 0;
  std::uint16_t beats = 0;
  std::uint32_t rows = 0;
  std::uint16_t columns = 0;
  std::uint8_t reserved1[2] = {};
  std::uint64_t weight_base = 0;
  std::uint64_t weight_pitch = 0;
  std::uint64_t activation_base = 0;
  std::uint64_t result_base = 0;
  std::uint8_t reserved2[16] = {};
};
static_assert(sizeof(Descriptor) == 64);

/// A completion in memory, little-endian.
struct Completion {
  std::uint32_t status = 0;
  std::uint32_t sequence_number = 0;
  std::uint64_t cycles = 0;
};
static_assert(sizeof(Completion) == 16);

}  // namespace sterna::axi
