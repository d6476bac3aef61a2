// SPDX-License-Identifier: Apache-2.0

/// A command by columns: finds the columns that are wanted and issues its slots.
module tmu_columns #(
  parameter int unsigned Lanes       = 80,
  parameter int unsigned Engines     = 4,
  parameter int unsigned ColumnWords = 8
) (
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  logic                                  flush_i,

  // The command.
  input  logic                                  start_i,
  input  tmu_pkg::command_t                     cmd_i,      // to be started
  input  tmu_pkg::command_t                     command_i,  // started last
  input  logic                                  run_i,
  input  logic                                  gather_i,
  output logic                                  done_o,
  output logic                                  gather_done_o,

  // Activation stream.
  input  logic                                  act_valid_i,
  output logic                                  act_ready_o,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0]  act_data_i,

  // Columns whose weights are wanted.
  output tmu_pkg::column_read_t                 read_o,
  input  logic                                  read_ready_i,

  // What slots wait for.
  input  logic [Engines-1:0]                    beat_valid_i,
  input  logic                                  credit_i,

  // The slot that issues.
  output tmu_pkg::column_slot_t                 slot_o,
  output logic [Engines-1:0]                    engines_o,
  output logic                                  act_stall_o,
  output logic                                  weight_stall_o,
  output logic                                  result_stall_o
);

  logic                          x_valid;
  logic                          x_ready;
  logic [tmu_pkg::ACT_WIDTH-1:0] x;
  logic                          last;
  logic [Engines-1:0]            row_engines;
  tmu_pkg::column_slot_t         slot;

  tmu_column_scan u_scan (
    .clk_i, .rst_ni, .flush_i, .start_i, .cmd_i,
    .act_valid_i, .act_ready_o, .act_data_i,
    .read_o, .read_ready_i,
    .x_valid_o(x_valid),
    .x_ready_i(x_ready),
    .x_o      (x),
    .last_o   (last)
  );

  tmu_column_issue #(.Lanes(Lanes), .Engines(Engines), .ColumnWords(ColumnWords)) u_issue (
    .clk_i, .rst_ni, .start_i, .cmd_i, .command_i, .run_i, .done_o, .gather_i, .gather_done_o,
    .x_valid_i     (x_valid),
    .x_ready_o     (x_ready),
    .last_i        (last),
    .beat_valid_i, .credit_i,
    .slot_o        (slot.add),
    .sum_o         (slot.gather),
    .act_stall_o, .weight_stall_o, .result_stall_o,
    .first_o       (slot.first),
    .place_o       (slot.place),
    .engines_o     (row_engines)
  );

  assign slot.x    = x;
  assign slot_o    = slot;
  assign engines_o = slot.add ? '1 : slot.gather ? row_engines : '0;

endmodule
