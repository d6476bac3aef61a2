// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Starts commands on the unit in the order of the ring, ends them, and halts at the first error.
///
/// Timing  docs/axi.md, Commands
/// Errors  a stop in cycle t aborts the unit in t + 1; stop_o is high from then until the host's clear
module tmu_axi_sequencer #(
  parameter  int unsigned Engines     = 4,
  parameter  int unsigned WordBytes   = 16,  // of the result bus
  parameter  int unsigned AddressBits = 64,
  localparam int unsigned CountBits   = tmu_axi_pkg::COUNT_BITS,
  localparam int unsigned TagBits     = tmu_axi_pkg::TAG_BITS
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 cancel_i,  // from the host, for one cycle
  input  logic                                 clear_i,
  input  logic [31:0]                          head_i,

  // Commands of the ring.
  input  logic                                 entry_valid_i,
  output logic                                 entry_ready_o,
  input  tmu_axi_pkg::entry_t                  entry_i,

  // The unit.
  output logic                                 cmd_valid_o,
  output tmu_pkg::command_t                    cmd_o,
  input  logic                                 rsp_valid_i,
  output logic                                 rsp_ready_o,
  input  logic [1:0]                           rsp_status_i,
  output logic                                 tmu_abort_o,
  output logic                                 copy_o,  // counter copy_index_o is of this command
  output logic [3:0]                           copy_index_o,

  // The writer.
  output logic                                 finish_o,  // the packer has all results
  output logic                                 job_valid_o,
  input  logic                                 job_ready_i,
  output logic [AddressBits-1:0]               job_address_o,
  output logic [CountBits-1:0]                 job_words_o,
  output logic                                 end_valid_o,
  output tmu_axi_pkg::ending_t                 end_o,

  // Causes to stop.
  input  logic [Engines:0]                     read_error_i,  // weight masters, activation master
  input  logic [(Engines+1)*TagBits-1:0]       read_tag_i,
  input  logic [(Engines+1)*2-1:0]             read_response_i,
  input  logic [(Engines+1)*AddressBits-1:0]   read_address_i,
  input  logic                                 write_error_i,
  input  logic [1:0]                           write_response_i,
  input  logic [AddressBits-1:0]               write_address_i,
  input  logic                                 watchdog_i,
  input  logic                                 overrun_i,

  // Where it stands.
  input  logic                                 drained_i,  // of all transactions
  output logic [31:0]                          number_o,   // of the command that runs, or is the next
  output logic                                 stop_o,
  output logic                                 restart_o,  // everything as after reset but head
  output logic                                 running_o,
  output logic                                 halted_o,
  output logic                                 halt_o,     // for one cycle
  output tmu_axi_pkg::error_t                  error_o
);

  localparam int unsigned WORD_SHIFT = $clog2(WordBytes);

  typedef enum logic [2:0] {
    SeqReady,
    SeqRun,
    SeqCopy,
    SeqFlush,
    SeqAnswer,
    SeqStop,
    SeqHalted
  } state_e;

  state_e              state_q, state_d;
  logic                irq_q;       // of the command that runs
  logic                counters_q;
  logic [31:0]         number_q;
  logic [63:0]         cycles_q;
  logic [3:0]          copy_q;
  logic                cancel_q;   // asked for and not yet acted on
  logic                refused;   // the entry on offer may not start
  logic                take;
  logic                finish;

  logic                stop;
  tmu_axi_pkg::error_t cause;
  tmu_axi_pkg::error_t error_q;

  // The command of a write error: head moves on while counters are copied, before the error is acted on.
  logic [31:0]         written_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) written_q <= '0;
    else if (!write_error_i) written_q <= head_i;
  end

  stop_cause #(.Engines(Engines), .AddressBits(AddressBits)) u_cause (
    .running_i(state_q == SeqRun),
    .number_i (number_q),
    .head_i   (written_q),
    .read_error_i, .read_tag_i, .read_response_i, .read_address_i,
    .write_error_i, .write_response_i, .write_address_i, .watchdog_i, .overrun_i,
    .cancel_i (cancel_q),
    .stop_o   (stop),
    .cause_o  (cause)
  );

  /////////////
  // Command //
  /////////////

  assign refused       = entry_i.code != tmu_axi_reg_pkg::CodeDone;
  assign take          = entry_valid_i && entry_ready_o;
  assign entry_ready_o = state_q == SeqReady && job_ready_i && !stop;
  assign cmd_valid_o   = take && !refused;
  assign cmd_o         = entry_i.command;
  assign job_valid_o   = take;
  assign job_address_o = AddressBits'(entry_i.result_base);
  assign job_words_o   = refused ? '0 :
      CountBits'(entry_i.result_bytes >> WORD_SHIFT) +
      CountBits'(|entry_i.result_bytes[WORD_SHIFT-1:0]);
  assign tmu_abort_o   = state_q == SeqFlush;
  assign copy_o        = state_q == SeqCopy;
  assign copy_index_o  = copy_q;

  always_comb begin
    state_d     = state_q;
    rsp_ready_o = 1'b0;
    finish      = 1'b0;
    unique case (state_q)
      // The unit is idle: a command starts at once.
      SeqReady: begin
        if (stop || (take && refused)) state_d = SeqFlush;
        else if (take) state_d = SeqRun;
      end
      // The unit answers, or something stops it.
      SeqRun: begin
        if (rsp_valid_i && counters_q) begin
          state_d = SeqCopy;
        end else if (rsp_valid_i) begin
          rsp_ready_o = 1'b1;
          finish      = 1'b1;
        end else if (stop) begin
          state_d = SeqFlush;
        end
      end
      // A counter a cycle; the unit answers with the last.
      SeqCopy: begin
        if (copy_q == 4'(tmu_axi_pkg::COUNTERS - 1)) begin
          rsp_ready_o = 1'b1;
          finish      = 1'b1;
        end
      end
      // The unit drops everything.
      SeqFlush: state_d = SeqAnswer;
      // A command that was running answers.
      SeqAnswer: begin
        state_d     = SeqStop;
        rsp_ready_o = 1'b1;
        finish      = rsp_valid_i;
      end
      SeqStop:   if (drained_i) state_d = SeqHalted;
      SeqHalted: if (clear_i) state_d = SeqReady;
      default: ;  // unreachable, StateLegal
    endcase
    if (finish && state_q != SeqAnswer) begin
      state_d = rsp_status_i == tmu_pkg::StatusDone ? SeqReady : SeqFlush;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= SeqReady;
      number_q <= '0;
      cycles_q <= '0;
      irq_q    <= 1'b0;
      counters_q <= 1'b0;
      copy_q   <= '0;
      cancel_q  <= 1'b0;
    end else begin
      state_q  <= state_d;
      copy_q   <= state_q == SeqCopy ? copy_q + 4'd1 : '0;
      cycles_q <= take ? 64'd1 : cycles_q + 64'd1;
      if (take) irq_q <= entry_i.irq;
      if (take) counters_q <= entry_i.counters;
      if (restart_o) number_q <= head_i;
      else if (finish || (take && refused)) number_q <= number_q + 32'd1;
      if (cancel_i && !stop_o) cancel_q <= 1'b1;
      else if (state_q == SeqFlush) cancel_q <= 1'b0;
    end
  end

  //////////
  // Ends //
  //////////

  tmu_axi_reg_pkg::code_e code;  // of the command that ends

  always_comb begin
    code = error_q.code == tmu_axi_reg_pkg::CodeOverrun ? tmu_axi_reg_pkg::CodeAborted : error_q.code;
    if (take) code = entry_i.code;
    else if (rsp_status_i == tmu_pkg::StatusDone) code = tmu_axi_reg_pkg::CodeDone;
    else if (rsp_status_i == tmu_pkg::StatusIllegal) code = tmu_axi_reg_pkg::CodeIllegal;
  end

  assign finish_o    = finish;
  assign end_valid_o = finish || (take && refused);
  assign end_o       = '{
    code:   code,
    irq:    take ? entry_i.irq : irq_q,
    cycles: take ? '0 : cycles_q + 64'd1
  };

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q <= '0;
    end else if (restart_o) begin
      error_q <= '0;
    end else if (error_q.code == tmu_axi_reg_pkg::CodeDone) begin
      if (take && refused) begin
        error_q <= '{code: entry_i.code, response: entry_i.response, sequence_number: number_q,
                     address: entry_i.error_address};
      end else if (finish && rsp_status_i != tmu_pkg::StatusDone) begin
        error_q <= '{code: code, sequence_number: number_q, default: '0};
      end else if (state_d == SeqFlush) begin
        error_q <= cause;
      end
    end
  end

  assign number_o  = number_q;
  assign stop_o    = state_q inside {SeqFlush, SeqAnswer, SeqStop, SeqHalted};
  assign restart_o = state_q == SeqHalted && clear_i;
  assign running_o = state_q inside {SeqRun, SeqCopy};
  assign halted_o  = state_q == SeqHalted;
  assign halt_o    = state_q == SeqStop && drained_i;
  assign error_o   = error_q;

  ////////////////
  // Assertions //
  ////////////////

  `ASSERT(StateLegal,   state_q inside {SeqReady, SeqRun, SeqCopy, SeqFlush, SeqAnswer, SeqStop,
                                        SeqHalted})
  `ASSERT(HaltHasCause, stop_o |-> error_q.code != tmu_axi_reg_pkg::CodeDone)
  `ASSERT(EndOnce,      !(finish && take))

endmodule
