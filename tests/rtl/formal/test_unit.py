# SPDX-License-Identifier: Apache-2.0
"""Commands, responses, aborts and credits of the unit: proven by induction, for all inputs."""

import pytest

CONTROL = "tmu/tmu_control.sv"
ISSUE = "tmu/tmu_issue.sv"
CHECK = "tmu/tmu_command_check.sv"

# The last is configs/edge.yaml but for its activation memory.
DESIGNS = {
    "smallest": {"Engines": 1, "Slices": 1, "ActWords": 2, "Chunks": 1, "Weights": 2, "Results": 2},
    "odd": {"Engines": 3, "Slices": 3, "ActWords": 5, "Chunks": 3, "Weights": 3, "Results": 5},
    "edge": {"Engines": 4, "Slices": 2, "ActWords": 64, "Chunks": 32, "Weights": 16, "Results": 16},
}

WRONG = {
    "an abort keeps the activations": (CONTROL, "held_d  = 1'b0;", "held_d  = held_q;"),
    "an abort looks like success": (
        CONTROL,
        "status_d = tmu_pkg::StatusAborted;",
        "status_d = tmu_pkg::StatusDone;",
    ),
    "an abort drops a pending response": (
        CONTROL,
        "if (state_q != tmu_pkg::StIdle && state_q != tmu_pkg::StRespond) begin",
        "if (state_q != tmu_pkg::StIdle) begin",
    ),
    "slots issue without a credit": (
        ISSUE,
        "credit_ok      = !last_beat || credit_o;",
        "credit_ok      = 1'b1;",
    ),
    "slots issue when one engine has a beat": (
        ISSUE,
        "(engines & ~beat_valid_i) == '0;",
        "(engines & beat_valid_i) != '0;",
    ),
    "the unit answers before its results leave": (
        ISSUE,
        "credits_all_o = credits_q == CreditWidth'(ResultFifoBeats);",
        "credits_all_o = credits_q != '0;",
    ),
    "a command of one beat too many is taken": (
        CHECK,
        "command_i.beats <= beats_fit &&",
        "command_i.beats <= beats_fit + 16'd1 &&",
    ),
    "a command without rows is taken": (CHECK, "command_i.rows != '0 && ", ""),
}


def modules(prover) -> list[str]:
    package = prover.rtl / "tmu" / "tmu_pkg.sv"
    folders = ("mem", "pe", "tmu")
    paths = sorted(path for name in folders for path in (prover.rtl / name).glob("*.sv"))
    paths.remove(package)
    return [str(path.relative_to(prover.rtl)) for path in paths]


@pytest.mark.parametrize("design", DESIGNS)
def test_commands_responses_and_credits_are_kept_whatever_comes(prover, design: str) -> None:
    properties = prover.invariants("unit_properties", DESIGNS[design], modules(prover))
    assert prover.proven(properties)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_unit_is_refuted_by_a_run_from_reset(prover, wrong: str) -> None:
    mutant = prover.mutated(*WRONG[wrong])
    sizes = {"Engines": 2, "Slices": 2, "ActWords": 4, "Chunks": 2, "Weights": 2, "Results": 2}
    properties = mutant.invariants("unit_properties", sizes, modules(mutant))
    assert mutant.refuted(properties, 20)
