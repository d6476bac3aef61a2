// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Reads jobs of consecutive beats over an AXI4 read port into a queue, in order.
///
/// Bursts   INCR, cut at multiples of BurstBeats beats, so none crosses 4 KiB. One is asked for when the
///          queue has room for it beside all that has been asked for: r_ready_o is always high
/// Timing   a job taken in cycle t has its first ARVALID in t + 3 or later; docs/axi.md, Reads
/// Errors   the first SLVERR or DECERR is kept with the tag of its job and the address of its burst; that
///          beat and all after it are dropped, and nothing more is asked for
module axi_read_dma #(
  parameter  int unsigned DataBytes   = 16,  // of a beat
  parameter  int unsigned BurstBeats  = 16,  // most beats of a burst, a power of two
  parameter  int unsigned FifoBeats   = 32,  // asked for and not yet taken from the queue
  parameter  int unsigned Outstanding = 8,   // bursts asked for and not yet answered
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned TagBits     = tmu_axi_pkg::TAG_BITS,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   stop_i,   // ask for nothing, give nothing, drop what comes
  input  logic                   clear_i,  // as after reset; only while drained_o and stop_i

  // Jobs; beats is not 0, address a multiple of DataBytes.
  input  logic                   job_valid_i,
  output logic                   job_ready_o,
  input  logic [AddressBits-1:0] job_address_i,
  input  logic [CountBits-1:0]   job_beats_i,
  input  logic [TagBits-1:0]     job_tag_i,

  // AXI4 read address channel.
  output logic                   ar_valid_o,
  input  logic                   ar_ready_i,
  output logic [AddressBits-1:0] ar_addr_o,
  output logic [7:0]             ar_len_o,

  // AXI4 read data channel.
  input  logic                   r_valid_i,
  output logic                   r_ready_o,
  input  logic [8*DataBytes-1:0] r_data_i,
  input  logic [1:0]             r_resp_i,
  input  logic                   r_last_i,

  // Beats; valid is dropped by stop_i only.
  output logic                   valid_o,
  input  logic                   ready_i,
  output logic [8*DataBytes-1:0] data_o,

  // What has happened.
  output logic                   error_o,
  output logic [TagBits-1:0]     error_tag_o,
  output logic [1:0]             error_response_o,
  output logic [AddressBits-1:0] error_address_o,
  output logic                   drained_o  // nothing is asked for or under way
);

  localparam int unsigned BYTE_BITS  = $clog2(DataBytes);
  localparam int unsigned BURST_BITS = $clog2(BurstBeats);
  localparam int unsigned LEN_BITS   = BURST_BITS + 1;
  localparam int unsigned ROOM_BITS  = $clog2(FifoBeats + 1);
  localparam int unsigned JOB_BITS   = TagBits + CountBits + AddressBits;

  `ASSERT_INIT(BurstLegal, BurstBeats >= 2 && BurstBeats <= 256 && 1 << BURST_BITS == BurstBeats &&
                           BurstBeats * DataBytes <= tmu_axi_pkg::PAGE_BYTES)
  `ASSERT_INIT(SizesLegal, FifoBeats >= BurstBeats && Outstanding >= 2)

  //////////
  // Jobs //
  //////////

  logic                   queued_valid;
  logic                   queued_take;
  logic [AddressBits-1:0] queued_address;
  logic [CountBits-1:0]   queued_beats;
  logic [TagBits-1:0]     queued_tag;

  stream_fifo #(.Width(JOB_BITS), .Depth(2)) u_jobs (
    .clk_i, .rst_ni,
    .flush_i     (clear_i),
    .push_valid_i(job_valid_i),
    .push_ready_o(job_ready_o),
    .push_data_i ({job_tag_i, job_beats_i, job_address_i}),
    .pop_valid_o (queued_valid),
    .pop_ready_i (queued_take),
    .pop_data_o  ({queued_tag, queued_beats, queued_address})
  );

  ////////////
  // Bursts //
  ////////////

  logic [AddressBits-1:0] address_q;  // of the next burst
  logic [CountBits-1:0]   left_q;     // beats of this job not yet asked for
  logic [TagBits-1:0]     tag_q;
  logic [LEN_BITS-1:0]    to_edge;
  logic [LEN_BITS-1:0]    len;
  logic                   ask;
  logic                   pop;
  logic                   burst_room;
  logic                   error;
  logic [ROOM_BITS-1:0]   room_q;
  logic                   ar_valid_q;
  logic [AddressBits-1:0] ar_addr_q;
  logic [7:0]             ar_len_q;

  assign to_edge = LEN_BITS'(BurstBeats) - LEN_BITS'(address_q[BYTE_BITS +: BURST_BITS]);
  assign len     = left_q < CountBits'(to_edge) ? LEN_BITS'(left_q) : to_edge;
  assign ask     = left_q != '0 && (!ar_valid_q || ar_ready_i) && !stop_i && !error &&
                   32'(room_q) >= 32'(len) && burst_room;
  assign queued_take = left_q == '0 || (ask && left_q == CountBits'(len));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      address_q <= '0;
      left_q    <= '0;
      tag_q     <= '0;
    end else if (clear_i) begin
      left_q <= '0;
    end else if (queued_take) begin
      address_q <= queued_address;
      left_q    <= queued_valid ? queued_beats : '0;
      tag_q     <= queued_tag;
    end else if (ask) begin
      address_q <= address_q + (AddressBits'(len) << BYTE_BITS);
      left_q    <= left_q - CountBits'(len);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_valid_q <= 1'b0;
      ar_addr_q  <= '0;
      ar_len_q   <= '0;
    end else if (ask) begin
      ar_valid_q <= 1'b1;
      ar_addr_q  <= address_q;
      ar_len_q   <= 8'(len) - 8'd1;
    end else if (ar_ready_i) begin
      ar_valid_q <= 1'b0;
    end
  end

  assign ar_valid_o = ar_valid_q;
  assign ar_addr_o  = ar_addr_q;
  assign ar_len_o   = ar_len_q;

  /////////////
  // Credits //
  /////////////

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      room_q <= ROOM_BITS'(FifoBeats);
    end else if (clear_i) begin
      room_q <= ROOM_BITS'(FifoBeats);
    end else begin
      room_q <= room_q - (ask ? ROOM_BITS'(len) : '0) + ROOM_BITS'(pop);
    end
  end

  /////////////
  // Answers //
  /////////////

  logic                   room;
  logic                   beat_valid;

  assign r_ready_o = 1'b1;
  assign pop       = valid_o && ready_i;
  assign valid_o   = beat_valid && !stop_i;
  assign error_o   = error;

  axi_open_bursts #(.Width(TagBits + AddressBits), .Outstanding(Outstanding)) u_open (
    .clk_i, .rst_ni, .clear_i,
    .ask_i            (ask),
    .ask_burst_i      ({tag_q, address_q}),
    .room_o           (burst_room),
    .none_o           (drained_o),
    .answer_i         (r_valid_i),
    .answer_last_i    (r_last_i),
    .answer_response_i(r_resp_i),
    .error_o          (error),
    .error_response_o,
    .error_burst_o    ({error_tag_o, error_address_o})
  );

  stream_fifo #(.Width(8 * DataBytes), .Depth(FifoBeats)) u_beats (
    .clk_i, .rst_ni,
    .flush_i     (clear_i),
    .push_valid_i(r_valid_i && !r_resp_i[1] && !error && !stop_i),
    .push_ready_o(room),
    .push_data_i (r_data_i),
    .pop_valid_o (beat_valid),
    .pop_ready_i (pop),
    .pop_data_o  (data_o)
  );

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(JobNotEmpty,     job_valid_i |-> job_beats_i != '0 && job_address_i[BYTE_BITS-1:0] == '0)
  `ASSERT(RoomForEachBeat, r_valid_i && !error && !stop_i |-> room)
  `ASSERT(BurstLength,     ask |-> len != '0 && len <= LEN_BITS'(BurstBeats))
  `ASSERT(ClearedAtRest,   clear_i |-> drained_o && stop_i)

endmodule
