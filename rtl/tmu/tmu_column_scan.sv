// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Finds the activations that are not zero: takes the activation stream of a command by columns, says which
/// columns' weights are wanted and queues their activations.
///
/// Timing  a beat taken in cycle t offers its columns, lowest first, from t + 1 on, one a cycle; the next beat
///         is taken when none is left. end_o is high for one cycle, when no beat and no column is left
module tmu_column_scan (
  input  logic                                    clk_i,
  input  logic                                    rst_ni,
  input  logic                                    flush_i,
  input  logic                                    start_i,  // of a command by columns
  input  tmu_pkg::command_t                       cmd_i,    // to be started

  // Activation stream.
  input  logic                                    act_valid_i,
  output logic                                    act_ready_o,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0]    act_data_i,

  // Columns whose weights are wanted.
  output tmu_pkg::column_read_t                   read_o,
  input  logic                                    read_ready_i,

  // Their activations.
  output logic                                    x_valid_o,
  input  logic                                    x_ready_i,
  output logic [tmu_pkg::ACT_WIDTH-1:0]           x_o,
  output logic                                    last_o  // nothing follows what is queued
);

  localparam int unsigned ACTS       = tmu_pkg::ACT_BEAT_BYTES;
  localparam int unsigned INDEX_BITS = $clog2(ACTS);
  localparam int unsigned BEAT_BITS  = tmu_pkg::COLUMN_BEAT_WIDTH;

  logic                          scanning_q;
  logic [15:0]                   left_q;  // columns of beats not yet taken
  logic [15:0]                   beats_q;  // of a column
  logic [8*ACTS-1:0]             data_q;
  logic [ACTS-1:0]               wanted_q;  // columns of data_q not yet offered
  logic [BEAT_BITS-1:0]          base_q;    // of the first column of data_q
  logic [BEAT_BITS-1:0]          next_base_q;
  logic [ACTS-1:0]               lowest;
  logic [INDEX_BITS-1:0]         index;
  logic [tmu_pkg::ACT_WIDTH-1:0] x;
  logic [BEAT_BITS-1:0]          beat;
  logic                          room;
  logic                          take;
  logic                          fire;

  assign act_ready_o = left_q != '0 && wanted_q == '0;
  assign take        = act_valid_i && act_ready_o && !flush_i;
  assign fire        = read_o.valid && read_ready_i;
  assign last_o      = left_q == '0 && wanted_q == '0;
  assign read_o      = '{valid: wanted_q != '0 && room, beat: beat, none: scanning_q && last_o};

  // The lowest column, its number in the beat and its activation.
  assign lowest = wanted_q & (~wanted_q + 1'b1);

  always_comb begin
    index = '0;
    x     = '0;
    for (int unsigned k = 0; k < ACTS; k++) begin
      if (lowest[k]) begin
        index = INDEX_BITS'(k);
        x     = data_q[8*k +: 8];
      end
    end
  end

  // base + index * beats, as shifts and adds.
  always_comb begin
    beat = base_q;
    for (int unsigned b = 0; b < INDEX_BITS; b++) begin
      if (index[b]) beat = beat + (BEAT_BITS'(beats_q) << b);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      scanning_q  <= 1'b0;
      left_q      <= '0;
      beats_q     <= '0;
      data_q      <= '0;
      wanted_q    <= '0;
      base_q      <= '0;
      next_base_q <= '0;
    end else if (flush_i) begin
      scanning_q <= 1'b0;
      left_q     <= '0;
      wanted_q   <= '0;
    end else if (start_i) begin
      scanning_q  <= 1'b1;
      left_q      <= cmd_i.columns;
      beats_q     <= cmd_i.beats;
      next_base_q <= '0;
    end else begin
      if (last_o) scanning_q <= 1'b0;
      if (take) begin
        left_q      <= left_q > 16'(ACTS) ? left_q - 16'(ACTS) : '0;
        data_q      <= act_data_i;
        base_q      <= next_base_q;
        next_base_q <= next_base_q + (BEAT_BITS'(beats_q) << INDEX_BITS);
        for (int unsigned k = 0; k < ACTS; k++) begin
          wanted_q[k] <= act_data_i[8*k +: 8] != '0 && left_q > 16'(k);
        end
      end else if (fire) begin
        wanted_q <= wanted_q & ~lowest;
      end
    end
  end

  stream_fifo #(.Width(tmu_pkg::ACT_WIDTH), .Depth(tmu_pkg::COLUMN_QUEUE)) u_queue (
    .clk_i, .rst_ni, .flush_i,
    .push_valid_i(fire),
    .push_ready_o(room),
    .push_data_i (x),
    .pop_valid_o (x_valid_o),
    .pop_ready_i (x_ready_i),
    .pop_data_o  (x_o)
  );

  `ASSERT(ColumnHeld, read_o.valid && !read_ready_i && !flush_i |=>
                      flush_i || (read_o.valid && $stable(read_o.beat)))

endmodule
