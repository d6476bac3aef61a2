// SPDX-License-Identifier: Apache-2.0

/// Activations of a command: takes their stream, keeps them in a bank a slice, gives a word a slice.
///
/// Latency  a word read in cycle t is at act_o from t + 1 until the slice's next read
module tmu_act_memory #(
  parameter  int unsigned Lanes     = 80,
  parameter  int unsigned Slices    = 2,
  parameter  int unsigned ActWords  = 512,
  localparam int unsigned AddrWidth = $clog2(ActWords)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 start_i,
  input  tmu_pkg::command_t                    cmd_i,      // to be started
  input  tmu_pkg::command_t                    command_i,  // started last

  // Write: a beat of the activation stream is taken.
  input  logic                                 beat_i,
  input  logic [8*tmu_pkg::ACT_BEAT_BYTES-1:0] data_i,
  output logic                                 last_o,  // the next beat is the command's last

  // Read, a bit a slice.
  input  logic [Slices-1:0]                    read_i,
  input  logic [AddrWidth-1:0]                 addr_i,
  output logic [Slices*8*Lanes-1:0]            act_o  // slice s, lane l at 8 * (s * Lanes + l)
);

  localparam int unsigned INDEX_WIDTH = $clog2(Lanes / tmu_pkg::ACT_BEAT_BYTES);

  logic [Slices-1:0]      bank;
  logic [AddrWidth-1:0]   addr;
  logic [INDEX_WIDTH-1:0] index;
  logic                   write;
  logic [8*Lanes-1:0]     word;

  tmu_loader #(
    .Lanes   (Lanes),
    .Slices  (Slices),
    .ActWords(ActWords)
  ) u_loader (
    .clk_i,
    .rst_ni,
    .start_i,
    .cmd_i,
    .beat_i,
    .command_i,
    .bank_o (bank),
    .addr_o (addr),
    .index_o(index),
    .write_o(write),
    .last_o
  );

  tmu_act_packer #(
    .Bytes(Lanes / tmu_pkg::T5_TRITS)
  ) u_packer (
    .clk_i,
    .beat_i,
    .t2_i   (command_i.t2),
    .index_i(index),
    .data_i,
    .word_o (word)
  );

  for (genvar s = 0; s < Slices; s++) begin : g_bank
    sram_1w1r #(
      .Words(ActWords),
      .Width(8 * Lanes)
    ) u_sram (
      .clk_i,
      .rst_ni,
      .write_i     (write && bank[s]),
      .write_addr_i(addr),
      .write_data_i(word),
      .read_i      (read_i[s]),
      .read_addr_i (addr_i),
      .read_data_o (act_o[s*8*Lanes +: 8*Lanes])
    );
  end

endmodule
