// SPDX-License-Identifier: Apache-2.0

/// The left side of the proof in test_select_add.py: the array of the unit, K of whose lanes have weights.
///
/// Omits  the other lanes of the 80: their weights are zero
module select_add #(
  parameter int unsigned K     = 8,  // lanes with a weight
  parameter int unsigned First = 0   // the lowest of them
) (
  input  logic              clk_i,
  input  logic [2*K-1:0]    trit_i,  // two's complement; -2 stands for -1 as well
  input  logic [8*K-1:0]    act_i,
  output logic [15:0]       dot_o,
  output logic [6:0]        nonzeros_o,
  output logic [64*K-1:0]   step_o   // stepping stones
);

  localparam int unsigned PLACES = tmu_pkg::GROUP_LANES;
  localparam logic [7:0] POWER [5] = '{8'd1, 8'd3, 8'd9, 8'd27, 8'd81};

  logic [127:0] beat;
  logic [639:0] act;

  // Lane l is digit l / 16 of byte l % 16; 121 is five zeros.
  always_comb begin
    int unsigned lane;
    beat = {16{8'd121}};
    act  = '0;
    for (int unsigned k = 0; k < K; k++) begin
      lane = First + k;
      act[8*lane +: 8] = act_i[8*k +: 8];
      if (trit_i[2*k+1]) begin
        beat[8*(lane%PLACES) +: 8] = beat[8*(lane%PLACES) +: 8] - POWER[lane/PLACES];
      end else if (trit_i[2*k]) begin
        beat[8*(lane%PLACES) +: 8] = beat[8*(lane%PLACES) +: 8] + POWER[lane/PLACES];
      end
    end
  end

  ternary_array #(.Lanes(80), .Engines(1), .Slices(1)) u_array (
    .clk_i,
    .load_i        (1'b1),
    .t2_i          (1'b0),
    .beat_i        (beat),
    .count_i       (1'b1),
    .leaf_engines_i(1'b1),
    .leaf_slices_i (1'b1),
    .act_i         (act ^ {80{8'h80}}),
    .root_engines_i(1'b1),
    .root_slices_i (1'b1),
    .nonzeros_o,
    .dot_o
  );

  // Stepping stones: without them the solver would have to find that adding the corrections last is the
  // same as adding them lane by lane, which takes it more than minutes from K = 5 on. They assume
  // nothing: each is an output whose equality is part of the proof.
  always_comb begin
    logic [15:0] total, leaf, negatives, nonzeros;
    logic [7:0]  term;
    total     = '0;
    leaf      = '0;
    negatives = '0;
    nonzeros  = '0;
    for (int unsigned k = 0; k < K; k++) begin
      if ((First + k) % PLACES == 0) begin
        total = total + leaf;
        leaf  = '0;
      end
      term = (act_i[8*k +: 8] ^ 8'h80 ^ {8{trit_i[2*k+1]}}) & {8{|trit_i[2*k +: 2]}};
      leaf = leaf + 16'(term);
      step_o[64*k +: 16] = total + leaf;
      step_o[64*k + 16 +: 16] = (total + leaf) + (negatives - (nonzeros << 7));
      negatives = negatives + 16'(trit_i[2*k+1]);
      step_o[64*k + 32 +: 16] = (total + leaf) + (negatives - (nonzeros << 7));
      nonzeros = nonzeros + 16'(|trit_i[2*k +: 2]);
      step_o[64*k + 48 +: 16] = (total + leaf) + (negatives - (nonzeros << 7));
    end
  end

endmodule
