// SPDX-License-Identifier: Apache-2.0
`include "tmu_assert.svh"

/// Rows of weights against tokens: decodes a beat a row, holds it, and adds up its products for every
/// row and slice.
///
/// Arithmetic  activations come with their top bit inverted, as x + 128 (tmu_act_packer.sv). A lane gives
///             ((x + 128) XOR sign) AND nonzero: x + 128, 127 - x or 0, so the tree is unsigned. What is
///             too much depends on the beat alone: one correction, negatives - 128 * nonzeros, is
///             counted once a beat and added at the root
/// Columns    each lane adds its product with one activation to a sum of its own, one a word; ColumnWords 0
///            leaves them out
/// Layout      digit j of byte 16 * b + i is lane (5 * b + j) * 16 + i: a byte feeds the same lanes in both
///             formats, and tmu_act_packer.sv orders the activations alike
/// Timing      load_i in cycle t, leaf_i in t + 1 (with count_i if the beat is new), root_i in t + 2,
///             dot_o in t + 3. Everything stays until it is replaced
/// Cost        Engines * Slices * Lanes adders, no multiplier
module ternary_array #(
  parameter  int unsigned Lanes      = 80,
  parameter  int unsigned Engines    = 4,
  parameter  int unsigned Slices     = 2,
  parameter  int unsigned ColumnWords = 0,
  localparam int unsigned BeatBits   = 8 * Lanes / tmu_pkg::T5_TRITS,
  localparam int unsigned CountWidth = $clog2(Lanes + 1),
  localparam int unsigned DotWidth   = tmu_pkg::sum_width(tmu_pkg::ACT_WIDTH, Lanes)
) (
  input  logic                               clk_i,

  // Decode, a bit an engine.
  input  logic [Engines-1:0]                 load_i,
  input  logic                               t2_i,
  input  logic [Engines*BeatBits-1:0]        beat_i,

  // Leaves.
  input  logic [Engines-1:0]                 count_i,
  input  logic [Engines-1:0]                 leaf_engines_i,
  input  logic [Slices-1:0]                  leaf_slices_i,
  input  logic [Slices*8*Lanes-1:0]          act_i,  // x + 128: slice s, lane l at 8 * (s * Lanes + l)

  // Columns, in place of leaves, for all engines: add a beat, or gather the sums of a place.
  input  tmu_pkg::column_slot_t              column_i,
  output logic [Engines*tmu_pkg::COLUMN_SUM_WIDTH-1:0] gathered_o,

  // Roots.
  input  logic [Engines-1:0]                 root_engines_i,
  input  logic [Slices-1:0]                  root_slices_i,
  output logic [Engines*CountWidth-1:0]      nonzeros_o,
  output logic [Engines*Slices*DotWidth-1:0] dot_o  // engine e, slice s at index e * Slices + s
);

  localparam int unsigned PLACES    = tmu_pkg::GROUP_LANES;
  localparam int unsigned DIGITS    = tmu_pkg::T5_TRITS;
  localparam int unsigned BLOCKS    = Lanes / (DIGITS * PLACES);
  localparam int unsigned LEAF_BITS = tmu_pkg::ACT_WIDTH + $clog2(PLACES);

  localparam logic [7:0] POWER [DIGITS] = '{8'd81, 8'd27, 8'd9, 8'd3, 8'd1};

  typedef logic [7:0]                  bytes_t [PLACES];
  typedef bytes_t                      groups_t [DIGITS];
  typedef logic [DIGITS*LEAF_BITS-1:0] leaves_t;

  // Ports as the arrays that the loops below run over.
  bytes_t  beat [Engines][BLOCKS];
  groups_t act  [Slices][BLOCKS];

  for (genvar b = 0; b < BLOCKS; b++) begin : g_block
    for (genvar i = 0; i < PLACES; i++) begin : g_place
      for (genvar e = 0; e < Engines; e++) begin : g_beat
        assign beat[e][b][i] = beat_i[e*BeatBits + 8*(b*PLACES + i) +: 8];
      end
      for (genvar s = 0; s < Slices; s++) begin : g_slice
        for (genvar j = 0; j < DIGITS; j++) begin : g_digit
          assign act[s][b][j][i] = act_i[8*(s*Lanes + (b*DIGITS + j)*PLACES + i) +: 8];
        end
      end
    end
  end

  `ASSERT_INIT(LeafNeverWraps, PLACES * (2**tmu_pkg::ACT_WIDTH - 1) < 2**LEAF_BITS)

  // Masks of a lane: all ones or all zeros. Synthesis keeps one bit of each.
  groups_t                    negative   [Engines][BLOCKS];
  groups_t                    nonzero    [Engines][BLOCKS];
  leaves_t                    leaves     [Engines][Slices][BLOCKS];
  logic signed [DotWidth-1:0] correction [Engines];

  localparam int unsigned WORDS       = ColumnWords != 0 ? ColumnWords : 1;
  localparam int unsigned COLUMN_BITS = tmu_pkg::COLUMN_SUM_WIDTH;

  typedef logic signed [COLUMN_BITS-1:0] column_sum_t;

  column_sum_t column_sums [Engines][WORDS][BLOCKS][DIGITS][PLACES];

  // The stages stand last first, so that each reads what the one before it held: with blocking
  // assignments, which Verilator 5.006 needs to keep loops, this is the order of a shift register.
  // What leaves the process is assigned without blocking.
  always_ff @(posedge clk_i) begin
    int          sum;
    int unsigned minus, any;
    for (int unsigned e = 0; e < Engines; e++) begin
      for (int unsigned s = 0; s < Slices; s++) begin
        if (root_engines_i[e] && root_slices_i[s]) begin
          sum = 32'(correction[e]);
          for (int unsigned b = 0; b < BLOCKS; b++) sum += leaf_total(leaves[e][s][b]);
          dot_o[(e*Slices + s)*DotWidth +: DotWidth] <= DotWidth'(sum);
          `ASSERT_HERE(DotNeverWraps, 32'(signed'(DotWidth'(sum))) == sum)
        end
        if (leaf_engines_i[e] && leaf_slices_i[s]) begin
          for (int unsigned b = 0; b < BLOCKS; b++) begin
            leaves[e][s][b] = leaf_sums(act[s][b], negative[e][b], nonzero[e][b]);
          end
        end
      end
      if (count_i[e]) begin
        minus = 0;
        any   = 0;
        for (int unsigned b = 0; b < BLOCKS; b++) begin
          minus += count(negative[e][b]);
          any   += count(nonzero[e][b]);
        end
        correction[e] = DotWidth'(signed'(minus) - signed'(any << (tmu_pkg::ACT_WIDTH - 1)));
        nonzeros_o[e*CountWidth +: CountWidth] <= CountWidth'(any);
      end
      if (ColumnWords != 0 && column_i.add) begin
        for (int unsigned b = 0; b < BLOCKS; b++) add_column(e, b);
      end
      if (ColumnWords != 0 && column_i.gather) begin
        gathered_o[e*COLUMN_BITS +: COLUMN_BITS] <= column_i.first ? '0 : column_sum(e);
      end
      if (load_i[e]) begin
        for (int unsigned b = 0; b < BLOCKS; b++) begin
          if (t2_i) decode_t2(e, b);
          else decode_t5(e, b);
        end
      end
    end
  end

  // no_inline_task makes each of these a C++ function of its own with its own variables: so its loop
  // becomes vector instructions.

  function automatic leaves_t leaf_sums(input groups_t x, input groups_t minus, input groups_t any);
    /* verilator no_inline_task */
    logic [7:0]  term;
    logic [15:0] sum;
    leaf_sums = '0;
    for (int unsigned j = 0; j < DIGITS; j++) begin
      sum = '0;
      for (int unsigned i = 0; i < PLACES; i++) begin
        term = (x[j][i] ^ minus[j][i]) & any[j][i];
        sum  = sum + 16'(term);
      end
      leaf_sums = {LEAF_BITS'(sum), leaf_sums[DIGITS*LEAF_BITS-1:LEAF_BITS]};
    end
  endfunction

  function automatic int leaf_total(input leaves_t sums);
    /* verilator no_inline_task */
    leaf_total = 0;
    for (int unsigned j = 0; j < DIGITS; j++) begin
      leaf_total += signed'(32'(sums[j*LEAF_BITS +: LEAF_BITS]));
    end
  endfunction

  function automatic int unsigned count(input groups_t masks);
    /* verilator no_inline_task */
    logic [7:0] place;  // in a byte as long as it fits: more of them in a vector
    count = 0;
    for (int unsigned i = 0; i < PLACES; i++) begin
      place = '0;
      for (int unsigned j = 0; j < DIGITS; j++) place += 8'(masks[j][i][0]);
      count += 32'(place);
    end
  endfunction

  // Tasks that Verilator inlines, on the arrays of this module: what a task gives back in an array of its own
  // is copied element by element. Each loop over the places becomes vector instructions.

  function automatic column_sum_t column_sum(input int unsigned e);
    int unsigned w, b, j, i;
    w = 32'(column_i.place.word);
    b = 32'(column_i.place.block);
    j = 32'(column_i.place.digit);
    i = 32'(column_i.place.place);
    return column_sums[e][w][b][j][i];
  endfunction

  // The product of a beat with x onto the sums of its word; x, -x or 0 in nine bits.
  task automatic add_column(input int unsigned e, input int unsigned b);
    int unsigned w;
    column_sum_t x, minus_x, term, sum;
    w       = 32'(column_i.place.word);
    x       = column_sum_t'(signed'(column_i.x));
    minus_x = -x;
    for (int unsigned j = 0; j < DIGITS; j++) begin
      for (int unsigned i = 0; i < PLACES; i++) begin
        term = nonzero[e][b][j][i][0] ? (negative[e][b][j][i][0] ? minus_x : x) : '0;
        sum  = column_i.first ? '0 : column_sums[e][w][b][j][i];
        column_sums[e][w][b][j][i] = sum + term;
      end
    end
  endtask

  // Digits from the top. A byte above 242 stands for no trits; it is read as 121, five zeros. Twice the power
  // in eight bits, so that what is compared with it stays in bytes.
  task automatic decode_t5(input int unsigned e, input int unsigned b);
    bytes_t     rest;
    logic [7:0] power, twice;
    for (int unsigned i = 0; i < PLACES; i++) begin
      rest[i] = beat[e][b][i] > 8'd242 ? 8'd121 : beat[e][b][i];
    end
    for (int unsigned n = 0; n < DIGITS; n++) begin
      power = POWER[n];
      twice = power << 1;
      for (int unsigned i = 0; i < PLACES; i++) begin
        negative[e][b][DIGITS - 1 - n][i] = {8{rest[i] < power}};
      end
      for (int unsigned i = 0; i < PLACES; i++) begin
        nonzero[e][b][DIGITS - 1 - n][i] = {8{rest[i] < power}} | {8{rest[i] >= twice}};
      end
      for (int unsigned i = 0; i < PLACES; i++) begin
        rest[i] = rest[i] - (power & {8{rest[i] >= power}}) - (power & {8{rest[i] >= twice}});
      end
    end
  endtask

  // Fields of two bits, trit plus one, from the bottom. Code 3 stands for no trit and is zero; zero trits are
  // what follows the fourth field.
  task automatic decode_t2(input int unsigned e, input int unsigned b);
    bytes_t rest;
    for (int unsigned i = 0; i < PLACES; i++) rest[i] = beat[e][b][i];
    for (int unsigned n = 0; n < DIGITS; n++) begin
      for (int unsigned i = 0; i < PLACES; i++) negative[e][b][n][i] = {8{rest[i][1:0] == 2'd0}};
      for (int unsigned i = 0; i < PLACES; i++) nonzero[e][b][n][i] = {8{!rest[i][0]}};
      for (int unsigned i = 0; i < PLACES; i++) rest[i] = {2'd1, rest[i][7:2]};
    end
  endtask

endmodule
