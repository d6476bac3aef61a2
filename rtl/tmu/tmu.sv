// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Ternary matrix unit: sums[t, r] = sum_k w[r, k] * x[t, k], adder-only. docs/tmu.md is its page.
///
/// Protocol  every stream is valid, ready, payload; outputs depend on registers only, except that
///           counter_o follows counter_sel_i
module tmu #(
  parameter  int unsigned Lanes           = 80,
  parameter  int unsigned Engines         = 4,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned WeightFifoBeats = 16,
  parameter  int unsigned ResultFifoBeats = 16,
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

  // Activations, 16 a beat. Ready in StLoad only.
  input  logic                                 act_valid_i,
  output logic                                 act_ready_o,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0] act_data_i,

  // Weights, a stream an engine. Ready while its FIFO has room.
  input  logic [Engines-1:0]          weight_valid_i,
  output logic [Engines-1:0]          weight_ready_o,
  input  logic [Engines*BeatBits-1:0] weight_data_i,

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
  localparam int unsigned INDEX_WIDTH = $clog2(Lanes / tmu_pkg::ACT_BEAT_BYTES);
  localparam int unsigned DOT_WIDTH   = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, Lanes);
  localparam int unsigned COUNT_WIDTH = $clog2(Lanes + 1);
  localparam int unsigned ACC_WIDTH   = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, ActWords * Lanes);
  localparam int unsigned RESULT_BITS = Engines * Slices * ACC_WIDTH;

  `ASSERT_INIT(LanesLegal,   Lanes >= 80 && Lanes <= 640 && Lanes % 80 == 0)
  `ASSERT_INIT(EnginesLegal, Engines >= 1 && Engines <= 16)
  `ASSERT_INIT(SlicesLegal,  Slices >= 1 && Slices <= 8)
  `ASSERT_INIT(MemoryLegal,  ActWords >= 2 && ActWords <= 4096 && Chunks >= 1 && Chunks <= 64)
  `ASSERT_INIT(FifosLegal,   WeightFifoBeats >= 2 && WeightFifoBeats <= 64 &&
                             ResultFifoBeats >= 2 && ResultFifoBeats <= 64)
  `ASSERT_INIT(SumFits,      ACC_WIDTH <= tmu_pkg::SUM_WIDTH)

  /////////////
  // Control //
  /////////////

  tmu_pkg::state_e        state;
  tmu_pkg::status_e       status;
  tmu_pkg::command_t      cmd;
  tmu_pkg::command_t      command;
  logic                   accept;
  logic                   start;
  logic [CHUNK_WIDTH-1:0] last_chunk;
  logic [Slices-1:0]      last_slices;
  logic                   load_last;
  logic                   act_beat;
  logic                   compute_done;
  logic                   credits_all;

  assign cmd = '{rows: cmd_rows_i, beats: cmd_beats_i, tokens: cmd_tokens_i, t2: cmd_t2_i,
                 keep: cmd_keep_i};
  assign rsp_status_o = status;

  tmu_control #(
    .Slices  (Slices),
    .ActWords(ActWords),
    .Chunks  (Chunks)
  ) u_control (
    .clk_i,
    .rst_ni,
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
    .drain_done_i  (credits_all)
  );

  /////////////////
  // Activations //
  /////////////////

  logic [Slices-1:0]      load_bank;
  logic [ADDR_WIDTH-1:0]  load_addr;
  logic [INDEX_WIDTH-1:0] load_index;
  logic                   load_write;
  logic [8*Lanes-1:0]     load_word;
  logic [Slices*8*Lanes-1:0] act;

  assign act_ready_o = state == tmu_pkg::StLoad;
  assign act_beat    = act_valid_i && act_ready_o && !abort_i;

  tmu_loader #(
    .Lanes   (Lanes),
    .Slices  (Slices),
    .ActWords(ActWords)
  ) u_loader (
    .clk_i,
    .rst_ni,
    .start_i  (start),
    .cmd_i    (cmd),
    .beat_i   (act_beat),
    .command_i(command),
    .bank_o   (load_bank),
    .addr_o   (load_addr),
    .index_o  (load_index),
    .write_o  (load_write),
    .last_o   (load_last)
  );

  tmu_act_packer #(
    .Bytes(Lanes / tmu_pkg::T5_TRITS)
  ) u_packer (
    .clk_i,
    .beat_i (act_beat),
    .t2_i   (command.t2),
    .index_i(load_index),
    .data_i (act_data_i),
    .word_o (load_word)
  );

  ///////////
  // Slots //
  ///////////

  logic                   slot;
  logic                   weight_stall;
  logic                   result_stall;
  logic                   slot_fresh;
  logic                   slot_first;
  logic                   slot_last;
  logic [CHUNK_WIDTH-1:0] slot_chunk;
  logic [ADDR_WIDTH-1:0]  slot_addr;
  logic [Engines-1:0]     slot_engines;
  logic [Slices-1:0]      slot_slices;
  logic [Engines-1:0]     beat_valid;
  logic                   result_beat;

  tmu_issue #(
    .Engines        (Engines),
    .Slices         (Slices),
    .ActWords       (ActWords),
    .Chunks         (Chunks),
    .ResultFifoBeats(ResultFifoBeats)
  ) u_issue (
    .clk_i,
    .rst_ni,
    .flush_i       (abort_i),
    .start_i       (start),
    .cmd_i         (cmd),
    .command_i     (command),
    .last_chunk_i  (last_chunk),
    .last_slices_i (last_slices),
    .run_i         (state == tmu_pkg::StCompute),
    .done_o        (compute_done),
    .credits_all_o (credits_all),
    .beat_valid_i  (beat_valid),
    .result_taken_i(result_beat),
    .slot_o        (slot),
    .weight_stall_o(weight_stall),
    .result_stall_o(result_stall),
    .fresh_o       (slot_fresh),
    .first_o       (slot_first),
    .last_o        (slot_last),
    .chunk_o       (slot_chunk),
    .addr_o        (slot_addr),
    .engines_o     (slot_engines),
    .slices_o      (slot_slices)
  );

  // A slot on its way: leaves (1), root (2), accumulate (3). Masks are zero where there is none.
  typedef struct packed {
    logic [Engines-1:0]     engines;
    logic [Slices-1:0]      slices;
    logic                   first;
    logic                   last;
    logic [CHUNK_WIDTH-1:0] chunk;
  } slot_t;

  slot_t slot0;
  slot_t slot1_q;
  slot_t slot2_q;
  slot_t slot3_q;
  logic  fresh1_q;

  assign slot0 = '{engines: slot_engines, slices: slot_slices, first: slot_first,
                   last: slot_last, chunk: slot_chunk};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      slot1_q  <= '0;
      slot2_q  <= '0;
      slot3_q  <= '0;
      fresh1_q <= 1'b0;
    end else if (abort_i) begin
      slot1_q  <= '0;
      slot2_q  <= '0;
      slot3_q  <= '0;
      fresh1_q <= 1'b0;
    end else begin
      slot1_q  <= slot0;
      slot2_q  <= slot1_q;
      slot3_q  <= slot2_q;
      fresh1_q <= slot_fresh;
    end
  end

  ///////////
  // Array //
  ///////////

  logic [Engines*BeatBits-1:0]         beats;
  logic [Engines*COUNT_WIDTH-1:0]      nonzeros;
  logic [Engines*Slices*DOT_WIDTH-1:0] dots;
  logic [RESULT_BITS-1:0]              sums;

  for (genvar s = 0; s < Slices; s++) begin : g_bank
    sram_1w1r #(
      .Words(ActWords),
      .Width(8 * Lanes)
    ) u_sram (
      .clk_i,
      .rst_ni,
      .write_i     (load_write && load_bank[s]),
      .write_addr_i(load_addr),
      .write_data_i(load_word),
      .read_i      (slot_slices[s]),
      .read_addr_i (slot_addr),
      .read_data_o (act[s*8*Lanes +: 8*Lanes])
    );
  end

  ternary_array #(
    .Lanes  (Lanes),
    .Engines(Engines),
    .Slices (Slices)
  ) u_array (
    .clk_i,
    .load_i        (slot_fresh ? slot_engines : '0),
    .t2_i          (command.t2),
    .beat_i        (beats),
    .count_i       (fresh1_q ? slot1_q.engines : '0),
    .leaf_engines_i(slot1_q.engines),
    .leaf_slices_i (slot1_q.slices),
    .act_i         (act),
    .root_engines_i(slot2_q.engines),
    .root_slices_i (slot2_q.slices),
    .nonzeros_o    (nonzeros),
    .dot_o         (dots)
  );

  for (genvar e = 0; e < Engines; e++) begin : g_engine
    stream_fifo #(
      .Width(BeatBits),
      .Depth(WeightFifoBeats)
    ) u_weights (
      .clk_i,
      .rst_ni,
      .flush_i     (abort_i),
      .push_valid_i(weight_valid_i[e]),
      .push_ready_o(weight_ready_o[e]),
      .push_data_i (weight_data_i[e*BeatBits +: BeatBits]),
      .pop_valid_o (beat_valid[e]),
      .pop_ready_i (slot_fresh && slot_engines[e]),
      .pop_data_o  (beats[e*BeatBits +: BeatBits])
    );

    for (genvar s = 0; s < Slices; s++) begin : g_slice
      logic                        active;
      logic signed [ACC_WIDTH-1:0] sum;

      assign active = slot3_q.engines[e] && slot3_q.slices[s];
      assign sums[(e*Slices + s)*ACC_WIDTH +: ACC_WIDTH] = active ? sum : '0;

      accumulator #(
        .AddWidth(DOT_WIDTH),
        .AccWidth(ACC_WIDTH),
        .Chunks  (Chunks)
      ) u_acc (
        .clk_i,
        .rst_ni,
        .valid_i(active),
        .first_i(slot3_q.first),
        .chunk_i(slot3_q.chunk),
        .add_i  ($signed(dots[(e*Slices + s)*DOT_WIDTH +: DOT_WIDTH])),
        .sum_o  (sum)
      );
    end
  end

  /////////////
  // Results //
  /////////////

  logic                   result_room;
  logic [RESULT_BITS-1:0] result;

  assign result_beat = result_valid_o && result_ready_i && !abort_i;

  stream_fifo #(
    .Width(RESULT_BITS),
    .Depth(ResultFifoBeats)
  ) u_results (
    .clk_i,
    .rst_ni,
    .flush_i     (abort_i),
    .push_valid_i(slot3_q.last),
    .push_ready_o(result_room),
    .push_data_i (sums),
    .pop_valid_o (result_valid_o),
    .pop_ready_i (result_ready_i),
    .pop_data_o  (result)
  );

  for (genvar i = 0; i < Engines * Slices; i++) begin : g_result
    assign result_data_o[i*tmu_pkg::SUM_WIDTH +: tmu_pkg::SUM_WIDTH] =
        tmu_pkg::SUM_WIDTH'($signed(result[i*ACC_WIDTH +: ACC_WIDTH]));
  end

  //////////////
  // Counters //
  //////////////

  tmu_counters #(
    .Engines   (Engines),
    .Slices    (Slices),
    .CountWidth(COUNT_WIDTH)
  ) u_counters (
    .clk_i,
    .rst_ni,
    .clear_i       (accept),
    .state_i       (state),
    .abort_i,
    .act_beat_i    (act_beat),
    .result_beat_i (result_beat),
    .slot_i        (slot),
    .weight_stall_i(weight_stall),
    .result_stall_i(result_stall),
    .fresh_i       (slot_fresh),
    .last_i        (slot_last),
    .engines_i     (slot_engines),
    .slices_i      (slot_slices),
    .root_engines_i(slot2_q.engines),
    .root_slices_i (slot2_q.slices),
    .nonzeros_i    (nonzeros),
    .sel_i         (counter_sel_i),
    .value_o       (counter_o)
  );

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(RoomForEveryResult, slot3_q.last |-> result_room)
  `ASSERT(ActHeld,    act_valid_i && !act_ready_o && !abort_i |=>
                      abort_i || (act_valid_i && $stable(act_data_i)))
  `ASSERT(ResultHeld, result_valid_o && !result_ready_i && !abort_i |=>
                      result_valid_o && $stable(result_data_o))

  for (genvar e = 0; e < Engines; e++) begin : g_assert
    `ASSERT(WeightHeld, weight_valid_i[e] && !weight_ready_o[e] && !abort_i |=>
            abort_i || (weight_valid_i[e] && $stable(weight_data_i[e*BeatBits +: BeatBits])))
  end

endmodule
