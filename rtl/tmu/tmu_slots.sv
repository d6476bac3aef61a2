// SPDX-License-Identifier: Apache-2.0

/// What the engines do in a cycle: a slot by rows (tmu_issue.sv), by columns (tmu_columns.sv), or none.
module tmu_slots #(
  parameter  int unsigned Lanes           = 80,
  parameter  int unsigned Engines         = 4,
  parameter  int unsigned Slices          = 2,
  parameter  int unsigned ActWords        = 512,
  parameter  int unsigned Chunks          = 32,
  parameter  int unsigned ResultFifoBeats = 16,
  parameter  int unsigned ColumnWords     = 0,
  localparam int unsigned ChunkWidth      = Chunks > 1 ? $clog2(Chunks) : 1,
  localparam int unsigned AddrWidth       = $clog2(ActWords)
) (
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  logic                                  flush_i,

  // The command.
  input  logic                                  start_i,
  input  tmu_pkg::command_t                     cmd_i,      // to be started
  input  tmu_pkg::command_t                     command_i,  // started last
  input  logic [ChunkWidth-1:0]                 last_chunk_i,
  input  logic [Slices-1:0]                     last_slices_i,
  input  tmu_pkg::state_e                       state_i,
  output logic                                  compute_done_o,  // the last slot by rows issues
  output logic                                  columns_done_o,  // no column is left
  output logic                                  gather_done_o,   // the last slot that gathers issues
  output logic                                  credits_all_o,

  // By columns: activations, and the columns whose weights are wanted.
  input  logic                                  act_valid_i,
  output logic                                  act_ready_o,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0]  act_data_i,
  output tmu_pkg::column_read_t                 read_o,
  input  logic                                  read_ready_i,

  // What slots wait for.
  input  logic [Engines-1:0]                    beat_valid_i,
  input  logic                                  result_taken_i,
  output logic                                  act_stall_o,
  output logic                                  weight_stall_o,
  output logic                                  result_stall_o,

  // The slot that issues; masks are zero when none does.
  output logic                                  slot_o,     // that adds a beat
  output logic                                  fresh_o,    // the engines pop a beat
  output logic                                  first_o,
  output logic                                  last_o,     // its sums are results
  output logic [ChunkWidth-1:0]                 chunk_o,
  output logic [AddrWidth-1:0]                  addr_o,
  output logic [Engines-1:0]                    engines_o,
  output logic [Slices-1:0]                     slices_o,   // by columns: none
  output tmu_pkg::column_slot_t                 column_o
);

  logic               row_slot, row_fresh, row_first, row_last, row_weight_stall, row_result_stall;
  logic [Engines-1:0] row_engines;
  logic               credit;

  tmu_issue #(
    .Engines(Engines), .Slices(Slices), .ActWords(ActWords), .Chunks(Chunks),
    .ResultFifoBeats(ResultFifoBeats)
  ) u_issue (
    .clk_i, .rst_ni, .flush_i, .start_i, .cmd_i, .command_i, .last_chunk_i, .last_slices_i,
    .run_i         (state_i == tmu_pkg::StCompute),
    .done_o        (compute_done_o),
    .credits_all_o,
    .beat_valid_i, .result_taken_i,
    .credit_take_i (column_o.gather),
    .credit_o      (credit),
    .slot_o        (row_slot),
    .weight_stall_o(row_weight_stall),
    .result_stall_o(row_result_stall),
    .fresh_o       (row_fresh),
    .first_o       (row_first),
    .last_o        (row_last),
    .chunk_o, .addr_o,
    .engines_o     (row_engines),
    .slices_o
  );

  logic               column_weight_stall, column_result_stall;
  logic [Engines-1:0] column_engines;

  if (ColumnWords != 0) begin : g_columns
    tmu_columns #(.Lanes(Lanes), .Engines(Engines), .ColumnWords(ColumnWords)) u_columns (
      .clk_i, .rst_ni, .flush_i,
      .start_i       (start_i && cmd_i.columns != '0),
      .cmd_i, .command_i,
      .run_i         (state_i == tmu_pkg::StColumns),
      .gather_i      (state_i == tmu_pkg::StGather),
      .done_o        (columns_done_o),
      .gather_done_o,
      .act_valid_i, .act_ready_o, .act_data_i,
      .read_o, .read_ready_i,
      .beat_valid_i,
      .credit_i      (credit),
      .slot_o        (column_o),
      .engines_o     (column_engines),
      .act_stall_o,
      .weight_stall_o(column_weight_stall),
      .result_stall_o(column_result_stall)
    );
  end else begin : g_rows_only
    assign {columns_done_o, gather_done_o, act_ready_o} = '0;
    assign {act_stall_o, column_weight_stall, column_result_stall} = '0;
    assign read_o         = '0;
    assign column_o       = '0;
    assign column_engines = '0;
  end

  assign weight_stall_o = row_weight_stall || column_weight_stall;
  assign result_stall_o = row_result_stall || column_result_stall;
  assign slot_o         = row_slot || column_o.add;
  assign fresh_o        = row_fresh || column_o.add;
  assign first_o        = column_o.add || column_o.gather ? column_o.first : row_first;
  assign last_o         = row_last || column_o.gather;
  assign engines_o      = row_engines | column_engines;

endmodule
