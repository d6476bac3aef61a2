// SPDX-License-Identifier: Apache-2.0

/// The host's side of the unit: AXI4-Lite and the registers behind it.
module tmu_axi_host #(
  parameter int unsigned AddressBits = 64
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  output logic                         irq_o,

  // AXI4-Lite.
  input  logic                         lite_aw_valid_i,
  output logic                         lite_aw_ready_o,
  input  logic [11:0]                  lite_aw_addr_i,
  input  logic                         lite_w_valid_i,
  output logic                         lite_w_ready_o,
  input  logic [31:0]                  lite_w_data_i,
  input  logic [3:0]                   lite_w_strb_i,
  output logic                         lite_b_valid_o,
  input  logic                         lite_b_ready_i,
  output logic [1:0]                   lite_b_resp_o,
  input  logic                         lite_ar_valid_i,
  output logic                         lite_ar_ready_o,
  input  logic [11:0]                  lite_ar_addr_i,
  output logic                         lite_r_valid_o,
  input  logic                         lite_r_ready_i,
  output logic [31:0]                  lite_r_data_o,
  output logic [1:0]                   lite_r_resp_o,

  // As tmu_axi_registers has them.
  output tmu_axi_pkg::settings_t       settings_o,
  input  tmu_axi_reg_pkg::shape_t      shape_i,
  input  tmu_axi_reg_pkg::capacity_t   capacity_i,
  input  tmu_axi_reg_pkg::bus_t        bus_i,
  input  logic [7:0]                   column_words_i,
  input  tmu_axi_reg_pkg::status_t     status_i,
  input  tmu_axi_pkg::error_t          error_i,
  input  logic [31:0]                  head_i,
  input  tmu_axi_reg_pkg::irq_status_t events_i,
  input  logic [8*64-1:0]              totals_i,
  input  logic                         copy_i,
  input  logic [3:0]                   copy_index_i,
  input  logic [63:0]                  copy_value_i,
  input  logic [31:0]                  copy_number_i
);

  logic        write;
  logic        write_ok;
  logic [11:0] write_addr;
  logic [31:0] write_data;
  logic        read;
  logic        read_ok;
  logic [11:0] read_addr;
  logic [31:0] read_data;

  axi_lite_slave u_lite (
    .clk_i, .rst_ni,
    .aw_valid_i  (lite_aw_valid_i),
    .aw_ready_o  (lite_aw_ready_o),
    .aw_addr_i   (lite_aw_addr_i),
    .w_valid_i   (lite_w_valid_i),
    .w_ready_o   (lite_w_ready_o),
    .w_data_i    (lite_w_data_i),
    .w_strb_i    (lite_w_strb_i),
    .b_valid_o   (lite_b_valid_o),
    .b_ready_i   (lite_b_ready_i),
    .b_resp_o    (lite_b_resp_o),
    .ar_valid_i  (lite_ar_valid_i),
    .ar_ready_o  (lite_ar_ready_o),
    .ar_addr_i   (lite_ar_addr_i),
    .r_valid_o   (lite_r_valid_o),
    .r_ready_i   (lite_r_ready_i),
    .r_data_o    (lite_r_data_o),
    .r_resp_o    (lite_r_resp_o),
    .write_o     (write),
    .write_addr_o(write_addr),
    .write_data_o(write_data),
    .write_ok_i  (write_ok),
    .read_o      (read),
    .read_addr_o (read_addr),
    .read_data_i (read_data),
    .read_ok_i   (read_ok)
  );

  tmu_axi_registers #(.AddressBits(AddressBits)) u_registers (
    .clk_i, .rst_ni,
    .write_i     (write),
    .write_addr_i(write_addr),
    .write_data_i(write_data),
    .write_ok_o  (write_ok),
    .read_i      (read),
    .read_addr_i (read_addr),
    .read_data_o (read_data),
    .read_ok_o   (read_ok),
    .settings_o, .irq_o, .shape_i, .capacity_i, .bus_i, .column_words_i, .status_i, .error_i, .head_i, .events_i,
    .totals_i, .copy_i, .copy_index_i, .copy_value_i, .copy_number_i
  );

endmodule
