# SPDX-License-Identifier: Apache-2.0
"""A command by columns reads, adds and gathers what it should: proven by induction, all inputs."""

import pytest

SCAN = "tmu/tmu_column_scan.sv"
ISSUE = "tmu/tmu_column_issue.sv"
MODULES = [SCAN, ISSUE, "tmu/tmu_columns.sv", "mem/stream_fifo.sv"]

WRONG = {
    "columns of zero are read": (SCAN, "act_data_i[8*k +: 8] != '0 && left_q", "left_q"),
    "columns beyond the last are read": (SCAN, " && left_q > 16'(k);", ";"),
    "the fifth column has the fourth's weights": (
        SCAN,
        "if (index[b]) beat",
        "if (index[b] && index != 4'd4) beat",
    ),
    "the next beat begins at the seventeenth column": (
        SCAN,
        "<< INDEX_BITS);",
        "<< INDEX_BITS) + 1'b1;",
    ),
    "a read that waits is forgotten": (
        SCAN,
        "end else if (fire) begin",
        "end else if (read_o.valid) begin",
    ),
    "the end is told before the last columns": (
        SCAN,
        "assign last_o      = left_q == '0 && wanted_q == '0;",
        "assign last_o      = left_q == '0;",
    ),
    "a flush leaves columns behind": (
        SCAN,
        "left_q     <= '0;\n      wanted_q   <= '0;",
        "left_q     <= '0;",
    ),
    "slots issue when one engine has a beat": (ISSUE, "&beat_valid_i;", "|beat_valid_i;"),
    "a column ends a beat early": (
        ISSUE,
        "== command_i.beats - 16'd1;",
        "== (command_i.beats - 16'd1) >> 1;",
    ),
    "the second column is a first one, too": (
        ISSUE,
        "if (last_word) first_q <= 1'b0;",
        "first_q <= first_q;",
    ),
    "sums leave without a credit": (ISSUE, "= gather_i && credit_i;", "= gather_i;"),
    "a last full row group is not the last": (
        ISSUE,
        "rows_left_q <= Engines;",
        "rows_left_q < Engines;",
    ),
}


@pytest.mark.parametrize("engines", [1, 3])
def test_columns_are_read_added_and_gathered_once(prover, engines: int) -> None:
    sizes = {"Engines": engines, "ColumnWords": 3}
    assert prover.proven(prover.invariants("column_properties", sizes, MODULES))


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_columns_are_refuted_by_a_run_from_reset(prover, wrong: str) -> None:
    mutant = prover.mutated(*WRONG[wrong])
    sizes = {"Engines": 2, "ColumnWords": 3}
    assert mutant.refuted(mutant.invariants("column_properties", sizes, MODULES), 12)
