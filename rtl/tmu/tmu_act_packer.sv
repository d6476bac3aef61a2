// SPDX-License-Identifier: Apache-2.0

/// Collects the beats of an activation word and puts them in the order of the lanes, each activation x as
/// x + 128, which is what the lanes add (ternary_array.sv).
///
/// Layout   activation k of a word belongs to digit k % n of byte k / n, where n is the trits of a byte
///          (5 or 4), so to the lane that ternary_array.sv gives it; beat `index_i` carries
///          k = 16 * index_i + 0..15
/// Latency  word_o is complete in the cycle of its last beat: beats before it are held, that one passes
///          through. In t2 the lanes of the fifth digit keep what was there; their weights are zero
module tmu_act_packer #(
  parameter  int unsigned Bytes      = 16,
  localparam int unsigned Lanes      = tmu_pkg::T5_TRITS * Bytes,
  localparam int unsigned IndexWidth = $clog2(Lanes / tmu_pkg::ACT_BEAT_BYTES)
) (
  input  logic                                 clk_i,
  input  logic                                 beat_i,  // a beat is taken in this cycle
  input  logic                                 t2_i,
  input  logic [IndexWidth-1:0]                index_i,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0] data_i,
  output logic [8*Lanes-1:0]                   word_o
);

  localparam int unsigned PLACES     = tmu_pkg::GROUP_LANES;
  localparam int unsigned BEAT_SHIFT = $clog2(tmu_pkg::ACT_BEAT_BYTES);

  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0] raised;
  logic [8*Lanes-1:0]                   word_q;

  assign raised = data_i ^ {tmu_pkg::ACT_BEAT_BYTES{8'h80}};

  always_comb begin
    int unsigned k;
    int unsigned lane;
    k      = 0;
    lane   = 0;
    word_o = word_q;
    if (beat_i) begin
      for (int unsigned b = 0; b < Bytes / PLACES; b++) begin
        for (int unsigned j = 0; j < tmu_pkg::T5_TRITS; j++) begin
          for (int unsigned i = 0; i < PLACES; i++) begin
            k    = t2_i ? tmu_pkg::T2_TRITS * (PLACES*b + i) + j
                        : tmu_pkg::T5_TRITS * (PLACES*b + i) + j;
            lane = (tmu_pkg::T5_TRITS*b + j) * PLACES + i;
            if (k >> BEAT_SHIFT == 32'(index_i) && !(t2_i && j == tmu_pkg::T2_TRITS)) begin
              word_o[8*lane +: 8] = raised[{k[BEAT_SHIFT-1:0], 3'd0} +: 8];
            end
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat_i) word_q <= word_o;
  end

endmodule
