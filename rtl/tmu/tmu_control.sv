// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// The command's way through the unit: accept, load, compute, drain, respond.
///
/// Timing  the state table of docs/tmu.md; command_o, last_chunk_o and last_slices_o are of the legal
///         command accepted last and stay until the next
module tmu_control #(
  parameter  int unsigned Slices     = 2,
  parameter  int unsigned ActWords   = 512,
  parameter  int unsigned Chunks     = 32,
  parameter  int unsigned Lanes      = 80,
  parameter  int unsigned Engines    = 4,
  parameter  int unsigned ColumnWords = 0,
  localparam int unsigned ChunkWidth = Chunks > 1 ? $clog2(Chunks) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  abort_i,

  // Command stream.
  input  logic                  cmd_valid_i,
  output logic                  cmd_ready_o,
  input  tmu_pkg::command_t     cmd_i,

  // Response stream.
  output logic                  rsp_valid_o,
  input  logic                  rsp_ready_i,
  output tmu_pkg::status_e      rsp_status_o,

  // The rest of the unit.
  output tmu_pkg::state_e       state_o,
  output logic                  accept_o,  // command handshake, legal or not
  output logic                  start_o,   // of a legal command
  output tmu_pkg::command_t     command_o,
  output logic [ChunkWidth-1:0] last_chunk_o,
  output logic [Slices-1:0]     last_slices_o,
  input  logic                  load_done_i,     // the last activation beat is taken
  input  logic                  compute_done_i,  // the last slot issues
  input  logic                  drain_done_i,    // every result credit is back
  input  logic                  columns_done_i,  // no column is left
  input  logic                  gather_done_i    // the last slot that gathers issues
);

  tmu_pkg::state_e       state_q;
  tmu_pkg::state_e       state_d;
  tmu_pkg::status_e      status_q;
  tmu_pkg::status_e      status_d;
  tmu_pkg::command_t     command_q;
  logic [ChunkWidth-1:0] last_chunk_q;
  logic [ChunkWidth-1:0] last_chunk;
  logic [Slices-1:0]     last_slices_q;
  logic [Slices-1:0]     last_slices;
  logic                  held_q;
  logic                  held_d;
  logic                  legal;

  assign state_o       = state_q;
  assign command_o     = command_q;
  assign last_chunk_o  = last_chunk_q;
  assign last_slices_o = last_slices_q;
  assign cmd_ready_o   = state_q == tmu_pkg::StIdle;
  assign rsp_valid_o   = state_q == tmu_pkg::StRespond;
  assign rsp_status_o  = status_q;
  assign accept_o      = cmd_valid_i && cmd_ready_o && !abort_i;
  assign start_o       = accept_o && legal;

  tmu_command_check #(
    .Slices  (Slices),
    .ActWords(ActWords),
    .Chunks  (Chunks),
    .Lanes   (Lanes),
    .Engines (Engines),
    .ColumnWords(ColumnWords)
  ) u_check (
    .check_i      (accept_o),
    .command_i    (cmd_i),
    .held_valid_i (held_q),
    .held_i       (command_q),
    .legal_o      (legal),
    .last_chunk_o (last_chunk),
    .last_slices_o(last_slices)
  );

  always_comb begin
    state_d  = state_q;
    status_d = status_q;
    held_d   = held_q;
    unique case (state_q)
      // Only here is a command taken.
      tmu_pkg::StIdle: begin
        if (accept_o && !legal) begin
          state_d  = tmu_pkg::StRespond;
          status_d = tmu_pkg::StatusIllegal;
        end else if (accept_o) begin
          state_d = cmd_i.columns != '0 ? tmu_pkg::StColumns :
                    cmd_i.keep ? tmu_pkg::StCompute : tmu_pkg::StLoad;
          held_d  = cmd_i.keep;
        end
      end
      // Activations arrive.
      tmu_pkg::StLoad: begin
        if (load_done_i) begin
          state_d = tmu_pkg::StCompute;
          held_d  = 1'b1;
        end
      end
      // Slots issue.
      tmu_pkg::StCompute: if (compute_done_i) state_d = tmu_pkg::StDrain;
      // Columns are added up, then their sums become results.
      tmu_pkg::StColumns: if (columns_done_i) state_d = tmu_pkg::StGather;
      tmu_pkg::StGather: if (gather_done_i) state_d = tmu_pkg::StDrain;
      // Slots in flight become results, results leave.
      tmu_pkg::StDrain: begin
        if (drain_done_i) begin
          state_d  = tmu_pkg::StRespond;
          status_d = tmu_pkg::StatusDone;
        end
      end
      tmu_pkg::StRespond: if (rsp_ready_i) state_d = tmu_pkg::StIdle;
      default: ;  // unreachable, StateLegal
    endcase
    if (abort_i) begin
      held_d  = 1'b0;
      state_d = state_q;
      if (state_q != tmu_pkg::StIdle && state_q != tmu_pkg::StRespond) begin
        state_d  = tmu_pkg::StRespond;
        status_d = tmu_pkg::StatusAborted;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q       <= tmu_pkg::StIdle;
      status_q      <= tmu_pkg::StatusDone;
      held_q        <= 1'b0;
      command_q     <= '0;
      last_chunk_q  <= '0;
      last_slices_q <= '0;
    end else begin
      state_q  <= state_d;
      status_q <= status_d;
      held_q   <= held_d;
      if (start_o) begin
        command_q     <= cmd_i;
        last_chunk_q  <= last_chunk;
        last_slices_q <= last_slices;
      end
    end
  end

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(StateLegal,  state_q inside {tmu_pkg::StIdle, tmu_pkg::StLoad, tmu_pkg::StCompute,
                                       tmu_pkg::StDrain, tmu_pkg::StRespond, tmu_pkg::StColumns,
                                       tmu_pkg::StGather})
  `ASSERT(RspHeld,     rsp_valid_o && !rsp_ready_i |=> rsp_valid_o && $stable(rsp_status_o))
  `ASSERT(CmdHeld,     cmd_valid_i && !cmd_ready_o && !abort_i |=>
                       abort_i || (cmd_valid_i && $stable(cmd_i)))
  `ASSERT(DoneInState, !(load_done_i && state_q != tmu_pkg::StLoad) &&
                       !(compute_done_i && state_q != tmu_pkg::StCompute) &&
                       !(columns_done_i && state_q != tmu_pkg::StColumns) &&
                       !(gather_done_i && state_q != tmu_pkg::StGather))

endmodule
