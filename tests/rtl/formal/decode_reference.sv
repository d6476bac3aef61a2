// SPDX-License-Identifier: Apache-2.0

/// What decode.sv must give, from the definition of the codes in docs/tmu.md: five digits to the base of
/// 3 or four of two bits, each a trit plus one; t5 codes above 242 and t2 digits of 3 are zero trits.
module decode_reference (
  input  logic        clk_i,
  input  logic [3:0]  place_i,  // does not matter
  input  logic        t2_i,
  input  logic [7:0]  code_i,
  output logic [15:0] value_o,
  output logic [6:0]  nonzeros_o
);

  localparam logic [7:0] POWER [5] = '{8'd1, 8'd3, 8'd9, 8'd27, 8'd81};

  typedef logic [22:0] table_t [512];  // nonzeros and value of {t2, code}

  function automatic table_t entries();
    logic [15:0] value;
    logic [6:0]  nonzeros;
    int unsigned code, digit;
    for (int unsigned i = 0; i < 512; i++) begin
      code     = i % 256;
      value    = '0;
      nonzeros = '0;
      for (int unsigned j = 0; j < 5; j++) begin
        if (i >= 256) digit = j == 4 ? 3 : (code >> (2*j)) % 4;
        else digit = code > 242 ? 3 : (code / POWER[j]) % 3;
        if (digit == 0) value = value - 16'(POWER[j]);
        if (digit == 2) value = value + 16'(POWER[j]);
        nonzeros = nonzeros + 7'(digit == 0 || digit == 2);
      end
      entries[i] = {nonzeros, value};
    end
  endfunction

  localparam table_t ENTRIES = entries();

  assign {nonzeros_o, value_o} = ENTRIES[{t2_i, code_i}];

endmodule
