# SPDX-License-Identifier: Apache-2.0
"""`sterna eval`: protocols, backends and errors."""

import json
import math
import os
import pty
import subprocess

import numpy as np
import pytest

from . import checkpoints as made
from .conftest import BINARY, ROOT

GOLDEN = ROOT / "tests/model/text/golden_tokenizer"
SHIPPED = ROOT / "model/checkpoints/sterna-5m"


def evaluate(sterna, *words: object) -> dict:
    done = sterna("eval", "--json", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_protocols_agree_with_sums_over_the_logits(sterna, tmp_path) -> None:
    text = tmp_path / "text.txt"
    text.write_text((SHIPPED / "heldout.txt").read_text()[:400])
    # The shipped tokenizer adds no BOS; tests/model/text/eval_protocol_test.cpp has one that does.
    prompt = sterna(
        "generate", "--prompt", text.read_text(), "--tokens", 1, "--json", "--temperature", 0
    )
    ids = json.loads(prompt.stdout)["prompt_tokens"]
    window = 32
    for protocol, first in (("hf-2048", 1), ("llamacpp-512", window // 2 + 1)):
        report = evaluate(sterna, "--text", text, "--protocol", protocol, "--window", window)
        nats: list[float] = []
        correct = 0
        for begin in range(0, len(ids) - window + 1, window):
            part = ids[begin : begin + window]
            out = tmp_path / "logits.npy"
            done = sterna("logits", "--ids", ",".join(map(str, part)), "--out", out, "--kv", "f32")
            assert done.returncode == 0, done.stderr
            logits = np.load(out).astype(np.float64)
            log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            for i in range(first, window):
                nats.append(-log_p[i - 1, part[i]])
                correct += int(np.argmax(logits[i - 1]) == part[i])
        assert report["protocol"] == protocol
        assert report["scored_tokens"] == len(nats) > 20
        perplexity = math.exp(np.mean(nats))
        assert report["perplexity"] == pytest.approx(perplexity, rel=1e-6)
        assert report["accuracy"] == correct / len(nats)
        error = np.std(nats) / math.sqrt(len(nats) - 1) * perplexity
        assert report["standard_error"] == pytest.approx(error, rel=1e-6)


def test_every_protocol_runs_and_says_its_name(sterna, tmp_path) -> None:
    text = tmp_path / "text.txt"
    text.write_text((SHIPPED / "heldout.txt").read_text()[:6000])
    seen = {}
    for protocol in ("sterna-256", "hf-2048", "paper-2048", "llamacpp-512", "bitnetcpp-512",
                     "bitnetcpp-quick"):  # fmt: skip
        words = ("--text", text, "--protocol", protocol, "--window", 64)
        seen[protocol] = evaluate(sterna, *words)
        assert seen[protocol]["protocol"] == protocol
        assert 1 < seen[protocol]["perplexity"] < 2048
        plain = sterna("eval", *words)
        assert plain.stdout.startswith(f"{protocol}: perplexity ")
        assert " +/- " in plain.stdout
    assert seen["bitnetcpp-512"]["perplexity"] == seen["llamacpp-512"]["perplexity"]
    assert len({report["perplexity"] for report in seen.values()}) == 5


def test_an_eos_that_the_tokenizer_lacks_counts_as_no_text(sterna, tmp_path) -> None:
    folder = made.write_hf(made.random_model(1, vocab=500), tmp_path / "model", eos_token_id=450)
    text = tmp_path / "text.txt"
    text.write_text("the hills\nwere rising\n\n")
    words = ("--model", folder, "--tokenizer", GOLDEN / "plain", "--text", text, "--window", 64)
    report = evaluate(sterna, *words, "--protocol", "paper-2048")
    bits = report["scored_tokens"] * math.log2(report["perplexity"])
    assert report["bits_per_byte"] == pytest.approx(bits / len("the hillswere rising"))


def test_backends_and_thread_counts_give_the_same_bits(sterna) -> None:
    words = ("--tokens", 40, "--window", 16, "--protocol", "llamacpp-512")
    reports = [
        evaluate(sterna, *words, "--backend", "cpu", "--threads", threads) for threads in (1, 2, 3)
    ]
    reports += [evaluate(sterna, *words, "--backend", "systemc")]
    for key in ("perplexity", "standard_error", "accuracy", "scored_tokens"):
        assert len({report[key] for report in reports}) == 1


def test_progress_shows_a_running_value_on_a_terminal(sterna) -> None:
    main, worker = pty.openpty()
    words = [str(BINARY), "eval", "--tokens", "64", "--window", "16"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=worker, text=True, timeout=600)
    os.close(worker)
    shown = os.read(main, 1 << 16).decode()
    os.close(main)
    assert done.returncode == 0
    assert "tokens 16/64, perplexity " in shown
    assert " % right" in shown


def test_eval_refuses(sterna, bad_input, tmp_path) -> None:
    bad_input(sterna("eval", "--protocol", "wiki"), "choose one of sterna-256, hf-2048")
    bad_input(sterna("eval", "--protocol", "hf-2048"), "exceeds the model's context of 512")
    bad_input(sterna("eval", "--protocol", "llamacpp-512", "--tokens", 9), "fills no window of 512")
    bad_input(sterna("eval", "--tokenizer", tmp_path), "neither tokenizer.json nor tokenizer.model")
    bad_input(sterna("eval", "--tokenizer", tmp_path / "none.model"), "does not exist")
    text = tmp_path / "text.txt"
    text.write_bytes(b"abc\xff")
    bad_input(sterna("eval", "--text", text), "not UTF-8 at byte 3")
    text.write_text("")
    bad_input(sterna("eval", "--text", text), "a text of 0 tokens")


def test_broken_tokenizers_end_in_one_sentence(sterna, bad_input, tmp_path) -> None:
    def refused(content: bytes, words: str, name: str = "tokenizer.model") -> None:
        (tmp_path / name).write_bytes(content)
        bad_input(sterna("eval", "--tokenizer", tmp_path / name), words)

    refused(b"YQ== 0\nYg== 2\n", "line 2")
    refused(b"YQ== 0\nYQ== 1\n", "second time")
    refused(b"YQ== 0\n!!!! 1\n", "line 2")
    refused(b"", "holds no pieces")
    refused(b"\x0a\xff\xff\xff\xff\x0f", "truncated")
    refused(b"\x0a\x03\x0a\x01a", "model_type is 1")
    good = ROOT / "tests/model/text/golden_tokenizer/sentencepiece/tokenizer.model"
    refused(good.read_bytes()[:-7], "")
    refused(good.read_bytes()[:1000], "truncated")
    twice = good.read_bytes()
    piece = twice[: 2 + twice[1]]
    refused(piece + twice, "another token has this text")
