// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// One row of the array: weight FIFO, decoder, and for each slice a tree and an accumulator.
///
/// Timing  a slot that issues in cycle t pops (pop_i) in t, takes leaves in t + 1, the root in t + 2 and
///         accumulates in t + 3, when sum_o is its sum. Strobes come from tmu.sv, a bit a slice
module tmu_engine #(
  parameter  int unsigned Lanes           = 80,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned WeightFifoBeats = 16,
  localparam int unsigned Bytes           = Lanes / tmu_pkg::T5_TRITS,
  localparam int unsigned ChunkWidth      = Chunks > 1 ? $clog2(Chunks) : 1,
  localparam int unsigned CountWidth      = $clog2(Lanes + 1),
  localparam int unsigned TreeWidth       = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, Lanes),
  localparam int unsigned AccWidth        = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, ActWords * Lanes)
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       flush_i,

  // Weight stream.
  input  logic                       weight_valid_i,
  output logic                       weight_ready_o,
  input  logic [8*Bytes-1:0]         weight_data_i,

  // Issue (cycle t).
  output logic                       beat_valid_o,
  input  logic                       pop_i,
  input  logic                       t2_i,

  // Lanes (t + 1).
  input  logic                       count_i,   // the beat is new: count its negatives and nonzeros
  input  logic [Slices-1:0]          leaf_i,
  input  logic [7:0]                 act_i [Slices][Lanes],

  // Root (t + 2).
  input  logic [Slices-1:0]          root_i,
  output logic [CountWidth-1:0]      nonzeros_o,  // of the slot's beat

  // Accumulate (t + 3).
  input  logic [Slices-1:0]          add_i,
  input  logic                       add_first_i,
  input  logic [ChunkWidth-1:0]      add_chunk_i,
  output logic signed [AccWidth-1:0] sum_o [Slices]
);

  logic [8*Bytes-1:0] beat;

  stream_fifo #(
    .Width(8 * Bytes),
    .Depth(WeightFifoBeats)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .flush_i,
    .push_valid_i(weight_valid_i),
    .push_ready_o(weight_ready_o),
    .push_data_i (weight_data_i),
    .pop_valid_o (beat_valid_o),
    .pop_ready_i (pop_i),
    .pop_data_o  (beat)
  );

  logic negative [Lanes];
  logic nonzero  [Lanes];

  trit_decoder #(
    .Bytes(Bytes)
  ) u_decoder (
    .clk_i,
    .load_i    (pop_i),
    .t2_i,
    .beat_i    (beat),
    .negative_o(negative),
    .nonzero_o (nonzero)
  );

  // The correction belongs to the beat, not to the slot: counted once, held for every chunk.
  logic [CountWidth-1:0] negatives_q;
  logic [CountWidth-1:0] negatives_d;
  logic [CountWidth-1:0] nonzeros_q;
  logic [CountWidth-1:0] nonzeros_d;
  assign nonzeros_o = nonzeros_q;

  always_comb begin
    int unsigned minus;
    int unsigned any;
    negatives_d = negatives_q;
    nonzeros_d  = nonzeros_q;
    minus       = 0;
    any         = 0;
    if (count_i) begin
      for (int unsigned j = 0; j < Lanes / 16; j++) begin
        for (int unsigned i = 0; i < 16; i++) begin
          minus = minus + 32'(negative[16*j + i]);
          any   = any + 32'(nonzero[16*j + i]);
        end
      end
      negatives_d = CountWidth'(minus);
      nonzeros_d  = CountWidth'(any);
    end
  end

  always_ff @(posedge clk_i) begin
    negatives_q <= negatives_d;
    nonzeros_q  <= nonzeros_d;
  end

  for (genvar s = 0; s < Slices; s++) begin : g_slice
    logic signed [TreeWidth-1:0] dot;

    select_add_tree #(
      .Lanes(Lanes)
    ) u_tree (
      .clk_i,
      .rst_ni,
      .leaf_i     (leaf_i[s]),
      .root_i     (root_i[s]),
      .negative_i (negative),
      .nonzero_i  (nonzero),
      .act_i      (act_i[s]),
      .negatives_i(negatives_q),
      .sum_o      (dot)
    );

    accumulator #(
      .AddWidth(TreeWidth),
      .AccWidth(AccWidth),
      .Chunks  (Chunks)
    ) u_acc (
      .clk_i,
      .rst_ni,
      .valid_i(add_i[s]),
      .first_i(add_first_i),
      .chunk_i(add_chunk_i),
      .add_i  (dot),
      .sum_o  (sum_o[s])
    );
  end

  `ASSERT(PopOnlyWhatIsThere, pop_i |-> beat_valid_o)

endmodule
