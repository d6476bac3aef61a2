// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Collects a descriptor, judges it, hands its reads to the masters and gives the entry of the command.
///
/// Timing  from the cycle after the fourth beat: 33 cycles of descriptor_counts, Engines + 2 that compare
///         a range each, Engines + 1 that hand out the reads (a cycle longer for each in which the queue
///         of the master is full), one that gives the entry. After an entry that may not start: nothing
/// Errors  an entry with another code than done has handed out nothing
module descriptor_check #(
  parameter  int unsigned Lanes       = 80,
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned ResultBytes = 16,  // of a word of the result bus
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS,
  localparam int unsigned TagBits     = tmu_axi_pkg::TAG_BITS
) (
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic                                stop_i,
  input  logic                                clear_i,
  input  logic [TagBits-1:0]                  clear_tag_i,  // of the first descriptor after it
  input  logic [63:0]                         window_base_i,
  input  logic [63:0]                         window_limit_i,

  // Beats of descriptors; read_error_i when no more will come.
  input  logic                                beat_valid_i,
  output logic                                beat_ready_o,
  input  logic [tmu_axi_pkg::STREAM_BITS-1:0] beat_data_i,
  input  logic                                read_error_i,
  input  logic [1:0]                          read_error_response_i,
  input  logic [AddressBits-1:0]              read_error_address_i,

  // Reads: bit e of valid and ready is weight master e, bit Engines the activation master.
  output logic [Engines:0]                    job_valid_o,
  input  logic [Engines:0]                    job_ready_i,
  output logic [AddressBits-1:0]              job_address_o,
  output logic [CountBits-1:0]                job_beats_o,
  output logic [TagBits-1:0]                  job_tag_o,
  output logic                                job_columns_o,  // of weights: beats are of a column

  // Entries; always taken.
  output logic                                entry_valid_o,
  output tmu_axi_pkg::entry_t                 entry_o,
  output logic                                working_o  // not waiting for anything
);

  localparam int unsigned BEAT_BYTES = Lanes / tmu_pkg::T5_TRITS;
  localparam int unsigned BEAT_SHIFT = $clog2(BEAT_BYTES);
  localparam int unsigned WORD_SHIFT = $clog2(Lanes / 80);  // activation beats of a word: 5 or 4 << this
  localparam int unsigned ACT_SHIFT  = $clog2(tmu_axi_pkg::STREAM_BYTES);

  `ASSERT_INIT(BeatLegal, 1 << BEAT_SHIFT == BEAT_BYTES)

  typedef enum logic [2:0] {
    ChkCollect, ChkCount, ChkWeights, ChkActivations, ChkResults, ChkHandOut, ChkGive, ChkDead
  } state_e;

  state_e     state_q, state_d;
  logic [5:0] step_q, step_d;  // of the state

  ////////////////
  // Descriptor //
  ////////////////

  logic [8*tmu_axi_pkg::DESCRIPTOR_BYTES-1:0] raw_q;
  tmu_axi_reg_pkg::descriptor_t               d;
  logic                                       collect, lost, malformed;

  assign d            = raw_q;
  assign beat_ready_o = state_q == ChkCollect;
  assign collect      = beat_valid_i && beat_ready_o;
  assign lost         = state_q == ChkCollect && !beat_valid_i && read_error_i && !stop_i;
  assign malformed    = d.reserved0 != '0 || d.reserved1 != '0 || d.reserved2 != '0 ||
                        d.tokens == '0 || d.beats == '0 || d.rows == '0 ||
                        (job_columns_o && (d.tokens != 16'd1 || d.keep));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) raw_q <= '0;
    else if (collect) raw_q <= {beat_data_i, raw_q[$bits(raw_q)-1:tmu_axi_pkg::STREAM_BITS]};
  end

  logic [4:0]           rest_rows;
  logic [CountBits-1:0] row_beats;    // of an engine without a row in the last group
  logic [CountBits-1:0] row_tokens;   // without the last group if it is not full
  logic [CountBits-1:0] factor_beats;  // of all tokens; of an engine's columns
  logic                 counted;

  descriptor_counts #(.Engines(Engines)) u_counts (
    .clk_i, .rst_ni,
    .load_i       (state_q != ChkCount),
    .rows_i(d.rows), .tokens_i(d.tokens), .beats_i(d.beats),
    .factor_i(job_columns_o ? d.columns : d.tokens),
    .done_o(counted), .rest_rows_o(rest_rows), .row_beats_o(row_beats), .row_tokens_o(row_tokens),
    .factor_beats_o(factor_beats)
  );

  ////////////
  // Ranges //
  ////////////

  logic [64:0]          weight_q;  // where engine step_q begins; the top bit says that it has wrapped
  logic [CountBits-1:0] weight_beats, act_beats, group_tokens;
  logic [CountBits+5:0] result_bytes;
  logic [64:0]          start;
  logic [63:0]          bytes;
  logic [63:0]          align;
  logic [65:0]          beyond;
  logic                 compare, outside;

  always_comb begin
    weight_beats = row_beats + (6'(rest_rows) > step_q ? CountBits'(d.beats) : '0);
    act_beats    = ((factor_beats << 2) + (d.t2 ? '0 : factor_beats)) << WORD_SHIFT;
    if (job_columns_o) begin
      weight_beats = factor_beats;
      act_beats    = (CountBits'(d.columns) >> ACT_SHIFT) + CountBits'(|d.columns[ACT_SHIFT-1:0]);
    end
  end

  assign group_tokens = row_tokens + (rest_rows != '0 ? CountBits'(d.tokens) : '0);
  assign result_bytes = (CountBits + 6)'(tmu_axi_pkg::times(64'(group_tokens), 4 * Engines));

  always_comb begin
    start   = weight_q;
    bytes   = 64'(weight_beats) << BEAT_SHIFT;
    align   = (64'd1 << BEAT_SHIFT) - 64'd1;
    compare = state_q == ChkWeights && weight_beats != '0;
    if (state_q == ChkActivations) begin
      start   = {1'b0, d.activation_base};
      bytes   = 64'(act_beats) << ACT_SHIFT;
      align   = (64'd1 << ACT_SHIFT) - 64'd1;
      compare = !d.keep;
    end else if (state_q == ChkResults) begin
      start   = {1'b0, d.result_base};
      bytes   = 64'(result_bytes);
      align   = 64'(ResultBytes) - 64'd1;
      compare = 1'b1;
    end
  end

  assign beyond  = 66'(start) + 66'(bytes);
  assign outside = compare && (start[64] || (start[63:0] & align) != '0 ||
                               start[63:0] < window_base_i || beyond > 66'(window_limit_i));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      weight_q <= '0;
    end else if (state_q == ChkCount || state_q == ChkResults) begin
      weight_q <= {1'b0, d.weight_base};
    end else if (step_d != step_q) begin
      weight_q <= (65'(weight_q[63:0]) + 65'(d.weight_pitch)) | {weight_q[64], 64'd0};
    end
  end

  //////////
  // Jobs //
  //////////

  logic                acts, wanted;  // it is the activations' turn; there is something to read
  logic [TagBits-1:0]  tag_q;
  tmu_axi_pkg::entry_t entry_q;

  assign acts          = step_q == 6'(Engines);
  assign wanted        = acts ? !d.keep : weight_beats != '0;
  assign job_valid_o   = state_q == ChkHandOut && wanted ? (Engines + 1)'(1) << step_q : '0;
  assign job_address_o = acts ? AddressBits'(d.activation_base) : AddressBits'(weight_q);
  assign job_beats_o   = acts ? act_beats : job_columns_o ? CountBits'(d.beats) : weight_beats;
  assign job_tag_o     = tag_q;
  assign job_columns_o = d.columns != '0;

  always_comb begin
    state_d = state_q;
    step_d  = '0;
    unique case (state_q)
      ChkCollect: begin
        step_d = step_q + 6'(collect);
        if (collect && step_q == 6'(tmu_axi_pkg::DESCRIPTOR_BEATS - 1)) begin
          state_d = ChkCount;
          step_d  = '0;
        end else if (lost) begin
          state_d = ChkGive;
          step_d  = '0;
        end
      end
      ChkCount: if (counted) state_d = ChkWeights;
      // A range a cycle.
      ChkWeights: begin
        if (step_q == 6'(Engines - 1)) state_d = ChkActivations;
        else step_d = step_q + 6'd1;
      end
      ChkActivations: state_d = ChkResults;
      ChkResults: begin
        state_d = outside || entry_q.code != tmu_axi_reg_pkg::CodeDone ? ChkGive : ChkHandOut;
      end
      // A read a cycle, while the master's queue takes it.
      ChkHandOut: begin
        step_d = step_q;
        if ((job_valid_o & ~job_ready_i) == '0) begin
          step_d = acts ? '0 : step_q + 6'd1;
          if (acts) state_d = ChkGive;
        end
      end
      ChkGive: state_d = entry_q.code != tmu_axi_reg_pkg::CodeDone ? ChkDead : ChkCollect;
      default: ;  // ChkDead
    endcase
    if (clear_i) begin
      state_d = ChkCollect;
      step_d  = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= ChkCollect;
      step_q  <= '0;
      tag_q   <= '0;
    end else begin
      state_q <= state_d;
      step_q  <= step_d;
      if (clear_i) tag_q <= clear_tag_i;
      else if (state_q == ChkGive) tag_q <= tag_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      entry_q <= '0;
    end else if (lost) begin
      entry_q               <= '0;
      entry_q.code          <= tmu_axi_reg_pkg::CodeReadError;
      entry_q.response      <= read_error_response_i;
      entry_q.error_address <= 64'(read_error_address_i);
    end else if (state_q == ChkCount) begin
      entry_q <= '{
        code:    malformed ? tmu_axi_reg_pkg::CodeIllegal : tmu_axi_reg_pkg::CodeDone,
        command: '{rows: d.rows, columns: d.columns, beats: d.beats, tokens: d.tokens, t2: d.t2, keep: d.keep},
        irq: d.irq, counters: d.counters, result_base: d.result_base, default: '0
      };
    end else if (outside && entry_q.code == tmu_axi_reg_pkg::CodeDone) begin
      entry_q.code          <= tmu_axi_reg_pkg::CodeAddress;
      entry_q.error_address <= start[63:0];
    end else if (state_q == ChkResults) begin
      entry_q.result_bytes <= result_bytes;
    end
  end

  assign entry_valid_o = state_q == ChkGive && !clear_i;
  assign entry_o       = entry_q;
  assign working_o     = !(state_q inside {ChkCollect, ChkDead}) && (job_valid_o & ~job_ready_i) == '0;

  `ASSERT(OneTurn, $onehot0(job_valid_o))
  `ASSERT(JobHeld, |job_valid_o && (job_valid_o & ~job_ready_i) != '0 && !clear_i |=>
                   $stable(job_valid_o) && $stable(job_address_o) && $stable(job_beats_o))

endmodule
