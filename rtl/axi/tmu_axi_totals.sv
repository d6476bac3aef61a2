// SPDX-License-Identifier: Apache-2.0

/// Counts what crosses the ports since reset. Selectors in the order of the total_* registers.
///
/// Timing  an event of cycle t is in value_o from t + 1
module tmu_axi_totals #(
  parameter  int unsigned Engines = 4,
  localparam int unsigned TOTALS  = 8
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               command_i,          // a completion record is answered
  input  logic               descriptor_beat_i,
  input  logic               activation_beat_i,
  input  logic [Engines-1:0] weight_beats_i,
  input  logic               write_beat_i,
  input  logic [Engines+1:0] ar_stalls_i,
  input  logic               aw_stall_i,
  input  logic               w_stall_i,
  output logic [TOTALS*64-1:0] value_o
);

  logic [4:0] events [TOTALS];

  always_comb begin
    events[0] = 5'(command_i);
    events[1] = 5'(descriptor_beat_i);
    events[2] = 5'(activation_beat_i);
    events[3] = tmu_pkg::count_ones(16'(weight_beats_i));
    events[4] = 5'(write_beat_i);
    events[5] = tmu_pkg::count_ones(16'(ar_stalls_i[Engines-1:0])) + 5'(ar_stalls_i[Engines]) +
                5'(ar_stalls_i[Engines+1]);
    events[6] = 5'(aw_stall_i);
    events[7] = 5'(w_stall_i);
  end

  for (genvar t = 0; t < TOTALS; t++) begin : g_total
    logic [63:0] total_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) total_q <= '0;
      else total_q <= total_q + 64'(events[t]);
    end
    assign value_o[64*t +: 64] = total_q;
  end

endmodule
