// SPDX-License-Identifier: Apache-2.0

/// From result beats of the unit to results and completion records in memory: packer and writer.
module tmu_axi_results #(
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned Slices      = 2,
  parameter  int unsigned WordSums    = 4,
  parameter  int unsigned BurstBeats  = 16,
  parameter  int unsigned Outstanding = 8,
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned SumBits     = tmu_pkg::SUM_WIDTH,
  localparam int unsigned WordBits    = WordSums * SumBits,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS
) (
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              clear_i,
  input  tmu_axi_pkg::settings_t            settings_i,
  input  logic [31:0]                       head_i,

  // Result beats of the command that runs.
  input  logic                              start_i,
  input  logic [15:0]                       tokens_i,
  input  logic                              finish_i,
  input  logic                              result_valid_i,
  output logic                              result_ready_o,
  input  logic [Engines*Slices*SumBits-1:0] result_data_i,

  // Jobs and ends, as axi_result_writer takes them.
  input  logic                              job_valid_i,
  output logic                              job_ready_o,
  input  logic [AddressBits-1:0]            job_address_i,
  input  logic [CountBits-1:0]              job_words_i,
  input  logic                              end_valid_i,
  input  tmu_axi_pkg::ending_t              end_i,

  // AXI4 write channels.
  output logic                              aw_valid_o,
  input  logic                              aw_ready_i,
  output logic [AddressBits-1:0]            aw_addr_o,
  output logic [7:0]                        aw_len_o,
  output logic                              w_valid_o,
  input  logic                              w_ready_i,
  output logic [WordBits-1:0]               w_data_o,
  output logic [WordBits/8-1:0]             w_strb_o,
  output logic                              w_last_o,
  input  logic                              b_valid_i,
  output logic                              b_ready_o,
  input  logic [1:0]                        b_resp_i,

  // What has happened.
  output logic                              done_o,
  output logic                              done_irq_o,
  output logic                              error_o,
  output logic [1:0]                        error_response_o,
  output logic [AddressBits-1:0]            error_address_o,
  output logic                              quiet_o
);

  logic                word_valid;
  logic                word_ready;
  logic [WordBits-1:0] word_data;
  logic [WordSums-1:0] word_sums;
  logic [31:0]         place;  // of the record in its ring

  assign place = head_i & (tmu_axi_pkg::ring_entries(settings_i.ring_log2) - 32'd1);

  result_packer #(
    .Engines (Engines),
    .Slices  (Slices),
    .WordSums(WordSums)
  ) u_packer (
    .clk_i, .rst_ni, .clear_i,
    .start_i, .tokens_i, .finish_i,
    .result_valid_i, .result_ready_o, .result_data_i,
    .word_valid_o(word_valid),
    .word_ready_i(word_ready),
    .word_data_o (word_data),
    .word_sums_o (word_sums)
  );

  axi_result_writer #(
    .WordSums   (WordSums),
    .BurstBeats (BurstBeats),
    .FifoBeats  (2 * BurstBeats),
    .Outstanding(Outstanding),
    .AddressBits(AddressBits)
  ) u_writer (
    .clk_i, .rst_ni, .clear_i,
    .job_valid_i, .job_ready_o, .job_address_i, .job_words_i, .end_valid_i, .end_i,
    .word_valid_i    (word_valid),
    .word_ready_o    (word_ready),
    .word_data_i     (word_data),
    .word_sums_i     (word_sums),
    .record_address_i(AddressBits'(settings_i.completion_base) +
                      (AddressBits'(place) << $clog2(tmu_axi_pkg::RECORD_BYTES))),
    .number_i        (head_i),
    .aw_valid_o, .aw_ready_i, .aw_addr_o, .aw_len_o,
    .w_valid_o, .w_ready_i, .w_data_o, .w_strb_o, .w_last_o, .b_valid_i, .b_ready_o, .b_resp_i,
    .done_o, .done_irq_o, .error_o, .error_response_o, .error_address_o, .quiet_o
  );

endmodule
