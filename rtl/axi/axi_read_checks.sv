// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// What AXI4 asks of a read port, both of the master and of the slave. Simulation only.
module axi_read_checks #(
  parameter int unsigned DataBytes   = 16,
  parameter int unsigned BurstBeats  = 16,
  parameter int unsigned AddressBits = 64,
  parameter int unsigned Outstanding = 8
) (
  input logic                   clk_i,
  input logic                   rst_ni,
  input logic                   ar_valid_i,
  input logic                   ar_ready_i,
  input logic [AddressBits-1:0] ar_addr_i,
  input logic [7:0]             ar_len_i,
  input logic                   r_valid_i,
  input logic                   r_ready_i,
  input logic [8*DataBytes-1:0] r_data_i,
  input logic [1:0]             r_resp_i,
  input logic                   r_last_i
);

`ifdef STERNA_ASSERTIONS
  localparam int unsigned PLACES = Outstanding + 1;

  // Lengths of the bursts asked for, in order.
  logic       asked;
  logic       answered;
  logic       open;
  logic       room;
  logic [7:0] len;
  logic [7:0] beat_q;

  assign asked    = ar_valid_i && ar_ready_i;
  assign answered = r_valid_i && r_ready_i;

  stream_fifo #(.Width(8), .Depth(PLACES)) u_open (
    .clk_i, .rst_ni,
    .flush_i     (1'b0),
    .push_valid_i(asked),
    .push_ready_o(room),
    .push_data_i (ar_len_i),
    .pop_valid_o (open),
    .pop_ready_i (answered && r_last_i),
    .pop_data_o  (len)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) beat_q <= '0;
    else if (answered) beat_q <= r_last_i ? '0 : beat_q + 8'd1;
  end

  `ASSERT(ArHeld,       ar_valid_i && !ar_ready_i |=>
                        ar_valid_i && $stable(ar_addr_i) && $stable(ar_len_i))
  `ASSERT(ArAligned,    ar_valid_i |-> ar_addr_i[$clog2(DataBytes)-1:0] == '0)
  `ASSERT(ArLength,     ar_valid_i |-> 32'(ar_len_i) < BurstBeats)
  `ASSERT(ArInPage,     ar_valid_i |-> 32'(ar_addr_i[11:0]) + (32'(ar_len_i) + 1) * DataBytes <=
                                       tmu_axi_pkg::PAGE_BYTES)
  `ASSERT(OpenCounted,  asked |-> room)
  `ASSERT(RAsked,       r_valid_i |-> open)
  `ASSERT(RHeld,        r_valid_i && !r_ready_i |=> r_valid_i && $stable(r_data_i) &&
                                                    $stable(r_resp_i) && $stable(r_last_i))
  `ASSERT(RLast,        r_valid_i && open |-> r_last_i == (beat_q == len))
`endif

endmodule
