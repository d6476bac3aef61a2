// SPDX-License-Identifier: Apache-2.0

/// Expires when nothing has moved for limit_i cycles while something is to be done; stays so until clear_i.
///
/// Timing  busy_i without progress_i in cycles t .. t + limit_i - 1: expired_o from t + limit_i on
module bus_watchdog (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,
  input  logic [31:0] limit_i,  // 0: never
  input  logic        busy_i,
  input  logic        progress_i,
  output logic        expired_o,
  output logic        expires_o  // for the cycle before it
);

  logic [31:0] idle_q;
  logic        expired_q;

  assign expires_o = !expired_q && limit_i != '0 && busy_i && !progress_i && !clear_i &&
                     idle_q == limit_i - 32'd1;
  assign expired_o = expired_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      idle_q    <= '0;
      expired_q <= 1'b0;
    end else begin
      idle_q    <= busy_i && !progress_i && !clear_i && !expires_o ? idle_q + 32'd1 : '0;
      expired_q <= (expired_q || expires_o) && !clear_i;
    end
  end

endmodule
