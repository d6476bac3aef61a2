// SPDX-License-Identifier: Apache-2.0

/// What docs/tmu.md says about a command by columns (rtl/tmu/tmu_columns.sv), for proof by induction. Its
/// environment is what tmu_control makes of it: a legal command is started when none runs, added up, gathered;
/// activations, room for reads, beats, credits and flushes come in any cycle.
///
/// One column, chosen freely and never changed, is followed: from its activation to its last slot.
module column_properties #(
  parameter  int unsigned Engines     = 2,
  parameter  int unsigned ColumnWords = 3,
  localparam int unsigned ACTS        = tmu_pkg::ACT_BEAT_BYTES
) (
  input logic               clk_i,
  input logic               rst_ni,
  input logic               flush_i,
  input logic               start_i,
  input logic [31:0]        rows_i,
  input logic [15:0]        columns_i,
  input logic [15:0]        beats_i,
  input logic               t2_i,
  input logic               act_valid_i,
  input logic [8*ACTS-1:0]  act_data_i,
  input logic               read_ready_i,
  input logic [Engines-1:0] beat_valid_i,
  input logic               credit_i,
  input logic [15:0]        column_i  // free: which column is followed
);

  typedef enum logic [1:0] { Idle, Columns, Gather } state_e;

  state_e                state_q;
  tmu_pkg::command_t     cmd, command_q;
  tmu_pkg::column_read_t read;
  tmu_pkg::column_slot_t slot;
  logic [Engines-1:0]    engines;
  logic                  start, act_ready, done, gather_done, act_stall, weight_stall, result_stall;

  assign cmd   = '{rows: rows_i, columns: columns_i, beats: beats_i, tokens: 16'd1, t2: t2_i, keep: 1'b0};
  assign start = start_i && !flush_i && state_q == Idle && rst_ni;

  tmu_columns #(.Lanes(80), .Engines(Engines), .ColumnWords(ColumnWords)) u_columns (
    .clk_i, .rst_ni, .flush_i,
    .start_i       (start),
    .cmd_i         (cmd),
    .command_i     (command_q),
    .run_i         (state_q == Columns),
    .gather_i      (state_q == Gather),
    .done_o        (done),
    .gather_done_o (gather_done),
    .act_valid_i,
    .act_ready_o   (act_ready),
    .act_data_i,
    .read_o        (read),
    .read_ready_i,
    .beat_valid_i, .credit_i,
    .slot_o        (slot),
    .engines_o     (engines),
    .act_stall_o   (act_stall),
    .weight_stall_o(weight_stall),
    .result_stall_o(result_stall)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || flush_i) state_q <= Idle;
    else if (start) state_q <= Columns;
    else if (state_q == Columns && done) state_q <= Gather;
    else if (state_q == Gather && gather_done) state_q <= Idle;
    if (!rst_ni) command_q <= '0;
    else if (start) command_q <= cmd;
  end

  // What happened: columns whose activations were taken, reads handed on, and of the followed column each step.
  logic        started_q = 1'b0;
  logic [15:0] followed_q;
  logic [16:0] taken_q;     // columns in the beats taken
  logic        seen_q;      // the followed column's beat was taken
  logic        wanted_q;    // its activation is not zero
  logic [7:0]  x_q;         // its activation
  logic        read_q;      // its read was handed on
  logic        added_q;     // its last slot issued
  logic [5:0]  ahead_q;     // read before it, and not yet added up; all that are, while it is not read
  logic [15:0] slots_q;     // that added beats of it
  logic [31:0] gathered_q;  // rows whose sums were gathered
  logic        none_q;      // the end was told
  logic        held_q;      // a read was on offer and was not taken
  logic [21:0] offer_q;
  logic        take, fire, pop, its_read, its_slot;
  logic [16:0] offset;      // of the followed column in the beat on offer

  assign offset   = 17'(followed_q) - taken_q;
  assign take     = act_valid_i && act_ready && !flush_i;
  assign fire     = read.valid && read_ready_i && !flush_i;
  assign pop      = slot.add && 16'(slot.place.word) == command_q.beats - 16'd1 && !flush_i;
  // The column on offer is the followed one: so says its number in the beat taken last.
  assign its_read = read.valid && seen_q && u_columns.u_scan.lowest[4'(followed_q)] &&
                    taken_q - 17'd16 <= 17'(followed_q) && 17'(followed_q) < taken_q;
  assign its_slot = slot.add && read_q && !added_q && ahead_q == '0;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    held_q    <= rst_ni && read.valid && !read_ready_i && !flush_i;
    offer_q   <= read.beat;
    if (!rst_ni || flush_i || start) begin
      taken_q  <= '0;
      seen_q   <= 1'b0;
      wanted_q <= 1'b0;
      read_q   <= 1'b0;
      added_q  <= 1'b0;
      ahead_q  <= '0;
      slots_q  <= '0;
      none_q   <= 1'b0;
      gathered_q <= '0;
    end else begin
      if (take) taken_q <= taken_q + 17'd16;
      if (take && offset < 17'd16 && followed_q < command_q.columns) begin
        seen_q   <= 1'b1;
        x_q      <= act_data_i[8*offset[3:0] +: 8];
        wanted_q <= act_data_i[8*offset[3:0] +: 8] != '0;
      end
      if (fire && its_read) read_q <= 1'b1;
      if (pop && its_slot) added_q <= 1'b1;
      if (its_slot) slots_q <= slots_q + 16'd1;
      if (slot.gather) gathered_q <= gathered_q + Engines;
      // Reads ahead: those handed on before it, less those added up.
      if (!read_q) ahead_q <= ahead_q + 6'(fire && !its_read) - 6'(pop);
      else if (pop && ahead_q != '0) ahead_q <= ahead_q - 6'd1;
      if (read.none) none_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!started_q) followed_q <= column_i;
  end

  // times(c) = c * beats, beats below 4.
  function automatic logic [21:0] times(input logic [16:0] c, input logic [15:0] beats);
    times = (beats[0] ? 22'(c) : '0) + (beats[1] ? 22'(c) << 1 : '0);
  endfunction

  logic [16:0]        left;          // columns of beats not taken
  logic               current;       // the beat taken last is the followed column's
  logic [5:0]         count;         // activations in the queue
  logic [4:0]         queued;        // where in it the followed one is
  logic               first_q;       // no column was added up yet
  logic [Engines-1:0] rows_here;
  logic [ACTS-1:0]    in_range;      // of the beat taken last, columns that there are
  assign left    = state_q == Columns && taken_q < 17'(command_q.columns) ? 17'(command_q.columns) - taken_q : '0;
  assign current = taken_q != '0 && 17'(followed_q) >= taken_q - 17'd16;
  assign count   = u_columns.u_scan.u_queue.count_q;
  assign queued  = 5'(u_columns.u_scan.u_queue.read_q + 5'(ahead_q));

  always_ff @(posedge clk_i) begin
    if (start) first_q <= 1'b1;
    else if (pop) first_q <= 1'b0;
  end

  always_comb begin
    for (int unsigned k = 0; k < ACTS; k++) in_range[k] = taken_q - 17'd16 + 17'(k) < 17'(command_q.columns);
    for (int unsigned e = 0; e < Engines; e++) rows_here[e] = command_q.rows - gathered_q > e;
  end

  always_comb begin
    if (!started_q) assume (!rst_ni);
    if (start) assume (columns_i != '0 && beats_i != '0 && beats_i <= 16'(ColumnWords) && rows_i != '0);
    if (started_q && rst_ni) begin
      // A column is read if and only if its activation is not zero: never one that is, each that is not once,
      // at its place in the streams.
      ReadIsWanted:     assert (!its_read || (wanted_q && !read_q));
      ReadIsItsOwn:     assert (!its_read || read.beat == times(17'(followed_q), command_q.beats));
      ReadIsInRange:    assert (!read.valid || read.beat < times(17'(command_q.columns), command_q.beats));
      NoneMeansAllRead: assert (!(read.none || none_q) || taken_q >= 17'(command_q.columns));
      NoneIsForgotten:  assert (!(read.none || none_q) || !wanted_q || read_q);
      NoneOnce:         assert (!(read.none && none_q));
      OfferIsKept:      assert (!held_q || (read.valid && read.beat == offer_q));
      // What is read is added up: its activation, by as many slots as a column has beats, before the end.
      SlotIsItsOwn:     assert (!its_slot || slot.x == x_q);
      SlotHasAllBeats:  assert (!slot.add || &beat_valid_i);
      SlotsInOrder:     assert (!its_slot || 16'(slot.place.word) == slots_q);
      SlotIsFirst:      assert (!slot.add || slot.first == first_q);
      EndMeansAdded:    assert (!done || !wanted_q || added_q);
      AddedOnce:        assert (!added_q || read_q);
      // The environment's view of what it waits for.
      NothingWhenIdle:  assert (state_q != Idle || (!read.valid && !act_ready && !slot.add && !slot.gather));
      OneThingACycle:   assert (32'(slot.add) + 32'(slot.gather) + 32'(act_stall) + 32'(weight_stall) +
                                32'(result_stall) + 32'(state_q == Columns && done) == 32'(state_q != Idle));
      // Every row is gathered once.
      GatherHasCredit:  assert (!slot.gather || credit_i);
      GatherTakesRows:  assert (!slot.gather || (gathered_q < command_q.rows && engines == rows_here));
      GatherEnds:       assert (!gather_done || command_q.rows - gathered_q <= Engines);
      // Invariants: where the followed column is, and what the modules hold of it.
      TakenInBeats:     assert (taken_q[3:0] == '0 && (taken_q == '0 || taken_q - 17'd16 < 17'(command_q.columns)));
      LeftIsTheRest:    assert (17'(u_columns.u_scan.left_q) == left);
      SeenIfTaken:      assert (state_q != Columns || seen_q == (17'(followed_q) < taken_q &&
                                                                 followed_q < command_q.columns));
      SeenFirst:        assert (!wanted_q || seen_q);
      WantedIsNotZero:  assert (!seen_q || wanted_q == (x_q != '0));
      WantedFirst:      assert (!read_q || wanted_q);
      ReadFirst:        assert (!added_q || read_q);
      MaskHoldsIt:      assert (!(seen_q && current && state_q == Columns) ||
                                (u_columns.u_scan.wanted_q[4'(followed_q)] == (wanted_q && !read_q) &&
                                 u_columns.u_scan.data_q[8*4'(followed_q) +: 8] == x_q));
      ReadWithItsBeat:  assert (!(seen_q && !current && state_q == Columns) || !wanted_q || read_q);
      MaskIsInRange:    assert ((u_columns.u_scan.wanted_q & ~in_range) == '0);
      MaskIsOfABeat:    assert (taken_q != '0 || u_columns.u_scan.wanted_q == '0);
      BaseIsItsPlace:   assert (state_q != Columns ||
                                (u_columns.u_scan.next_base_q == times(taken_q, command_q.beats) &&
                                 u_columns.u_scan.beats_q == command_q.beats &&
                                 (taken_q == '0 ||
                                  u_columns.u_scan.base_q == times(taken_q - 17'd16, command_q.beats))));
      BeatsAreLegal:    assert (state_q == Idle || (command_q.beats != '0 && command_q.beats <= 16'(ColumnWords) &&
                                                    command_q.columns != '0 && command_q.rows != '0));
      ScanEndsOnce:     assert (u_columns.u_scan.scanning_q == (state_q == Columns && !none_q));
      NoneIsTheEnd:     assert (!none_q || (left == '0 && u_columns.u_scan.wanted_q == '0));
      NothingOutside:   assert (state_q == Columns || (u_columns.u_scan.left_q == '0 && count == '0 &&
                                                       u_columns.u_scan.wanted_q == '0));
      AllOutside:       assert (state_q != Gather || taken_q >= 17'(command_q.columns));
      WordInRange:      assert (state_q != Columns || 16'(u_columns.u_issue.word_q) < command_q.beats);
      NoneIsBegun:      assert (state_q != Columns || count != '0 || u_columns.u_issue.word_q == '0);
      RowsAreLeft:      assert (state_q == Idle || u_columns.u_issue.rows_left_q == command_q.rows - gathered_q);
      NoRowTwice:       assert (state_q == Idle || gathered_q < command_q.rows);
      NoneYet:          assert (state_q != Columns || gathered_q == '0);
      SlotsAreWords:    assert (state_q != Columns || added_q ||
                                slots_q == (read_q && ahead_q == '0 ? 16'(u_columns.u_issue.word_q) : 16'd0));
      AheadIsQueued:    assert (read_q ? added_q || ahead_q < count : ahead_q == count);
      QueuedIsItsOwn:   assert (!(read_q && !added_q) || u_columns.u_scan.u_queue.mem[queued] == x_q);
      CountInRange:     assert (count <= 6'(tmu_pkg::COLUMN_QUEUE));
      QueueIsWhole:     assert (u_columns.u_scan.u_queue.write_q == 5'(u_columns.u_scan.u_queue.read_q + 5'(count)));
      FirstIsFirst:     assert (state_q != Columns || u_columns.u_issue.first_q == first_q);
    end
  end

endmodule
