# SPDX-License-Identifier: Apache-2.0
"""`sterna run`, `generate`, `eval` and `info` on small models and the shipped one."""

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from . import checkpoints as made

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("STERNA_BIN", ROOT / "build/sterna")).resolve()
TINY = ROOT / "tests/model/golden/offline_multiply"  # has no tokenizer: the work is random tokens
SHIPPED = ROOT / "model/checkpoints/sterna-5m"
SMALL_WORK = ("--tokens", 3, "--eval-tokens", 11, "--window", 6)


@pytest.fixture(scope="module")
def tiny_run(sterna, tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("run")
    done = sterna("run", "--model", TINY, "--out", out, "--json", *SMALL_WORK)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report == json.loads((out / "run.json").read_text())
    assert [p.name for p in out.iterdir()] == ["run.json"]
    return report


def test_all_backends_give_the_same_bits_and_both_simulators_the_same_cycles(tiny_run) -> None:
    backends = tiny_run["backends"]
    assert list(backends) == ["cpu", "systemc", "rtl"]
    assert tiny_run["check"]["bits_identical"] is True
    assert tiny_run["check"]["cycles_identical"] is True
    assert tiny_run["check"]["first_difference"] is None
    assert tiny_run["check"]["broken_contracts"] == []
    for key in ("logits_sha256", "perplexity", "text", "tokens", "accuracy"):
        assert len({str(b[key]) for b in backends.values()}) == 1, key
    for phase in ("prefill", "decode", "eval"):
        timed = [dict(backends[b][phase], wall_s=0) for b in ("systemc", "rtl")]
        assert timed[0] == timed[1]


def test_the_promised_keys_are_there(tiny_run) -> None:
    for key in ("schema", "model", "hardware", "seed", "versions", "backends", "check", "evidence"):
        assert key in tiny_run
    for name, backend in tiny_run["backends"].items():
        assert {"logits_sha256", "perplexity", "text", "wall_s"} <= backend.keys()
        if name == "cpu":
            continue
        assert backend["simulated_mac_per_s"] > 0
        for phase in ("prefill", "decode"):
            assert {
                "tokens", "cycles", "stall_cycles", "utilization", "lower_bound_cycles", "macs",
                "dram_bytes", "energy_j",
            } <= backend[phase].keys()  # fmt: skip


def test_counts_add_up(tiny_run) -> None:
    weights = tiny_run["model"]["ternary_weights"]
    for name in ("systemc", "rtl"):
        backend = tiny_run["backends"][name]
        for phase, tokens in (("prefill", 16), ("decode", 3), ("eval", 11)):
            p = backend[phase]
            assert p["tokens"] == tokens
            assert p["macs"] == tokens * weights
            assert p["lower_bound_cycles"] <= p["cycles"]
            states = sum(p["state_cycles"].values()) + sum(p["stall_cycles"].values())
            assert states == p["cycles"]
            assert 0 < p["utilization"] <= 1
            assert p["dram_bytes"] == sum(p["dram_bytes_by_stream"].values())
            assert p["macs"] == sum(q["macs"] for q in p["by_projection"].values())
            assert p["cycles"] == sum(q["cycles"] for q in p["by_projection"].values())
            for energy in p["energy_j"].values():
                sums = [energy["arithmetic"], energy["on_chip"], energy["system"]]
                for energy_sum in sums:
                    assert sum(energy_sum["parts"].values()) == pytest.approx(
                        energy_sum["total"], rel=1e-12
                    )
                assert sums[0]["total"] < sums[1]["total"] < sums[2]["total"]
                assert energy["int8_baseline"]["arithmetic"]["total"] > sums[0]["total"]
        assert sum(backend["wall_parts_s"].values()) == pytest.approx(backend["wall_s"])
    assert {"horowitz_45nm", "jouppi_7nm"} == set(p["energy_j"])
    assert all(f"energy_j.{table}" in tiny_run["evidence"] for table in p["energy_j"])


def test_host_work_of_a_token_is_what_the_shapes_say(tiny_run) -> None:
    m = tiny_run["model"]
    work = tiny_run["backends"]["systemc"]["prefill"]["host_work"]
    tokens = 16
    pairs = tokens * (tokens + 1) // 2
    assert work["attention_macs"] == m["layers"] * 2 * pairs * m["heads"] * m["head_dim"]
    assert work["head_macs"] == tokens * m["vocab"] * m["hidden"]
    assert work["softmax_elements"] == m["layers"] * pairs * m["heads"]


def test_every_phase_has_the_host_beside_its_unit(tiny_run) -> None:
    host, clock_hz = tiny_run["host"], tiny_run["hardware"]["clock_mhz"] * 1e6
    assert host["evidence"] == "measured"
    assert host["source"] in tiny_run["evidence"]["host"]
    assert tiny_run["evidence"]["with_host"].startswith("model: ")
    for backend in ("systemc", "rtl"):
        for phase in ("prefill", "decode", "eval"):
            counted = tiny_run["backends"][backend][phase]
            time, work = counted["with_host"], counted["host_work"]
            parts = time["host_parts_s"]
            elements = sum(v for k, v in work.items() if k.endswith("_elements"))
            elements -= work["softmax_elements"]
            assert parts == pytest.approx(
                {
                    "attention": work["attention_macs"] / host["attention_gmac_s"] / 1e9
                    + work["kv_bytes"] / host["kv_gb_s"] / 1e9,
                    "head": work["head_bytes"] / host["head_gb_s"] / 1e9
                    + work["head_macs"] / host["head_gmac_s"] / 1e9,
                    "elements": elements / host["elements_g_s"] / 1e9,
                    "jobs": counted["jobs"] * host["job_us"] * 1e-6,
                }
            )
            assert time["device_s"] == pytest.approx(counted["cycles"] / clock_hz)
            assert time["host_s"] == pytest.approx(sum(parts.values()))
            assert time["total_s"] == pytest.approx(time["device_s"] + time["host_s"])
            assert time["tokens_per_s"] == pytest.approx(counted["tokens"] / time["total_s"])
            assert time["host_share"] == pytest.approx(time["host_s"] / time["total_s"])


def test_bits_do_not_depend_on_threads(sterna, tmp_path: Path, tiny_run) -> None:
    done = sterna(
        "run",
        "--model",
        TINY,
        "--out",
        tmp_path,
        "--json",
        "--backend",
        "cpu",
        "--threads",
        1,
        *SMALL_WORK,
    )
    report = json.loads(done.stdout)
    assert (
        report["backends"]["cpu"]["logits_sha256"] == tiny_run["backends"]["cpu"]["logits_sha256"]
    )
    assert report["check"]["bits_identical"] is None


def test_the_table_says_what_the_json_says(sterna, tmp_path: Path, tiny_run) -> None:
    done = sterna(
        "run", "--model", TINY, "--out", tmp_path, "--backend", "cpu,systemc", *SMALL_WORK
    )
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    assert "bits identical: yes, cycles identical: not compared" in text
    assert f"wrote {tmp_path}/run.json" in text
    systemc = tiny_run["backends"]["systemc"]
    assert systemc["logits_sha256"][:12] in text
    assert f"{systemc['decode']['cycles']:,}" in text
    assert "horowitz_45nm" in text


def test_quiet_prints_nothing(sterna, tmp_path: Path) -> None:
    done = sterna(
        "run", "--model", TINY, "--out", tmp_path, "--backend", "cpu", "--quiet", *SMALL_WORK
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "run.json").exists()


def test_the_shipped_model_runs_and_speaks(sterna, tmp_path: Path) -> None:
    done = sterna(
        "run",
        "--backend",
        "cpu,systemc",
        "--tokens",
        4,
        "--eval-tokens",
        20,
        "--out",
        tmp_path,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["check"]["bits_identical"] is True
    assert len(report["work"]["prompt_tokens"]) >= 16
    assert report["backends"]["cpu"]["text"]


def test_bad_input_is_one_sentence_and_loses_nothing(sterna, bad_input, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("earlier")
    (tmp_path / "file").write_text("x")
    (tmp_path / "latin1.txt").write_bytes("caf\xe9 ".encode("latin1") * 50)
    edge = (ROOT / "configs/edge.yaml").read_text()
    (tmp_path / "lanes.yaml").write_text(edge.replace("lanes: 80", "lanes: 0"))
    (tmp_path / "typo.yaml").write_text(edge.replace("engines:", "engnes:"))
    cases = [
        (["--prompt", b"caf\xe9"], "UTF-8"),
        (["--prompt", "word " * 600], "context"),
        (["--tokens", "511"], "context"),
        (["--prompt", "a", "--tokens", "-1"], "--tokens"),
        (["--text", tmp_path / "latin1.txt"], "latin1.txt"),
        (["--text", tmp_path / "none.txt"], "no such file"),
        (["--window", "1"], "window"),
        (["--eval-tokens", "1"], "fewer than two tokens"),
        (["--temperature", "-1"], "temperature"),
        (["--hw", tmp_path / "lanes.yaml"], "lanes"),
        (["--hw", tmp_path / "typo.yaml"], "engines"),
        (["--model", tmp_path / "none"], "none"),
        (["--model", TINY, "--prompt", "hello"], "tokenizer.json"),
        (["--out", tmp_path / "file"], "not a folder"),
        (["--out", "/proc/none"], "cannot write /proc/none"),
        (["--backend", "cpu,cpu"], "twice"),
    ]
    for words, sentence in cases:
        out = [] if "--out" in words else ["--out", tmp_path]
        done = subprocess.run(
            [BINARY, "run", *words, *out], capture_output=True, text=True, timeout=60
        )
        bad_input(done, sentence)
    assert (tmp_path / "run.json").read_text() == "earlier"


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL])
def test_a_run_killed_half_way_keeps_the_earlier_results(
    tmp_path: Path, sig: signal.Signals
) -> None:
    (tmp_path / "run.json").write_text("earlier")
    process = subprocess.Popen(
        [BINARY, "run", "--out", tmp_path, "--tokens", "400"],
        stdout=subprocess.DEVNULL,
        # A shell starts background jobs with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(1.0)  # past the start, long before the end: the whole takes many seconds
    process.send_signal(sig)
    assert process.wait() != 0
    assert (tmp_path / "run.json").read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_progress_goes_to_a_terminal_only(tmp_path: Path) -> None:
    terminal, other_end = pty.openpty()
    words = ["run", "--model", TINY, "--out", tmp_path, "--backend", "cpu", *map(str, SMALL_WORK)]
    done = subprocess.run([BINARY, *words], stdout=subprocess.PIPE, stderr=other_end, timeout=60)
    os.close(other_end)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert done.returncode == 0
    assert "cpu decode" in shown
    assert shown.endswith("\r\x1b[K"), "the line is cleared at the end"
    assert b"\x1b" not in done.stdout


def test_generate_is_repeatable_and_greedy_ignores_the_seed(sterna) -> None:
    def text(*more: object) -> str:
        done = sterna("generate", "--prompt", "And the king said", "--tokens", 12, "--json", *more)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert len(report["tokens"]) <= 12
        return report["text"]

    assert text("--seed", 3) == text("--seed", 3)
    assert len({text("--seed", seed) for seed in range(4)}) > 1
    assert len({text("--seed", seed, "--temperature", 0) for seed in range(3)}) == 1
    assert text("--seed", 3) == text("--seed", 3, "--backend", "systemc")


def test_generate_refuses(sterna, bad_input) -> None:
    bad_input(sterna("generate"), "--prompt")
    bad_input(sterna("generate", "--prompt", ""), "prompt")
    bad_input(sterna("generate", "--prompt", "a", "--model", TINY), "tokenizer.json")
    bad_input(sterna("generate", "--prompt", "a", "--top-p", 1.5), "top-p")


def test_eval_agrees_between_backends(sterna) -> None:
    reports = []
    for backend in ("cpu", "systemc"):
        done = sterna("eval", "--tokens", 20, "--window", 8, "--backend", backend, "--json")
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout))
    assert reports[0]["perplexity"] == reports[1]["perplexity"] > 1
    assert reports[0]["scored_tokens"] == 20 - 3
    assert reports[0]["bits_per_byte"] > 0


def test_info_shows_models_hardware_and_kernels(sterna, bad_input) -> None:
    model = json.loads(sterna("info", SHIPPED, "--json").stdout)
    assert model["hidden"] == json.loads((SHIPPED / "config.json").read_text())["hidden_size"]
    assert 0 < model["zero_fraction"] < 1
    assert json.loads(sterna("info", "--model", SHIPPED, "--json").stdout) == model
    hardware = json.loads(sterna("info", ROOT / "configs/edge.yaml", "--json").stdout)
    assert hardware["peak_gmac_s"] == pytest.approx(80 * 4 * 2 * 0.25)
    named = sterna("info", "--hw", ROOT / "configs/edge.yaml", "--json").stdout
    assert json.loads(named) == hardware
    on_bus = json.loads(sterna("info", ROOT / "configs/edge-lpddr4x.yaml", "--json").stdout)
    assert on_bus["dram"] == "2 x LPDDR4X-4266"
    assert on_bus["dram_peak_gb_s"] == pytest.approx(2 * 4.266 * 16 / 8)
    assert on_bus["dram_mib"] == 2 * 1024
    assert "weight_gb_s" not in on_bus
    assert "scalar" in sterna("info", "--isa").stdout
    bad_input(sterna("info", "nothing"), "nothing")


def test_exit_codes_of_the_command_itself(sterna, bad_input) -> None:
    assert sterna("--help").returncode == 0
    assert sterna("run", "--help").returncode == 0
    assert sterna("--version").stdout.startswith("sterna ")
    bad_input(sterna(), "choose run, generate")
    bad_input(sterna("fly"), 'there is no command "fly"; choose run')
    bad_input(sterna("run", "--fly"), "--fly")


def test_a_text_for_a_model_without_tokenizer_is_refused_with_the_way_out(sterna, tmp_path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("words")
    done = sterna("run", "--model", TINY, "--text", text, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(text) in done.stderr and "leave --text out" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_named_tokenizer_serves_a_model_without_one(sterna, bad_input, tmp_path: Path) -> None:
    folder = made.write_hf(made.random_model(1, vocab=2048), tmp_path / "model")
    text = tmp_path / "t.txt"
    text.write_text("the king sent messengers unto all the cities of the land, and they heard")
    words = ("--model", folder, "--prompt", "the hills", "--text", text, "--backend", "cpu")
    work = (*words, *SMALL_WORK, "--out", tmp_path / "out", "--json")
    bad_input(sterna("run", *work), "name it with --tokenizer")
    bad_input(sterna("run", *work, "--tokenizer", tmp_path / "none"), "does not exist")

    named = sterna("run", *work, "--tokenizer", SHIPPED)
    assert (named.returncode, named.stderr) == (0, "")
    shutil.copy(SHIPPED / "tokenizer.json", folder)
    own = sterna("run", *work)
    first, second = (json.loads(done.stdout) for done in (named, own))
    assert first["work"] == second["work"]
    for key in ("tokens", "text", "logits_sha256", "perplexity"):
        assert first["backends"]["cpu"][key] == second["backends"]["cpu"][key]
