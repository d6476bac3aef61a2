# SPDX-License-Identifier: Apache-2.0
"""The published BitNet b1.58 2B4T against the golden values of Hugging Face's own test.

Needs its weights, 1.2 to 4.8 GB, which are not part of this repository: STERNA_MODELS names the
folder that holds bitnet-b1.58-2B-4T, bitnet-b1.58-2B-4T-bf16 or bitnet-b1.58-2B-4T-gguf; every one
that is there is tested. docs/text.md has the command.

Source  facts/bitnet.md 1.7, tests/models/bitnet in transformers
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

NAMES = ("bitnet-b1.58-2B-4T", "bitnet-b1.58-2B-4T-bf16", "bitnet-b1.58-2B-4T-gguf")

# The template and the encoder of that test both add a BOS.
IDS = [128000, 128000, 1502, 25, 2650, 527, 499, 30, 128009, 72803, 25, 220]
MEANS = [
    -1.8665, -1.7681, -1.7043, 3.7446, 2.7730, 4.7133,
    0.9768, -3.5018, -12.2812, -8.1477, -10.2571, -8.7610,
]  # fmt: skip
FIRST_30 = [
    5.5815, 4.9154, 1.0478, 4.3869, 3.0112, 0.8235, 3.8412, 2.9233, 8.1140, 1.9406,
    1.7973, 10.5025, 4.7796, 8.5926, 4.5196, 3.1549, 3.2656, 3.2588, 2.7356, 2.6032,
    2.1454, 1.5683, 1.3465, 1.5329, 1.1886, 7.7902, 5.9326, 1.4737, 3.3319, 1.6291,
]  # fmt: skip
ANSWER = "As an AI, I don't have personal preferences or the ability to eat food. However, I"

# bfloat16 keeps 8 bits, so a logit of 10 is known to 0.04, and the published slice comes from one
# run in it; means over 128256 logits differ far less. Both bounds are also what an error of layout,
# scale or activation exceeds by two orders of magnitude.
MEAN_TOLERANCE = 0.05
LOGIT_TOLERANCE = 0.15


def models() -> list[Path]:
    """The models that are there, a GGUF folder by its file."""
    folder = os.environ.get("STERNA_MODELS")
    if not folder:
        return []
    found = [Path(folder) / name for name in NAMES if (Path(folder) / name).is_dir()]
    return [next(iter(sorted(path.glob("*.gguf"))), path) for path in found]


@pytest.fixture(params=models() or [None], ids=lambda path: path.parts[-1] if path else "none")
def model(request) -> Path:
    if request.param is None:
        pytest.skip("STERNA_MODELS names no folder with bitnet-b1.58-2B-4T[-bf16|-gguf]")
    return request.param


def test_logits_are_those_that_were_published(sterna, model, tmp_path) -> None:
    out = tmp_path / "logits.npy"
    ids = ",".join(map(str, IDS))
    done = sterna("logits", "--model", model, "--ids", ids, "--out", out, "--kv", "f32")
    assert done.returncode == 0, done.stderr
    logits = np.load(out).astype(np.float64)
    assert logits.shape == (12, 128256)
    np.testing.assert_allclose(logits.mean(axis=1), MEANS, rtol=0, atol=MEAN_TOLERANCE)
    np.testing.assert_allclose(logits[0, :30], FIRST_30, rtol=0, atol=LOGIT_TOLERANCE)


def chat(sterna, model: Path, prompt: str, tokens: int) -> dict:
    done = sterna(
        "generate", "--model", model, "--chat", "--prompt", prompt, "--tokens", tokens,
        "--temperature", 0, "--kv", "f32", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_chat_has_the_published_ids(sterna, model) -> None:
    assert chat(sterna, model, "How are you?", 1)["prompt_tokens"] == IDS[1:]


def test_the_greedy_answer_is_the_published_one(sterna, model) -> None:
    answer = chat(sterna, model, "What is your favourite food?", 22)["text"]
    assert answer.strip().startswith(ANSWER)
