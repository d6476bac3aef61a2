// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Adds up the beats of one row and slice, one register for each chunk of tokens.
///
/// Latency  sum_o is the sum including add_i in the cycle of valid_i
/// Range    AccWidth holds every sum of ActWords beats, so nothing wraps
/// Cost     one AccWidth-bit adder, Chunks registers
module accumulator #(
  parameter  int unsigned AddWidth   = 16,
  parameter  int unsigned AccWidth   = 25,
  parameter  int unsigned Chunks     = 32,
  localparam int unsigned ChunkWidth = Chunks > 1 ? $clog2(Chunks) : 1
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,   // for the assertions; the registers start at first_i
  input  logic                       valid_i,
  input  logic                       first_i,  // start from zero
  input  logic [ChunkWidth-1:0]      chunk_i,
  input  logic signed [AddWidth-1:0] add_i,
  output logic signed [AccWidth-1:0] sum_o
);

  logic signed [AccWidth-1:0] acc_q [Chunks];
  logic signed [AccWidth-1:0] base;

  assign base  = first_i ? $signed(AccWidth'(0)) : acc_q[chunk_i];
  assign sum_o = base + AccWidth'(add_i);

  always_ff @(posedge clk_i) begin
    if (valid_i) acc_q[chunk_i] <= sum_o;
  end

  `ASSERT(ChunkInRange, valid_i |-> 32'(chunk_i) < Chunks)
  `ASSERT(SumNeverWraps, valid_i && base[AccWidth-1] == add_i[AddWidth-1] |->
          sum_o[AccWidth-1] == base[AccWidth-1])

endmodule
