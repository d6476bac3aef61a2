# SPDX-License-Identifier: Apache-2.0
"""A head in two planes (--head int6) gives what the int8 head gives, and says where it cannot."""

import json

import numpy as np
import pytest

PROMPT = ("--prompt", "The dog saw", "--tokens", 24, "--json")


def generated(sterna, *words: object) -> list[int]:
    done = sterna("generate", *PROMPT, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["tokens"]


@pytest.mark.parametrize(
    "sampling",
    [(), ("--temperature", 0), ("--temperature", 0, "--top-k", 0), ("--top-k", 3, "--top-p", 1),
     ("--top-k", 1_000_000)],
    ids=str,
)  # fmt: skip
def test_generates_the_same_tokens_as_the_int8_head(sterna, sampling: tuple) -> None:
    assert generated(sterna, "--head", "int6", *sampling) == generated(
        sterna, "--head", "int8", *sampling
    )


def test_gives_the_same_logits_as_the_int8_head(sterna, tmp_path) -> None:
    files = {head: tmp_path / f"{head}.npy" for head in ("int8", "int6")}
    for head, file in files.items():
        done = sterna("logits", "--ids", "1,2,3", "--out", file, "--head", head)
        assert (done.returncode, done.stderr) == (0, "")
    assert np.load(files["int8"]).tobytes() == np.load(files["int6"]).tobytes()


def test_refuses_to_draw_from_all_tokens(sterna, bad_input) -> None:
    done = sterna("generate", *PROMPT, "--head", "int6", "--top-k", 0)
    bad_input(done, "--head int6 with --top-k 0")


def test_refuses_an_unknown_head(sterna, bad_input) -> None:
    bad_input(sterna("generate", *PROMPT, "--head", "int5"), "choose stored, int8 or int6")


def test_bench_says_what_the_head_read(sterna) -> None:
    options = ("--model", "synthetic:tiny", "--pp", 8, "--tg", 6, "--repeat", 1, "--threads", 1)
    reports = {}
    for head in ("int8", "int6"):
        done = sterna("bench", *options, "--head", head, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        reports[head] = json.loads(done.stdout)
    int6, int8 = reports["int6"]["decode"], reports["int8"]["decode"]
    assert (reports["int6"]["head"], int6["head_candidates"]) == ("int6", 40)
    assert 40 / 256 <= int6["head_rescored_share"] <= 1
    assert int8["head_candidates"] is None
    assert int8["head_rescored_share"] is None
    vocab, hidden = 256, 64
    saved = (1 - int6["head_rescored_share"]) * vocab * hidden / 4
    assert int8["bytes_per_token_parts"]["head"] - int6["bytes_per_token_parts"][
        "head"
    ] == pytest.approx(saved - 4 * vocab)  # a norm a row
    assert {"decode.head_candidates", "decode.head_rescored_share"} <= set(
        reports["int6"]["evidence"]
    )
