// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// AXI4-Lite to one register access at a time. Misaligned addresses and writes of less than a word answer
/// SLVERR here; the registers refuse the rest.
///
/// Timing  both halves of a write taken by cycle t: write_o in t + 1, BVALID in t + 2.
///         A read address taken in t: read_o in t + 1, RVALID in t + 2
module axi_lite_slave #(
  parameter int unsigned AddressBits = 12
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,

  // AXI4-Lite.
  input  logic                   aw_valid_i,
  output logic                   aw_ready_o,
  input  logic [AddressBits-1:0] aw_addr_i,
  input  logic                   w_valid_i,
  output logic                   w_ready_o,
  input  logic [31:0]            w_data_i,
  input  logic [3:0]             w_strb_i,
  output logic                   b_valid_o,
  input  logic                   b_ready_i,
  output logic [1:0]             b_resp_o,
  input  logic                   ar_valid_i,
  output logic                   ar_ready_o,
  input  logic [AddressBits-1:0] ar_addr_i,
  output logic                   r_valid_o,
  input  logic                   r_ready_i,
  output logic [31:0]            r_data_o,
  output logic [1:0]             r_resp_o,

  // Accesses; the answer is combinational.
  output logic                   write_o,
  output logic [AddressBits-1:0] write_addr_o,
  output logic [31:0]            write_data_o,
  input  logic                   write_ok_i,
  output logic                   read_o,
  output logic [AddressBits-1:0] read_addr_o,
  input  logic [31:0]            read_data_i,
  input  logic                   read_ok_i
);

  localparam logic [1:0] OKAY   = 2'b00;
  localparam logic [1:0] SLVERR = 2'b10;

  ////////////
  // Writes //
  ////////////

  logic                   aw_held_q;
  logic [AddressBits-1:0] aw_addr_q;
  logic                   w_held_q;
  logic [31:0]            w_data_q;
  logic                   w_whole_q;
  logic                   b_valid_q;
  logic                   b_ok_q;
  logic                   write;
  logic                   write_legal;

  assign write       = aw_held_q && w_held_q && !b_valid_q;
  assign write_legal = aw_addr_q[1:0] == 2'b00 && w_whole_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_held_q <= 1'b0;
      aw_addr_q <= '0;
      w_held_q  <= 1'b0;
      w_data_q  <= '0;
      w_whole_q <= 1'b0;
      b_valid_q <= 1'b0;
      b_ok_q    <= 1'b0;
    end else begin
      if (write) begin
        aw_held_q <= 1'b0;
        w_held_q  <= 1'b0;
        b_valid_q <= 1'b1;
        b_ok_q    <= write_legal && write_ok_i;
      end else if (b_ready_i) begin
        b_valid_q <= 1'b0;
      end
      if (aw_valid_i && aw_ready_o) begin
        aw_held_q <= 1'b1;
        aw_addr_q <= aw_addr_i;
      end
      if (w_valid_i && w_ready_o) begin
        w_held_q  <= 1'b1;
        w_data_q  <= w_data_i;
        w_whole_q <= w_strb_i == '1;
      end
    end
  end

  assign aw_ready_o   = !aw_held_q;
  assign w_ready_o    = !w_held_q;
  assign b_valid_o    = b_valid_q;
  assign b_resp_o     = b_ok_q ? OKAY : SLVERR;
  assign write_o      = write && write_legal;
  assign write_addr_o = aw_addr_q;
  assign write_data_o = w_data_q;

  ///////////
  // Reads //
  ///////////

  logic                   ar_held_q;
  logic [AddressBits-1:0] ar_addr_q;
  logic                   r_valid_q;
  logic [31:0]            r_data_q;
  logic                   r_ok_q;
  logic                   read;
  logic                   read_legal;

  assign read       = ar_held_q && !r_valid_q;
  assign read_legal = ar_addr_q[1:0] == 2'b00;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_held_q <= 1'b0;
      ar_addr_q <= '0;
      r_valid_q <= 1'b0;
      r_data_q  <= '0;
      r_ok_q    <= 1'b0;
    end else begin
      if (read) begin
        ar_held_q <= 1'b0;
        r_valid_q <= 1'b1;
        r_data_q  <= read_legal && read_ok_i ? read_data_i : '0;
        r_ok_q    <= read_legal && read_ok_i;
      end else if (r_ready_i) begin
        r_valid_q <= 1'b0;
      end
      if (ar_valid_i && ar_ready_o) begin
        ar_held_q <= 1'b1;
        ar_addr_q <= ar_addr_i;
      end
    end
  end

  assign ar_ready_o  = !ar_held_q;
  assign r_valid_o   = r_valid_q;
  assign r_data_o    = r_data_q;
  assign r_resp_o    = r_ok_q ? OKAY : SLVERR;
  assign read_o      = read && read_legal;
  assign read_addr_o = ar_addr_q;

  `ASSERT(OneWrite, write |=> !write)
  `ASSERT(OneRead,  read |=> !read)

endmodule
