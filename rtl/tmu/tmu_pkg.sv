// SPDX-License-Identifier: Apache-2.0

/// Types, widths and codes shared by the modules of the ternary matrix unit (docs/tmu.md).
package tmu_pkg;

  localparam int unsigned ACT_WIDTH = 8;        // bits of an activation, two's complement
  localparam int unsigned ACT_BEAT_BYTES = 16;  // activations in a beat of the activation stream
  localparam int unsigned SUM_WIDTH = 32;       // bits of a sum where it leaves the unit
  localparam int unsigned T5_TRITS = 5;         // trits in a byte of the t5 format; 3^5 = 243
  localparam int unsigned T2_TRITS = 4;         // trits in a byte of the t2 format
  localparam int unsigned GROUP_LANES = 16;     // lanes that the first stage of the tree adds up
  localparam int unsigned COUNTER_WIDTH = 64;   // bits of a counter
  localparam int unsigned COLUMN_QUEUE = 32;    // columns asked for and not yet added up
  localparam int unsigned COLUMN_BEAT_WIDTH = 22;  // bits of a beat's number in the columns of an engine
  localparam int unsigned COLUMN_SUM_WIDTH = 25;   // bits of a sum of all columns, sum_width(8, 2^16)

  typedef enum logic [2:0] {
    StIdle,
    StLoad,
    StCompute,
    StDrain,
    StRespond,
    StColumns,
    StGather
  } state_e;

  typedef enum logic [1:0] {
    StatusDone    = 2'd0,
    StatusIllegal = 2'd1,
    StatusAborted = 2'd2
  } status_e;

  /// Selectors of counter_o; docs/tmu.md says what each counts.
  typedef enum logic [3:0] {
    CntLoadCycles            = 4'd0,
    CntActivationStallCycles = 4'd1,
    CntIssueCycles           = 4'd2,
    CntWeightStallCycles     = 4'd3,
    CntResultStallCycles     = 4'd4,
    CntDrainCycles           = 4'd5,
    CntRespondCycles         = 4'd6,
    CntWeightBeats           = 4'd7,
    CntRowSlots              = 4'd8,
    CntNonzeroLanes          = 4'd9,
    CntActivationReads       = 4'd10,
    CntActivationWrites      = 4'd11,
    CntResultBeats           = 4'd12,
    CntSums                  = 4'd13
  } counter_e;

  /// What a command asks for.
  typedef struct packed {
    logic [31:0] rows;
    logic [15:0] columns;  // 0: by rows; else by columns
    logic [15:0] beats;    // of a weight row; also activation words of a token. By columns: of a column
    logic [15:0] tokens;
    logic        t2;      // weights are t2, not t5
    logic        keep;    // use the activations of the command before
  } command_t;

  /// Where a row's sum lies in the column accumulators of an engine.
  typedef struct packed {
    logic [7:0] word;
    logic [2:0] block;
    logic [2:0] digit;
    logic [3:0] place;
  } place_t;

  /// A column whose weights are wanted.
  typedef struct packed {
    logic                         valid;
    logic [COLUMN_BEAT_WIDTH-1:0] beat;  // its first in the stream of any engine
    logic                         none;  // a pulse: the command wants no more
  } column_read_t;

  /// A slot by columns, or none.
  typedef struct packed {
    logic                 add;     // a beat of a column, in all engines
    logic                 gather;  // sums of the engines that have a row
    logic                 first;   // nothing was added in the word before
    place_t               place;
    logic [ACT_WIDTH-1:0] x;
  } column_slot_t;

  /// Bits that hold any sum of `terms` ternary products of `act_width`-bit activations. One bit more
  /// than the usual $clog2 rule: -1 * -128 is +128, which int8 cannot hold.
  function automatic int unsigned sum_width(input int unsigned act_width, input int unsigned terms);
    return act_width + 1 + $clog2(terms);
  endfunction

  /// Bits of a sum where it becomes a result: of rows, or of columns where there are any.
  function automatic int unsigned result_width(input int unsigned row_width, input int unsigned column_words);
    return column_words != 0 && COLUMN_SUM_WIDTH > row_width ? COLUMN_SUM_WIDTH : row_width;
  endfunction

  /// Number of bits set, for masks of up to 16 bits: sums of neighbours, in fields twice as wide each time.
  function automatic logic [4:0] count_ones(input logic [15:0] mask);
    logic [15:0] sums;
    sums = (mask & 16'h5555) + ((mask >> 1) & 16'h5555);
    sums = (sums & 16'h3333) + ((sums >> 2) & 16'h3333);
    sums = (sums & 16'h0f0f) + ((sums >> 4) & 16'h0f0f);
    return sums[4:0] + sums[12:8];
  endfunction

endpackage
