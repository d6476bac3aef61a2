// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// The engines: weight FIFOs, the array, an accumulator a row and slice, and the slots on their way.
///
/// Timing  a slot of cycle t pops weights in t, is in the leaves in t + 1, in the root in t + 2, and its
///         sums are at sums_o in t + 3, with sums_valid_o if its beat is the last of the rows
module tmu_rows #(
  parameter  int unsigned Lanes           = 80,
  parameter  int unsigned Engines         = 4,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned WeightFifoBeats = 16,
  parameter  int unsigned ColumnWords     = 0,
  localparam int unsigned BeatBits        = 8 * Lanes / tmu_pkg::T5_TRITS,
  localparam int unsigned ChunkWidth      = Chunks > 1 ? $clog2(Chunks) : 1,
  localparam int unsigned CountWidth      = $clog2(Lanes + 1),
  localparam int unsigned AccWidth        = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, ActWords * Lanes),
  localparam int unsigned OutWidth        = tmu_pkg::result_width(AccWidth, ColumnWords)
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic                               flush_i,

  // Weight streams.
  input  logic [Engines-1:0]                 weight_valid_i,
  output logic [Engines-1:0]                 weight_ready_o,
  input  logic [Engines*BeatBits-1:0]        weight_data_i,

  // The slot of this cycle (t); masks are zero when there is none.
  output logic [Engines-1:0]                 beat_valid_o,  // an engine's next beat is there
  input  logic                               t2_i,
  input  logic                               fresh_i,  // pop a beat
  input  logic                               first_i,
  input  logic                               last_i,
  input  logic [ChunkWidth-1:0]              chunk_i,
  input  logic [Engines-1:0]                 engines_i,
  input  logic [Slices-1:0]                  slices_i,

  // It is by columns: no slices. engines_i are all, to add; those with a row, to gather: then it is last_i.
  input  tmu_pkg::column_slot_t              column_i,

  // Its activations (t + 1).
  input  logic [Slices*8*Lanes-1:0]          act_i,

  // For the counters (t + 2).
  output logic [Engines-1:0]                 root_engines_o,
  output logic [Slices-1:0]                  root_slices_o,
  output logic [Engines*CountWidth-1:0]      nonzeros_o,

  // Its sums (t + 3), zero where there is no row or token.
  output logic                               sums_valid_o,
  output logic [Engines*Slices*OutWidth-1:0] sums_o  // engine e, slice s at index e * Slices + s
);

  localparam int unsigned DOT_WIDTH = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, Lanes);

  ///////////
  // Slots //
  ///////////

  typedef struct packed {
    logic [Engines-1:0]    engines;
    logic [Slices-1:0]     slices;
    logic                  first;
    logic                  last;
    logic [ChunkWidth-1:0] chunk;
    tmu_pkg::column_slot_t column;
  } slot_t;

  slot_t slot1_q;  // leaves
  slot_t slot2_q;  // root
  slot_t slot3_q;  // accumulate
  logic  fresh1_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      slot1_q  <= '0;
      slot2_q  <= '0;
      slot3_q  <= '0;
      fresh1_q <= 1'b0;
    end else if (flush_i) begin
      slot1_q  <= '0;
      slot2_q  <= '0;
      slot3_q  <= '0;
      fresh1_q <= 1'b0;
    end else begin
      slot1_q  <= '{engines: engines_i, slices: slices_i, first: first_i, last: last_i,
                    chunk: chunk_i, column: column_i};
      slot2_q  <= slot1_q;
      slot3_q  <= slot2_q;
      fresh1_q <= fresh_i;
    end
  end

  assign root_engines_o = slot2_q.engines;
  assign root_slices_o  = slot2_q.column.add ? Slices'(1) : slot2_q.slices;
  assign sums_valid_o   = slot3_q.last;

  ///////////
  // Array //
  ///////////

  logic [Engines*BeatBits-1:0]         beats;
  logic [Engines*Slices*DOT_WIDTH-1:0] dots;
  logic [Engines*tmu_pkg::COLUMN_SUM_WIDTH-1:0] gathered;

  ternary_array #(
    .Lanes  (Lanes),
    .Engines(Engines),
    .Slices (Slices),
    .ColumnWords(ColumnWords)
  ) u_array (
    .clk_i,
    .load_i        (fresh_i ? engines_i : '0),
    .t2_i,
    .beat_i        (beats),
    .count_i       (fresh1_q ? slot1_q.engines : '0),
    .leaf_engines_i(slot1_q.engines),
    .leaf_slices_i (slot1_q.slices),
    .act_i,
    .column_i      (slot1_q.column),
    .gathered_o    (gathered),
    .root_engines_i(slot2_q.engines),
    .root_slices_i (slot2_q.slices),
    .nonzeros_o,
    .dot_o         (dots)
  );

  for (genvar e = 0; e < Engines; e++) begin : g_engine
    stream_fifo #(
      .Width(BeatBits),
      .Depth(WeightFifoBeats)
    ) u_weights (
      .clk_i,
      .rst_ni,
      .flush_i,
      .push_valid_i(weight_valid_i[e]),
      .push_ready_o(weight_ready_o[e]),
      .push_data_i (weight_data_i[e*BeatBits +: BeatBits]),
      .pop_valid_o (beat_valid_o[e]),
      .pop_ready_i (fresh_i && engines_i[e]),
      .pop_data_o  (beats[e*BeatBits +: BeatBits])
    );

    for (genvar s = 0; s < Slices; s++) begin : g_slice
      logic                       active;
      logic signed [AccWidth-1:0] sum;

      assign active = slot3_q.engines[e] && slot3_q.slices[s];
      if (ColumnWords != 0 && s == 0) begin : g_gathered
        logic signed [tmu_pkg::COLUMN_SUM_WIDTH-1:0] column_q;

        always_ff @(posedge clk_i) begin
          if (slot2_q.column.gather) begin
            column_q <= gathered[e*tmu_pkg::COLUMN_SUM_WIDTH +: tmu_pkg::COLUMN_SUM_WIDTH];
          end
        end
        assign sums_o[(e*Slices + s)*OutWidth +: OutWidth] =
            slot3_q.column.gather ? (slot3_q.engines[e] ? OutWidth'(column_q) : '0)
                                  : (active ? OutWidth'(sum) : '0);
      end else begin : g_summed
        assign sums_o[(e*Slices + s)*OutWidth +: OutWidth] = active ? OutWidth'(sum) : '0;
      end

      accumulator #(
        .AddWidth(DOT_WIDTH),
        .AccWidth(AccWidth),
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

    `ASSERT(PopOnlyWhatIsThere, fresh_i && engines_i[e] |-> beat_valid_o[e])
    `ASSERT(WeightHeld, weight_valid_i[e] && !weight_ready_o[e] && !flush_i |=>
            flush_i || (weight_valid_i[e] && $stable(weight_data_i[e*BeatBits +: BeatBits])))
  end

endmodule
