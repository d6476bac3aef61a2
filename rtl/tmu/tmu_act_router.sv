// SPDX-License-Identifier: Apache-2.0

/// Places one beat of activations in the lanes of a word, in the order of trit_decoder.sv.
///
/// Layout   activation k of a word belongs to digit k % n of byte k / n, where n is the trits of a byte
///          (5 or 4), so to lane (k % n) * Bytes + k / n; beat `index_i` carries k = 16 * index_i + 0..15
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
  output logic                                 mask_o [Lanes],
  output logic [7:0]                           data_o [Lanes]
);

  localparam int unsigned BEAT_SHIFT = $clog2(tmu_pkg::ACT_BEAT_BYTES);

  always_comb begin
    int unsigned k;
    mask_o = '{default: 1'b0};
    data_o = '{default: 8'd0};
    k      = 0;
    if (write_i) begin
      for (int unsigned j = 0; j < tmu_pkg::T5_TRITS; j++) begin
        for (int unsigned i = 0; i < Bytes; i++) begin
          k = t2_i ? tmu_pkg::T2_TRITS * i + j : tmu_pkg::T5_TRITS * i + j;
          mask_o[j*Bytes + i] = k >> BEAT_SHIFT == 32'(index_i) &&
                                !(t2_i && j == tmu_pkg::T2_TRITS);
          data_o[j*Bytes + i] = data_i[{k[BEAT_SHIFT-1:0], 3'd0} +: 8];
        end
      end
    end
  end

endmodule
