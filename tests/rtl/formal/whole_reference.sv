// SPDX-License-Identifier: Apache-2.0

/// What whole_array.sv must give: codes by a table made with divisions, lanes negated or not, sums of
/// 32 bits.
///
/// A lane's product is raised by 128 where its weight is not zero and lowered by 1 where it is negative,
/// and all of that is taken back at the end, as the unit does it: so that cec finds each lane and each
/// sum of the unit in here. That what is added and taken back cancels is plain algebra, and
/// select_add.sv proves it for up to 8 lanes.
module whole_reference (
  input  logic         clk_i,
  input  logic         t2_i,
  input  logic [127:0] beat_i,
  input  logic [639:0] act_i,
  output logic [6:0]   nonzeros_o,
  output logic [15:0]  dot_o
);

  typedef logic [14:0] table_t [512];  // five trits of {t2, code}, three bits each

  // Digits of the code less one; codes and digits that stand for no trit give zero.
  function automatic table_t entries();
    int unsigned code, rest;
    for (int unsigned i = 0; i < 512; i++) begin
      code       = i % 256;
      rest       = code;
      entries[i] = '0;
      for (int unsigned j = 0; j < 5; j++) begin
        if (i < 256 && code < 243) entries[i][3*j +: 3] = 3'(rest % 3) - 3'd1;
        if (i >= 256 && j < 4 && rest % 4 != 3) entries[i][3*j +: 3] = 3'(rest % 4) - 3'd1;
        rest = rest / (i < 256 ? 3 : 4);
      end
    end
  endfunction

  localparam table_t ENTRIES = entries();

  always_comb begin
    logic [14:0]       trits [16];
    logic signed [2:0] weight;
    logic [31:0]       sum, leaf, negatives, nonzeros;
    logic [9:0]        term, act;
    sum       = '0;
    negatives = '0;
    nonzeros  = '0;
    for (int unsigned place = 0; place < 16; place++) begin
      trits[place] = ENTRIES[{t2_i, beat_i[8*place +: 8]}];
    end
    for (int unsigned digit = 0; digit < 5; digit++) begin
      leaf = '0;
      for (int unsigned place = 0; place < 16; place++) begin
        weight    = $signed(trits[place][3*digit +: 3]);
        act       = 10'($signed(act_i[8*(16*digit + place) +: 8]));
        term      = weight == 0 ? 10'd0 : weight < 0 ? -act : act;
        term      = term + (weight != 0 ? 10'd128 : 10'd0) - (weight < 0 ? 10'd1 : 10'd0);
        leaf      = leaf + 32'(term);
        negatives = negatives + 32'(weight < 0);
        nonzeros  = nonzeros + 32'(weight != 0);
      end
      sum = sum + leaf;
    end
    dot_o      = 16'(negatives - (nonzeros << 7) + sum);
    nonzeros_o = 7'(nonzeros);
  end

endmodule
