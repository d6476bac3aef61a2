# SPDX-License-Identifier: Apache-2.0
"""`sterna analyze` as a user types it, against what `sterna run` counts on the SystemC model."""

import json
from pathlib import Path

import pytest


def analyze(sterna, *arguments: str) -> dict:
    result = sterna("analyze", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_agrees_with_the_main_job_on_the_systemc_model(sterna, tmp_path: Path) -> None:
    run = sterna("run", "--backend", "cpu,systemc", "--out", str(tmp_path / "run"), "--quiet")
    assert run.returncode == 0, run.stderr
    counted = json.loads((tmp_path / "run" / "run.json").read_text())["backends"]["systemc"]
    prompt = counted["prefill"]["tokens"]
    analysis = analyze(sterna, "--pp", str(prompt))
    for phase, passes in (("prefill", 1), ("decode", counted["decode"]["tokens"])):
        got, expected = analysis[phase], counted[phase]
        assert got["cycles"] * passes == pytest.approx(expected["cycles"], rel=0.01)
        assert got["lower_bound_cycles"] * passes == expected["lower_bound_cycles"]
        assert got["macs"] * passes == expected["macs"]
        assert sum(got["dram_bytes"].values()) * passes == expected["dram_bytes"]
        for table, energy in expected["energy_j"].items():
            for boundary in ("arithmetic", "on_chip", "system"):
                assert got["energy_j"][table][boundary]["total"] * passes == pytest.approx(
                    energy[boundary]
                    if isinstance(energy[boundary], float)
                    else energy[boundary]["total"],
                    rel=1e-9,
                )


def test_takes_shapes_that_no_machine_holds(sterna) -> None:
    analysis = analyze(sterna, "--model", "synthetic:100b", "--pp", "4096")
    assert analysis["decode"]["macs"] > 9e10
    assert analysis["prefill"]["tokens"] == 4096


def test_prints_what_is_busiest(sterna) -> None:
    result = sterna("analyze", "--model", "synthetic:2b4t")
    assert result.returncode == 0
    assert "weights" in result.stdout
    assert "adders" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--model", "synthetic:9b"), "9b"),
        (("--hw", "missing.yaml"), "missing.yaml"),
        (("--pp", "0"), "--pp"),
    ],
)
def test_refuses_bad_input_in_one_sentence(sterna, arguments, sentence) -> None:
    result = sterna("analyze", *arguments)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
