// SPDX-License-Identifier: Apache-2.0

/// The first of the causes to stop that holds: read error of the running command, write error, watchdog,
/// overrun, cancel; of several masters with a read error the one with the highest index. Combinational.
module stop_cause #(
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned TagBits     = tmu_axi_pkg::TAG_BITS
) (
  input  logic                               running_i,
  input  logic [31:0]                        number_i,  // of the command that runs, or is the next
  input  logic [31:0]                        head_i,    // of the command whose words had the write error
  input  logic [Engines:0]                   read_error_i,
  input  logic [(Engines+1)*TagBits-1:0]     read_tag_i,
  input  logic [(Engines+1)*2-1:0]           read_response_i,
  input  logic [(Engines+1)*AddressBits-1:0] read_address_i,
  input  logic                               write_error_i,
  input  logic [1:0]                         write_response_i,
  input  logic [AddressBits-1:0]             write_address_i,
  input  logic                               watchdog_i,
  input  logic                               overrun_i,
  input  logic                               cancel_i,
  output logic                               stop_o,
  output tmu_axi_pkg::error_t                cause_o  // all but code are for that code
);

  always_comb begin
    cause_o = '{
      code: cancel_i ? tmu_axi_reg_pkg::CodeAborted : tmu_axi_reg_pkg::CodeDone,
      sequence_number: number_i, default: '0
    };
    if (overrun_i) cause_o.code = tmu_axi_reg_pkg::CodeOverrun;
    if (watchdog_i) cause_o.code = tmu_axi_reg_pkg::CodeWatchdog;
    if (write_error_i) begin
      cause_o = '{code: tmu_axi_reg_pkg::CodeWriteError, response: write_response_i,
                  sequence_number: head_i, address: 64'(write_address_i)};
    end
    for (int unsigned m = 0; m <= Engines; m++) begin
      if (running_i && read_error_i[m] && read_tag_i[m*TagBits +: TagBits] == TagBits'(number_i)) begin
        cause_o = '{code: tmu_axi_reg_pkg::CodeReadError, response: read_response_i[m*2 +: 2],
                    sequence_number: number_i,
                    address: 64'(read_address_i[m*AddressBits +: AddressBits])};
      end
    end
  end

  assign stop_o = cause_o.code != tmu_axi_reg_pkg::CodeDone;

endmodule
