// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// One row, one token, one beat: sum_o = sum over the lanes of weight * activation.
///
/// Arithmetic  a lane gives (activation XOR sign) AND nonzero: the ones' complement of a negated
///             activation, one too small. `negatives_i` at the root is how many such ones are missing.
///             Widths leave room for every lane at its extreme, so nothing wraps
/// Latency     leaf sums one cycle after leaf_i, sum_o one cycle after root_i; both stay
/// Cost        Lanes adders, no multiplier
module select_add_tree #(
  parameter  int unsigned Lanes      = 80,
  localparam int unsigned Leaves     = Lanes / tmu_pkg::LEAF_LANES,
  localparam int unsigned LeafWidth  = tmu_pkg::ACT_WIDTH + $clog2(tmu_pkg::LEAF_LANES),
  localparam int unsigned CountWidth = $clog2(Lanes + 1),
  localparam int unsigned SumWidth   = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, Lanes)
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,  // for the assertions; data have no reset
  input  logic                       leaf_i,  // take the lanes
  input  logic                       root_i,  // take the leaves and negatives_i
  input  logic                       negative_i [Lanes],
  input  logic                       nonzero_i  [Lanes],
  input  logic        [7:0]          act_i      [Lanes],  // two's complement
  input  logic [CountWidth-1:0]      negatives_i,
  output logic signed [SumWidth-1:0] sum_o
);

  `ASSERT_INIT(ParamsLegal, Lanes >= tmu_pkg::LEAF_LANES && Lanes % tmu_pkg::LEAF_LANES == 0)

  logic signed [LeafWidth-1:0] leaf_q [Leaves];
  logic signed [LeafWidth-1:0] leaf_d [Leaves];
  logic signed [SumWidth-1:0]  sum_q;
  logic signed [SumWidth-1:0]  sum_d;
  assign sum_o = sum_q;

  // Sums are plain ints, cut where they are registered: synthesis drops the bits that are not.
  always_comb begin
    int sum;
    leaf_d = leaf_q;
    sum    = 0;
    if (leaf_i) begin
      for (int unsigned j = 0; j < Leaves; j++) begin
        sum = 0;
        for (int unsigned i = 0; i < tmu_pkg::LEAF_LANES; i++) begin
          sum = sum + 32'(signed'((act_i[tmu_pkg::LEAF_LANES*j + i] ^
                                   {8{negative_i[tmu_pkg::LEAF_LANES*j + i]}}) &
                                  {8{nonzero_i[tmu_pkg::LEAF_LANES*j + i]}}));
        end
        leaf_d[j] = LeafWidth'(sum);
        `ASSERT_HERE(LeafNeverWraps, 32'(leaf_d[j]) == sum)
      end
    end
  end

  always_comb begin
    int sum;
    sum_d = sum_q;
    sum   = 0;
    if (root_i) begin
      sum = signed'(32'(negatives_i));
      for (int unsigned j = 0; j < Leaves; j++) sum = sum + 32'(leaf_q[j]);
      sum_d = SumWidth'(sum);
      `ASSERT_HERE(RootNeverWraps, 32'(sum_d) == sum)
    end
  end

  always_ff @(posedge clk_i) begin
    leaf_q <= leaf_d;
    sum_q  <= sum_d;
  end

endmodule
