// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Protocol checks on every channel of every port of tmu_axi, bound into it. Simulation only.
module tmu_axi_checks #(
  parameter  int unsigned Lanes       = 80,
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned BurstBeats  = 16,
  parameter  int unsigned Outstanding = 8,
  parameter  int unsigned Descriptors = 4,
  parameter  int unsigned AddressBits = 64,
  parameter  int unsigned ResultBits  = 128,
  localparam int unsigned BeatBits    = 8 * Lanes / tmu_pkg::T5_TRITS,
  localparam int unsigned StreamBits  = tmu_axi_pkg::STREAM_BITS
) (
  input logic                               clk_i,
  input logic                               rst_ni,

  input logic                               lite_aw_valid_i,
  input logic                               lite_aw_ready_o,
  input logic [11:0]                        lite_aw_addr_i,
  input logic                               lite_w_valid_i,
  input logic                               lite_w_ready_o,
  input logic [31:0]                        lite_w_data_i,
  input logic [3:0]                         lite_w_strb_i,
  input logic                               lite_b_valid_o,
  input logic                               lite_b_ready_i,
  input logic [1:0]                         lite_b_resp_o,
  input logic                               lite_ar_valid_i,
  input logic                               lite_ar_ready_o,
  input logic [11:0]                        lite_ar_addr_i,
  input logic                               lite_r_valid_o,
  input logic                               lite_r_ready_i,
  input logic [31:0]                        lite_r_data_o,
  input logic [1:0]                         lite_r_resp_o,

  input logic [Engines+1:0]                 ar_valid_o,
  input logic [Engines+1:0]                 ar_ready_i,
  input logic [(Engines+2)*AddressBits-1:0] ar_addr_o,
  input logic [(Engines+2)*8-1:0]           ar_len_o,
  input logic [Engines+1:0]                 r_valid_i,
  input logic [Engines+1:0]                 r_ready_o,
  input logic [(Engines+2)*2-1:0]           r_resp_i,
  input logic [Engines+1:0]                 r_last_i,
  input logic [Engines*BeatBits-1:0]        weight_r_data_i,
  input logic [StreamBits-1:0]              act_r_data_i,
  input logic [StreamBits-1:0]              descriptor_r_data_i,

  input logic                               aw_valid_o,
  input logic                               aw_ready_i,
  input logic [AddressBits-1:0]             aw_addr_o,
  input logic [7:0]                         aw_len_o,
  input logic                               w_valid_o,
  input logic                               w_ready_i,
  input logic [ResultBits-1:0]              w_data_o,
  input logic [ResultBits/8-1:0]            w_strb_o,
  input logic                               w_last_o,
  input logic                               b_valid_i,
  input logic                               b_ready_o,
  input logic [1:0]                         b_resp_i
);

`ifdef STERNA_ASSERTIONS
  for (genvar m = 0; m < Engines + 2; m++) begin : g_reader
    localparam bit          WEIGHTS = m < Engines;
    localparam int unsigned BITS    = WEIGHTS ? BeatBits : StreamBits;
    localparam bit          RING    = m == Engines + 1;

    logic [BITS-1:0] data;

    if (WEIGHTS) begin : g_weights
      assign data = weight_r_data_i[m*BeatBits +: BeatBits];
    end else begin : g_stream
      assign data = RING ? descriptor_r_data_i : act_r_data_i;
    end

    axi_read_checks #(
      .DataBytes  (BITS / 8),
      .BurstBeats (RING ? tmu_axi_pkg::DESCRIPTOR_BEATS : BurstBeats),
      .AddressBits(AddressBits),
      .Outstanding(RING ? Descriptors : Outstanding)
    ) u_checks (
      .clk_i, .rst_ni,
      .ar_valid_i(ar_valid_o[m]),
      .ar_ready_i(ar_ready_i[m]),
      .ar_addr_i (ar_addr_o[m*AddressBits +: AddressBits]),
      .ar_len_i  (ar_len_o[m*8 +: 8]),
      .r_valid_i (r_valid_i[m]),
      .r_ready_i (r_ready_o[m]),
      .r_data_i  (data),
      .r_resp_i  (r_resp_i[m*2 +: 2]),
      .r_last_i  (r_last_i[m])
    );
  end

  axi_write_checks #(
    .DataBytes  (ResultBits / 8),
    .BurstBeats (BurstBeats),
    .AddressBits(AddressBits),
    .Outstanding(Outstanding)
  ) u_writer (
    .clk_i, .rst_ni,
    .aw_valid_i(aw_valid_o), .aw_ready_i, .aw_addr_i(aw_addr_o), .aw_len_i(aw_len_o),
    .w_valid_i (w_valid_o), .w_ready_i, .w_data_i(w_data_o), .w_strb_i(w_strb_o),
    .w_last_i  (w_last_o), .b_valid_i, .b_ready_i(b_ready_o), .b_resp_i
  );

  // AXI4-Lite: of the host, then of the unit.
  logic [1:0] reads_q;  // addresses taken and not answered
  logic [1:0] aws_q;
  logic [1:0] ws_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      reads_q <= '0;
      aws_q   <= '0;
      ws_q    <= '0;
    end else begin
      reads_q <= reads_q + 2'(lite_ar_valid_i && lite_ar_ready_o) -
                 2'(lite_r_valid_o && lite_r_ready_i);
      aws_q   <= aws_q + 2'(lite_aw_valid_i && lite_aw_ready_o) -
                 2'(lite_b_valid_o && lite_b_ready_i);
      ws_q    <= ws_q + 2'(lite_w_valid_i && lite_w_ready_o) -
                 2'(lite_b_valid_o && lite_b_ready_i);
    end
  end

  `ASSERT(LiteAwHeld,  lite_aw_valid_i && !lite_aw_ready_o |=>
                       lite_aw_valid_i && $stable(lite_aw_addr_i))
  `ASSERT(LiteWHeld,   lite_w_valid_i && !lite_w_ready_o |=>
                       lite_w_valid_i && $stable(lite_w_data_i) && $stable(lite_w_strb_i))
  `ASSERT(LiteArHeld,  lite_ar_valid_i && !lite_ar_ready_o |=>
                       lite_ar_valid_i && $stable(lite_ar_addr_i))
  `ASSERT(LiteBHeld,   lite_b_valid_o && !lite_b_ready_i |=>
                       lite_b_valid_o && $stable(lite_b_resp_o))
  `ASSERT(LiteRHeld,   lite_r_valid_o && !lite_r_ready_i |=>
                       lite_r_valid_o && $stable(lite_r_data_o) && $stable(lite_r_resp_o))
  `ASSERT(LiteBAsked,  lite_b_valid_o |-> aws_q != '0 && ws_q != '0)
  `ASSERT(LiteRAsked,  lite_r_valid_o |-> reads_q != '0)
`endif

endmodule

`ifdef STERNA_ASSERTIONS
bind tmu_axi tmu_axi_checks #(
  .Lanes(Lanes), .Engines(Engines), .BurstBeats(BurstBeats), .Outstanding(Outstanding),
  .Descriptors(Descriptors), .AddressBits(AddressBits), .ResultBits(ResultBits)
) u_checks (.*);
`endif
