// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Between the ring and the weight masters: passes the reads of a command by rows on, keeps those of a command
/// by columns and makes a read of each column that the unit wants.
///
/// Timing  a column that the unit offers in cycle t is handed to all weight masters in t, if all have room.
///         From the hand-out of a command by columns until the unit has found its last column, no other
///         command's weight reads are taken
module tmu_axi_columns #(
  parameter  int unsigned Lanes       = 80,
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned AddressBits = 64,
  parameter  int unsigned ColumnWords = 0,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS,
  localparam int unsigned TagBits     = tmu_axi_pkg::TAG_BITS
) (
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  logic                                  clear_i,

  // Reads of the ring: bit e is weight master e, bit Engines the activation master.
  input  logic [Engines:0]                      job_valid_i,
  output logic [Engines:0]                      job_ready_o,
  input  logic                                  job_columns_i,  // beats are of a column
  input  logic [AddressBits-1:0]                job_address_i,
  input  logic [CountBits-1:0]                  job_beats_i,
  input  logic [TagBits-1:0]                    job_tag_i,

  // Columns that the unit wants.
  input  tmu_pkg::column_read_t                 column_i,
  output logic                                  column_ready_o,

  // Reads of the masters; the activation master's are as the ring has them.
  output logic [Engines:0]                      read_valid_o,
  input  logic [Engines:0]                      read_ready_i,
  output logic [Engines*AddressBits-1:0]        weight_address_o,
  output logic [CountBits-1:0]                  weight_beats_o,
  output logic [TagBits-1:0]                    weight_tag_o
);

  if (ColumnWords == 0) begin : g_none
    // The unit refuses a command by columns; nothing is read for it.
    assign job_ready_o      = read_ready_i;
    assign read_valid_o     = job_valid_i & {1'b1, {Engines{!job_columns_i}}};
    assign weight_address_o = {Engines{job_address_i}};
    assign weight_beats_o   = job_beats_i;
    assign weight_tag_o     = job_tag_i;
    assign column_ready_o   = 1'b0;
  end else begin : g_columns
    localparam int unsigned BEAT_SHIFT = $clog2(Lanes / tmu_pkg::T5_TRITS);

    logic                           busy_q;  // columns of the command kept here are still to come
    logic [Engines*AddressBits-1:0] base_q;
    logic [CountBits-1:0]           beats_q;
    logic [TagBits-1:0]             tag_q;
    logic                           fire;

    assign column_ready_o = busy_q && &read_ready_i[Engines-1:0];
    assign fire           = column_i.valid && column_ready_o;

    assign job_ready_o[Engines]      = read_ready_i[Engines];
    assign job_ready_o[Engines-1:0]  =
        {Engines{!busy_q}} & (read_ready_i[Engines-1:0] | {Engines{job_columns_i}});
    assign read_valid_o[Engines]     = job_valid_i[Engines];
    assign read_valid_o[Engines-1:0] =
        fire ? '1 : job_valid_i[Engines-1:0] & {Engines{!busy_q && !job_columns_i}};
    assign weight_beats_o            = busy_q ? beats_q : job_beats_i;
    assign weight_tag_o              = busy_q ? tag_q : job_tag_i;

    for (genvar e = 0; e < Engines; e++) begin : g_engine
      assign weight_address_o[e*AddressBits +: AddressBits] = !busy_q ? job_address_i :
          base_q[e*AddressBits +: AddressBits] + (AddressBits'(column_i.beat) << BEAT_SHIFT);

      always_ff @(posedge clk_i) begin
        if (job_valid_i[e] && job_columns_i && !busy_q) base_q[e*AddressBits +: AddressBits] <= job_address_i;
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        busy_q  <= 1'b0;
        beats_q <= '0;
        tag_q   <= '0;
      end else if (clear_i || column_i.none) begin
        busy_q <= 1'b0;
      end else if (job_columns_i && !busy_q) begin
        if (job_valid_i[0]) begin
          beats_q <= job_beats_i;
          tag_q   <= job_tag_i;
        end
        if (job_valid_i[Engines] && read_ready_i[Engines]) busy_q <= 1'b1;
      end
    end

    `ASSERT(EndsWhatIsKept, column_i.none |-> busy_q)
  end

endmodule
