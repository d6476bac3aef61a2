// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Judges a command and says how its tokens fill the slices. Combinational; zero unless check_i.
///
/// Cost  Chunks and ColumnWords comparators and a few tables in place of a divider (tokens / Slices) and a multiplier
///       (chunks * beats): with so few chunks the quotients are constants
module tmu_command_check #(
  parameter  int unsigned Slices     = 2,
  parameter  int unsigned ActWords   = 512,
  parameter  int unsigned Chunks     = 32,
  parameter  int unsigned Lanes      = 80,
  parameter  int unsigned Engines    = 4,
  parameter  int unsigned ColumnWords = 0,
  localparam int unsigned ChunkWidth = Chunks > 1 ? $clog2(Chunks) : 1
) (
  input  logic                  check_i,
  input  tmu_pkg::command_t     command_i,
  input  logic                  held_valid_i,  // activations of held_i are in the SRAM
  input  tmu_pkg::command_t     held_i,
  output logic                  legal_o,
  output logic [ChunkWidth-1:0] last_chunk_o,  // chunks - 1
  output logic [Slices-1:0]     last_slices_o  // slices that have a token in the last chunk
);

  // Tokens before chunk k, and the beats that k + 1 chunks leave room for.
  typedef logic [15:0] table_t [Chunks];

  function automatic table_t tokens_before();
    for (int unsigned k = 0; k < Chunks; k++) tokens_before[k] = 16'(k * Slices);
  endfunction

  function automatic table_t beats_that_fit();
    for (int unsigned k = 0; k < Chunks; k++) beats_that_fit[k] = 16'(ActWords / (k + 1));
  endfunction

  localparam table_t TOKENS_BEFORE = tokens_before();
  localparam table_t BEATS_THAT_FIT = beats_that_fit();

  localparam int unsigned T5_ROWS = Lanes * Engines;  // that a beat of every engine holds
  localparam int unsigned T2_ROWS = Lanes / tmu_pkg::T5_TRITS * tmu_pkg::T2_TRITS * Engines;

  logic [15:0] beats_fit;
  logic [15:0] tokens_rest;  // from the last chunk on
  logic        same_as_held;

  always_comb begin
    last_chunk_o = '0;
    beats_fit    = '0;
    tokens_rest  = '0;
    if (check_i) begin
      for (int unsigned k = 0; k < Chunks; k++) begin
        if (command_i.tokens > TOKENS_BEFORE[k]) begin
          last_chunk_o = ChunkWidth'(k);
          beats_fit    = BEATS_THAT_FIT[k];
          tokens_rest  = TOKENS_BEFORE[k];
        end
      end
      tokens_rest = command_i.tokens - tokens_rest;
    end
    for (int unsigned s = 0; s < Slices; s++) last_slices_o[s] = tokens_rest > 16'(s);
  end

  // A column has as many beats as its rows need.
  logic [ColumnWords:0] column_fits;

  assign column_fits[0] = 1'b0;

  for (genvar k = 1; k <= ColumnWords; k++) begin : g_beats
    assign column_fits[k] = command_i.beats == 16'(k) &&
        command_i.rows > (command_i.t2 ? (k - 1) * T2_ROWS : (k - 1) * T5_ROWS) &&
        command_i.rows <= (command_i.t2 ? k * T2_ROWS : k * T5_ROWS);
  end

  logic rows_legal;
  logic columns_legal;

  assign same_as_held = held_valid_i && command_i.tokens == held_i.tokens &&
                        command_i.beats == held_i.beats && command_i.t2 == held_i.t2;

  // No token at all leaves tokens_rest at 0, more than Slices in the last chunk overflows Chunks.
  assign rows_legal    = command_i.rows != '0 && command_i.beats != '0 &&
                         command_i.beats <= beats_fit && tokens_rest != '0 &&
                         tokens_rest <= 16'(Slices) && (!command_i.keep || same_as_held);
  assign columns_legal = |column_fits && command_i.tokens == 16'd1 && !command_i.keep;
  assign legal_o       = check_i && (command_i.columns == '0 ? rows_legal : columns_legal);

endmodule
