// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// A memory of words with one write port and one read port.
///
/// Latency  a word read in cycle t is at read_data_o from t + 1 until the next read
/// Cost     Words x Width bits; the module to replace by a macro of the technology
/// Omits    a read and a write of one word in one cycle: it would depend on the macro, and
///          NoReadDuringWrite keeps the unit from it
module sram_1w1r #(
  parameter  int unsigned Words     = 512,
  parameter  int unsigned Width     = 640,
  localparam int unsigned AddrWidth = $clog2(Words)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,  // for the assertions; the contents have no reset

  input  logic                 write_i,
  input  logic [AddrWidth-1:0] write_addr_i,
  input  logic [Width-1:0]     write_data_i,

  input  logic                 read_i,
  input  logic [AddrWidth-1:0] read_addr_i,
  output logic [Width-1:0]     read_data_o
);

  `ASSERT_INIT(ParamsLegal, Words >= 2 && Width >= 1)

  logic [Width-1:0] mem [Words];

  always_ff @(posedge clk_i) begin
    if (write_i) mem[write_addr_i] <= write_data_i;
    if (read_i) read_data_o <= mem[read_addr_i];
  end

  `ASSERT(ReadInRange,       read_i |-> 32'(read_addr_i) < Words)
  `ASSERT(WriteInRange,      write_i |-> 32'(write_addr_i) < Words)
  `ASSERT(NoReadDuringWrite, !(read_i && write_i))

endmodule
