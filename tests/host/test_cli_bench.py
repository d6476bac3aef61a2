# SPDX-License-Identifier: Apache-2.0
"""`sterna bench`: what it reports and what it refuses. No test looks at a time."""

import json
from pathlib import Path

import pytest

EDGE = Path(__file__).resolve().parents[2] / "configs/edge.yaml"
SMALL = {"--model": "synthetic:tiny", "--pp": 24, "--tg": 6, "--repeat": 2}


def words(**changes: object) -> list[object]:
    """SMALL as words of a command line, with some options changed or added."""
    options = SMALL | {f"--{name}": value for name, value in changes.items()}
    return [word for option in options.items() for word in option]


@pytest.fixture(scope="module")
def report(sterna) -> dict:
    done = sterna("bench", *words(context=48, threads=2), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_json_holds_what_scripts_rely_on(report) -> None:
    for key in ("schema", "model", "isa", "threads", "load_s", "foreign_cpu_share", "evidence"):
        assert key in report
    for key in ("dram_gb_s", "dram_gb_s_1t", "int8_gmac_s", "int8_gmac_s_1t"):
        assert report["machine"][key] > 0
    assert report["machine"]["cpu"]
    for key in ("tokens_per_s", "bytes_per_token", "fraction_of_limit", "speedup_over_1t"):
        assert report["decode"][key] > 0
    for key in ("reading_gb_s", "fraction_of_reading"):
        assert report["decode"][key] > 0 < report["decode"][key + "_1t"]
        assert report["context"][key] > 0
    for key in ("tokens", "tokens_per_s", "macs_per_token", "fraction_of_limit"):
        assert report["prefill"][key] > 0
    assert report["context"]["tokens"] == 48
    assert report["context"]["fraction_of_speed_at_0"] > 0
    assert report["peak_rss_mib"] > 1
    assert report["page_kib"] in (4, 2048)
    assert 0 <= report["foreign_cpu_share"] <= 1
    assert report["checked_sums"] > 0
    assert (report["head"], report["kv"]) == ("stored", "int8")


def test_figures_agree_with_each_other(report) -> None:
    machine, decode, prefill = report["machine"], report["decode"], report["prefill"]
    assert decode["bytes_per_token"] == sum(decode["bytes_per_token_parts"].values())
    assert decode["fraction_of_limit"] == pytest.approx(
        decode["tokens_per_s"] * decode["bytes_per_token"] / machine["dram_gb_s"] / 1e9
    )
    assert prefill["fraction_of_limit"] == pytest.approx(
        prefill["tokens_per_s"] * prefill["macs_per_token"] / machine["int8_gmac_s"] / 1e9
    )
    low, high = decode["tokens_per_s_quartiles"]
    assert low <= decode["tokens_per_s"] <= high
    low, high = prefill["spread"]
    assert low <= prefill["tokens_per_s"] <= high
    assert decode["speedup_over_1t"] == pytest.approx(
        decode["tokens_per_s"] / decode["tokens_per_s_1t"]
    )
    context = report["context"]
    assert context["fraction_of_speed_at_0_at_equal_reading"] == pytest.approx(
        context["fraction_of_reading"] / context["bytes_per_token"]
        / (decode["fraction_of_reading"] / decode["bytes_per_token"])
    )  # fmt: skip


def test_every_figure_has_its_evidence(report) -> None:
    keys = set(report["evidence"])
    for figure in ("machine", "context", "peak_rss_mib", "page_kib", "load_s", "foreign_cpu_share"):
        assert figure in keys
    for phase, figures in (
        ("decode", ("tokens_per_s", "bytes_per_token", "fraction_of_limit", "speedup_over_1t")),
        ("decode", ("reading_gb_s", "fraction_of_reading")),
        ("prefill", ("tokens_per_s", "macs_per_token", "fraction_of_limit")),
    ):
        assert {f"{phase}.{figure}" for figure in figures} <= keys
    assert all(label.split(":")[0] in ("measured", "counted") for label in
               report["evidence"].values())  # fmt: skip


def test_every_kernel_can_be_forced_and_is_held_against_its_own_peak(sterna) -> None:
    isas = json.loads(sterna("info", "--isa", "--json").stdout)
    for isa in (isa["name"] for isa in isas if isa["supported"]):
        done = sterna("bench", *words(threads=1, isa=isa), "--json")
        assert (done.returncode, done.stderr) == (0, "")
        report = json.loads(done.stdout)
        assert report["isa"] == isa
        assert report["machine"]["multiply_add"]
        assert report["decode"]["speedup_over_1t"] is None
        assert report["context"] is None


def test_table_names_limits_and_shares(sterna) -> None:
    done = sterna("bench", *words())
    assert (done.returncode, done.stderr) == (0, "")
    for label in (
        "DRAM read",
        "of the DRAM limit",
        "of these reads",
        "of the multiply-add limit",
        "peak memory",
    ):
        assert label in done.stdout


def test_works_with_many_more_threads_than_cores(sterna) -> None:
    done = sterna("bench", *words(threads=64), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["threads"] == 64


def test_shapes_prints_bounds_for_every_named_shape(sterna) -> None:
    done = sterna("bench", "--shapes", "--threads", 1, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    shapes = {shape["model"]: shape for shape in json.loads(done.stdout)["shapes"]}
    assert {"2b4t", "7b", "70b", "100b"} <= set(shapes)
    assert shapes["7b"]["decode_tokens_per_s"] > shapes["70b"]["decode_tokens_per_s"]
    assert all(shape["decode_bound_by"] in ("DRAM", "multiply-add") for shape in shapes.values())


RATES = {"attention_gmac_s", "kv_gb_s", "head_gb_s", "head_gmac_s", "elements_g_s", "job_us"}


def test_host_gives_a_rate_for_each_kind_of_work(sterna) -> None:
    words = ("bench", "--host", "--model", "synthetic:5m", "--threads", 1, "--repeat", 9)
    done = sterna(*words, "--json")
    if done.returncode == 2:  # of so small a model some work can hide in the noise
        assert "is smaller than the noise of this machine" in done.stderr
        return
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert set(report["host_quartiles"]) == RATES
    for rate in RATES:
        low, high = report["host_quartiles"][rate]
        assert min(low, high) <= report["host"][rate] <= max(low, high)
    assert (report["threads"], report["clock"]) == (1, "processor time")
    assert all(check["measured_s"] > 0 < check["model_s"] for check in report["checks"])
    assert "synthetic:5m" in report["host"]["source"]


def test_host_prints_a_section_to_paste(sterna, tmp_path: Path) -> None:
    done = sterna("bench", "--host", "--model", "synthetic:5m", "--threads", 1, "--repeat", 9)
    if done.returncode == 2:
        assert "is smaller than the noise of this machine" in done.stderr
        return
    assert (done.returncode, done.stderr) == (0, "")
    design = tmp_path / "design.yaml"
    section = done.stdout[done.stdout.index("host:\n") :]
    design.write_text(EDGE.read_text() + section)
    analysis = json.loads(sterna("analyze", "--hw", design, "--json").stdout)
    assert analysis["host"]["evidence"] == "measured"
    assert "bench --host --model synthetic:5m --threads 1" in analysis["host"]["source"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"pp": 0, "tg": 0}, "--pp 0 and --tg 0 leave nothing to measure"),
        ({"context": 4097}, "--context 4097: the model was made for 4096 tokens"),
        ({"context": 6}, "--context 6 with --tg 6"),
        ({"pp": 5000}, "--pp 5000: the model was made for"),
        ({"tg": -1}, "-1"),
        ({"repeat": 0}, "--repeat"),
        ({"threads": 0}, "--threads"),
        ({"threads": 257}, "--threads"),
        ({"isa": "mmx"}, "isa mmx is not available"),
        ({"model": "synthetic:200b"}, "synthetic:200b is not known"),
        ({"model": "no-such-model"}, "no-such-model"),
    ],
    ids=str,
)
def test_refuses(sterna, bad_input, changes: dict, complaint: str) -> None:
    bad_input(sterna("bench", *words(**changes)), complaint)
