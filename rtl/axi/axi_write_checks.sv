// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// What AXI4 asks of a write port, both of the master and of the slave. Simulation only.
///
/// Omits  data before its address: the unit offers both in the same cycle, so the length of a burst is
///        known from AWVALID on
module axi_write_checks #(
  parameter int unsigned DataBytes   = 16,
  parameter int unsigned BurstBeats  = 16,
  parameter int unsigned AddressBits = 64,
  parameter int unsigned Outstanding = 8
) (
  input logic                   clk_i,
  input logic                   rst_ni,
  input logic                   aw_valid_i,
  input logic                   aw_ready_i,
  input logic [AddressBits-1:0] aw_addr_i,
  input logic [7:0]             aw_len_i,
  input logic                   w_valid_i,
  input logic                   w_ready_i,
  input logic [8*DataBytes-1:0] w_data_i,
  input logic [DataBytes-1:0]   w_strb_i,
  input logic                   w_last_i,
  input logic                   b_valid_i,
  input logic                   b_ready_i,
  input logic [1:0]             b_resp_i
);

`ifdef STERNA_ASSERTIONS
  localparam int unsigned COUNT_BITS = $clog2(Outstanding + 2);

  logic                  offered_q;  // AWVALID was high, and not taken
  logic [7:0]            len_q;      // of the burst whose data is under way
  logic [7:0]            len;
  logic [7:0]            beat_q;
  logic [COUNT_BITS-1:0] addressed_q;  // addresses taken and not answered
  logic [COUNT_BITS-1:0] written_q;    // last beats taken and not answered
  logic                  fresh, answered;

  assign fresh    = aw_valid_i && !offered_q;
  assign len      = fresh ? aw_len_i : len_q;
  assign answered = b_valid_i && b_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      offered_q   <= 1'b0;
      len_q       <= '0;
      beat_q      <= '0;
      addressed_q <= '0;
      written_q   <= '0;
    end else begin
      offered_q   <= aw_valid_i && !aw_ready_i;
      len_q       <= len;
      if (w_valid_i && w_ready_i) beat_q <= w_last_i ? '0 : beat_q + 8'd1;
      addressed_q <= addressed_q + COUNT_BITS'(aw_valid_i && aw_ready_i) - COUNT_BITS'(answered);
      written_q   <= written_q + COUNT_BITS'(w_valid_i && w_ready_i && w_last_i) -
                     COUNT_BITS'(answered);
    end
  end

  `ASSERT(AwHeld,    aw_valid_i && !aw_ready_i |=>
                     aw_valid_i && $stable(aw_addr_i) && $stable(aw_len_i))
  `ASSERT(AwAligned, aw_valid_i |-> aw_addr_i[$clog2(DataBytes)-1:0] == '0)
  `ASSERT(AwLength,  aw_valid_i |-> 32'(aw_len_i) < BurstBeats)
  `ASSERT(AwInPage,  aw_valid_i |-> 32'(aw_addr_i[11:0]) + (32'(aw_len_i) + 1) * DataBytes <=
                                    tmu_axi_pkg::PAGE_BYTES)
  `ASSERT(WHeld,     w_valid_i && !w_ready_i |=> w_valid_i && $stable(w_data_i) &&
                                                 $stable(w_strb_i) && $stable(w_last_i))
  `ASSERT(WLast,     w_valid_i |-> w_last_i == (beat_q == len))
  `ASSERT(BAsked,    b_valid_i |-> addressed_q != '0 && written_q != '0)
  `ASSERT(BHeld,     b_valid_i && !b_ready_i |=> b_valid_i && $stable(b_resp_i))
`endif

endmodule
