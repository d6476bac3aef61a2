// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Ternary matrix unit: sums[t, r] = sum_k w[r, k] * x[t, k], adder-only. docs/tmu.md is its page.
///
/// Protocol  streams are valid, ready, payload; outputs but counter_o depend on registers only
module tmu #(
  parameter  int unsigned Lanes           = 80,
  parameter  int unsigned Engines         = 4,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned WeightFifoBeats = 16,
  parameter  int unsigned ResultFifoBeats = 16,
  parameter  int unsigned ColumnWords     = 0,   // beats of a column; 0: no commands by columns
  localparam int unsigned BeatBits        = 8 * Lanes / tmu_pkg::T5_TRITS
) (
  input  logic clk_i,
  input  logic rst_ni,

  // Commands. Ready in StIdle only.
  input  logic        cmd_valid_i,
  output logic        cmd_ready_o,
  input  logic [15:0] cmd_tokens_i,
  input  logic [15:0] cmd_beats_i,
  input  logic [31:0] cmd_rows_i,
  input  logic        cmd_t2_i,
  input  logic        cmd_keep_i,
  input  logic [15:0] cmd_columns_i,

  // Activations, 16 a beat. Ready in StLoad and, by columns, in StColumns only.
  input  logic                                 act_valid_i,
  output logic                                 act_ready_o,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0] act_data_i,

  // Weights, a stream an engine. Ready while its FIFO has room.
  input  logic [Engines-1:0]          weight_valid_i,
  output logic [Engines-1:0]          weight_ready_o,
  input  logic [Engines*BeatBits-1:0] weight_data_i,

  // By columns: those whose weights are wanted.
  output tmu_pkg::column_read_t column_o,
  input  logic                  column_ready_i,

  // Results: engine e, slice s at index e * Slices + s.
  output logic                                        result_valid_o,
  input  logic                                        result_ready_i,
  output logic [Engines*Slices*tmu_pkg::SUM_WIDTH-1:0] result_data_o,

  // Responses, one a command.
  output logic       rsp_valid_o,
  input  logic       rsp_ready_i,
  output logic [1:0] rsp_status_o,

  input  logic abort_i,  // a pulse; no handshake counts in its cycle

  input  logic [3:0]                        counter_sel_i,
  output logic [tmu_pkg::COUNTER_WIDTH-1:0] counter_o
);

  localparam int unsigned CHUNK_WIDTH = Chunks > 1 ? $clog2(Chunks) : 1;
  localparam int unsigned ADDR_WIDTH  = $clog2(ActWords);
  localparam int unsigned COUNT_WIDTH = $clog2(Lanes + 1);
  localparam int unsigned ACC_WIDTH   = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, ActWords * Lanes);
  localparam int unsigned OUT_WIDTH   = tmu_pkg::result_width(ACC_WIDTH, ColumnWords);
  localparam int unsigned RESULT_BITS = Engines * Slices * OUT_WIDTH;

  `ASSERT_INIT(LanesLegal,   Lanes >= 80 && Lanes <= 640 && Lanes % 80 == 0)
  `ASSERT_INIT(EnginesLegal, Engines >= 1 && Engines <= 16)
  `ASSERT_INIT(SlicesLegal,  Slices >= 1 && Slices <= 8)
  `ASSERT_INIT(MemoryLegal,  ActWords >= 2 && ActWords <= 4096 && Chunks >= 1 && Chunks <= 64)
  `ASSERT_INIT(FifosLegal,   WeightFifoBeats >= 2 && WeightFifoBeats <= 64 &&
                             ResultFifoBeats >= 2 && ResultFifoBeats <= 64)
  `ASSERT_INIT(ColumnsLegal, ColumnWords <= 32)
  `ASSERT_INIT(SumFits,      ACC_WIDTH <= tmu_pkg::SUM_WIDTH)

  /////////////
  // Control //
  /////////////

  tmu_pkg::state_e        state;
  tmu_pkg::status_e       status;
  tmu_pkg::command_t      cmd, command;  // on offer; accepted last
  logic accept, start;
  logic [CHUNK_WIDTH-1:0] last_chunk;
  logic [Slices-1:0]      last_slices;
  logic load_last, act_beat, compute_done, credits_all, columns_done, gather_done;

  assign cmd = '{rows: cmd_rows_i, columns: cmd_columns_i, beats: cmd_beats_i, tokens: cmd_tokens_i,
                 t2: cmd_t2_i, keep: cmd_keep_i};
  assign rsp_status_o = status;

  tmu_control #(.Slices(Slices), .ActWords(ActWords), .Chunks(Chunks), .Lanes(Lanes), .Engines(Engines),
                .ColumnWords(ColumnWords)) u_control (
    .clk_i, .rst_ni,
    .abort_i,
    .cmd_valid_i,
    .cmd_ready_o,
    .cmd_i         (cmd),
    .rsp_valid_o,
    .rsp_ready_i,
    .rsp_status_o  (status),
    .state_o       (state),
    .accept_o      (accept),
    .start_o       (start),
    .command_o     (command),
    .last_chunk_o  (last_chunk),
    .last_slices_o (last_slices),
    .load_done_i   (act_beat && load_last),
    .compute_done_i(compute_done),
    .drain_done_i  (credits_all),
    .columns_done_i(columns_done),
    .gather_done_i (gather_done)
  );

  /////////////////
  // Activations //
  /////////////////

  logic [Slices-1:0]         slot_slices;
  logic [ADDR_WIDTH-1:0]     slot_addr;
  logic [Slices*8*Lanes-1:0] act;

  logic scan_ready;  // by columns
  assign act_ready_o = state == tmu_pkg::StLoad || scan_ready;
  assign act_beat    = act_valid_i && state == tmu_pkg::StLoad && !abort_i;

  tmu_act_memory #(.Lanes(Lanes), .Slices(Slices), .ActWords(ActWords)) u_memory (
    .clk_i, .rst_ni,
    .start_i  (start),
    .cmd_i    (cmd),
    .command_i(command),
    .beat_i   (act_beat),
    .data_i   (act_data_i),
    .last_o   (load_last),
    .read_i   (slot_slices),
    .addr_i   (slot_addr),
    .act_o    (act)
  );

  ///////////
  // Slots //
  ///////////

  logic slot, act_stall, weight_stall, result_stall, slot_fresh, slot_first, slot_last;
  logic [CHUNK_WIDTH-1:0] slot_chunk;
  logic [Engines-1:0]     slot_engines;
  logic [Engines-1:0]     beat_valid;
  logic                   result_beat;
  tmu_pkg::column_slot_t  slot_column;

  tmu_slots #(
    .Lanes(Lanes), .Engines(Engines), .Slices(Slices), .ActWords(ActWords), .Chunks(Chunks),
    .ResultFifoBeats(ResultFifoBeats), .ColumnWords(ColumnWords)
  ) u_slots (
    .clk_i, .rst_ni, .flush_i(abort_i),
    .start_i(start), .cmd_i(cmd), .command_i(command), .last_chunk_i(last_chunk),
    .last_slices_i(last_slices), .state_i(state),
    .compute_done_o(compute_done), .columns_done_o(columns_done), .gather_done_o(gather_done),
    .credits_all_o(credits_all),
    .act_valid_i, .act_ready_o(scan_ready), .act_data_i,
    .read_o(column_o), .read_ready_i(column_ready_i),
    .beat_valid_i(beat_valid), .result_taken_i(result_beat),
    .act_stall_o(act_stall), .weight_stall_o(weight_stall), .result_stall_o(result_stall),
    .slot_o(slot), .fresh_o(slot_fresh), .first_o(slot_first), .last_o(slot_last),
    .chunk_o(slot_chunk), .addr_o(slot_addr), .engines_o(slot_engines), .slices_o(slot_slices),
    .column_o(slot_column)
  );

  logic [Engines-1:0]             root_engines;
  logic [Slices-1:0]              root_slices;
  logic [Engines*COUNT_WIDTH-1:0] nonzeros;
  logic                           sums_valid;
  logic [RESULT_BITS-1:0]         sums;

  tmu_rows #(
    .Lanes          (Lanes),
    .Engines        (Engines),
    .Slices         (Slices),
    .ActWords       (ActWords),
    .Chunks         (Chunks),
    .WeightFifoBeats(WeightFifoBeats),
    .ColumnWords    (ColumnWords)
  ) u_rows (
    .clk_i, .rst_ni,
    .flush_i       (abort_i),
    .weight_valid_i,
    .weight_ready_o,
    .weight_data_i,
    .beat_valid_o  (beat_valid),
    .t2_i          (command.t2),
    .fresh_i       (slot_fresh),
    .first_i       (slot_first),
    .last_i        (slot_last),
    .chunk_i       (slot_chunk),
    .engines_i     (slot_engines),
    .slices_i      (slot_slices),
    .column_i      (slot_column),
    .act_i         (act),
    .root_engines_o(root_engines),
    .root_slices_o (root_slices),
    .nonzeros_o    (nonzeros),
    .sums_valid_o  (sums_valid),
    .sums_o        (sums)
  );

  assign result_beat = result_valid_o && result_ready_i && !abort_i;

  tmu_results #(.Sums(Engines * Slices), .AccWidth(OUT_WIDTH), .Depth(ResultFifoBeats)) u_results (
    .clk_i, .rst_ni,
    .flush_i(abort_i),
    .valid_i(sums_valid),
    .sums_i (sums),
    .result_valid_o,
    .result_ready_i,
    .result_data_o
  );

  //////////////
  // Counters //
  //////////////

  tmu_counters #(.Engines(Engines), .Slices(Slices), .CountWidth(COUNT_WIDTH)) u_counters (
    .clk_i, .rst_ni,
    .clear_i       (accept),
    .state_i       (state),
    .abort_i,
    .act_beat_i    (act_beat),
    .result_beat_i (result_beat),
    .slot_i        (slot),
    .act_stall_i   (act_stall),
    .weight_stall_i(weight_stall),
    .result_stall_i(result_stall),
    .column_i      (slot_column.add),
    .gather_i      (slot_column.gather),
    .columns_done_i(columns_done),
    .fresh_i       (slot_fresh),
    .last_i        (slot_last),
    .engines_i     (slot_engines),
    .slices_i      (slot_slices),
    .root_engines_i(root_engines),
    .root_slices_i (root_slices),
    .nonzeros_i    (nonzeros),
    .sel_i         (counter_sel_i),
    .value_o       (counter_o)
  );

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(ActHeld,    act_valid_i && !act_ready_o && !abort_i |=>
                      abort_i || (act_valid_i && $stable(act_data_i)))

endmodule
