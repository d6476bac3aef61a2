// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// A first-in first-out queue between two streams.
///
/// Latency     a beat pushed in cycle t is at the output from t + 1
/// Throughput  one push and one pop a cycle; a full queue that pops is ready again in the next cycle,
///             because push_ready_o depends on registers only
/// Cost        Depth x Width bits of storage with one write and one combinational read port
module stream_fifo #(
  parameter  int unsigned Width    = 128,  // bits of a beat
  parameter  int unsigned Depth    = 16,   // beats
  localparam int unsigned PtrWidth = $clog2(Depth),
  localparam int unsigned CntWidth = $clog2(Depth + 1)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             flush_i,  // empties the queue; nothing is pushed or popped in that cycle

  // Push: a handshake takes push_data_i.
  input  logic             push_valid_i,
  output logic             push_ready_o,
  input  logic [Width-1:0] push_data_i,

  // Pop: the oldest beat stays until the handshake.
  output logic             pop_valid_o,
  input  logic             pop_ready_i,
  output logic [Width-1:0] pop_data_o
);

  `ASSERT_INIT(ParamsLegal, Width >= 1 && Depth >= 2)

  logic [Width-1:0]    mem [Depth];
  logic [PtrWidth-1:0] write_q;
  logic [PtrWidth-1:0] read_q;
  logic [CntWidth-1:0] count_q;
  logic                push;
  logic                pop;

  assign push_ready_o = count_q != CntWidth'(Depth);
  assign pop_valid_o  = count_q != '0;
  assign pop_data_o   = mem[read_q];
  assign push         = push_valid_i && push_ready_o && !flush_i;
  assign pop          = pop_valid_o && pop_ready_i && !flush_i;

  function automatic logic [PtrWidth-1:0] next(input logic [PtrWidth-1:0] ptr);
    return ptr == PtrWidth'(Depth - 1) ? '0 : ptr + 1'b1;
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= '0;
      count_q <= '0;
    end else if (flush_i) begin
      write_q <= '0;
      read_q  <= '0;
      count_q <= '0;
    end else begin
      if (push) write_q <= next(write_q);
      if (pop) read_q <= next(read_q);
      if (push && !pop) count_q <= count_q + 1'b1;
      if (pop && !push) count_q <= count_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) mem[write_q] <= push_data_i;
  end

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(CountInRange,    count_q <= CntWidth'(Depth))
  `ASSERT(NeverReadyFull,  !(push_ready_o && count_q == CntWidth'(Depth)))
  `ASSERT(NeverValidEmpty, !(pop_valid_o && count_q == '0))
  `ASSERT(PopHeld,         pop_valid_o && !pop_ready_i && !flush_i |=>
                           pop_valid_o && $stable(read_q))
  `ASSERT(NeverOverwrites, push && pop_valid_o |-> write_q != read_q)

endmodule
