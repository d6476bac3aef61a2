# SPDX-License-Identifier: Apache-2.0
"""`sterna generate`: tokenizers of other kinds, and chats."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "model/checkpoints/sterna-5m"
GOLDEN = ROOT / "tests/model/text/golden_tokenizer"


@pytest.fixture
def chat_model(tmp_path) -> Path:
    """The shipped model with the special tokens of LLaMA-3 for three tokens that it never uses."""
    folder = tmp_path / "chat"
    shutil.copytree(SHIPPED, folder)
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    by_id = {id: text for text, id in tokenizer["model"]["vocab"].items()}
    merged = {"".join(m) if isinstance(m, list) else m.replace(" ", "")
              for m in tokenizer["model"]["merges"][-3:]}  # fmt: skip
    tokenizer["model"]["merges"] = tokenizer["model"]["merges"][:-3]
    names = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    ids = sorted(id for id, text in by_id.items() if text in merged)
    assert len(ids) == 3
    for id, name in zip(ids, names, strict=True):
        del tokenizer["model"]["vocab"][by_id[id]]
        tokenizer["added_tokens"].append({"id": id, "content": name, "special": True})
    file.write_text(json.dumps(tokenizer))
    return folder


def generate(sterna, *words: object, **options: object) -> dict:
    done = sterna("generate", "--json", "--temperature", 0, "--tokens", 4, *words, **options)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_chat_wraps_the_prompt_in_the_template(sterna, chat_model) -> None:
    words = ("--model", chat_model, "--chat", "--prompt", " Hi there ")
    ids = generate(sterna, *words)["prompt_tokens"]
    spelled = "<|begin_of_text|>User: Hi there<|eot_id|>Assistant: "
    assert ids == generate(sterna, "--model", chat_model, "--prompt", spelled)["prompt_tokens"]
    with_system = generate(sterna, *words, "--system", "Be brief.")["prompt_tokens"]
    assert len(with_system) > len(ids)
    llama = generate(sterna, *words, "--chat-template", "llama3")["prompt_tokens"]
    assert llama != ids


def test_a_chat_answers_each_line_of_standard_input(sterna, chat_model) -> None:
    done = sterna(
        "generate", "--model", chat_model, "--chat", "--tokens", 4, "--temperature", 0,
        input="Hello\nMore\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = generate(sterna, "--model", chat_model, "--chat", "--prompt", "Hello")
    assert done.stdout.startswith(answer["text"] + "\n")
    assert len(done.stdout) > len(answer["text"]) + 1


def test_another_tokenizer_can_be_named(sterna) -> None:
    other = GOLDEN / "sentencepiece/tokenizer.model"
    for file in (other, other.parent):
        report = generate(sterna, "--prompt", "the hills", "--tokenizer", file)
        cases = json.loads((other.parent / "cases.json").read_text())["cases"]
        wanted = next(case for case in cases if case["text"] == " the hills")
        assert report["prompt_tokens"] != wanted["ids_with_special"]
        report = generate(sterna, "--prompt", " the hills", "--tokenizer", file)
        assert report["prompt_tokens"] == wanted["ids_with_special"]


def test_generate_refuses_chats_it_cannot_have(sterna, bad_input, chat_model) -> None:
    bad_input(sterna("generate", "--chat", "--prompt", "a"), "no chat template is known")
    bad_input(sterna("generate", "--chat", "--chat-template", "x", "--prompt", "a"), "choose auto")
    bad_input(sterna("generate", "--system", "s", "--prompt", "a"), "give --chat too")
    bad_input(sterna("generate", "--chat", "--json", "--model", chat_model), "give it by --prompt")
    filled = sterna(
        "generate", "--model", chat_model, "--chat", "--tokens", 3, "--quiet",
        input="word " * 600 + "\n",
    )  # fmt: skip
    bad_input(filled, "filled the context of 512")
