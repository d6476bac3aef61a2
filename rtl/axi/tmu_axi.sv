// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// The ternary matrix unit on a bus: AXI4 masters for weights (one an engine), activations, descriptors
/// and results, AXI4-Lite registers, an interrupt. docs/axi.md is its page, docs/tmu.md that of the unit.
///
/// Protocol  AXI4 without IDs (each port one, in order); every valid, and every payload but that of a
///           read register, depends on registers only; RREADY and BREADY are always high
module tmu_axi #(
  parameter  int unsigned Lanes           = 80,
  parameter  int unsigned Engines         = 4,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned WeightFifoBeats = 16,
  parameter  int unsigned ResultFifoBeats = 16,
  parameter  int unsigned BurstBeats      = 16,   // most beats of a burst, a power of two
  parameter  int unsigned DmaFifoBeats    = 64,   // a read master's beats asked for and not yet used
  parameter  int unsigned Outstanding     = 8,    // a master's bursts without an answer
  parameter  int unsigned Descriptors     = 4,    // fetched and not started
  parameter  int unsigned AddressBits     = 64,
  parameter  int unsigned ResultBits      = 128,  // data width of the write master
  parameter  int unsigned ColumnWords     = 0,    // beats of a column; 0: no commands by columns
  localparam int unsigned BeatBits        = 8 * Lanes / tmu_pkg::T5_TRITS,
  localparam int unsigned StreamBits      = tmu_axi_pkg::STREAM_BITS
) (
  input  logic clk_i,
  input  logic rst_ni,
  output logic irq_o,  // high while an enabled cause is set

  // AXI4-Lite: registers.
  input  logic        lite_aw_valid_i,
  output logic        lite_aw_ready_o,
  input  logic [11:0] lite_aw_addr_i,
  input  logic        lite_w_valid_i,
  output logic        lite_w_ready_o,
  input  logic [31:0] lite_w_data_i,
  input  logic [3:0]  lite_w_strb_i,
  output logic        lite_b_valid_o,
  input  logic        lite_b_ready_i,
  output logic [1:0]  lite_b_resp_o,
  input  logic        lite_ar_valid_i,
  output logic        lite_ar_ready_o,
  input  logic [11:0] lite_ar_addr_i,
  output logic        lite_r_valid_o,
  input  logic        lite_r_ready_i,
  output logic [31:0] lite_r_data_o,
  output logic [1:0]  lite_r_resp_o,

  // AXI4 read masters. Port e < Engines: weights of engine e; Engines: activations; Engines + 1:
  // descriptors. ARSIZE is the whole width, ARBURST is INCR.
  output logic [Engines+1:0]               ar_valid_o,
  input  logic [Engines+1:0]               ar_ready_i,
  output logic [(Engines+2)*AddressBits-1:0] ar_addr_o,
  output logic [(Engines+2)*8-1:0]         ar_len_o,
  input  logic [Engines+1:0]               r_valid_i,
  output logic [Engines+1:0]               r_ready_o,
  input  logic [(Engines+2)*2-1:0]         r_resp_i,
  input  logic [Engines+1:0]               r_last_i,
  input  logic [Engines*BeatBits-1:0]      weight_r_data_i,
  input  logic [StreamBits-1:0]            act_r_data_i,
  input  logic [StreamBits-1:0]            descriptor_r_data_i,

  // AXI4 write master: results and completion records. AWSIZE is the whole width, AWBURST is INCR.
  output logic                    aw_valid_o,
  input  logic                    aw_ready_i,
  output logic [AddressBits-1:0]  aw_addr_o,
  output logic [7:0]              aw_len_o,
  output logic                    w_valid_o,
  input  logic                    w_ready_i,
  output logic [ResultBits-1:0]   w_data_o,
  output logic [ResultBits/8-1:0] w_strb_o,
  output logic                    w_last_o,
  input  logic                    b_valid_i,
  output logic                    b_ready_o,
  input  logic [1:0]              b_resp_i
);

  localparam int unsigned COUNT_BITS = tmu_axi_pkg::COUNT_BITS;
  localparam int unsigned TAG_BITS   = tmu_axi_pkg::TAG_BITS;
  localparam int unsigned WORD_SUMS  = ResultBits / tmu_pkg::SUM_WIDTH;

  `ASSERT_INIT(LanesLegal,   Lanes == 80 || Lanes == 160 || Lanes == 320 || Lanes == 640)
  `ASSERT_INIT(AddressLegal, AddressBits >= 32 && AddressBits <= 64 && AddressBits % 8 == 0)
  `ASSERT_INIT(ResultLegal,  ResultBits >= 128 && ResultBits <= 1024)

  ///////////////
  // Registers //
  ///////////////

  tmu_axi_pkg::settings_t       settings;
  tmu_axi_pkg::error_t          error;
  tmu_axi_reg_pkg::status_t     status;
  tmu_axi_reg_pkg::irq_status_t events;
  logic [8*64-1:0]              totals;
  logic [31:0]                  head_q, number;
  logic                         copy;
  logic [3:0]                   copy_index;
  logic [63:0]                  counter;  // of the unit, as selected

  tmu_axi_host #(.AddressBits(AddressBits)) u_host (
    .clk_i, .rst_ni, .irq_o,
    .lite_aw_valid_i, .lite_aw_ready_o, .lite_aw_addr_i,
    .lite_w_valid_i, .lite_w_ready_o, .lite_w_data_i, .lite_w_strb_i,
    .lite_b_valid_o, .lite_b_ready_i, .lite_b_resp_o,
    .lite_ar_valid_i, .lite_ar_ready_o, .lite_ar_addr_i,
    .lite_r_valid_o, .lite_r_ready_i, .lite_r_data_o, .lite_r_resp_o,
    .settings_o(settings), .shape_i('{slices: 8'(Slices), engines: 8'(Engines), lanes: 16'(Lanes)}),
    .capacity_i('{descriptors: 8'(Descriptors), chunks: 8'(Chunks), act_words: 16'(ActWords)}),
    .column_words_i(8'(ColumnWords)),
    .bus_i('{address_bits: 8'(AddressBits), result_bytes: 8'(ResultBits / 8), burst_beats: 16'(BurstBeats)}),
    .status_i  (status), .error_i(error), .head_i(head_q), .events_i(events), .totals_i(totals),
    .copy_i(copy), .copy_index_i(copy_index), .copy_value_i(counter), .copy_number_i(number)
  );

  //////////////
  // Commands //
  //////////////

  logic                        entry_valid, entry_ready;
  tmu_axi_pkg::entry_t         entry;
  logic [Engines:0]            job_valid, job_ready;
  logic                        job_columns;
  logic [AddressBits-1:0]      job_address, write_job_address, write_address;
  logic [COUNT_BITS-1:0]       job_beats, write_job_words;
  logic [TAG_BITS-1:0]         job_tag;
  logic                        stop, restart, running, halted, halt, overrun, expired, expires;
  logic                        ring_idle, ring_drained, checking, readers_drained, quiet;
  logic                        cmd_valid, rsp_valid, rsp_ready, tmu_abort, finish;
  tmu_pkg::command_t           cmd;
  logic [1:0]                  rsp_status, write_response;
  logic                        write_job_valid, write_job_ready, end_valid;
  tmu_axi_pkg::ending_t        ending;
  logic [Engines:0]            read_error;
  logic                        write_error, done, done_irq;
  logic [(Engines+1)*TAG_BITS-1:0]    read_tag;
  logic [(Engines+1)*2-1:0]           read_response;
  logic [(Engines+1)*AddressBits-1:0] read_address;

  descriptor_ring #(
    .Lanes(Lanes), .Engines(Engines), .ResultBytes(ResultBits / 8), .Descriptors(Descriptors),
    .AddressBits(AddressBits)
  ) u_ring (
    .clk_i, .rst_ni, .stop_i(stop), .clear_i(restart), .settings_i(settings), .head_i(head_q), .overrun_o(overrun),
    .ar_valid_o(ar_valid_o[Engines+1]), .ar_ready_i(ar_ready_i[Engines+1]),
    .ar_addr_o (ar_addr_o[(Engines+1)*AddressBits +: AddressBits]),
    .ar_len_o  (ar_len_o[(Engines+1)*8 +: 8]),
    .r_valid_i (r_valid_i[Engines+1]), .r_ready_o(r_ready_o[Engines+1]),
    .r_data_i  (descriptor_r_data_i), .r_resp_i(r_resp_i[(Engines+1)*2 +: 2]),
    .r_last_i  (r_last_i[Engines+1]),
    .job_valid_o(job_valid), .job_ready_i(job_ready), .job_address_o(job_address),
    .job_beats_o(job_beats), .job_tag_o(job_tag), .job_columns_o(job_columns),
    .entry_valid_o(entry_valid), .entry_ready_i(entry_ready), .entry_o(entry),
    .idle_o(ring_idle), .drained_o(ring_drained), .working_o(checking)
  );

  tmu_axi_sequencer #(
    .Engines(Engines), .WordBytes(ResultBits / 8), .AddressBits(AddressBits)
  ) u_sequencer (
    .clk_i, .rst_ni, .cancel_i(settings.cancel), .clear_i(settings.clear), .head_i(head_q),
    .entry_valid_i(entry_valid), .entry_ready_o(entry_ready), .entry_i(entry),
    .cmd_valid_o(cmd_valid), .cmd_o(cmd), .rsp_valid_i(rsp_valid), .rsp_ready_o(rsp_ready),
    .rsp_status_i(rsp_status), .tmu_abort_o(tmu_abort), .copy_o(copy), .copy_index_o(copy_index),
    .finish_o(finish), .job_valid_o(write_job_valid), .job_ready_i(write_job_ready),
    .job_address_o(write_job_address), .job_words_o(write_job_words),
    .end_valid_o(end_valid), .end_o(ending), .read_error_i(read_error), .read_tag_i(read_tag), .read_response_i(read_response),
    .read_address_i(read_address),
    .write_error_i(write_error), .write_response_i(write_response), .overrun_i(overrun),
    .write_address_i(write_address), .watchdog_i(expired),
    .drained_i(ring_drained && readers_drained && quiet),
    .number_o(number), .stop_o(stop), .restart_o(restart), .running_o(running),
    .halted_o(halted), .halt_o(halt), .error_o(error)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) head_q <= '0;
    else head_q <= head_q + 32'(done);
  end

  //////////////
  // The unit //
  //////////////

  logic                        act_valid, act_ready, column_ready;
  tmu_pkg::column_read_t       column;
  logic [StreamBits-1:0]       act_data;
  logic [Engines-1:0]          weight_valid, weight_ready;
  logic [Engines*BeatBits-1:0] weight_data;
  logic                        result_valid, result_ready, cmd_ready;
  logic [Engines*Slices*tmu_pkg::SUM_WIDTH-1:0] result_data;

  tmu_axi_readers #(
    .Lanes(Lanes), .Engines(Engines), .BurstBeats(BurstBeats), .DmaFifoBeats(DmaFifoBeats),
    .Outstanding(Outstanding), .AddressBits(AddressBits), .ColumnWords(ColumnWords)
  ) u_readers (
    .clk_i, .rst_ni, .stop_i(stop), .clear_i(restart), .job_valid_i(job_valid), .job_ready_o(job_ready),
    .job_columns_i(job_columns), .job_address_i(job_address), .job_beats_i(job_beats),
    .job_tag_i(job_tag), .column_i(column), .column_ready_o(column_ready),
    .ar_valid_o(ar_valid_o[Engines:0]), .ar_ready_i(ar_ready_i[Engines:0]),
    .ar_addr_o (ar_addr_o[(Engines+1)*AddressBits-1:0]), .ar_len_o(ar_len_o[(Engines+1)*8-1:0]),
    .r_valid_i (r_valid_i[Engines:0]), .r_ready_o(r_ready_o[Engines:0]),
    .r_resp_i  (r_resp_i[(Engines+1)*2-1:0]), .r_last_i(r_last_i[Engines:0]),
    .weight_r_data_i, .act_r_data_i,
    .weight_valid_o(weight_valid), .weight_ready_i(weight_ready), .weight_data_o(weight_data),
    .act_valid_o(act_valid), .act_ready_i(act_ready), .act_data_o(act_data),
    .error_o(read_error), .error_tag_o(read_tag), .error_response_o(read_response),
    .error_address_o(read_address), .drained_o(readers_drained)
  );

  // The issue counter moves with each slot: progress that no port shows.
  tmu #(
    .Lanes(Lanes), .Engines(Engines), .Slices(Slices), .ActWords(ActWords), .Chunks(Chunks),
    .WeightFifoBeats(WeightFifoBeats), .ResultFifoBeats(ResultFifoBeats), .ColumnWords(ColumnWords)
  ) u_tmu (
    .clk_i, .rst_ni, .cmd_valid_i(cmd_valid), .cmd_ready_o(cmd_ready), .cmd_tokens_i(cmd.tokens),
    .cmd_beats_i(cmd.beats), .cmd_rows_i(cmd.rows), .cmd_columns_i(cmd.columns), .cmd_t2_i(cmd.t2),
    .cmd_keep_i(cmd.keep),
    .act_valid_i(act_valid), .act_ready_o(act_ready), .act_data_i(act_data),
    .weight_valid_i(weight_valid), .weight_ready_o(weight_ready), .weight_data_i(weight_data),
    .column_o(column), .column_ready_i(column_ready),
    .result_valid_o(result_valid), .result_ready_i(result_ready), .result_data_o(result_data),
    .rsp_valid_o(rsp_valid), .rsp_ready_i(rsp_ready), .rsp_status_o(rsp_status),
    .abort_i(tmu_abort),
    .counter_sel_i(copy ? copy_index : tmu_pkg::CntIssueCycles), .counter_o(counter)
  );

  tmu_axi_results #(
    .Engines(Engines), .Slices(Slices), .WordSums(WORD_SUMS), .BurstBeats(BurstBeats),
    .Outstanding(Outstanding), .AddressBits(AddressBits)
  ) u_results (
    .clk_i, .rst_ni, .clear_i(restart), .settings_i(settings), .head_i(head_q),
    .start_i(cmd_valid), .tokens_i(cmd.tokens), .finish_i(finish),
    .result_valid_i(result_valid), .result_ready_o(result_ready), .result_data_i(result_data),
    .job_valid_i(write_job_valid), .job_ready_o(write_job_ready), .job_words_i(write_job_words),
    .job_address_i(write_job_address), .end_valid_i(end_valid), .end_i(ending),
    .aw_valid_o, .aw_ready_i, .aw_addr_o, .aw_len_o,
    .w_valid_o, .w_ready_i, .w_data_o, .w_strb_o, .w_last_o, .b_valid_i, .b_ready_o, .b_resp_i,
    .done_o(done), .done_irq_o(done_irq), .error_o(write_error),
    .error_response_o(write_response), .error_address_o(write_address), .quiet_o(quiet)
  );

  tmu_axi_monitor #(.Engines(Engines)) u_monitor (
    .clk_i, .rst_ni, .clear_i(restart), .limit_i(settings.watchdog), .ar_valid_i(ar_valid_o), .ar_ready_i, .r_valid_i,
    .aw_valid_i(aw_valid_o), .aw_ready_i, .w_valid_i(w_valid_o), .w_ready_i, .b_valid_i,
    .command_i(done), .issued_i(counter[7:0]), .copy_i(copy), .checking_i(checking),
    .idle_i(ring_idle && !running && ring_drained && readers_drained && quiet),
    .stop_i(stop), .halted_i(halted), .error_i(error),
    .status_o(status), .totals_o(totals), .expired_o(expired), .expires_o(expires)
  );

  assign events = '{completion: done_irq, halted: halt, watchdog: expires, default: '0};

  `ASSERT(StartsAtOnce, cmd_valid |-> cmd_ready)

endmodule
