# SPDX-License-Identifier: Apache-2.0
"""`sterna run`, `logits` and `matmul` on a design with a bus and real DRAM behind it."""

import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "model/checkpoints/sterna-5m"
TINY = ROOT / "tests/model/golden/offline_multiply"

# The unit of configs/edge.yaml with the bus "edge" of tests/sim/bus/bus_designs.hpp: its RTL
# library serves both.
DESIGN = """
name: edge-on-a-bus
clock_mhz: 300
weight_format: t5
unit: {lanes: 80, engines: 4, slices: 2, activation_words: 512, chunks: 32,
       weight_fifo_beats: 16, result_fifo_beats: 16, column_words: 8}
bus: {burst_beats: 16, dma_fifo_beats: 64, outstanding: 8, descriptors: 4, result_bits: 128,
      latency_ns: 30}
dram: {part: LPDDR4X-4266, channels: 2}
"""


@pytest.fixture(scope="module")
def design(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("hw") / "bus.yaml"
    path.write_text(DESIGN)
    return path


@pytest.fixture(scope="module")
def bus_run(sterna, design, tmp_path_factory) -> dict:
    work = ("--tokens", 3, "--eval-tokens", 11, "--window", 6)
    out = tmp_path_factory.mktemp("run")
    done = sterna("run", "--model", TINY, "--hw", design, "--out", out, "--json", *work)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_models_agree_in_bits_and_cycles_in_front_of_dram(bus_run) -> None:
    check = bus_run["check"]
    assert check["bits_identical"] and check["cycles_identical"]
    assert check["broken_contracts"] == []
    assert check["compared_sums"] > 0


def test_the_cycles_outside_of_commands_are_told_apart(bus_run) -> None:
    for phase in ("prefill", "decode", "eval"):
        p = bus_run["backends"]["rtl"][phase]
        states = sum(p["state_cycles"].values()) + sum(p["stall_cycles"].values())
        assert states == p["cycles"]
        # A job fetches and checks a descriptor before anything runs (docs/axi.md: 41 + 2 E).
        assert p["state_cycles"]["outside"] > 49 * p["jobs"]
        assert p["lower_bound_cycles"] <= p["cycles"]


def test_columns_are_left_out_in_decode_with_the_same_bits_and_fewer_bytes(
    sterna, design, tmp_path: Path
) -> None:
    by_rows = tmp_path / "rows.yaml"
    by_rows.write_text(DESIGN.replace("column_words: 8", "column_words: 0"))
    reports = {}
    for hardware, backends in ((design, "cpu,systemc,rtl"), (by_rows, "cpu,systemc")):
        done = sterna("run", "--model", SHIPPED, "--hw", hardware, "--backend", backends,
                      "--tokens", 3, "--eval-tokens", 2, "--window", 2, "--out", tmp_path / "out",
                      "--json")  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        reports[hardware] = json.loads(done.stdout)
    check = reports[design]["check"]
    assert check["bits_identical"] and check["cycles_identical"]
    assert check["broken_contracts"] == []
    skipping, plain = (reports[h]["backends"]["systemc"] for h in (design, by_rows))
    assert skipping["logits_sha256"] == plain["logits_sha256"]
    assert 0 < skipping["decode"]["columns"]["left_out"] < skipping["decode"]["columns"]["asked"]
    assert skipping["decode"]["dram_bytes"] < plain["decode"]["dram_bytes"]
    assert skipping["decode"]["cycles"] < plain["decode"]["cycles"]


@pytest.mark.parametrize(
    "old, new, field",
    [("column_words: 8", "column_words: 33", "33"), ("column_words", "column_word", "column_word")],
)
def test_a_wrong_number_of_column_words_is_refused(
    sterna, tmp_path: Path, old: str, new: str, field: str
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(DESIGN.replace(old, new))
    done = sterna("info", "--hw", wrong)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(wrong) in done.stderr and field in done.stderr


def test_a_slower_memory_takes_more_cycles_and_gives_the_same_bits(
    sterna, design, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.yaml"
    slow.write_text(
        DESIGN.replace("LPDDR4X-4266, channels: 2", "flat, flat_gb_s: 1, flat_latency_ns: 200")
    )
    answers = {}
    for hardware in (design, slow):
        out = tmp_path / f"{hardware.stem}.npy"
        done = sterna("logits", "--model", TINY, "--ids", "1,2", "--hw", hardware,
                      "--backend", "systemc", "--out", out)  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers[hardware] = np.load(out)
    assert (answers[design] == answers[slow]).all()
    cycles = {}
    weights = np.ones((40, 300), dtype=np.int8)
    np.save(tmp_path / "w.npy", weights)
    np.save(tmp_path / "x.npy", np.full((1, 300), 3, dtype=np.int8))
    for hardware in (design, slow):
        done = sterna(
            "matmul", "--weights", tmp_path / "w.npy", "--activations", tmp_path / "x.npy",
            "--out", tmp_path / "y.npy", "--hw", hardware, "--backend", "systemc", "--json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (np.load(tmp_path / "y.npy") == 900).all()
        cycles[hardware] = json.loads(done.stdout)["cycles"]
    assert cycles[slow] > 2 * cycles[design]
