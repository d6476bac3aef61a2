# SPDX-License-Identifier: Apache-2.0
"""The roofline experiment's arithmetic, on reports made up here, and the files it keeps."""

import csv
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "experiments" / "e02_cpu_roofline"


def load(name: str) -> ModuleType:
    """A script of the folder under a name of its own: e01 has a run.py too."""
    spec = importlib.util.spec_from_file_location(f"e02_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look it up
    spec.loader.exec_module(module)
    return module


RUN = load("run")
BUDGET = load("budget")

REPORT = {
    "isa": "avx2",
    "threads": 2,
    "machine": {
        "dram_gb_s": 20.0, "dram_gb_s_1t": 10.0, "l3_gb_s": 40.0, "l3_gb_s_1t": 20.0,
        "l2_gb_s": 200.0, "l2_gb_s_1t": 100.0, "int8_gmac_s": 200.0, "int8_gmac_s_1t": 100.0,
    },
    "decode": {
        "tokens": 64, "tokens_per_s": 20.0, "bytes_per_token": 0.8e9, "macs_per_token": 2.4e9,
        "bytes_per_token_parts": {"ternary": 0.5e9, "head": 0.25e9, "kv": 0.05e9},
        "fraction_of_limit": 0.8,
    },
    "prefill": {
        "tokens": 512, "tokens_per_s": 75.0, "macs_per_token": 2e9, "fraction_of_limit": 0.75,
    },
}  # fmt: skip


def bench_row(name: str, **more: object) -> dict:
    return {"run_name": name, "MAC/s": 40e9, "weight_bytes/s": 10e9} | more


def test_only_medians_of_kernels_that_gave_right_sums_become_points() -> None:
    name = "ternary_dram/avx2/rows:640/cols:2560/tokens:1"
    points = RUN.kernel_points(
        {
            "benchmarks": [
                bench_row(name, aggregate_name="mean"),
                bench_row(name, aggregate_name="median"),
                bench_row(name, aggregate_name="stddev"),
                {"run_name": name, "error_message": "wrong sums"},
            ]
        }
    )
    assert len(points) == 1
    point = points[0]
    assert (point.name, point.isa) == ("ternary_dram", "avx2")
    assert (point.rows, point.cols, point.tokens) == (640, 2560, 1)
    assert (point.gmac_s, point.gb_s, point.macs_per_byte) == (40.0, 10.0, 4.0)


def test_model_points_lie_where_their_bytes_and_multiply_adds_put_them() -> None:
    decode, prefill = RUN.model_points(REPORT)
    assert decode.macs_per_byte == pytest.approx(3.0)
    assert decode.gb_s == pytest.approx(16.0)
    assert decode.gb_s / 20.0 == pytest.approx(decode.fraction_of_limit)
    assert prefill.macs_per_byte == pytest.approx(2e9 / (0.5e9 * 2 / 512))
    assert prefill.gmac_s == pytest.approx(150.0)


def test_limits_are_kept_for_one_thread_and_for_all() -> None:
    points = RUN.limit_points(REPORT)
    assert {(p.name, p.threads) for p in points} == {
        (name, threads) for name in ("dram", "l3", "l2", "multiply_add") for threads in (1, 2)
    }
    assert len(RUN.limit_points(REPORT | {"threads": 1})) == 4


def test_the_budget_adds_every_product_of_a_token_once() -> None:
    macs = sum(rows * cols * n for (rows, cols), n in BUDGET.LAYER.items()) * BUDGET.LAYERS
    assert macs == 2_084_044_800
    shapes = [("ternary_dram", s, 1) for s in BUDGET.LAYER]
    shapes += [("ternary_cache", s, BUDGET.KERNEL_TOKENS) for s in BUDGET.LAYER] + [
        ("int8_dram", BUDGET.HEAD, 1)
    ]
    rows = [
        {
            "kind": "kernel", "isa": "avx2", "name": name, "rows": str(shape[0]),
            "cols": str(shape[1]), "tokens": str(tokens), "gmac_s": "100",
        }
        for name, shape, tokens in shapes
    ]  # fmt: skip
    head_macs = BUDGET.HEAD[0] * BUDGET.HEAD[1]
    assert BUDGET.products_ms(rows, "avx2", "decode") == pytest.approx((macs + head_macs) / 1e8)
    assert BUDGET.products_ms(rows, "avx2", "prefill") == pytest.approx(macs / 1e8)
    with pytest.raises(SystemExit, match="ternary_dram of avx2"):
        BUDGET.products_ms(rows[1:], "avx2", "decode")


def test_kept_results_have_the_columns_that_the_picture_reads() -> None:
    with (FOLDER / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["kind"] for row in rows} == {"kernel", "model", "limit"}
    for row in rows:
        if row["kind"] != "limit":
            assert float(row["macs_per_byte"]) > 0
            assert float(row["gmac_s"]) > 0
    assert json.loads((FOLDER / "environment.json").read_text())["cpu"]
    assert (ROOT / "docs" / "cpu_roofline.svg").exists()
