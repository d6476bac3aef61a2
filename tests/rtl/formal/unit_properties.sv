// SPDX-License-Identifier: Apache-2.0

/// What docs/tmu.md says about commands, responses and credits of the whole unit (rtl/tmu/tmu.sv), for proof
/// by induction. Its environment is free: any command, any beat, any abort in any cycle after reset.
///
/// Omits  the values of sums: no property looks at them, and Yosys drops the array
module unit_properties #(
  parameter int unsigned Engines  = 2,
  parameter int unsigned Slices   = 2,
  parameter int unsigned ActWords = 4,
  parameter int unsigned Chunks   = 2,
  parameter int unsigned Weights  = 2,
  parameter int unsigned Results  = 3
) (
  input logic               clk_i,
  input logic               rst_ni,
  input logic               cmd_valid_i,
  input logic [15:0]        cmd_tokens_i,
  input logic [15:0]        cmd_beats_i,
  input logic [31:0]        cmd_rows_i,
  input logic               cmd_t2_i,
  input logic               cmd_keep_i,
  input logic               act_valid_i,
  input logic [Engines-1:0] weight_valid_i,
  input logic               result_ready_i,
  input logic               rsp_ready_i,
  input logic               abort_i
);

  logic               cmd_ready, act_ready, result_valid, rsp_valid;
  logic [1:0]         rsp_status;
  logic [Engines-1:0] weight_ready;

  tmu #(
    .Lanes          (80),
    .Engines        (Engines),
    .Slices         (Slices),
    .ActWords       (ActWords),
    .Chunks         (Chunks),
    .WeightFifoBeats(Weights),
    .ResultFifoBeats(Results)
  ) u_tmu (
    .clk_i,
    .rst_ni,
    .cmd_valid_i,
    .cmd_ready_o   (cmd_ready),
    .cmd_tokens_i,
    .cmd_beats_i,
    .cmd_rows_i,
    .cmd_t2_i,
    .cmd_keep_i,
    .cmd_columns_i ('0),
    .act_valid_i,
    .act_ready_o   (act_ready),
    .act_data_i    ('0),
    .weight_valid_i,
    .weight_ready_o(weight_ready),
    .weight_data_i ('0),
    .column_o      (),
    .column_ready_i(1'b0),
    .result_valid_o(result_valid),
    .result_ready_i,
    .result_data_o (),
    .rsp_valid_o   (rsp_valid),
    .rsp_ready_i,
    .rsp_status_o  (rsp_status),
    .abort_i,
    .counter_sel_i ('0),
    .counter_o     ()
  );

  // Legality of a command, from docs/tmu.md; `loaded_q` and `held_q` are the activations in the unit.
  logic              loaded_q;
  tmu_pkg::command_t held_q;
  logic [16:0]       chunks;
  logic              fits, same, legal, taken;
  assign taken  = cmd_valid_i && cmd_ready && !abort_i;
  assign chunks = (17'(cmd_tokens_i) + 17'(Slices - 1)) / 17'(Slices);
  assign fits   = chunks <= 17'(Chunks) && 24'(chunks[7:0]) * 24'(cmd_beats_i) <= 24'(ActWords);
  assign same   = loaded_q && cmd_tokens_i == held_q.tokens && cmd_beats_i == held_q.beats &&
                  cmd_t2_i == held_q.t2;
  assign legal  = cmd_tokens_i != '0 && cmd_beats_i != '0 && cmd_rows_i != '0 && fits &&
                  (!cmd_keep_i || same);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || abort_i) loaded_q <= 1'b0;
    else if (taken && legal && !cmd_keep_i) loaded_q <= 1'b0;
    else if (act_valid_i && act_ready && u_tmu.load_last) loaded_q <= 1'b1;
    if (!rst_ni) held_q <= '0;
    else if (taken && legal) held_q <= u_tmu.cmd;
  end

  // The environment's view: commands without a response, and what happened in the cycle before.
  logic       started_q = 1'b0;
  logic       legal_q, keep_q, illegal_q;  // such a command was taken
  logic       running_q;
  logic       owed_q;    // a command was taken, its response was not
  logic       shown_q;   // a response was on offer and was not taken
  logic [1:0] status_q;
  logic       abort_q;
  logic       result_q;  // a result was on offer and was not taken

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    abort_q   <= rst_ni && abort_i;
    shown_q   <= rst_ni && rsp_valid && (!rsp_ready_i || abort_i);
    status_q  <= rsp_status;
    legal_q   <= rst_ni && taken && legal;
    illegal_q <= rst_ni && taken && !legal;
    keep_q    <= cmd_keep_i;
    running_q <= owed_q && !rsp_valid;
    result_q  <= rst_ni && result_valid && !result_ready_i && !abort_i;
    if (!rst_ni) owed_q <= 1'b0;
    else if (!abort_i && cmd_valid_i && cmd_ready) owed_q <= 1'b1;
    else if (!abort_i && rsp_valid && rsp_ready_i) owed_q <= 1'b0;
  end

  // Beats on their way to the result queue, and in it.
  int unsigned flying;
  assign flying = 32'(u_tmu.u_rows.slot1_q.last) + 32'(u_tmu.u_rows.slot2_q.last) +
                  32'(u_tmu.u_rows.slot3_q.last);

  always_comb begin
    if (!started_q) assume (!rst_ni);
    if (started_q && rst_ni) begin
      // One response a command, no response without one, no command before it is taken.
      OneResponseACommand:  assert (cmd_ready == !owed_q);
      ResponseOnlyIfOwed:   assert (!rsp_valid || owed_q);
      OneStateAtATime:      assert (32'(cmd_ready) + 32'(act_ready) + 32'(rsp_valid) <= 1);
      ResponseIsKept:       assert (!shown_q || (rsp_valid && rsp_status == status_q));
      StatusIsOneOfThree:   assert (rsp_status != 2'd3);
      // The rules of a command, and nothing else, decide what becomes of it.
      IllegalIsRefused:     assert (!illegal_q || (rsp_valid && rsp_status == 2'd1));
      LegalBegins:          assert (!legal_q || (keep_q ? u_tmu.state == tmu_pkg::StCompute
                                                        : act_ready));
      // An abort ends in the very next cycle: idle, or a response.
      AbortAnswersAtOnce:   assert (!abort_q || cmd_ready || rsp_valid);
      AbortedSaysSo:        assert (!(abort_q && running_q) || (rsp_valid && rsp_status == 2'd2));
      AbortEmptiesAll:      assert (!abort_q || (!result_valid && &weight_ready && flying == 0));
      // Credits: every result beat has a place before its slot issues.
      CreditsAreConserved:  assert (32'(u_tmu.u_slots.u_issue.credits_q) + flying +
                                    32'(u_tmu.u_results.u_fifo.count_q) == Results);
      ResultQueueHasRoom:   assert (!u_tmu.sums_valid || u_tmu.u_results.room);
      ResultIsKept:         assert (!result_q || result_valid);
      NoResultOutsideOfRun: assert (!(cmd_ready || rsp_valid || act_ready) ||
                                    (!result_valid && flying == 0));
      // Weights: a slot takes a beat only from queues that have one.
      PopsWhatIsThere:      assert (!u_tmu.slot_fresh ||
                                    (u_tmu.slot_engines & ~u_tmu.beat_valid) == '0);
      // No state waits for nothing: each lasts only while the unit works or waits for a stream. With the
      // finite number of beats of a command this bounds the cycles to a response by those of the streams.
      ComputeMovesOn:       assert (u_tmu.state != tmu_pkg::StCompute || u_tmu.slot || flying != 0 ||
                                    result_valid || (u_tmu.u_slots.u_issue.engines & ~u_tmu.beat_valid &
                                                     weight_ready) != '0);
      DrainMovesOn:         assert (u_tmu.state != tmu_pkg::StDrain || flying != 0 || result_valid ||
                                    u_tmu.credits_all);
      // Invariants.
      HeldAsBelieved:       assert (u_tmu.u_control.held_q == loaded_q &&
                                    u_tmu.command == held_q);
      StateIsLegal:         assert (u_tmu.state <= tmu_pkg::StRespond);
      StatusIsSet:          assert (u_tmu.u_control.status_q != 2'd3);
      ChunkInRange:         assert (u_tmu.u_slots.u_issue.chunk_q <= u_tmu.last_chunk);
    end
  end

  for (genvar e = 0; e < Engines; e++) begin : g_engine
    always_comb begin
      if (started_q && rst_ni) begin
        WeightsInRange: assert (u_tmu.u_rows.g_engine[e].u_weights.count_q <= Weights);
      end
    end
  end

endmodule
