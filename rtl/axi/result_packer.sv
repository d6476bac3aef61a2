// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Packs result beats of the unit into words of a bus: sums token after token, within a token engine
/// after engine, without gaps.
///
/// Timing      a beat taken in cycle t makes its first whole word valid in t + 1
/// Throughput  a beat of n sums every ceil(n / WordSums) cycles while words are taken at once
/// Cost        a shifter of one result beat over WordSums positions
module result_packer #(
  parameter  int unsigned Engines  = 4,
  parameter  int unsigned Slices   = 2,
  parameter  int unsigned WordSums = 4,  // sums in a word of the bus, a power of two
  localparam int unsigned SumBits  = tmu_pkg::SUM_WIDTH
) (
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              clear_i,   // as after reset
  input  logic                              start_i,   // a command of tokens_i starts
  input  logic [15:0]                       tokens_i,
  input  logic                              finish_i,  // it has given its last result beat

  // Result beats: engine e, slice s at index e * Slices + s.
  input  logic                              result_valid_i,
  output logic                              result_ready_o,
  input  logic [Engines*Slices*SumBits-1:0] result_data_i,

  // Words. A bit of word_sums_o a sum; all are set but in the last word of a command.
  output logic                              word_valid_o,
  input  logic                              word_ready_i,
  output logic [WordSums*SumBits-1:0]       word_data_o,
  output logic [WordSums-1:0]               word_sums_o
);

  localparam int unsigned BEAT_SUMS  = Engines * Slices;
  localparam int unsigned HELD_SUMS  = WordSums + BEAT_SUMS;  // rest of a word, a beat on top
  localparam int unsigned COUNT_BITS = $clog2(HELD_SUMS + 1);
  localparam int unsigned HELD_BITS  = HELD_SUMS * SumBits;

  `ASSERT_INIT(WordLegal, WordSums >= 2 && 1 << $clog2(WordSums) == WordSums)

  ////////////
  // Tokens //
  ////////////

  logic [15:0]           tokens_q;
  logic [15:0]           left_q;    // tokens of this row group from this beat on
  logic [COUNT_BITS-1:0] beat_sums;
  logic                  take;

  always_comb begin
    beat_sums = COUNT_BITS'(BEAT_SUMS);
    for (int unsigned s = 1; s < Slices; s++) begin
      if (left_q == 16'(s)) beat_sums = COUNT_BITS'(s * Engines);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tokens_q <= '0;
      left_q   <= '0;
    end else if (start_i) begin
      tokens_q <= tokens_i;
      left_q   <= tokens_i;
    end else if (take) begin
      left_q <= left_q <= 16'(Slices) ? tokens_q : left_q - 16'(Slices);
    end
  end

  ///////////
  // Words //
  ///////////

  logic [HELD_BITS-1:0]  held_q;  // zero above the sums held
  logic [HELD_BITS-1:0]  rest;
  logic [HELD_BITS-1:0]  beat;
  logic [COUNT_BITS-1:0] count_q;
  logic [COUNT_BITS-1:0] rest_count;
  logic                  finish_q;
  logic                  whole;
  logic                  emit;

  // From engine-major to token-major; a beat lies above what is left of the word before.
  always_comb begin
    beat = '0;
    for (int unsigned e = 0; e < Engines; e++) begin
      for (int unsigned s = 0; s < Slices; s++) begin
        beat[(s*Engines + e)*SumBits +: SumBits] = result_data_i[(e*Slices + s)*SumBits +: SumBits];
      end
    end
    for (int unsigned i = 0; i < $clog2(WordSums); i++) begin
      if (rest_count[i]) beat = beat << (SumBits << i);
    end
  end

  assign whole          = count_q >= COUNT_BITS'(WordSums);
  assign word_valid_o   = whole || finish_q;
  assign word_data_o    = held_q[WordSums*SumBits-1:0];
  assign emit           = word_valid_o && word_ready_i;
  assign rest           = emit ? held_q >> (WordSums * SumBits) : held_q;
  assign rest_count     = !emit ? count_q : whole ? count_q - COUNT_BITS'(WordSums) : '0;
  assign result_ready_o = !finish_q && (!whole || (word_ready_i &&
                                                   32'(count_q) < 2 * WordSums));
  assign take           = result_valid_i && result_ready_o;

  for (genvar i = 0; i < WordSums; i++) begin : g_sum
    assign word_sums_o[i] = count_q > COUNT_BITS'(i);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q   <= '0;
      count_q  <= '0;
      finish_q <= 1'b0;
    end else if (clear_i) begin
      held_q   <= '0;
      count_q  <= '0;
      finish_q <= 1'b0;
    end else begin
      held_q  <= take ? rest | beat : rest;
      count_q <= rest_count + (take ? beat_sums : '0);
      if (finish_i) finish_q <= rest_count != '0;
      else if (emit && rest_count == '0) finish_q <= 1'b0;
    end
  end

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(BeatOfACommand,  take |-> left_q != '0)
  `ASSERT(NoBeatAtFinish,  finish_i |-> !result_valid_i)
  `ASSERT(StartsEmpty,     take && left_q == tokens_q |-> !finish_q)
  `ASSERT(CountInRange,    count_q <= COUNT_BITS'(HELD_SUMS))
  `ASSERT(WordHeld,        word_valid_o && !word_ready_i && !clear_i |=>
                           clear_i || (word_valid_o && $stable(word_data_o[SumBits-1:0])))

endmodule
