// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// A memory of words of bytes with one write port (a mask bit a byte) and one read port.
///
/// Latency  a word read in cycle t is at read_data_o from t + 1 until the next read
/// Cost     Words x Bytes x 8 bits; the module to replace by a macro of the technology
/// Omits    a read and a write of one word in one cycle: it would depend on the macro, and
///          NoReadDuringWrite keeps the unit from it
module sram_1w1r #(
  parameter  int unsigned Words     = 512,
  parameter  int unsigned Bytes     = 80,
  localparam int unsigned AddrWidth = $clog2(Words)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,  // for the assertions; the contents have no reset

  input  logic                 write_i,
  input  logic [AddrWidth-1:0] write_addr_i,
  input  logic [Bytes-1:0]     write_mask_i,
  input  logic [8*Bytes-1:0]   write_data_i,

  input  logic                 read_i,
  input  logic [AddrWidth-1:0] read_addr_i,
  output logic [8*Bytes-1:0]   read_data_o
);

  `ASSERT_INIT(ParamsLegal, Words >= 2 && Bytes >= 1)

  logic [8*Bytes-1:0] mem [Words];

  // Blocking, since Verilator 5.006 keeps loops only so; nothing outside this process reads `mem`.
  always_ff @(posedge clk_i) begin
    if (read_i) read_data_o <= mem[read_addr_i];
    if (write_i) begin
      for (int unsigned i = 0; i < Bytes; i++) begin
        if (write_mask_i[i]) mem[write_addr_i][8*i +: 8] = write_data_i[8*i +: 8];
      end
    end
  end

  `ASSERT(ReadInRange,       read_i |-> 32'(read_addr_i) < Words)
  `ASSERT(WriteInRange,      write_i |-> 32'(write_addr_i) < Words)
  `ASSERT(NoReadDuringWrite, !(read_i && write_i))

endmodule
