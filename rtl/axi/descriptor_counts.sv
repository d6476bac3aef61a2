// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// How many beats and sums a command moves, without a divider or a multiplier.
///
/// Arithmetic  rows / Engines, a bit of the quotient a cycle, highest first; each bit goes at once into
///             quotient * beats and quotient * tokens. factor * beats runs beside it
/// Timing      load_i low from cycle t on: done_o in t + 32, the counts from t + 33 on
module descriptor_counts #(
  parameter  int unsigned Engines   = 4,
  localparam int unsigned CountBits = tmu_axi_pkg::COUNT_BITS
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 load_i,
  input  logic [31:0]          rows_i,
  input  logic [15:0]          tokens_i,
  input  logic [15:0]          factor_i,
  input  logic [15:0]          beats_i,
  output logic                 done_o,
  output logic [4:0]           rest_rows_o,   // rows % Engines
  output logic [CountBits-1:0] row_beats_o,   // rows / Engines * beats
  output logic [CountBits-1:0] row_tokens_o,  // rows / Engines * tokens
  output logic [CountBits-1:0] factor_beats_o
);

  localparam logic [5:0] STEPS = 6'd32;  // bits of rows

  logic [5:0]           step_q;    // 0 takes the operands
  logic [31:0]          rows_q;    // bits not yet used, at the top
  logic [31:0]          factor_q;
  logic [4:0]           rest_q;
  logic [5:0]           rest;
  logic                 fits;
  logic [CountBits-1:0] row_beats_q;
  logic [CountBits-1:0] row_factor_q;
  logic [CountBits-1:0] factor_beats_q;

  assign rest = {rest_q, rows_q[31]};
  assign fits = rest >= 6'(Engines);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_q        <= '0;
      rows_q        <= '0;
      factor_q      <= '0;
      rest_q        <= '0;
      row_beats_q   <= '0;
      row_factor_q  <= '0;
      factor_beats_q <= '0;
    end else if (load_i) begin
      step_q <= '0;
    end else if (step_q == '0) begin
      step_q        <= 6'd1;
      rows_q        <= rows_i;
      factor_q      <= 32'(factor_i);
      rest_q        <= '0;
      row_beats_q   <= '0;
      row_factor_q  <= '0;
      factor_beats_q <= '0;
    end else begin
      step_q        <= step_q + 6'd1;
      rows_q        <= rows_q << 1;
      factor_q      <= factor_q << 1;
      rest_q        <= fits ? 5'(rest - 6'(Engines)) : 5'(rest);
      row_beats_q   <= (row_beats_q << 1) + (fits ? CountBits'(beats_i) : '0);
      row_factor_q  <= (row_factor_q << 1) + (fits ? CountBits'(tokens_i) : '0);
      factor_beats_q <= (factor_beats_q << 1) + (factor_q[31] ? CountBits'(beats_i) : '0);
    end
  end

  assign done_o        = step_q == STEPS;
  assign rest_rows_o   = rest_q;
  assign row_beats_o   = row_beats_q;
  assign row_tokens_o  = row_factor_q;
  assign factor_beats_o = factor_beats_q;

  `ASSERT(RestBelowEngines, 32'(rest_q) < Engines)

endmodule
