// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Queue of result beats, which leave sign-extended.
///
/// Latency  sums of cycle t are at result_data_o from t + 1 if the queue is otherwise empty
module tmu_results #(
  parameter int unsigned Sums     = 8,   // in a beat
  parameter int unsigned AccWidth = 25,  // bits of a sum
  parameter int unsigned Depth    = 16   // beats
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic                               flush_i,

  // A valid beat must find room: it has a credit (tmu_issue.sv).
  input  logic                               valid_i,
  input  logic [Sums*AccWidth-1:0]           sums_i,

  // Result stream.
  output logic                               result_valid_o,
  input  logic                               result_ready_i,
  output logic [Sums*tmu_pkg::SUM_WIDTH-1:0] result_data_o
);

  logic                     room;
  logic [Sums*AccWidth-1:0] result;

  stream_fifo #(
    .Width(Sums * AccWidth),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .flush_i,
    .push_valid_i(valid_i),
    .push_ready_o(room),
    .push_data_i (sums_i),
    .pop_valid_o (result_valid_o),
    .pop_ready_i (result_ready_i),
    .pop_data_o  (result)
  );

  for (genvar i = 0; i < Sums; i++) begin : g_sum
    assign result_data_o[i*tmu_pkg::SUM_WIDTH +: tmu_pkg::SUM_WIDTH] =
        tmu_pkg::SUM_WIDTH'($signed(result[i*AccWidth +: AccWidth]));
  end

  `ASSERT(RoomForEveryResult, valid_i |-> room)
  `ASSERT(ResultHeld, result_valid_o && !result_ready_i && !flush_i |=>
                      result_valid_o && $stable(result_data_o))

endmodule
