// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// The bursts of a port that are not yet answered, in order, and the first answer that is an error.
///
/// Timing  an answer of cycle t is in error_o from t + 1 on, until clear_i
module axi_open_bursts #(
  parameter  int unsigned Width       = 64,  // bits of what is kept of a burst
  parameter  int unsigned Outstanding = 8,
  localparam int unsigned CountBits   = $clog2(Outstanding + 1)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,

  // A burst is asked for; only while room_o.
  input  logic             ask_i,
  input  logic [Width-1:0] ask_burst_i,
  output logic             room_o,
  output logic             none_o,  // all are answered

  // A beat of the answer to the oldest.
  input  logic             answer_i,
  input  logic             answer_last_i,
  input  logic [1:0]       answer_response_i,

  // The first SLVERR or DECERR and its burst.
  output logic             error_o,
  output logic [1:0]       error_response_o,
  output logic [Width-1:0] error_burst_o
);

  logic [CountBits-1:0] open_q;
  logic                 room;
  logic                 valid;
  logic [Width-1:0]     burst;
  logic                 answered;
  logic                 error_q;
  logic [1:0]           error_response_q;
  logic [Width-1:0]     error_burst_q;

  assign answered         = answer_i && answer_last_i;
  assign room_o           = room;
  assign none_o           = open_q == '0;
  assign error_o          = error_q;
  assign error_response_o = error_response_q;
  assign error_burst_o    = error_burst_q;

  stream_fifo #(.Width(Width), .Depth(Outstanding)) u_bursts (
    .clk_i, .rst_ni,
    .flush_i     (1'b0),
    .push_valid_i(ask_i),
    .push_ready_o(room),
    .push_data_i (ask_burst_i),
    .pop_valid_o (valid),
    .pop_ready_i (answered),
    .pop_data_o  (burst)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) open_q <= '0;
    else open_q <= open_q + CountBits'(ask_i) - CountBits'(answered);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q          <= 1'b0;
      error_response_q <= '0;
      error_burst_q    <= '0;
    end else if (clear_i) begin
      error_q <= 1'b0;
    end else if (answer_i && answer_response_i[1] && !error_q) begin
      error_q          <= 1'b1;
      error_response_q <= answer_response_i;
      error_burst_q    <= burst;
    end
  end

  `ASSERT(RoomForABurst, ask_i |-> room)
  `ASSERT(AnswerAsked,   answer_i |-> valid)
  `ASSERT(ClearedAtRest, clear_i |-> none_o)

endmodule
