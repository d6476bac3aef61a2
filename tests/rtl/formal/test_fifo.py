# SPDX-License-Identifier: Apache-2.0
"""The queue keeps order and data and never overflows: proven by induction, for all inputs."""

import pytest

FIFO = "mem/stream_fifo.sv"

WRONG = {
    "ready when full": ("count_q != CntWidth'(Depth);", "1'b1;"),
    "pops when empty": ("= pop_valid_o && pop_ready_i && !flush_i;", "= pop_ready_i && !flush_i;"),
    "wraps one too early": ("ptr == PtrWidth'(Depth - 1)", "ptr == PtrWidth'(Depth - 2)"),
    "flush does nothing": ("end else if (flush_i) begin", "end else if (1'b0) begin"),
    "a pop with a push is lost": ("if (pop) read_q", "if (pop && !push) read_q"),
    "offers the youngest": ("pop_data_o   = mem[read_q]", "pop_data_o   = mem[write_q]"),
}


# At 2, at and beside a power of two, and the size of configs/edge.yaml.
@pytest.mark.parametrize("depth", [2, 3, 4, 5, 16])
def test_order_and_data_are_kept_whatever_comes(prover, depth: int) -> None:
    properties = prover.invariants("fifo_properties", {"Depth": depth}, [FIFO])
    assert prover.proven(properties)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_queue_is_refuted_by_a_run_from_reset(prover, wrong: str) -> None:
    mutant = prover.mutated(FIFO, *WRONG[wrong])
    properties = mutant.invariants("fifo_properties", {"Depth": 3}, [FIFO])
    assert mutant.refuted(properties, 8)
