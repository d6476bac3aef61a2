# SPDX-License-Identifier: Apache-2.0
"""`sterna analyze` as a user types it, against what `sterna run` counts on the SystemC model."""

import json
from pathlib import Path

import pytest

EDGE = Path(__file__).resolve().parents[2] / "configs/edge.yaml"


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


RATES = ("attention_gmac_s", "kv_gb_s", "head_gb_s", "head_gmac_s", "elements_g_s")
PARTS = ("attention", "head", "elements", "jobs")


def check_sums(time: dict, tokens: int) -> None:
    assert tuple(time["host_parts_s"]) == PARTS
    assert time["host_s"] == pytest.approx(sum(time["host_parts_s"].values()))
    assert time["total_s"] == pytest.approx(time["device_s"] + time["host_s"])
    assert time["host_share"] == pytest.approx(time["host_s"] / time["total_s"])
    assert time["tokens_per_s"] == pytest.approx(tokens / time["total_s"])


def test_adds_the_host_to_the_unit(sterna) -> None:
    shape = ("--model", "synthetic:2b4t", "--pp", "100", "--batch", "4", "--context", "1024")
    analysis = analyze(sterna, *shape)
    decode, prefill = analysis["decode"], analysis["prefill"]
    assert (decode["tokens"], decode["batch"], decode["context"]) == (4, 4, 1024)
    check_sums(decode["with_host"], 4)
    check_sums(prefill["with_host"], 100)
    assert analysis["time_to_first_token_s"] == prefill["with_host"]["total_s"]
    assert decode["with_host"]["device_s"] == pytest.approx(4 / decode["tokens_per_s"])
    assert decode["with_host"]["tokens_per_s"] < decode["tokens_per_s"]
    grid = {(step["batch"], step["context"]): step for step in analysis["grid"]}
    assert set(grid) == {(b, c) for b in (1, 2, 4, 8, 16) for c in (0, 1024, 4096)}
    for (batch, _), step in grid.items():
        check_sums(step, batch)
    assert grid[4, 1024]["total_s"] == pytest.approx(decode["with_host"]["total_s"])


def test_takes_the_host_of_the_hardware_file(sterna, tmp_path: Path) -> None:
    host = {name: 1e9 for name in RATES}
    host |= {"job_us": 0, "evidence": "model", "source": "no time at all"}
    lines = "".join(f"  {key}: {value}\n" for key, value in host.items())
    design = tmp_path / "design.yaml"
    design.write_text(EDGE.read_text() + "host:\n" + lines)
    analysis = analyze(sterna, "--hw", str(design), "--model", "synthetic:2b4t")
    assert analysis["host"] == host
    unit = analysis["decode"]["tokens_per_s"]
    assert analysis["decode"]["with_host"]["tokens_per_s"] == pytest.approx(unit, rel=1e-6)
    shipped = analyze(sterna, "--model", "synthetic:2b4t")
    assert shipped["host"]["evidence"] == "measured"
    assert shipped["decode"]["tokens_per_s"] == unit
    assert json.loads(sterna("info", str(design), "--json").stdout)["host"] == host
    assert json.loads(sterna("info", str(EDGE), "--json").stdout)["host"] == shipped["host"]
    assert "host source               no time at all" in sterna("info", str(design)).stdout


def test_prints_the_source_of_the_hosts_rates(sterna) -> None:
    result = sterna("analyze", "--model", "synthetic:2b4t", "--batch", "8")
    assert "decode, 8 tokens" in result.stdout
    assert "host: attention" in result.stdout
    assert "Rates of the host, measured: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--model", "synthetic:9b"), "9b"),
        (("--hw", "missing.yaml"), "missing.yaml"),
        (("--pp", "0"), "--pp"),
        (("--batch", "0"), "--batch"),
        (("--context", "-1"), "--context"),
    ],
)
def test_refuses_bad_input_in_one_sentence(sterna, arguments, sentence) -> None:
    result = sterna("analyze", *arguments)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
