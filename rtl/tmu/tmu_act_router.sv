// SPDX-License-Identifier: Apache-2.0

/// Places one beat of activations in the lanes of a word, in the order of ternary_row.sv.
///
/// Layout   activation k of a word belongs to digit k % n of byte k / n, where n is the trits of a byte
///          (5 or 4), so to the lane that
///          ternary_array.sv gives it; beat `index_i` carries k = 16 * index_i + 0..15
/// Timing   combinational; all outputs are zero unless write_i
module tmu_act_router #(
  parameter  int unsigned Bytes      = 16,
  localparam int unsigned Lanes      = tmu_pkg::T5_TRITS * Bytes,
  localparam int unsigned IndexWidth = $clog2(Lanes / tmu_pkg::ACT_BEAT_BYTES)
) (
  input  logic                                 write_i,
  input  logic                                 t2_i,
  input  logic [IndexWidth-1:0]                index_i,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0] data_i,
  output logic [Lanes-1:0]                     mask_o,
  output logic [8*Lanes-1:0]                   data_o
);

  localparam int unsigned PLACES     = tmu_pkg::GROUP_LANES;
  localparam int unsigned BEAT_SHIFT = $clog2(tmu_pkg::ACT_BEAT_BYTES);

  always_comb begin
    int unsigned k;
    int unsigned lane;
    mask_o = '0;
    data_o = '0;
    k      = 0;
    lane   = 0;
    if (write_i) begin
      for (int unsigned b = 0; b < Bytes / PLACES; b++) begin
        for (int unsigned j = 0; j < tmu_pkg::T5_TRITS; j++) begin
          for (int unsigned i = 0; i < PLACES; i++) begin
            k    = t2_i ? tmu_pkg::T2_TRITS * (PLACES*b + i) + j
                        : tmu_pkg::T5_TRITS * (PLACES*b + i) + j;
            lane = (tmu_pkg::T5_TRITS*b + j) * PLACES + i;
            if (k >> BEAT_SHIFT == 32'(index_i) && !(t2_i && j == tmu_pkg::T2_TRITS)) begin
              mask_o[lane]          = 1'b1;
              data_o[8*lane +: 8] = data_i[{k[BEAT_SHIFT-1:0], 3'd0} +: 8];
            end
          end
        end
      end
    end
  end

endmodule
