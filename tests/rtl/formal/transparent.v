// SPDX-License-Identifier: Apache-2.0

// Yosys techmap: a register becomes a wire, so that a pipeline whose inputs stand still becomes the
// function it computes. opt must not have made any with an enable or a reset (-nodffe -nosdff): those
// do not match.
(* techmap_celltype = "$dff" *)
module transparent (CLK, D, Q);
  parameter WIDTH = 0;
  parameter CLK_POLARITY = 0;
  input CLK;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
