// SPDX-License-Identifier: Apache-2.0

/// Written by scripts/registers.py from rtl/axi/registers.yaml. Edit that.
package tmu_axi_reg_pkg;

  localparam logic [31:0] MAP_VERSION = 32'd1;

  /// Byte offsets.
  typedef enum logic [11:0] {
    RegId = 12'h000,
    RegVersion = 12'h004,
    RegShape = 12'h008,
    RegCapacity = 12'h00C,
    RegBus = 12'h010,
    RegColumnWords = 12'h014,
    RegControl = 12'h020,
    RegCommand = 12'h024,
    RegStatus = 12'h028,
    RegErrorSequence = 12'h02C,
    RegErrorAddressLo = 12'h030,
    RegErrorAddressHi = 12'h034,
    RegRingBaseLo = 12'h040,
    RegRingBaseHi = 12'h044,
    RegRingSize = 12'h048,
    RegHead = 12'h04C,
    RegTail = 12'h050,
    RegCompletionBaseLo = 12'h058,
    RegCompletionBaseHi = 12'h05C,
    RegWindowBaseLo = 12'h060,
    RegWindowBaseHi = 12'h064,
    RegWindowLimitLo = 12'h068,
    RegWindowLimitHi = 12'h06C,
    RegWatchdog = 12'h070,
    RegIrqEnable = 12'h074,
    RegIrqStatus = 12'h078,
    RegCountersSequence = 12'h07C,
    RegCounter = 12'h080,
    RegTotalCommandsLo = 12'h100,
    RegTotalCommandsHi = 12'h104,
    RegTotalDescriptorBeatsLo = 12'h108,
    RegTotalDescriptorBeatsHi = 12'h10C,
    RegTotalActivationBeatsLo = 12'h110,
    RegTotalActivationBeatsHi = 12'h114,
    RegTotalWeightBeatsLo = 12'h118,
    RegTotalWeightBeatsHi = 12'h11C,
    RegTotalWriteBeatsLo = 12'h120,
    RegTotalWriteBeatsHi = 12'h124,
    RegTotalArStallsLo = 12'h128,
    RegTotalArStallsHi = 12'h12C,
    RegTotalAwStallsLo = 12'h130,
    RegTotalAwStallsHi = 12'h134,
    RegTotalWStallsLo = 12'h138,
    RegTotalWStallsHi = 12'h13C
  } reg_e;

  /// Status codes.
  typedef enum logic [3:0] {
    CodeDone = 4'd0,
    CodeIllegal = 4'd1,
    CodeAborted = 4'd2,
    CodeAddress = 4'd3,
    CodeReadError = 4'd4,
    CodeWriteError = 4'd5,
    CodeWatchdog = 4'd6,
    CodeOverrun = 4'd7
  } code_e;

  typedef struct packed {
    logic [7:0] slices;
    logic [7:0] engines;
    logic [15:0] lanes;
  } shape_t;

  typedef struct packed {
    logic [7:0] descriptors;
    logic [7:0] chunks;
    logic [15:0] act_words;
  } capacity_t;

  typedef struct packed {
    logic [7:0] address_bits;
    logic [7:0] result_bytes;
    logic [15:0] burst_beats;
  } bus_t;

  typedef struct packed {
    logic [30:0] reserved0;
    logic enable;
  } control_t;

  typedef struct packed {
    logic [29:0] reserved0;
    logic clear;
    logic cancel;
  } command_t;

  typedef struct packed {
    logic [17:0] reserved0;
    logic [1:0] response;
    logic [3:0] code;
    logic [3:0] reserved1;
    logic watchdog;
    logic halted;
    logic stopping;
    logic busy;
  } status_t;

  typedef struct packed {
    logic [26:0] reserved0;
    logic [4:0] log2;
  } ring_size_t;

  typedef struct packed {
    logic [28:0] reserved0;
    logic watchdog;
    logic halted;
    logic completion;
  } irq_enable_t;

  typedef struct packed {
    logic [28:0] reserved0;
    logic watchdog;
    logic halted;
    logic completion;
  } irq_status_t;

  typedef struct packed {
    logic [127:0] reserved0;
    logic [63:0] result_base;
    logic [63:0] activation_base;
    logic [63:0] weight_pitch;
    logic [63:0] weight_base;
    logic [15:0] reserved1;
    logic [15:0] columns;
    logic [31:0] rows;
    logic [15:0] beats;
    logic [15:0] tokens;
    logic [27:0] reserved2;
    logic counters;
    logic irq;
    logic keep;
    logic t2;
  } descriptor_t;

  typedef struct packed {
    logic [63:0] cycles;
    logic [31:0] sequence_number;
    logic [31:0] status;
  } completion_t;

endpackage
