// SPDX-License-Identifier: Apache-2.0

/// What rtl/mem/stream_fifo.sv promises, for proof by induction. Its environment is free: every input may
/// take any value in any cycle, after a first cycle in reset.
module fifo_properties #(
  parameter  int unsigned Width    = 4,
  parameter  int unsigned Depth    = 5,
  localparam int unsigned PtrWidth = $clog2(Depth),
  localparam int unsigned CntWidth = $clog2(Depth + 1)
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             flush_i,
  input logic             push_valid_i,
  input logic [Width-1:0] push_data_i,
  input logic             pop_ready_i,
  input logic             tag_i  // free: which pushed beat is followed
);

  logic             push_ready, pop_valid;
  logic [Width-1:0] pop_data;

  stream_fifo #(.Width(Width), .Depth(Depth)) u_fifo (
    .clk_i,
    .rst_ni,
    .flush_i,
    .push_valid_i,
    .push_ready_o(push_ready),
    .push_data_i,
    .pop_valid_o (pop_valid),
    .pop_ready_i,
    .pop_data_o  (pop_data)
  );

  logic push, pop;
  assign push = push_valid_i && push_ready && !flush_i;
  assign pop  = pop_valid && pop_ready_i && !flush_i;

  // What a queue is, without its storage: the number of beats, and one beat with those ahead of it.
  logic                started_q = 1'b0;
  logic [CntWidth-1:0] beats_q;
  logic                tagged_q;
  logic [Width-1:0]    tag_q;
  logic [CntWidth-1:0] ahead_q;
  logic                held_q;  // a beat was on offer and was not taken
  logic [Width-1:0]    offer_q;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    held_q    <= pop_valid && !pop_ready_i && !flush_i && rst_ni;
    offer_q   <= pop_data;
    if (!rst_ni || flush_i) begin
      beats_q  <= '0;
      tagged_q <= 1'b0;
    end else begin
      beats_q <= beats_q + CntWidth'(push) - CntWidth'(pop);
      if (tagged_q && pop) begin
        tagged_q <= ahead_q != '0;
        ahead_q  <= ahead_q - 1'b1;
      end else if (!tagged_q && push && tag_i) begin
        tagged_q <= 1'b1;
        tag_q    <= push_data_i;
        ahead_q  <= beats_q - CntWidth'(pop);
      end
    end
  end

  // Where the queue keeps things; this makes the properties inductive.
  function automatic logic [PtrWidth-1:0] after(input logic [PtrWidth-1:0] pointer,
                                                input logic [CntWidth-1:0] beats);
    int unsigned place;
    place = 32'(pointer) + 32'(beats);
    after = PtrWidth'(place < Depth ? place : place - Depth);
  endfunction

  always_comb begin
    if (!started_q) assume (!rst_ni);
    if (started_q && rst_ni) begin
      // It holds what was pushed and not popped.
      NeverMoreThanDepth: assert (beats_q <= CntWidth'(Depth));
      ReadyUnlessFull:    assert (push_ready == (beats_q != CntWidth'(Depth)));
      ValidUnlessEmpty:   assert (pop_valid == (beats_q != '0));
      // A tagged beat comes out after those ahead of it, as it went in: in order, once, unchanged. It is
      // on offer (ValidUnlessEmpty), so a sink that is ready n times gets n beats: no beat waits longer
      // than for those ahead of it.
      TagIsInside:        assert (!tagged_q || ahead_q < beats_q);
      TagComesOut:        assert (!(tagged_q && ahead_q == '0) || pop_data == tag_q);
      OfferIsKept:        assert (!held_q || (pop_valid && pop_data == offer_q));
      // Invariants of the storage.
      CountIsBeats:       assert (u_fifo.count_q == beats_q);
      ReadInRange:        assert (u_fifo.read_q < Depth);
      WriteInRange:       assert (u_fifo.write_q < Depth);
      WriteFollows:       assert (u_fifo.write_q == after(u_fifo.read_q, u_fifo.count_q));
      TagIsStored:        assert (!tagged_q || u_fifo.mem[after(u_fifo.read_q, ahead_q)] == tag_q);
    end
  end

endmodule
