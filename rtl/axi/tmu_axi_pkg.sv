// SPDX-License-Identifier: Apache-2.0

/// Types and widths shared by the modules that put the unit on a bus (docs/axi.md).
package tmu_axi_pkg;

  localparam int unsigned STREAM_BITS = 128;  // data width of the activation and descriptor masters
  localparam int unsigned STREAM_BYTES = STREAM_BITS / 8;
  localparam int unsigned DESCRIPTOR_BYTES = 64;
  localparam int unsigned DESCRIPTOR_BEATS = DESCRIPTOR_BYTES / STREAM_BYTES;
  localparam int unsigned RECORD_BYTES = 16;  // a completion record
  localparam int unsigned PAGE_BYTES = 4096;  // no burst crosses a multiple of it
  // A row count has 32 bits and a beat count 16, so a job never has more beats.
  localparam int unsigned COUNT_BITS = 48;
  // Sequence numbers of the jobs under way differ in their low bits: at most 8 descriptors are ahead of
  // the one that runs.
  localparam int unsigned TAG_BITS = 4;
  localparam int unsigned COUNTERS = 14;  // counters of tmu

  /// A descriptor after its checks.
  typedef struct packed {
    tmu_axi_reg_pkg::code_e code;  // CodeDone: may start
    logic [1:0]             response;
    logic [63:0]            error_address;
    tmu_pkg::command_t      command;
    logic                   irq;
    logic                   counters;
    logic [63:0]            result_base;
    logic [COUNT_BITS+5:0]  result_bytes;
  } entry_t;

  /// How a command ended.
  typedef struct packed {
    tmu_axi_reg_pkg::code_e code;
    logic                   irq;
    logic [63:0]            cycles;
  } ending_t;

  /// The first error.
  typedef struct packed {
    tmu_axi_reg_pkg::code_e code;
    logic [1:0]             response;
    logic [31:0]            sequence_number;
    logic [63:0]            address;
  } error_t;

  /// What the host has set.
  typedef struct packed {
    logic        enable;
    logic        cancel;  // for one cycle
    logic        clear;  // for one cycle
    logic [63:0] ring_base;
    logic [4:0]  ring_log2;
    logic [31:0] tail;
    logic [63:0] completion_base;
    logic [63:0] window_base;
    logic [63:0] window_limit;
    logic [31:0] watchdog;
  } settings_t;

  /// value * factor for a constant factor below 256, as shifts and adds.
  function automatic logic [63:0] times(input logic [63:0] value, input int unsigned factor);
    logic [63:0] product;
    product = '0;
    for (int unsigned b = 0; b < 8; b++) begin
      if (factor[b]) product = product + (value << b);
    end
    return product;
  endfunction

  /// Entries of the rings.
  function automatic logic [31:0] ring_entries(input logic [4:0] log2);
    return 32'd1 << (log2 > 5'd16 ? 5'd16 : log2);
  endfunction

endpackage
