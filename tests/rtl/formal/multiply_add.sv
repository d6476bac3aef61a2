// SPDX-License-Identifier: Apache-2.0

/// The right side of the proof in test_select_add.py: the product with multipliers, as one would write it.
module multiply_add #(
  parameter int unsigned K = 8
) (
  input  logic              clk_i,
  input  logic [2*K-1:0]    trit_i,
  input  logic [8*K-1:0]    act_i,
  output logic [15:0]       dot_o,
  output logic [6:0]        nonzeros_o,
  output logic [64*K-1:0]   step_o  // stepping stones, see select_add.sv
);

  always_comb begin
    logic signed [1:0] trit;
    logic [15:0] terms;
    logic [7:0] term;
    terms = '0;
    dot_o      = '0;
    nonzeros_o = '0;
    for (int unsigned k = 0; k < K; k++) begin
      trit       = trit_i[2*k+1] ? -2'sd1 : $signed(trit_i[2*k +: 2]);
      term  = (act_i[8*k +: 8] ^ 8'h80 ^ {8{trit_i[2*k+1]}}) & {8{|trit_i[2*k +: 2]}};
      terms = terms + 16'(term);
      step_o[64*k +: 16]      = terms;
      step_o[64*k + 16 +: 16] = dot_o + 16'(term);
      step_o[64*k + 32 +: 16] = dot_o + 16'(term) + 16'(trit_i[2*k+1]);
      dot_o      = dot_o + 16'(10'(trit) * 10'($signed(act_i[8*k +: 8])));
      nonzeros_o = nonzeros_o + 7'(trit != 0);
      step_o[64*k + 48 +: 16] = dot_o;
    end
  end

endmodule
