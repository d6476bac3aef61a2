// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Writes the results of commands, and after the last answer to them a completion record, in order.
///
/// Bursts   INCR, cut at multiples of BurstBeats words; one starts when the queue holds all of its words
///          and those of the burst before have left, AWVALID and WVALID in the same cycle
/// Timing   docs/axi.md, Writes
/// Errors   a command that ended badly loses the words that no burst has taken. After SLVERR or DECERR, and
///          after a record of a status other than done, nothing more is written until clear_i
module axi_result_writer #(
  parameter  int unsigned WordSums    = 4,  // sums in a word of the bus
  parameter  int unsigned BurstBeats  = 16,
  parameter  int unsigned FifoBeats   = 32,
  parameter  int unsigned Outstanding = 8,
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned WordBits    = WordSums * tmu_pkg::SUM_WIDTH,
  localparam int unsigned WordBytes   = WordBits / 8,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       clear_i,  // as after reset; only while quiet_o

  // Jobs, one a command that starts, and how each ends: one entry a job, never before it.
  input  logic                       job_valid_i,
  output logic                       job_ready_o,
  input  logic [AddressBits-1:0]     job_address_i,
  input  logic [CountBits-1:0]       job_words_i,
  input  logic                       end_valid_i,
  input  tmu_axi_pkg::ending_t       end_i,

  // Words of the jobs, in order.
  input  logic                       word_valid_i,
  output logic                       word_ready_o,
  input  logic [WordBits-1:0]        word_data_i,
  input  logic [WordSums-1:0]        word_sums_i,

  // Record of command number_i.
  input  logic [AddressBits-1:0]     record_address_i,
  input  logic [31:0]                number_i,

  // AXI4 write channels.
  output logic                       aw_valid_o,
  input  logic                       aw_ready_i,
  output logic [AddressBits-1:0]     aw_addr_o,
  output logic [7:0]                 aw_len_o,
  output logic                       w_valid_o,
  input  logic                       w_ready_i,
  output logic [WordBits-1:0]        w_data_o,
  output logic [WordBytes-1:0]       w_strb_o,
  output logic                       w_last_o,
  input  logic                       b_valid_i,
  output logic                       b_ready_o,
  input  logic [1:0]                 b_resp_i,

  // What has happened.
  output logic                       done_o,  // the record of number_i is answered
  output logic                       done_irq_o,
  output logic                       error_o,
  output logic [1:0]                 error_response_o,
  output logic [AddressBits-1:0]     error_address_o,
  output logic                       quiet_o  // nothing to write, or halted, and nothing under way
);

  localparam int unsigned BYTE_BITS  = $clog2(WordBytes);
  localparam int unsigned BURST_BITS = $clog2(BurstBeats);
  localparam int unsigned LEN_BITS   = BURST_BITS + 1;
  localparam int unsigned FILL_BITS  = $clog2(FifoBeats + 1);
  localparam int unsigned RECORDS    = WordBytes / tmu_axi_pkg::RECORD_BYTES;  // in a word

  `ASSERT_INIT(BurstLegal, 1 << BURST_BITS == BurstBeats && BurstBeats >= 2 && BurstBeats <= 256 &&
                           BurstBeats * WordBytes <= tmu_axi_pkg::PAGE_BYTES)
  `ASSERT_INIT(SizesLegal, FifoBeats >= BurstBeats && Outstanding >= 2 && RECORDS >= 1)

  ////////////
  // Queues //
  ////////////

  logic                   job_valid;
  logic [AddressBits-1:0] job_address;
  logic [CountBits-1:0]   job_words;
  logic                   end_valid;
  logic                   end_room;
  tmu_axi_pkg::ending_t   ending;
  logic                   word_valid;
  logic                   word_take;
  logic [WordBits-1:0]    word_data;
  logic [WordSums-1:0]    word_sums;
  logic [FILL_BITS-1:0]   fill_q;  // words in the queue
  logic                   done;

  stream_fifo #(.Width(CountBits + AddressBits), .Depth(2)) u_jobs (
    .clk_i, .rst_ni, .flush_i(clear_i),
    .push_valid_i(job_valid_i),
    .push_ready_o(job_ready_o),
    .push_data_i ({job_words_i, job_address_i}),
    .pop_valid_o (job_valid),
    .pop_ready_i (done),
    .pop_data_o  ({job_words, job_address})
  );

  stream_fifo #(.Width($bits(tmu_axi_pkg::ending_t)), .Depth(2)) u_ends (
    .clk_i, .rst_ni, .flush_i(clear_i),
    .push_valid_i(end_valid_i),
    .push_ready_o(end_room),
    .push_data_i (end_i),
    .pop_valid_o (end_valid),
    .pop_ready_i (done),
    .pop_data_o  (ending)
  );

  stream_fifo #(.Width(WordBits + WordSums), .Depth(FifoBeats)) u_words (
    .clk_i, .rst_ni, .flush_i(clear_i),
    .push_valid_i(word_valid_i),
    .push_ready_o(word_ready_o),
    .push_data_i ({word_sums_i, word_data_i}),
    .pop_valid_o (word_valid),
    .pop_ready_i (word_take),
    .pop_data_o  ({word_sums, word_data})
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fill_q <= '0;
    else if (clear_i) fill_q <= '0;
    else fill_q <= fill_q + FILL_BITS'(word_valid_i && word_ready_o) - FILL_BITS'(word_take);
  end

  //////////
  // Jobs //
  //////////

  typedef enum logic [2:0] {WrIdle, WrResults, WrRecord, WrAnswer, WrHalt} state_e;

  state_e                 state_q, state_d;
  logic [AddressBits-1:0] address_q;  // of the next burst
  logic [CountBits-1:0]   left_q;     // words of this job that no burst has taken
  logic [LEN_BITS-1:0]    to_edge, len;
  logic                   record_q;   // the word on offer is a completion record
  logic                   start, record, at_rest, bad, error;
  logic                   ready, take;

  assign to_edge = LEN_BITS'(BurstBeats) - LEN_BITS'(address_q[BYTE_BITS +: BURST_BITS]);
  assign len     = left_q < CountBits'(to_edge) ? LEN_BITS'(left_q) : to_edge;
  assign start   = state_q == WrResults && left_q != '0 && !bad && ready &&
                   32'(fill_q) >= 32'(len);
  assign bad     = error || (end_valid && ending.code != tmu_axi_reg_pkg::CodeDone);
  assign record  = state_q == WrRecord;

  always_comb begin
    state_d = state_q;
    done    = 1'b0;
    unique case (state_q)
      WrIdle:    if (job_valid) state_d = WrResults;
      // Bursts start; the end is known when the unit has answered.
      WrResults: if (end_valid && (left_q == '0 || bad) && at_rest) state_d = WrRecord;
      // The record's burst starts.
      WrRecord:  state_d = WrAnswer;
      // It is answered.
      WrAnswer: begin
        if (at_rest) begin
          state_d = bad ? WrHalt : WrIdle;
          done    = 1'b1;
        end
      end
      default: ;  // WrHalt; no other, StateLegal
    endcase
    if (clear_i) state_d = WrIdle;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q   <= WrIdle;
      address_q <= '0;
      left_q    <= '0;
      record_q  <= 1'b0;
    end else begin
      state_q  <= state_d;
      record_q <= state_d == WrAnswer;
      if (state_q == WrIdle) begin
        address_q <= job_address;
        left_q    <= job_words;
      end else if (start) begin
        address_q <= address_q + (AddressBits'(len) << BYTE_BITS);
        left_q    <= left_q - CountBits'(len);
      end
    end
  end

  //////////
  // Port //
  //////////

  logic [AddressBits-1:0]       record_word;  // the address of the word that holds it
  logic [RECORDS-1:0]           record_lane;
  logic [WordBytes-1:0]         word_strb;
  tmu_axi_reg_pkg::completion_t completion;

  assign record_word = {record_address_i[AddressBits-1:BYTE_BITS], BYTE_BITS'(0)};
  if (RECORDS == 1) begin : g_lane
    assign record_lane = 1'b1;
  end else begin : g_lanes
    assign record_lane = RECORDS'(1) << record_address_i[BYTE_BITS-1:4];
  end

  assign completion = '{
    status:          error ? 32'(tmu_axi_reg_pkg::CodeWriteError) : 32'(ending.code),
    sequence_number: number_i,
    cycles:          ending.cycles
  };

  for (genvar i = 0; i < WordSums; i++) begin : g_strb
    assign word_strb[4*i +: 4] = {4{record_q ? record_lane[i / 4] : word_sums[i]}};
  end

  // A record's burst is one word; the words of results come from the queue.
  axi_write_port #(
    .WordBytes(WordBytes), .BurstBeats(BurstBeats), .Outstanding(Outstanding),
    .AddressBits(AddressBits)
  ) u_port (
    .clk_i, .rst_ni, .clear_i,
    .start_i    (start || record),
    .ready_o    (ready),
    .address_i  (record ? record_word : address_q),
    .len_i      (record ? LEN_BITS'(1) : len),
    .word_data_i(record_q ? {RECORDS{completion}} : word_data),
    .word_strb_i(word_strb),
    .word_take_o(take),
    .aw_valid_o, .aw_ready_i, .aw_addr_o, .aw_len_o,
    .w_valid_o, .w_ready_i, .w_data_o, .w_strb_o, .w_last_o, .b_valid_i, .b_ready_o, .b_resp_i,
    .at_rest_o  (at_rest),
    .error_o    (error),
    .error_response_o,
    .error_address_o
  );

  assign word_take = take && !record_q;

  assign done_o     = done;
  assign done_irq_o = done && (ending.irq || bad);
  assign error_o    = error;
  assign quiet_o    = at_rest && ((state_q == WrIdle && !job_valid) || state_q == WrHalt);

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(StateLegal,   state_q inside {WrIdle, WrResults, WrRecord, WrAnswer, WrHalt})
  `ASSERT(RoomForEnds,  end_valid_i |-> end_room)
  `ASSERT(WordsInHand,  w_valid_o && !record_q |-> word_valid)
  `ASSERT(RecordAligned, record |-> record_address_i[3:0] == '0)
  `ASSERT(ClearedQuiet, clear_i |-> quiet_o)
  `ASSERT(WordsInRange, fill_q <= FILL_BITS'(FifoBeats))

endmodule
