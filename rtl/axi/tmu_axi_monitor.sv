// SPDX-License-Identifier: Apache-2.0

/// What the host can see of the ports: status, totals, watchdog.
module tmu_axi_monitor #(
  parameter int unsigned Engines = 4
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  input  logic [31:0]              limit_i,  // of the watchdog

  // Handshakes of the ports; RREADY and BREADY are high.
  input  logic [Engines+1:0]       ar_valid_i,
  input  logic [Engines+1:0]       ar_ready_i,
  input  logic [Engines+1:0]       r_valid_i,
  input  logic                     aw_valid_i,
  input  logic                     aw_ready_i,
  input  logic                     w_valid_i,
  input  logic                     w_ready_i,
  input  logic                     b_valid_i,

  // What else is progress.
  input  logic                     command_i,  // a completion record is answered
  input  logic [7:0]               issued_i,   // low bits of the unit's issue counter, unless copy_i
  input  logic                     copy_i,
  input  logic                     checking_i,

  input  logic                     idle_i,
  input  logic                     stop_i,
  input  logic                     halted_i,
  input  tmu_axi_pkg::error_t      error_i,
  output tmu_axi_reg_pkg::status_t status_o,
  output logic [8*64-1:0]          totals_o,
  output logic                     expired_o,
  output logic                     expires_o
);

  logic [7:0] issued_q;
  logic       progress;

  assign progress = |(ar_valid_i & ar_ready_i) || |r_valid_i || (aw_valid_i && aw_ready_i) ||
                    (w_valid_i && w_ready_i) || b_valid_i || command_i || copy_i ||
                    (checking_i && !stop_i) || issued_i != issued_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) issued_q <= '0;
    else issued_q <= issued_i;
  end

  bus_watchdog u_watchdog (
    .clk_i, .rst_ni, .clear_i,
    .limit_i,
    .busy_i    (!idle_i),
    .progress_i(progress),
    .expired_o,
    .expires_o
  );

  tmu_axi_totals #(.Engines(Engines)) u_totals (
    .clk_i, .rst_ni,
    .command_i,
    .descriptor_beat_i(r_valid_i[Engines+1]),
    .activation_beat_i(r_valid_i[Engines]),
    .weight_beats_i   (r_valid_i[Engines-1:0]),
    .write_beat_i     (w_valid_i && w_ready_i),
    .ar_stalls_i      (ar_valid_i & ~ar_ready_i),
    .aw_stall_i       (aw_valid_i && !aw_ready_i),
    .w_stall_i        (w_valid_i && !w_ready_i),
    .value_o          (totals_o)
  );

  assign status_o = '{
    busy:     !idle_i && !halted_i,
    stopping: stop_i && !halted_i,
    halted:   halted_i,
    watchdog: expired_o,
    code:     error_i.code,
    response: error_i.response,
    default:  '0
  };

endmodule
