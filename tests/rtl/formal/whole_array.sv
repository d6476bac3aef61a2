// SPDX-License-Identifier: Apache-2.0

/// The array of the unit at its full 80 lanes, as a function of a beat and a word of activations.
module whole_array (
  input  logic         clk_i,
  input  logic         t2_i,
  input  logic [127:0] beat_i,
  input  logic [639:0] act_i,
  output logic [6:0]   nonzeros_o,
  output logic [15:0]  dot_o
);

  ternary_array #(.Lanes(80), .Engines(1), .Slices(1)) u_array (
    .clk_i,
    .load_i        (1'b1),
    .t2_i,
    .beat_i,
    .count_i       (1'b1),
    .leaf_engines_i(1'b1),
    .leaf_slices_i (1'b1),
    .act_i         (act_i ^ {80{8'h80}}),
    .root_engines_i(1'b1),
    .root_slices_i (1'b1),
    .nonzeros_o,
    .dot_o
  );

endmodule
