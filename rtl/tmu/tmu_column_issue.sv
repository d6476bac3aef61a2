// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Issues the slots of a command by columns, at most one a cycle: for each column that is wanted each of its
/// beats; then, to gather the sums, for each row group the place where its rows were added up.
///
/// Timing  a slot issues in a cycle of run_i when there is an activation and every engine has a beat; one that
///         gathers, in a cycle of gather_i when a result credit is left (docs/tmu.md, Columns)
module tmu_column_issue #(
  parameter  int unsigned Lanes       = 80,
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned ColumnWords = 8,
  localparam int unsigned WordWidth   = ColumnWords > 1 ? $clog2(ColumnWords) : 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,

  // The command.
  input  logic                   start_i,
  input  tmu_pkg::command_t      cmd_i,      // to be started
  input  tmu_pkg::command_t      command_i,  // started last
  input  logic                   run_i,
  output logic                   done_o,         // no column is left; not a cycle of a slot
  input  logic                   gather_i,
  output logic                   gather_done_o,  // the last slot that gathers issues

  // What slots wait for.
  input  logic                   x_valid_i,
  output logic                   x_ready_o,
  input  logic                   last_i,  // no activation follows those queued
  input  logic [Engines-1:0]     beat_valid_i,
  input  logic                   credit_i,

  // The slot that issues.
  output logic                   slot_o,     // that adds a beat
  output logic                   sum_o,      // that gathers sums
  output logic                   act_stall_o,
  output logic                   weight_stall_o,
  output logic                   result_stall_o,
  output logic                   first_o,    // of a command, in its word; gathering: nothing was added
  output tmu_pkg::place_t        place_o,    // the word to add to; gathering: the lane, too
  output logic [Engines-1:0]     engines_o   // that have a row
);

  localparam int unsigned BLOCKS = Lanes / (tmu_pkg::T5_TRITS * tmu_pkg::GROUP_LANES);

  logic [31:0]          rows_left_q;
  logic [WordWidth-1:0] word_q;
  logic                 first_q;  // of the columns
  logic [2:0]           digit_q;
  logic [3:0]           byte_q;   // in its block
  logic [2:0]           block_q;
  logic                 last_word;
  logic                 last_digit;
  logic                 last_byte;
  logic                 last_block;
  logic                 weights_ok;

  assign weights_ok     = &beat_valid_i;
  assign done_o         = run_i && !x_valid_i && last_i;
  assign slot_o         = run_i && x_valid_i && weights_ok;
  assign act_stall_o    = run_i && !x_valid_i && !last_i;
  assign weight_stall_o = run_i && x_valid_i && !weights_ok;
  assign sum_o          = gather_i && credit_i;
  assign result_stall_o = gather_i && !credit_i;
  assign x_ready_o      = slot_o && last_word;
  assign first_o        = first_q;
  assign place_o        = '{word: 8'(word_q), block: block_q, digit: digit_q, place: byte_q};
  assign gather_done_o  = sum_o && rows_left_q <= Engines;

  assign last_word  = 16'(word_q) == command_i.beats - 16'd1;
  assign last_digit = digit_q == (command_i.t2 ? 3'(tmu_pkg::T2_TRITS - 1) : 3'(tmu_pkg::T5_TRITS - 1));
  assign last_byte  = byte_q == 4'(tmu_pkg::GROUP_LANES - 1);
  assign last_block = 32'(block_q) == BLOCKS - 1;

  always_comb begin
    for (int unsigned e = 0; e < Engines; e++) engines_o[e] = rows_left_q > e;
  end

  // Rows lie in the trits of a word in order: digits of a byte, bytes, blocks.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rows_left_q <= '0;
      word_q      <= '0;
      first_q     <= 1'b0;
      digit_q     <= '0;
      byte_q      <= '0;
      block_q     <= '0;
    end else if (start_i) begin
      rows_left_q <= cmd_i.rows;
      word_q      <= '0;
      first_q     <= 1'b1;
      digit_q     <= '0;
      byte_q      <= '0;
      block_q     <= '0;
    end else if (slot_o) begin
      word_q <= last_word ? '0 : word_q + 1'b1;
      if (last_word) first_q <= 1'b0;
    end else if (sum_o) begin
      rows_left_q <= rows_left_q - Engines;
      digit_q     <= last_digit ? '0 : digit_q + 1'b1;
      if (last_digit) byte_q <= byte_q + 1'b1;
      if (last_digit && last_byte) block_q <= last_block ? '0 : block_q + 1'b1;
      if (last_digit && last_byte && last_block) word_q <= word_q + 1'b1;
    end
  end

  `ASSERT(SumHasARow,  sum_o |-> engines_o[0])
  `ASSERT(WordInRange, slot_o || sum_o |-> 32'(word_q) < ColumnWords)

endmodule
