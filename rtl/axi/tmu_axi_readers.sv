// SPDX-License-Identifier: Apache-2.0

/// The read masters of weights (one an engine) and of activations. Bit and index e < Engines is engine e,
/// Engines the activations.
module tmu_axi_readers #(
  parameter  int unsigned Lanes        = 80,
  parameter  int unsigned Engines      = 4,
  parameter  int unsigned BurstBeats   = 16,
  parameter  int unsigned DmaFifoBeats = 64,
  parameter  int unsigned Outstanding  = 8,
  parameter  int unsigned AddressBits  = 64,
  parameter  int unsigned ColumnWords  = 0,
  localparam int unsigned BeatBytes    = Lanes / tmu_pkg::T5_TRITS,
  localparam int unsigned BeatBits     = 8 * BeatBytes,
  localparam int unsigned StreamBits   = tmu_axi_pkg::STREAM_BITS,
  localparam int unsigned CountBits    = tmu_axi_pkg::COUNT_BITS,
  localparam int unsigned TagBits      = tmu_axi_pkg::TAG_BITS
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic                               stop_i,
  input  logic                               clear_i,

  // Jobs, to the masters whose bit is set.
  input  logic [Engines:0]                   job_valid_i,
  output logic [Engines:0]                   job_ready_o,
  input  logic [AddressBits-1:0]             job_address_i,
  input  logic [CountBits-1:0]               job_beats_i,
  input  logic [TagBits-1:0]                 job_tag_i,
  input  logic                               job_columns_i,  // of weights: beats are of a column

  // Columns that the unit wants.
  input  tmu_pkg::column_read_t                 column_i,
  output logic                                  column_ready_o,

  // AXI4 read ports.
  output logic [Engines:0]                   ar_valid_o,
  input  logic [Engines:0]                   ar_ready_i,
  output logic [(Engines+1)*AddressBits-1:0] ar_addr_o,
  output logic [(Engines+1)*8-1:0]           ar_len_o,
  input  logic [Engines:0]                   r_valid_i,
  output logic [Engines:0]                   r_ready_o,
  input  logic [(Engines+1)*2-1:0]           r_resp_i,
  input  logic [Engines:0]                   r_last_i,
  input  logic [Engines*BeatBits-1:0]        weight_r_data_i,
  input  logic [StreamBits-1:0]              act_r_data_i,

  // Streams of the unit.
  output logic [Engines-1:0]                 weight_valid_o,
  input  logic [Engines-1:0]                 weight_ready_i,
  output logic [Engines*BeatBits-1:0]        weight_data_o,
  output logic                               act_valid_o,
  input  logic                               act_ready_i,
  output logic [StreamBits-1:0]              act_data_o,

  // What has happened.
  output logic [Engines:0]                   error_o,
  output logic [(Engines+1)*TagBits-1:0]     error_tag_o,
  output logic [(Engines+1)*2-1:0]           error_response_o,
  output logic [(Engines+1)*AddressBits-1:0] error_address_o,
  output logic                               drained_o
);

  logic [Engines:0] drained;

  assign drained_o = &drained;

  // What the masters are handed: of the ring or, of weights, of a column.
  logic [Engines:0]             read_valid;
  logic [Engines:0]             read_ready;
  logic [Engines*AddressBits-1:0] weight_address;
  logic [CountBits-1:0]         weight_beats;
  logic [TagBits-1:0]           weight_tag;

  tmu_axi_columns #(
    .Lanes(Lanes), .Engines(Engines), .AddressBits(AddressBits), .ColumnWords(ColumnWords)
  ) u_columns (
    .clk_i, .rst_ni, .clear_i,
    .job_valid_i, .job_ready_o, .job_columns_i, .job_address_i, .job_beats_i, .job_tag_i,
    .column_i, .column_ready_o,
    .read_valid_o(read_valid), .read_ready_i(read_ready), .weight_address_o(weight_address),
    .weight_beats_o(weight_beats), .weight_tag_o(weight_tag)
  );

  for (genvar m = 0; m <= Engines; m++) begin : g_master
    localparam bit          IS_ACT = m == Engines;
    localparam int unsigned BYTES  = IS_ACT ? tmu_axi_pkg::STREAM_BYTES : BeatBytes;

    logic               valid;
    logic               ready;
    logic [8*BYTES-1:0] r_data;
    logic [8*BYTES-1:0] data;

    logic [AddressBits-1:0] address;

    if (IS_ACT) begin : g_act
      assign r_data      = act_r_data_i;
      assign address     = job_address_i;
      assign act_valid_o = valid;
      assign act_data_o  = data;
      assign ready       = act_ready_i;
    end else begin : g_weight
      assign r_data            = weight_r_data_i[m*BeatBits +: BeatBits];
      assign address           = weight_address[m*AddressBits +: AddressBits];
      assign weight_valid_o[m] = valid;
      assign weight_data_o[m*BeatBits +: BeatBits] = data;
      assign ready             = weight_ready_i[m];
    end

    axi_read_dma #(
      .DataBytes  (BYTES),
      .BurstBeats (BurstBeats),
      .FifoBeats  (DmaFifoBeats),
      .Outstanding(Outstanding),
      .AddressBits(AddressBits)
    ) u_dma (
      .clk_i, .rst_ni, .stop_i, .clear_i,
      .job_valid_i     (read_valid[m]),
      .job_ready_o     (read_ready[m]),
      .job_address_i   (address),
      .job_beats_i     (IS_ACT ? job_beats_i : weight_beats),
      .job_tag_i       (IS_ACT ? job_tag_i : weight_tag),
      .ar_valid_o      (ar_valid_o[m]),
      .ar_ready_i      (ar_ready_i[m]),
      .ar_addr_o       (ar_addr_o[m*AddressBits +: AddressBits]),
      .ar_len_o        (ar_len_o[m*8 +: 8]),
      .r_valid_i       (r_valid_i[m]),
      .r_ready_o       (r_ready_o[m]),
      .r_data_i        (r_data),
      .r_resp_i        (r_resp_i[m*2 +: 2]),
      .r_last_i        (r_last_i[m]),
      .valid_o         (valid),
      .ready_i         (ready),
      .data_o          (data),
      .error_o         (error_o[m]),
      .error_tag_o     (error_tag_o[m*TagBits +: TagBits]),
      .error_response_o(error_response_o[m*2 +: 2]),
      .error_address_o (error_address_o[m*AddressBits +: AddressBits]),
      .drained_o       (drained[m])
    );
  end

endmodule
