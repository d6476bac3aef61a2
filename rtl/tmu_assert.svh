// SPDX-License-Identifier: Apache-2.0

// Assertion macros. Simulation and lint define STERNA_ASSERTIONS; synthesis does not, and then they
// are empty. A module that uses them has the ports clk_i and rst_ni.
`ifndef STERNA_TMU_ASSERT_SVH
`define STERNA_TMU_ASSERT_SVH

`ifdef STERNA_ASSERTIONS

  // `prop` holds on every rising clock edge outside reset.
  `define ASSERT(name, prop)                                              \
    name: assert property (@(posedge clk_i) disable iff (!rst_ni) (prop)) \
      else $error("[%m] %s: %s", `"name`", `"prop`");

  // `cond` holds where the statement stands in a procedure.
  `define ASSERT_HERE(name, cond) \
    name: assert (cond) else $error("[%m] %s: %s", `"name`", `"cond`");

  // `cond` holds for the parameters of this instance.
  `define ASSERT_INIT(name, cond)                                        \
    initial begin : name                                                 \
      if (!(cond)) $fatal(1, "[%m] %s: %s", `"name`", `"cond`");         \
    end

`else

  `define ASSERT(name, prop)
  `define ASSERT_HERE(name, cond)
  `define ASSERT_INIT(name, cond)

`endif

`endif
