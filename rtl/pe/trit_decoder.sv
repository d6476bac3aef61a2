// SPDX-License-Identifier: Apache-2.0

/// Decodes one beat of packed trits and holds it, a sign bit and a nonzero bit a lane.
///
/// Layout   lane j * Bytes + i is digit j of byte i: a byte feeds the same lanes in both formats. The
///          loader (tmu_act_router.sv) puts the activations in the same order
/// Latency  1 cycle from beat_i to the lanes, which stay until the next load_i
/// Errors   t5 bytes above 242 and t2 code 3 stand for no trits: they decode to zero trits
module trit_decoder #(
  parameter  int unsigned Bytes = 16,  // bytes of a beat, a multiple of 16
  localparam int unsigned Lanes = tmu_pkg::T5_TRITS * Bytes
) (
  input  logic               clk_i,
  input  logic               load_i,
  input  logic               t2_i,
  input  logic [8*Bytes-1:0] beat_i,
  output logic               negative_o [Lanes],
  output logic               nonzero_o  [Lanes]
);

  localparam int unsigned LAST_T5_CODE = 242;  // 3^5 - 1
  localparam logic [7:0] POWER [tmu_pkg::T5_TRITS] = '{8'd1, 8'd3, 8'd9, 8'd27, 8'd81};

  logic negative_q [Lanes];
  logic nonzero_q  [Lanes];
  logic negative_d [Lanes];
  logic nonzero_d  [Lanes];

  assign negative_o = negative_q;
  assign nonzero_o  = nonzero_q;

  // Digits come off the top: what is left below 3^j decides digit j - 1.
  always_comb begin
    logic [7:0] rest  [Bytes];
    logic       legal [Bytes];
    logic       is_two;
    logic       is_zero;
    negative_d = negative_q;
    nonzero_d  = nonzero_q;
    rest       = '{default: '0};
    legal      = '{default: '0};
    is_two     = 1'b0;
    is_zero    = 1'b0;
    if (load_i) begin
      for (int unsigned i = 0; i < Bytes; i++) begin
        rest[i]  = beat_i[8*i +: 8];
        legal[i] = rest[i] <= 8'(LAST_T5_CODE);
      end
      if (t2_i) begin
        for (int unsigned j = 0; j < tmu_pkg::T5_TRITS; j++) begin
          for (int unsigned i = 0; i < Bytes; i++) begin
            negative_d[j*Bytes + i] = rest[i][1:0] == 2'd0 && j < tmu_pkg::T2_TRITS;
            nonzero_d[j*Bytes + i]  = !rest[i][0] && j < tmu_pkg::T2_TRITS;
            rest[i] = rest[i] >> 2;
          end
        end
      end else begin
        for (int unsigned n = 0; n < tmu_pkg::T5_TRITS; n++) begin
          for (int unsigned i = 0; i < Bytes; i++) begin
            is_zero = rest[i] < POWER[tmu_pkg::T5_TRITS - 1 - n];
            is_two  = rest[i] >= 2 * POWER[tmu_pkg::T5_TRITS - 1 - n];
            negative_d[(tmu_pkg::T5_TRITS - 1 - n)*Bytes + i] = legal[i] && is_zero;
            nonzero_d[(tmu_pkg::T5_TRITS - 1 - n)*Bytes + i]  = legal[i] && (is_zero || is_two);
            rest[i] = rest[i] - (is_zero ? 8'd0 : POWER[tmu_pkg::T5_TRITS - 1 - n])
                              - (is_two ? POWER[tmu_pkg::T5_TRITS - 1 - n] : 8'd0);
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    negative_q <= negative_d;
    nonzero_q  <= nonzero_d;
  end

endmodule
