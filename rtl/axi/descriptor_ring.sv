// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Fetches descriptors of the ring ahead of need, has them checked and queues their commands.
///
/// Timing  a descriptor is asked for in the cycle after tail or a free place allows it, one a cycle; then
///         axi_read_dma and descriptor_check; an entry given in cycle t is at entry_o from t + 1
module descriptor_ring #(
  parameter  int unsigned Lanes       = 80,
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned ResultBytes = 16,
  parameter  int unsigned Descriptors = 4,  // fetched and not started
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS,
  localparam int unsigned TagBits     = tmu_axi_pkg::TAG_BITS,
  localparam int unsigned StreamBits  = tmu_axi_pkg::STREAM_BITS
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,
  input  logic                    stop_i,
  input  logic                    clear_i,  // go on at head_i
  input  tmu_axi_pkg::settings_t  settings_i,
  input  logic [31:0]             head_i,   // sequence number of the oldest command without a record
  output logic                    overrun_o,

  // AXI4 read port.
  output logic                    ar_valid_o,
  input  logic                    ar_ready_i,
  output logic [AddressBits-1:0]  ar_addr_o,
  output logic [7:0]              ar_len_o,
  input  logic                    r_valid_i,
  output logic                    r_ready_o,
  input  logic [StreamBits-1:0]   r_data_i,
  input  logic [1:0]              r_resp_i,
  input  logic                    r_last_i,

  // Reads for the other masters, as descriptor_check gives them.
  output logic [Engines:0]        job_valid_o,
  input  logic [Engines:0]        job_ready_i,
  output logic [AddressBits-1:0]  job_address_o,
  output logic [CountBits-1:0]    job_beats_o,
  output logic [TagBits-1:0]      job_tag_o,
  output logic                    job_columns_o,

  // Commands, in the order of the ring.
  output logic                    entry_valid_o,
  input  logic                    entry_ready_i,
  output tmu_axi_pkg::entry_t     entry_o,

  output logic                    idle_o,  // nothing fetched, or being fetched, that has not started
  output logic                    drained_o,
  output logic                    working_o
);

  localparam int unsigned ENTRY_BITS   = $bits(tmu_axi_pkg::entry_t);
  localparam int unsigned PENDING_BITS = $clog2(Descriptors + 1);

  `ASSERT_INIT(ParamsLegal, Descriptors >= 2 && Descriptors <= 8)

  ///////////
  // Fetch //
  ///////////

  logic [31:0]             fetch_q;    // sequence number of the next to ask for
  logic [PENDING_BITS-1:0] pending_q;  // asked for and not started
  logic [31:0]             entries;
  logic [31:0]             entry;
  logic                    ask;
  logic                    ask_ready;
  logic                    wanted;
  logic                    start;
  logic [AddressBits-1:0]  place;

  assign entries   = tmu_axi_pkg::ring_entries(settings_i.ring_log2);
  assign overrun_o = settings_i.enable && settings_i.tail - head_i > entries;
  assign wanted    = settings_i.enable && !stop_i && !overrun_o && fetch_q != settings_i.tail &&
                     pending_q != PENDING_BITS'(Descriptors);
  assign ask       = wanted && ask_ready;
  assign start     = entry_valid_o && entry_ready_i;
  assign place     = AddressBits'(settings_i.ring_base) +
                     (AddressBits'(entry) << $clog2(tmu_axi_pkg::DESCRIPTOR_BYTES));
  assign entry     = fetch_q & (entries - 32'd1);
  assign idle_o    = pending_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fetch_q   <= '0;
      pending_q <= '0;
    end else if (clear_i) begin
      fetch_q   <= head_i;
      pending_q <= '0;
    end else begin
      fetch_q   <= fetch_q + 32'(ask);
      pending_q <= pending_q + PENDING_BITS'(ask) - PENDING_BITS'(start);
    end
  end

  logic                   beat_valid;
  logic                   beat_ready;
  logic [StreamBits-1:0]  beat_data;
  logic                   error;
  logic [TagBits-1:0]     error_tag;
  logic [1:0]             error_response;
  logic [AddressBits-1:0] error_address;

  axi_read_dma #(
    .DataBytes  (tmu_axi_pkg::STREAM_BYTES),
    .BurstBeats (tmu_axi_pkg::DESCRIPTOR_BEATS),
    .FifoBeats  (tmu_axi_pkg::DESCRIPTOR_BEATS * Descriptors),
    .Outstanding(Descriptors),
    .AddressBits(AddressBits)
  ) u_dma (
    .clk_i, .rst_ni, .stop_i, .clear_i,
    .job_valid_i     (wanted),
    .job_ready_o     (ask_ready),
    .job_address_i   (place),
    .job_beats_i     (CountBits'(tmu_axi_pkg::DESCRIPTOR_BEATS)),
    .job_tag_i       (TagBits'(fetch_q)),
    .ar_valid_o, .ar_ready_i, .ar_addr_o, .ar_len_o,
    .r_valid_i, .r_ready_o, .r_data_i, .r_resp_i, .r_last_i,
    .valid_o         (beat_valid),
    .ready_i         (beat_ready),
    .data_o          (beat_data),
    .error_o         (error),
    .error_tag_o     (error_tag),
    .error_response_o(error_response),
    .error_address_o (error_address),
    .drained_o
  );

  ///////////
  // Check //
  ///////////

  logic                checked_valid;
  logic                checked_ready;
  tmu_axi_pkg::entry_t checked;

  descriptor_check #(
    .Lanes      (Lanes),
    .Engines    (Engines),
    .ResultBytes(ResultBytes),
    .AddressBits(AddressBits)
  ) u_check (
    .clk_i, .rst_ni, .stop_i, .clear_i,
    .clear_tag_i          (TagBits'(head_i)),
    .window_base_i        (settings_i.window_base),
    .window_limit_i       (settings_i.window_limit),
    .beat_valid_i         (beat_valid),
    .beat_ready_o         (beat_ready),
    .beat_data_i          (beat_data),
    .read_error_i         (error),
    .read_error_response_i(error_response),
    .read_error_address_i (error_address),
    .job_valid_o, .job_ready_i, .job_address_o, .job_beats_o, .job_tag_o, .job_columns_o,
    .entry_valid_o        (checked_valid),
    .entry_o              (checked),
    .working_o
  );

  stream_fifo #(.Width(ENTRY_BITS), .Depth(Descriptors)) u_entries (
    .clk_i, .rst_ni,
    .flush_i     (clear_i),
    .push_valid_i(checked_valid),
    .push_ready_o(checked_ready),
    .push_data_i (checked),
    .pop_valid_o (entry_valid_o),
    .pop_ready_i (entry_ready_i),
    .pop_data_o  (entry_o)
  );

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(RoomForEachEntry, checked_valid |-> checked_ready)
  `ASSERT(ErrorInOrder,     checked_valid && checked.code == tmu_axi_reg_pkg::CodeReadError |->
                            error_tag == job_tag_o)

endmodule
