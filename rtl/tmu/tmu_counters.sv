// SPDX-License-Identifier: Apache-2.0

/// The counters of docs/tmu.md. Cleared by clear_i; abort cycles are not counted.
module tmu_counters #(
  parameter int unsigned Engines    = 4,
  parameter int unsigned Slices     = 2,
  parameter int unsigned CountWidth = 7
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  input  tmu_pkg::state_e        state_i,
  input  logic                   abort_i,
  input  logic                   act_beat_i,
  input  logic                   result_beat_i,

  // The slot of this cycle; masks are zero when there is none.
  input  logic                   slot_i,
  input  logic                   act_stall_i,  // by columns
  input  logic                   weight_stall_i,
  input  logic                   result_stall_i,
  input  logic                   column_i,        // it is by columns
  input  logic                   gather_i,        // sums of columns are gathered
  input  logic                   columns_done_i,  // the cycle before that
  input  logic                   fresh_i,
  input  logic                   last_i,
  input  logic [Engines-1:0]     engines_i,
  input  logic [Slices-1:0]      slices_i,

  // The slot of two cycles ago, whose beats have been decoded and counted.
  input  logic [Engines-1:0]     root_engines_i,
  input  logic [Slices-1:0]      root_slices_i,
  input  logic [Engines*CountWidth-1:0] nonzeros_i,

  input  logic [3:0]                        sel_i,
  output logic [tmu_pkg::COUNTER_WIDTH-1:0] value_o
);

  typedef logic [tmu_pkg::COUNTER_WIDTH-1:0] count_t;

  // CntActivationWrites counts what CntLoadCycles counts and has no register of its own.
  localparam int unsigned SELECTORS = 14;
  count_t count_q [SELECTORS];

  // `value` for each active slice, as shifts and adds.
  function automatic count_t for_each_slice(input count_t value, input logic [3:0] slices);
    count_t sum;
    sum = '0;
    for (int unsigned b = 0; b < 4; b++) begin
      if (slices[b]) sum = sum + (value << b);
    end
    return sum;
  endfunction

  logic [3:0] slices;
  logic [3:0] root_slices;
  count_t     rows;
  count_t     row_slots;
  count_t     nonzeros;

  assign slices      = column_i || gather_i ? 4'd1 : 4'(tmu_pkg::count_ones(16'(slices_i)));
  assign root_slices = 4'(tmu_pkg::count_ones(16'(root_slices_i)));
  assign rows        = count_t'(tmu_pkg::count_ones(16'(engines_i)));
  assign row_slots   = for_each_slice(rows, slices);

  always_comb begin
    nonzeros = '0;
    for (int unsigned e = 0; e < Engines; e++) begin
      if (root_engines_i[e]) nonzeros = nonzeros + count_t'(nonzeros_i[e*CountWidth +: CountWidth]);
    end
    nonzeros = for_each_slice(nonzeros, root_slices);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '{default: '0};
    end else if (clear_i) begin
      count_q <= '{default: '0};
    end else if (!abort_i) begin
      if (act_beat_i) begin
        count_q[tmu_pkg::CntLoadCycles] <= count_q[tmu_pkg::CntLoadCycles] + 1'b1;
      end else if (state_i == tmu_pkg::StLoad || act_stall_i) begin
        count_q[tmu_pkg::CntActivationStallCycles] <=
            count_q[tmu_pkg::CntActivationStallCycles] + 1'b1;
      end
      if (slot_i) begin
        count_q[tmu_pkg::CntIssueCycles] <= count_q[tmu_pkg::CntIssueCycles] + 1'b1;
        count_q[tmu_pkg::CntRowSlots]    <= count_q[tmu_pkg::CntRowSlots] + row_slots;
      end
      if (slot_i && !column_i) begin
        count_q[tmu_pkg::CntActivationReads] <=
            count_q[tmu_pkg::CntActivationReads] + count_t'(slices);
      end
      if (fresh_i) begin
        count_q[tmu_pkg::CntWeightBeats] <= count_q[tmu_pkg::CntWeightBeats] + rows;
      end
      if (last_i) count_q[tmu_pkg::CntSums] <= count_q[tmu_pkg::CntSums] + row_slots;
      if (weight_stall_i) begin
        count_q[tmu_pkg::CntWeightStallCycles] <= count_q[tmu_pkg::CntWeightStallCycles] + 1'b1;
      end
      if (result_stall_i) begin
        count_q[tmu_pkg::CntResultStallCycles] <= count_q[tmu_pkg::CntResultStallCycles] + 1'b1;
      end
      if (state_i == tmu_pkg::StDrain || gather_i || columns_done_i) begin
        count_q[tmu_pkg::CntDrainCycles] <= count_q[tmu_pkg::CntDrainCycles] + 1'b1;
      end
      if (state_i == tmu_pkg::StRespond) begin
        count_q[tmu_pkg::CntRespondCycles] <= count_q[tmu_pkg::CntRespondCycles] + 1'b1;
      end
      if (root_engines_i != '0) begin
        count_q[tmu_pkg::CntNonzeroLanes] <= count_q[tmu_pkg::CntNonzeroLanes] + nonzeros;
      end
      if (result_beat_i) begin
        count_q[tmu_pkg::CntResultBeats] <= count_q[tmu_pkg::CntResultBeats] + 1'b1;
      end
    end
  end

  // Combinational read: a driver that wants a steady value selects after the response.
  always_comb begin
    if (sel_i == tmu_pkg::CntActivationWrites) value_o = count_q[tmu_pkg::CntLoadCycles];
    else value_o = 32'(sel_i) < SELECTORS ? count_q[sel_i] : '0;
  end

endmodule
