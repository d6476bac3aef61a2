// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Says where each beat of the activation stream goes: token t, word b to bank t % Slices, address
/// (t / Slices) * beats + b.
///
/// Timing  the position is that of the next beat; start_i sets it to token 0, word 0
module tmu_loader #(
  parameter  int unsigned Lanes      = 80,
  parameter  int unsigned Slices     = 2,
  parameter  int unsigned ActWords   = 512,
  localparam int unsigned IndexWidth = $clog2(Lanes / tmu_pkg::ACT_BEAT_BYTES),
  localparam int unsigned AddrWidth  = $clog2(ActWords)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  start_i,
  input  logic                  beat_i,  // a beat is taken in this cycle
  input  tmu_pkg::command_t     cmd_i,      // to be started
  input  tmu_pkg::command_t     command_i,  // started last
  output logic [Slices-1:0]     bank_o,   // one hot
  output logic [AddrWidth-1:0]  addr_o,
  output logic [IndexWidth-1:0] index_o,  // beat within the word
  output logic                  write_o,  // this beat completes the word
  output logic                  last_o    // the next beat is the command's last
);

  localparam int unsigned T5_BEATS = Lanes / tmu_pkg::ACT_BEAT_BYTES;
  localparam int unsigned T2_BEATS =
      Lanes / tmu_pkg::T5_TRITS * tmu_pkg::T2_TRITS / tmu_pkg::ACT_BEAT_BYTES;

  logic [15:0]           tokens_left_q;
  logic [15:0]           words_left_q;  // of this token
  logic [IndexWidth-1:0] index_q;
  logic [Slices-1:0]     bank_q;
  logic [AddrWidth-1:0]  base_q;  // of this chunk
  logic [AddrWidth-1:0]  word_q;
  logic                  last_index;
  logic                  last_word;

  assign bank_o     = bank_q;
  assign addr_o     = base_q + word_q;
  assign index_o    = index_q;
  assign write_o    = beat_i && last_index;
  assign last_index = index_q == (command_i.t2 ? IndexWidth'(T2_BEATS - 1)
                                               : IndexWidth'(T5_BEATS - 1));
  assign last_word  = words_left_q == 16'd1;
  assign last_o     = tokens_left_q == 16'd1 && last_word && last_index;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tokens_left_q <= '0;
      words_left_q  <= '0;
      index_q       <= '0;
      bank_q        <= Slices'(1);
      base_q        <= '0;
      word_q        <= '0;
    end else if (start_i) begin
      tokens_left_q <= cmd_i.tokens;
      words_left_q  <= cmd_i.beats;
      index_q       <= '0;
      bank_q        <= Slices'(1);
      base_q        <= '0;
      word_q        <= '0;
    end else if (beat_i) begin
      index_q <= last_index ? '0 : index_q + 1'b1;
      if (last_index) begin
        words_left_q <= last_word ? command_i.beats : words_left_q - 16'd1;
        word_q       <= last_word ? '0 : word_q + 1'b1;
      end
      if (last_index && last_word) begin
        tokens_left_q <= tokens_left_q - 16'd1;
        bank_q        <= bank_q[Slices-1] ? Slices'(1) : bank_q << 1;
        if (bank_q[Slices-1]) base_q <= base_q + AddrWidth'(command_i.beats);
      end
    end
  end

  `ASSERT(BankOneHot,     $onehot(bank_q))
  `ASSERT(BeatOfACommand, beat_i |-> tokens_left_q != '0 && words_left_q != '0)

endmodule
