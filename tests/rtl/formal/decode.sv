// SPDX-License-Identifier: Apache-2.0

/// The decoder of the array, seen through its sum: the activations of one byte's lanes are 1, 3, 9, 27
/// and 81, and a sum of trits times powers of three has each trit in one way only.
module decode (
  input  logic        clk_i,
  input  logic [3:0]  place_i,  // of the byte in its beat; the other bytes are zero trits
  input  logic        t2_i,
  input  logic [7:0]  code_i,
  output logic [15:0] value_o,
  output logic [6:0]  nonzeros_o
);

  localparam logic [7:0] POWER [5] = '{8'd1, 8'd3, 8'd9, 8'd27, 8'd81};

  logic [127:0] beat;
  logic [639:0] act;

  always_comb begin
    beat = t2_i ? {64{2'd1}} : {16{8'd121}};
    for (int unsigned i = 0; i < 16; i++) begin
      if (place_i == 4'(i)) beat[8*i +: 8] = code_i;
    end
    for (int unsigned j = 0; j < 5; j++) act[128*j +: 128] = {16{POWER[j]}};
  end

  ternary_array #(.Lanes(80), .Engines(1), .Slices(1)) u_array (
    .clk_i,
    .load_i        (1'b1),
    .t2_i,
    .beat_i        (beat),
    .count_i       (1'b1),
    .leaf_engines_i(1'b1),
    .leaf_slices_i (1'b1),
    .act_i         (act ^ {80{8'h80}}),
    .root_engines_i(1'b1),
    .root_slices_i (1'b1),
    .nonzeros_o,
    .dot_o         (value_o)
  );

endmodule
