// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Sends bursts over an AXI4 write port, one after the other, and watches the answers.
///
/// Timing  a burst started in cycle t has AWVALID and WVALID from t + 1 on; the next may start in the cycle
///         after the later of the address and the last word
module axi_write_port #(
  parameter  int unsigned WordBytes   = 16,
  parameter  int unsigned BurstBeats  = 16,
  parameter  int unsigned Outstanding = 8,
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned LenBits     = $clog2(BurstBeats) + 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,

  // A burst of len_i words starts; only while ready_o.
  input  logic                   start_i,
  output logic                   ready_o,
  input  logic [AddressBits-1:0] address_i,
  input  logic [LenBits-1:0]     len_i,

  // Its words, which must be there.
  input  logic [8*WordBytes-1:0] word_data_i,
  input  logic [WordBytes-1:0]   word_strb_i,
  output logic                   word_take_o,

  // AXI4 write channels.
  output logic                   aw_valid_o,
  input  logic                   aw_ready_i,
  output logic [AddressBits-1:0] aw_addr_o,
  output logic [7:0]             aw_len_o,
  output logic                   w_valid_o,
  input  logic                   w_ready_i,
  output logic [8*WordBytes-1:0] w_data_o,
  output logic [WordBytes-1:0]   w_strb_o,
  output logic                   w_last_o,
  input  logic                   b_valid_i,
  output logic                   b_ready_o,
  input  logic [1:0]             b_resp_i,

  output logic                   at_rest_o,  // all is sent and answered
  output logic                   error_o,
  output logic [1:0]             error_response_o,
  output logic [AddressBits-1:0] error_address_o
);

  logic                   aw_valid_q;
  logic [AddressBits-1:0] aw_addr_q;
  logic [7:0]             aw_len_q;
  logic [LenBits-1:0]     left_q;  // words of the burst that have not left
  logic                   sent;
  logic                   room;
  logic                   answered;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_valid_q <= 1'b0;
      aw_addr_q  <= '0;
      aw_len_q   <= '0;
      left_q     <= '0;
    end else if (start_i) begin
      aw_valid_q <= 1'b1;
      aw_addr_q  <= address_i;
      aw_len_q   <= 8'(len_i) - 8'd1;
      left_q     <= len_i;
    end else begin
      if (aw_ready_i) aw_valid_q <= 1'b0;
      if (word_take_o) left_q <= left_q - 1'b1;
    end
  end

  assign aw_valid_o  = aw_valid_q;
  assign aw_addr_o   = aw_addr_q;
  assign aw_len_o    = aw_len_q;
  assign w_valid_o   = left_q != '0;
  assign w_last_o    = left_q == LenBits'(1);
  assign w_data_o    = word_data_i;
  assign w_strb_o    = word_strb_i;
  assign word_take_o = w_valid_o && w_ready_i;
  assign b_ready_o   = 1'b1;
  assign sent        = !aw_valid_q && left_q == '0;
  assign ready_o     = sent && room;
  assign at_rest_o   = sent && answered;

  axi_open_bursts #(.Width(AddressBits), .Outstanding(Outstanding)) u_open (
    .clk_i, .rst_ni, .clear_i,
    .ask_i            (start_i),
    .ask_burst_i      (address_i),
    .room_o           (room),
    .none_o           (answered),
    .answer_i         (b_valid_i),
    .answer_last_i    (1'b1),
    .answer_response_i(b_resp_i),
    .error_o,
    .error_response_o,
    .error_burst_o    (error_address_o)
  );

  `ASSERT(StartsWhenReady, start_i |-> ready_o && len_i != '0)

endmodule
