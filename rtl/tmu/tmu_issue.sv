// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Issues slots: for each row group, for each beat, for each chunk, at most one a cycle.
///
/// Timing  a slot issues in a cycle of run_i when (1) chunk > 0 or every active engine has a beat, and (2)
///         the beat is not the row's last or a result credit is left (docs/tmu.md)
module tmu_issue #(
  parameter  int unsigned Engines         = 4,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned ResultFifoBeats = 16,
  localparam int unsigned ChunkWidth      = Chunks > 1 ? $clog2(Chunks) : 1,
  localparam int unsigned AddrWidth       = $clog2(ActWords),
  localparam int unsigned CreditWidth     = $clog2(ResultFifoBeats + 1)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  flush_i,

  // The command.
  input  logic                  start_i,
  input  tmu_pkg::command_t     cmd_i,      // to be started
  input  tmu_pkg::command_t     command_i,  // started last
  input  logic [ChunkWidth-1:0] last_chunk_i,
  input  logic [Slices-1:0]     last_slices_i,
  input  logic                  run_i,
  output logic                  done_o,        // the last slot issues
  output logic                  credits_all_o,

  // What slots wait for.
  input  logic [Engines-1:0]    beat_valid_i,
  input  logic                  result_taken_i,

  // Another slot with a result takes a credit; only while there is one.
  input  logic                  credit_take_i,
  output logic                  credit_o,

  // The slot that issues; masks are zero when none does.
  output logic                  slot_o,
  output logic                  weight_stall_o,
  output logic                  result_stall_o,
  output logic                  fresh_o,    // first chunk: the engines pop a beat
  output logic                  first_o,    // first beat of the row
  output logic                  last_o,     // last beat of the row
  output logic [ChunkWidth-1:0] chunk_o,
  output logic [AddrWidth-1:0]  addr_o,     // of the activation word
  output logic [Engines-1:0]    engines_o,  // that have a row
  output logic [Slices-1:0]     slices_o    // that have a token
);

  logic [31:0]            rows_left_q;
  logic [15:0]            beat_q;
  logic [ChunkWidth-1:0]  chunk_q;
  logic [AddrWidth-1:0]   addr_q;
  logic [CreditWidth-1:0] credits_q;
  logic [Engines-1:0]     engines;
  logic                   last_chunk;
  logic                   last_beat;
  logic                   weights_ok;
  logic                   credit_ok;
  logic                   take_credit;

  always_comb begin
    for (int unsigned e = 0; e < Engines; e++) engines[e] = rows_left_q > e;
  end

  assign last_chunk     = chunk_q == last_chunk_i;
  assign last_beat      = beat_q == command_i.beats - 16'd1;
  assign weights_ok     = chunk_q != '0 || (engines & ~beat_valid_i) == '0;
  assign credit_ok      = !last_beat || credit_o;
  assign slot_o         = run_i && weights_ok && credit_ok;
  assign weight_stall_o = run_i && !weights_ok;
  assign result_stall_o = run_i && weights_ok && !credit_ok;

  assign fresh_o       = slot_o && chunk_q == '0;
  assign first_o       = beat_q == '0;
  assign last_o        = slot_o && last_beat;
  assign chunk_o       = chunk_q;
  assign addr_o        = addr_q;
  assign engines_o     = slot_o ? engines : '0;
  assign slices_o      = !slot_o ? '0 : last_chunk ? last_slices_i : '1;
  assign done_o        = slot_o && last_chunk && last_beat && rows_left_q <= Engines;
  assign credit_o      = credits_q != '0;
  assign take_credit   = last_o || credit_take_i;
  assign credits_all_o = credits_q == CreditWidth'(ResultFifoBeats);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rows_left_q <= '0;
      beat_q      <= '0;
      chunk_q     <= '0;
      addr_q      <= '0;
    end else if (start_i) begin
      rows_left_q <= cmd_i.rows;
      beat_q      <= '0;
      chunk_q     <= '0;
      addr_q      <= '0;
    end else if (slot_o) begin
      chunk_q <= last_chunk ? '0 : chunk_q + 1'b1;
      addr_q  <= addr_q + AddrWidth'(command_i.beats);
      if (last_chunk) begin
        beat_q <= last_beat ? '0 : beat_q + 16'd1;
        addr_q <= last_beat ? '0 : AddrWidth'(beat_q + 16'd1);
      end
      if (last_chunk && last_beat) rows_left_q <= rows_left_q - Engines;
    end
  end

  // A credit is a place in the result FIFO, from the slot that will fill it to the handshake.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      credits_q <= CreditWidth'(ResultFifoBeats);
    end else if (flush_i) begin
      credits_q <= CreditWidth'(ResultFifoBeats);
    end else if (take_credit && !result_taken_i) begin
      credits_q <= credits_q - 1'b1;
    end else if (result_taken_i && !take_credit) begin
      credits_q <= credits_q + 1'b1;
    end
  end

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(CreditNeverOverdrawn, take_credit |-> credits_q != '0)
  `ASSERT(CreditNeverForged,    result_taken_i |-> credits_q != CreditWidth'(ResultFifoBeats))
  `ASSERT(SlotHasARow,          slot_o |-> engines[0] && |slices_o)

endmodule
