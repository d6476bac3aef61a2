// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// The registers of rtl/axi/registers.yaml; docs/axi.md has the table.
///
/// Timing  a write accessed in cycle t acts from t + 1 on
/// Errors  an access that the table does not allow is not ok and changes nothing
module tmu_axi_registers #(
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned Counters    = tmu_axi_pkg::COUNTERS
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,

  // Accesses (axi_lite_slave).
  input  logic                           write_i,
  input  logic [11:0]                    write_addr_i,
  input  logic [31:0]                    write_data_i,
  output logic                           write_ok_o,
  input  logic                           read_i,
  input  logic [11:0]                    read_addr_i,
  output logic [31:0]                    read_data_o,
  output logic                           read_ok_o,

  // What the host sets.
  output tmu_axi_pkg::settings_t         settings_o,
  output logic                           irq_o,

  // What it sees.
  input  tmu_axi_reg_pkg::shape_t        shape_i,
  input  tmu_axi_reg_pkg::capacity_t     capacity_i,
  input  tmu_axi_reg_pkg::bus_t          bus_i,
  input  logic [7:0]                     column_words_i,
  input  tmu_axi_reg_pkg::status_t       status_i,
  input  tmu_axi_pkg::error_t            error_i,
  input  logic [31:0]                    head_i,
  input  tmu_axi_reg_pkg::irq_status_t   events_i,
  input  logic [8*64-1:0]                totals_i,

  // Counters of the unit, one a cycle.
  input  logic                           copy_i,
  input  logic [3:0]                     copy_index_i,
  input  logic [63:0]                    copy_value_i,
  input  logic [31:0]                    copy_number_i
);

  localparam logic [11:0] COUNTER_END = tmu_axi_reg_pkg::RegCounter + 12'(8 * Counters);
  localparam logic [11:0] TOTAL_END   = tmu_axi_reg_pkg::RegTotalWStallsHi + 12'd4;
  localparam logic [31:0] IDENTITY    = 32'h41554D54;
  localparam logic [63:0] ADDRESSES   = AddressBits == 64 ? '1 : (64'd1 << AddressBits) - 64'd1;

  tmu_axi_pkg::settings_t       settings_q;
  tmu_axi_reg_pkg::irq_enable_t irq_enable_q;
  tmu_axi_reg_pkg::irq_status_t irq_status_q;
  logic [63:0]                  counters_q [Counters];
  logic [31:0]                  counters_number_q;

  ////////////
  // Writes //
  ////////////

  logic        open;  // cfg registers may be written
  logic        write;
  logic        high;   // the high word of a pair
  logic [31:0] data;

  assign open  = !settings_q.enable && !status_i.busy;
  assign write = write_i && write_ok_o;
  assign high  = write_addr_i[2];
  assign data  = write_data_i;

  always_comb begin
    unique case (write_addr_i)
      tmu_axi_reg_pkg::RegControl, tmu_axi_reg_pkg::RegCommand, tmu_axi_reg_pkg::RegTail,
      tmu_axi_reg_pkg::RegIrqEnable, tmu_axi_reg_pkg::RegIrqStatus: write_ok_o = 1'b1;
      tmu_axi_reg_pkg::RegRingBaseLo, tmu_axi_reg_pkg::RegRingBaseHi, tmu_axi_reg_pkg::RegRingSize,
      tmu_axi_reg_pkg::RegCompletionBaseLo, tmu_axi_reg_pkg::RegCompletionBaseHi,
      tmu_axi_reg_pkg::RegWindowBaseLo, tmu_axi_reg_pkg::RegWindowBaseHi,
      tmu_axi_reg_pkg::RegWindowLimitLo, tmu_axi_reg_pkg::RegWindowLimitHi,
      tmu_axi_reg_pkg::RegWatchdog: write_ok_o = open;
      default: write_ok_o = 1'b0;
    endcase
  end

  // `value` with one of its words replaced, within the bits of an address.
  function automatic logic [63:0] replaced(input logic [63:0] value, input logic [31:0] word,
                                           input logic is_high);
    return (is_high ? {word, value[31:0]} : {value[63:32], word}) & ADDRESSES;
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      settings_q   <= '0;
      irq_enable_q <= '0;
    end else begin
      settings_q.cancel <= 1'b0;
      settings_q.clear <= 1'b0;
      if (write) begin
        unique case (write_addr_i)
          tmu_axi_reg_pkg::RegControl: settings_q.enable <= data[0];
          tmu_axi_reg_pkg::RegCommand: {settings_q.clear, settings_q.cancel} <= data[1:0];
          tmu_axi_reg_pkg::RegRingSize: settings_q.ring_log2 <= data[4:0];
          tmu_axi_reg_pkg::RegTail: settings_q.tail <= data;
          tmu_axi_reg_pkg::RegWatchdog: settings_q.watchdog <= data;
          tmu_axi_reg_pkg::RegIrqEnable: irq_enable_q <= {29'd0, data[2:0]};
          tmu_axi_reg_pkg::RegRingBaseLo, tmu_axi_reg_pkg::RegRingBaseHi:
            settings_q.ring_base <= replaced(settings_q.ring_base, data, high) & ~64'd63;
          tmu_axi_reg_pkg::RegCompletionBaseLo, tmu_axi_reg_pkg::RegCompletionBaseHi:
            settings_q.completion_base <= replaced(settings_q.completion_base, data, high) & ~64'd15;
          tmu_axi_reg_pkg::RegWindowBaseLo, tmu_axi_reg_pkg::RegWindowBaseHi:
            settings_q.window_base <= replaced(settings_q.window_base, data, high);
          tmu_axi_reg_pkg::RegWindowLimitLo, tmu_axi_reg_pkg::RegWindowLimitHi:
            settings_q.window_limit <= replaced(settings_q.window_limit, data, high);
          default: ;  // irq_status, below
        endcase
      end
    end
  end

  // A cause that arises in the cycle of its clearing stays.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      irq_status_q <= '0;
    end else if (write && write_addr_i == tmu_axi_reg_pkg::RegIrqStatus) begin
      irq_status_q <= (irq_status_q & ~data) | events_i;
    end else begin
      irq_status_q <= irq_status_q | events_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      counters_q        <= '{default: '0};
      counters_number_q <= '0;
    end else if (copy_i) begin
      counters_q[copy_index_i] <= copy_value_i;
      counters_number_q        <= copy_number_i;
    end
  end

  assign settings_o = settings_q;
  assign irq_o      = |(irq_status_q & irq_enable_q);

  ///////////
  // Reads //
  ///////////

  logic [31:0] latch_q;  // high word of the 64-bit value whose low word was read last
  logic [31:0] latch;
  logic [3:0]  counter;
  logic [2:0]  total;

  assign counter = 4'((read_addr_i - tmu_axi_reg_pkg::RegCounter) >> 3);
  assign total   = 3'((read_addr_i - tmu_axi_reg_pkg::RegTotalCommandsLo) >> 3);

  always_comb begin
    read_ok_o   = 1'b1;
    read_data_o = '0;
    latch       = latch_q;
    unique case (read_addr_i)
      tmu_axi_reg_pkg::RegId:               read_data_o = IDENTITY;
      tmu_axi_reg_pkg::RegVersion:          read_data_o = tmu_axi_reg_pkg::MAP_VERSION;
      tmu_axi_reg_pkg::RegShape:            read_data_o = shape_i;
      tmu_axi_reg_pkg::RegCapacity:         read_data_o = capacity_i;
      tmu_axi_reg_pkg::RegBus:              read_data_o = bus_i;
      tmu_axi_reg_pkg::RegColumnWords:      read_data_o = 32'(column_words_i);
      tmu_axi_reg_pkg::RegControl:          read_data_o = {31'd0, settings_q.enable};
      tmu_axi_reg_pkg::RegCommand:          read_data_o = '0;
      tmu_axi_reg_pkg::RegStatus:           read_data_o = status_i;
      tmu_axi_reg_pkg::RegErrorSequence:    read_data_o = error_i.sequence_number;
      tmu_axi_reg_pkg::RegErrorAddressLo:   {latch, read_data_o} = error_i.address;
      tmu_axi_reg_pkg::RegErrorAddressHi:   read_data_o = latch_q;
      tmu_axi_reg_pkg::RegRingBaseLo:       read_data_o = settings_q.ring_base[31:0];
      tmu_axi_reg_pkg::RegRingBaseHi:       read_data_o = settings_q.ring_base[63:32];
      tmu_axi_reg_pkg::RegRingSize:         read_data_o = {27'd0, settings_q.ring_log2};
      tmu_axi_reg_pkg::RegHead:             read_data_o = head_i;
      tmu_axi_reg_pkg::RegTail:             read_data_o = settings_q.tail;
      tmu_axi_reg_pkg::RegCompletionBaseLo: read_data_o = settings_q.completion_base[31:0];
      tmu_axi_reg_pkg::RegCompletionBaseHi: read_data_o = settings_q.completion_base[63:32];
      tmu_axi_reg_pkg::RegWindowBaseLo:     read_data_o = settings_q.window_base[31:0];
      tmu_axi_reg_pkg::RegWindowBaseHi:     read_data_o = settings_q.window_base[63:32];
      tmu_axi_reg_pkg::RegWindowLimitLo:    read_data_o = settings_q.window_limit[31:0];
      tmu_axi_reg_pkg::RegWindowLimitHi:    read_data_o = settings_q.window_limit[63:32];
      tmu_axi_reg_pkg::RegWatchdog:         read_data_o = settings_q.watchdog;
      tmu_axi_reg_pkg::RegIrqEnable:        read_data_o = irq_enable_q;
      tmu_axi_reg_pkg::RegIrqStatus:        read_data_o = irq_status_q;
      tmu_axi_reg_pkg::RegCountersSequence: read_data_o = counters_number_q;
      default: begin
        if (read_addr_i[11:2] >= tmu_axi_reg_pkg::RegCounter[11:2] && read_addr_i < COUNTER_END) begin
          if (read_addr_i[2]) read_data_o = latch_q;
          else {latch, read_data_o} = counters_q[counter];
        end else if (read_addr_i >= tmu_axi_reg_pkg::RegTotalCommandsLo && read_addr_i < TOTAL_END) begin
          if (read_addr_i[2]) read_data_o = latch_q;
          else {latch, read_data_o} = totals_i[64*total +: 64];
        end else begin
          read_ok_o = 1'b0;
        end
      end
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) latch_q <= '0;
    else if (read_i) latch_q <= latch;
  end

endmodule
