// SPDX-License-Identifier: Apache-2.0

/// The expression that Verilator 5.006 miscompiles without -fno-const-bit-op-tree: a carry of one bit,
/// zero-extended in a signed sum, is added as -1. Only for test_sign_extension.py.
module sign_extension (
  input  logic        [7:0]  weight_i,  // lane l at bits 2l+1..2l: negative, nonzero
  input  logic        [31:0] act_i,     // lane l at bits 8l+7..8l
  output logic signed [11:0] sum_o
);

  logic signed [11:0] term [4];

  for (genvar l = 0; l < 4; l++) begin : g_lane
    logic signed [8:0] masked;

    assign masked = $signed({act_i[8*l + 7], act_i[8*l +: 8]} ^ {9{weight_i[2*l + 1]}}) &
                    $signed({9{weight_i[2*l]}});
    assign term[l] = 12'(masked) + 12'($signed({1'b0, weight_i[2*l + 1] & weight_i[2*l]}));
  end

  assign sum_o = term[0] + term[1] + term[2] + term[3];

endmodule
