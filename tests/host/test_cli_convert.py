# SPDX-License-Identifier: Apache-2.0
"""`sterna convert` between all formats, read back by PyPI packages, and `sterna info`."""

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors import safe_open

from . import checkpoints as made
from .conftest import ROOT

GOLDEN = sorted(p.parent for p in (ROOT / "tests/model/golden").glob("*/ids.npy"))
SHIPPED = ROOT / "model/checkpoints/sterna-5m"
GGUF_TARGETS = ("gguf-i2s", "gguf-tq2", "gguf-tq1")
TARGETS = ("hf", "sterna", *GGUF_TARGETS)

HIDDEN, INNER, VOCAB, LAYERS, HEADS = 256, 512, 300, 2, 4
SHAPES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (HIDDEN // 2, HIDDEN),
    "self_attn.v_proj": (HIDDEN // 2, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}
NORMS = {
    "input_layernorm": HIDDEN,
    "self_attn.attn_sub_norm": HIDDEN,
    "post_attention_layernorm": HIDDEN,
    "mlp.ffn_sub_norm": INNER,
}


def bfloat16(x: np.ndarray) -> np.ndarray:
    """Cut to bfloat16, kept in float32."""
    return (np.asarray(x, np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def model_tensors(
    rng: np.random.Generator, tied: bool, vocab: int = VOCAB
) -> tuple[dict, dict[str, np.ndarray]]:
    """Tensors of a packed checkpoint whose rows are whole blocks of 256, and its trits by name."""
    trits = {}
    tensors = {
        "model.embed_tokens.weight": bfloat16(rng.normal(0, 0.5, (vocab, HIDDEN))),
        "model.norm.weight": bfloat16(rng.uniform(0.5, 1.5, HIDDEN)),
    }
    if not tied:
        tensors["lm_head.weight"] = bfloat16(rng.normal(0, 0.5, (vocab, HIDDEN)))
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        for name, width in NORMS.items():
            tensors[f"{prefix}{name}.weight"] = bfloat16(rng.uniform(0.5, 1.5, width))
        for name, (rows, cols) in SHAPES.items():
            key = f"{prefix}{name}.weight"
            trits[key] = rng.integers(-1, 2, (rows, cols)).astype(np.int8)
            quarters = (trits[key] + 1).astype(np.uint8).reshape(4, -1, cols)
            tensors[key] = quarters[0] | quarters[1] << 2 | quarters[2] << 4 | quarters[3] << 6
            tensors[f"{key}_scale"] = bfloat16(rng.uniform(0.05, 0.2, 1))
    return tensors, trits


def write_folder(folder: Path, tensors: dict, tied: bool, act: str) -> None:
    from safetensors.numpy import save_file

    folder.mkdir()
    config = {
        "model_type": "bitnet",
        "vocab_size": len(tensors["model.embed_tokens.weight"]),
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS // 2,
        "hidden_act": act,
        "max_position_embeddings": 64,
        "rope_theta": 10000.0,
        "rms_norm_eps": 1e-5,
        "bos_token_id": 0,
        "eos_token_id": [1, 2],
        "tie_word_embeddings": tied,
        "quantization_config": {
            "quant_method": "bitnet",
            "linear_class": "autobitlinear",
            "quantization_mode": "offline",
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "model.safetensors")


@pytest.fixture(scope="module", params=["tied relu2", "own head silu"])
def blocks(request, tmp_path_factory) -> tuple[Path, dict, dict[str, np.ndarray]]:
    """A model that every format can hold: its folder, tensors and trits."""
    tied = request.param == "tied relu2"
    tensors, trits = model_tensors(np.random.default_rng(20261122), tied)
    folder = tmp_path_factory.mktemp("blocks") / "model"
    write_folder(folder, tensors, tied, request.param.split()[-1])
    return folder, tensors, trits


def convert(sterna, model: object, to: str, out: Path, *more: object):
    done = sterna("convert", "--model", model, "--to", to, "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return done


def path_for(folder: Path, name: str, to: str) -> Path:
    return folder / (name + {"hf": "", "sterna": ".sterna"}.get(to, ".gguf"))


def logits(sterna, model: object, folder: Path, ids: object = "0,7,299,3,1") -> bytes:
    out = folder / "logits.npy"
    done = sterna("logits", "--model", model, "--ids", ids, "--out", out)
    assert done.returncode == 0, done.stderr
    return np.load(out).tobytes()


@pytest.mark.parametrize("first", TARGETS)
def test_every_pair_of_formats_gives_equal_logits(sterna, blocks, tmp_path, first: str) -> None:
    """Scales are bfloat16 and so float16: even TQ1_0 and TQ2_0 lose nothing."""
    source, _, _ = blocks
    want = logits(sterna, source, tmp_path)
    once = path_for(tmp_path, "once", first)
    convert(sterna, source, first, once, "--exact")
    assert logits(sterna, once, tmp_path) == want
    for second in TARGETS:
        twice = path_for(tmp_path, f"twice-{second}", second)
        convert(sterna, once, second, twice, "--exact")
        assert logits(sterna, twice, tmp_path) == want, second
        back = path_for(tmp_path, f"back-{second}", first)
        convert(sterna, twice, first, back)
        assert logits(sterna, back, tmp_path) == want, second


@pytest.mark.parametrize("case", GOLDEN, ids=lambda p: p.name)
def test_golden_models_survive_and_what_cannot_hold_them_says_so(
    sterna, bad_input, tmp_path, case: Path
) -> None:
    want = logits(sterna, case, tmp_path, case / "ids.npy")
    packed, folder = tmp_path / "m.sterna", tmp_path / "hf"
    convert(sterna, case, "sterna", packed)
    convert(sterna, packed, "hf", folder)
    convert(sterna, folder, "sterna", tmp_path / "again.sterna")
    for model in (packed, folder):
        assert logits(sterna, model, tmp_path, case / "ids.npy") == want
    assert packed.read_bytes() == (tmp_path / "again.sterna").read_bytes()
    for to in GGUF_TARGETS:
        out = tmp_path / "no.gguf"
        done = sterna("convert", "--model", case, "--to", to, "--out", out)
        bad_input(done, "columns, and ")
        assert not out.exists()


@pytest.mark.parametrize("head", ["int8", "int6"])
def test_a_head_rounded_once_is_the_head_rounded_at_load(sterna, tmp_path, head: str) -> None:
    case = GOLDEN[0]
    convert(sterna, case, "sterna", tmp_path / "m.sterna", "--head", head)
    out = tmp_path / "want.npy"
    words = ("logits", "--ids", case / "ids.npy", "--out")
    assert sterna(*words, out, "--model", case, "--head", head).returncode == 0
    want = np.load(out).tobytes()
    assert logits(sterna, tmp_path / "m.sterna", tmp_path, case / "ids.npy") == want
    for other in ("int8", "int6"):
        assert (
            sterna(*words, out, "--model", tmp_path / "m.sterna", "--head", other).returncode == 0
        )
        assert np.load(out).tobytes() == want


def test_safetensors_reads_the_folder(sterna, blocks, tmp_path) -> None:
    source, tensors, _ = blocks
    convert(sterna, source, "gguf-i2s", tmp_path / "m.gguf")
    convert(sterna, tmp_path / "m.gguf", "hf", tmp_path / "hf")
    with safe_open(tmp_path / "hf/model.safetensors", "np") as file:
        assert set(file.keys()) == set(tensors)
        for name, tensor in tensors.items():
            part = file.get_slice(name)
            assert list(part.get_shape()) == list(tensor.shape)
            if name.endswith("_scale") or tensor.dtype == np.uint8:
                np.testing.assert_array_equal(file.get_tensor(name), tensor)
    config = json.loads((tmp_path / "hf/config.json").read_text())
    assert config["eos_token_id"] == [1, 2]
    assert config["rms_norm_eps"] == 1e-5
    assert config["quantization_config"]["linear_class"] == "autobitlinear"


def i2s_values(data: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """128 values in 32 bytes, the first 32 in the upper bits."""
    codes = data.reshape(-1)[: rows * cols // 4].reshape(-1, 1, 32)
    shifts = np.array([6, 4, 2, 0], np.uint8).reshape(1, 4, 1)
    return ((codes >> shifts) & 3).astype(np.int8).reshape(rows, cols) - 1


GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


@pytest.mark.parametrize("to", ["gguf-tq2", "gguf-tq1"])
def test_the_gguf_package_reads_tensors_and_metadata(sterna, blocks, tmp_path, to: str) -> None:
    source, tensors, trits = blocks
    out = tmp_path / "m.gguf"
    convert(sterna, source, to, out)
    reader = gguf.GGUFReader(out)
    arch = reader.get_field("general.architecture").contents()
    assert arch == ("bitnet" if "lm_head.weight" in tensors else "bitnet-b1.58")
    assert reader.get_field(f"{arch}.embedding_length").contents() == HIDDEN
    assert reader.get_field(f"{arch}.attention.head_count_kv").contents() == HEADS // 2
    assert reader.get_field("tokenizer.ggml.eos_token_id").contents() == 1
    found = {tensor.name: tensor for tensor in reader.tensors}
    assert ("output.weight" in found) == ("lm_head.weight" in tensors)
    np.testing.assert_array_equal(
        found["token_embd.weight"].data.astype(np.float32), tensors["model.embed_tokens.weight"]
    )
    for key, want in trits.items():
        _, _, layer, name = key.removesuffix(".weight").split(".", 3)
        tensor = found[f"blk.{layer}.{GGUF_NAMES[name]}.weight"]
        scale = tensors[f"{key}_scale"][0]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        np.testing.assert_array_equal(values.reshape(want.shape), want * scale)


def test_i2s_lies_as_published_files_have_it(sterna, blocks, tmp_path) -> None:
    """The package does not know type 36, so the tensors are found by ours and read here."""
    source, tensors, trits = blocks
    out = tmp_path / "m.gguf"
    convert(sterna, source, "gguf-i2s", out)
    raw = out.read_bytes()
    for key, want in trits.items():
        scale = tensors[f"{key}_scale"].tobytes()
        rows, cols = want.shape
        codes = want.reshape(-1, 4, 32) + 1
        packed = codes[:, 0] << 6 | codes[:, 1] << 4 | codes[:, 2] << 2 | codes[:, 3]
        block = packed.astype(np.uint8).tobytes()
        np.testing.assert_array_equal(i2s_values(np.frombuffer(block, np.uint8), rows, cols), want)
        assert block + scale + bytes(28) in raw, key


def test_scales_that_are_no_float16_are_rounded_with_a_note_or_refused(
    sterna, bad_input, tmp_path
) -> None:
    tensors, _ = model_tensors(np.random.default_rng(3), True)
    for name in tensors:
        if name.endswith("_scale"):
            tensors[name] = np.array([0.1234567], np.float32)
    write_folder(tmp_path / "model", tensors, True, "relu2")
    done = convert(sterna, tmp_path / "model", "gguf-tq2", tmp_path / "m.gguf")
    assert "14 of 14 scales are no float16 and were rounded" in done.stdout
    assert "2^-11" in done.stdout
    words = ("convert", "--model", tmp_path / "model", "--to", "gguf-tq2", "--out")
    bad_input(sterna(*words, tmp_path / "x.gguf", "--exact"), "--exact")
    assert not (tmp_path / "x.gguf").exists()
    assert not (tmp_path / "x.gguf.part").exists()


def test_scales_and_embeddings_too_small_or_large_for_float16_are_refused(
    sterna, bad_input, tmp_path
) -> None:
    """Below 2^-14 a half float has fewer places: here it would be off by nearly 2^-10."""
    tensors, _ = model_tensors(np.random.default_rng(3), True)
    name = "model.layers.1.mlp.down_proj.weight_scale"
    tensors[name] = np.array([2.0**-15 + 2.0**-25], np.float32)
    write_folder(tmp_path / "small", tensors, True, "relu2")
    words = ("convert", "--model", tmp_path / "small", "--out", tmp_path / "x.gguf")
    bad_input(sterna(*words, "--to", "gguf-tq2"), "cannot hold in float16: choose gguf-i2s")
    tensors["model.embed_tokens.weight"][7, 7] = 65536.0
    write_folder(tmp_path / "large", tensors, True, "relu2")
    words = ("convert", "--model", tmp_path / "large", "--out", tmp_path / "x.gguf")
    bad_input(sterna(*words, "--to", "gguf-i2s", "--embedding", "f16"), "write it as f32")
    assert not (tmp_path / "x.gguf").exists()
    assert sterna(*words, "--to", "gguf-i2s").returncode == 0


def test_the_tokenizer_travels(sterna, tmp_path) -> None:
    """The shipped tokenizer as files, in Sterna's file, and in GGUF's words and back."""
    packed = tmp_path / "m.sterna"
    convert(sterna, SHIPPED, "sterna", packed)
    convert(sterna, packed, "hf", tmp_path / "hf")
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        assert (tmp_path / "hf" / name).read_bytes() == (SHIPPED / name).read_bytes()
    words = ("generate", "--prompt", "The small town", "--tokens", 12, "--quiet")
    want = sterna(*words, "--model", SHIPPED)
    assert want.returncode == 0, want.stderr
    got = sterna(*words, "--model", packed)
    assert (got.returncode, got.stdout) == (0, want.stdout), got.stderr


def test_the_tokenizer_is_said_in_ggufs_words_and_back(sterna, tmp_path) -> None:
    tensors, _ = model_tensors(np.random.default_rng(5), True, vocab=2048)
    source = tmp_path / "source"
    write_folder(source, tensors, True, "relu2")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(SHIPPED / name, source)
    words = ("generate", "--prompt", "The small town", "--tokens", 8, "--quiet", "--model")
    want = sterna(*words, source)
    assert want.returncode == 0, want.stderr

    whole = tmp_path / "whole.gguf"
    convert(sterna, source, "gguf-tq2", whole)
    fields = gguf.GGUFReader(whole).fields
    assert fields["tokenizer.ggml.pre"].contents() == "gpt-2"
    assert len(fields["tokenizer.ggml.tokens"].contents()) == 2048
    # A file of another program has no copy of tokenizer.json; GGUF's words alone must do.
    words_only = tmp_path / "words.gguf"
    words_only.write_bytes(whole.read_bytes().replace(b"huggingface.json", b"huggingface.none"))
    convert(sterna, whole, "hf", tmp_path / "whole")
    convert(sterna, words_only, "hf", tmp_path / "words")
    convert(sterna, words_only, "sterna", tmp_path / "words.sterna")
    assert (tmp_path / "whole/tokenizer.json").read_bytes() == (
        SHIPPED / "tokenizer.json"
    ).read_bytes()
    for model in ("whole.gguf", "words.gguf", "words.sterna", "whole", "words"):
        got = sterna(*words, tmp_path / model)
        assert (got.returncode, got.stdout) == (0, want.stdout), (model, got.stderr)


def test_a_sentencepiece_tokenizer_travels(sterna, tmp_path) -> None:
    """tokenizer.model and what was added to it, in Sterna's file and in GGUF's words."""
    pieces = ROOT / "tests/model/text/golden_tokenizer/sentencepiece/tokenizer.model"
    tensors, _ = model_tensors(np.random.default_rng(6), True, vocab=1024)
    source = tmp_path / "source"
    write_folder(source, tensors, True, "relu2")
    shutil.copy(pieces, source)
    (source / "added_tokens.json").write_text('{"<mark>": 1000}')
    text = tmp_path / "text.txt"
    text.write_text("  The small town,\n\tas a 日本 said: <mark> Ωmega 1234 e\u0301 🙂. " * 12)
    # With the BOS that the tokenizer has, whichever the model's configuration names.
    words = ("eval", "--text", text, "--window", 32, "--json", "--quiet")
    words += ("--protocol", "hf-2048", "--model")
    want = json.loads(sterna(*words, source).stdout)
    assert want["perplexity"] > 0
    for to in ("sterna", "gguf-tq2"):
        out = path_for(tmp_path, "carried", to)
        convert(sterna, source, to, out)
        got = json.loads(sterna(*words, out).stdout)
        assert (got["perplexity"], got["tokens"]) == (want["perplexity"], want["tokens"]), to
    convert(sterna, tmp_path / "carried.sterna", "hf", tmp_path / "hf")
    assert (tmp_path / "hf/tokenizer.model").read_bytes() == pieces.read_bytes()
    fields = gguf.GGUFReader(tmp_path / "carried.gguf").fields
    assert fields["tokenizer.ggml.model"].contents() == "llama"
    assert fields["tokenizer.ggml.tokens"].contents(1000) == "<mark>"


# Half-way.


def test_an_output_that_exists_is_kept_unless_forced(sterna, bad_input, tmp_path) -> None:
    for to, name in (("sterna", "m.sterna"), ("hf", "folder")):
        out = tmp_path / name
        convert(sterna, GOLDEN[0], to, out)
        words = ("convert", "--model", GOLDEN[1], "--to", to, "--out", out)
        bad_input(sterna(*words), "--force")
        assert logits(sterna, out, tmp_path, "1,2") == logits(sterna, GOLDEN[0], tmp_path, "1,2")
        assert sterna(*words, "--force").returncode == 0
        assert logits(sterna, out, tmp_path, "1,2") == logits(sterna, GOLDEN[1], tmp_path, "1,2")
    assert {p.name for p in tmp_path.iterdir()} == {"m.sterna", "folder", "logits.npy"}


def test_force_does_not_replace_a_folder_of_other_things(sterna, bad_input, tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years")
    done = sterna(
        "convert", "--model", GOLDEN[0], "--to", "hf", "--out", tmp_path / "mine", "--force"
    )
    bad_input(done, "something else than a model")
    assert (tmp_path / "mine/thesis.txt").read_text() == "years"


def test_what_a_killed_conversion_left_is_replaced(sterna, tmp_path) -> None:
    (tmp_path / "m.sterna.part").write_bytes(b"half of another")
    (tmp_path / "hf.part").mkdir()
    (tmp_path / "hf.part/model.safetensors").write_bytes(b"half")
    convert(sterna, GOLDEN[0], "sterna", tmp_path / "m.sterna")
    convert(sterna, GOLDEN[0], "hf", tmp_path / "hf")
    assert {p.name for p in tmp_path.iterdir()} == {"m.sterna", "hf"}
    assert {p.name for p in (tmp_path / "hf").iterdir()} == {"config.json", "model.safetensors"}


# Hostile files.


def packed_file(sterna, folder: Path) -> Path:
    convert(sterna, GOLDEN[0], "sterna", folder / "m.sterna")
    return folder / "m.sterna"


def checksum(text: bytes) -> int:
    total = 0xCBF29CE484222325
    for byte in text:
        total = (total ^ byte) * 0x100000001B3 % 2**64
    return total


def rewrite(file: Path, change) -> None:
    """Changes the JSON of a file of Sterna's own at its length, and corrects the checksum."""
    raw = bytearray(file.read_bytes())
    length = int.from_bytes(raw[16:24], "little")
    header = json.loads(raw[64 : 64 + length])
    change(header)
    text = json.dumps(header, separators=(",", ":")).encode()
    assert len(text) <= length
    raw[64 : 64 + length] = text.ljust(length)
    raw[32:40] = checksum(bytes(raw[64 : 64 + length])).to_bytes(8, "little")
    file.write_bytes(raw)


def tensor_named(header: dict, name: str) -> dict:
    return next(t for t in header["tensors"] if t["name"].endswith(name))


CHANGES = {
    "outside": (lambda h: h["tensors"][-1].update(bytes=2**63), "ends outside the file"),
    "overlap": (lambda h: h["tensors"][3].update(offset=h["tensors"][2]["offset"]), "begins at"),
    "shape": (lambda h: h["tensors"][0].update(cols=65), "need"),
    "room": (lambda h: h["tensors"][0].update(cols=h["tensors"][0]["cols"] - 1), "need"),
    "form": (lambda h: h["tensors"][0].update(form="f8"), "form"),
    "twice": (lambda h: h["tensors"][1].update(name=h["tensors"][0]["name"]), "twice"),
    "missing": (lambda h: tensor_named(h, "1.mlp.up_proj.weight").update(name="x"), "is missing"),
    "config": (lambda h: h["config"].update(vocab_size=97), "where the config asks for"),
    "negative": (lambda h: h["tensors"][0].update(offset=-64), "whole number"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_refuses_headers_that_lie(sterna, bad_input, tmp_path, what: str) -> None:
    file = packed_file(sterna, tmp_path)
    change, words = CHANGES[what]
    rewrite(file, change)
    done = sterna("logits", "--model", file, "--ids", "1", "--out", tmp_path / "l.npy")
    bad_input(done, words)


def test_refuses_damage(sterna, bad_input, tmp_path) -> None:
    file = packed_file(sterna, tmp_path)
    good = file.read_bytes()
    header = json.loads(good[64 : 64 + int.from_bytes(good[16:24], "little")])
    trits = tensor_named(header, "q_proj.weight")["offset"]
    scale = tensor_named(header, "q_proj.weight_scale")["offset"]
    nan = np.array([np.nan], np.float32).tobytes()
    cases = [
        (good[:-1], "bytes where its header says"),
        (good[:100], "bytes where its header says"),
        (good[:8] + b"\x02" + good[9:], "version 2"),
        (good[:70] + b"!" + good[71:], "checksum"),
        (good[:16] + b"\xff" * 8 + good[24:], "more than the file holds"),
        (good[:trits] + b"\xc0" + good[trits + 1 :], "code 3"),
        (good[:scale] + nan + good[scale + 4 :], "nan"),
    ]
    for bytes_, words in cases:
        file.write_bytes(bytes_)
        done = sterna("logits", "--model", file, "--ids", "1", "--out", tmp_path / "l.npy")
        bad_input(done, words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "no-such", "--to", "hf", "--out", "x"], "no-such"),
        (["--model", str(GOLDEN[0]), "--to", "onnx", "--out", "x"], "choose hf"),
        (["--model", str(GOLDEN[0]), "--to", "hf", "--out", "x", "--head", "int8"], "--to sterna"),
        (["--model", str(GOLDEN[0]), "--to", "hf", "--out", "x", "--embedding", "q4"], "choose"),
    ],
    ids=["source", "target", "head", "embedding"],
)
def test_refuses_what_cannot_be_done(sterna, bad_input, tmp_path, words, sentence) -> None:
    bad_input(sterna("convert", *words, cwd=tmp_path), sentence)
    assert list(tmp_path.iterdir()) == []


# What is in a file.


@pytest.mark.parametrize("to", [None, *TARGETS])
def test_info_counts_zeros_where_they_lie(sterna, blocks, tmp_path, to: str | None) -> None:
    source, _, trits = blocks
    model = source
    if to is not None:
        model = path_for(tmp_path, "m", to)
        convert(sterna, source, to, model)
    info = json.loads(sterna("info", model, "--json").stdout)
    want = [float((t == 0).mean()) for t in trits.values()]
    assert [m["zero_fraction"] for m in info["matrices"]] == pytest.approx(want, abs=1e-12)
    assert info["eos"] == [1, 2]
    assert info["hidden"] == HIDDEN
    down = [float((t == 0).mean()) for key, t in trits.items() if "down" in key]
    assert info["zero_fraction_of"]["down"] == pytest.approx(np.mean(down), abs=1e-12)
    text = sterna("info", model).stdout
    assert "zero_fraction_of down" in text


def test_info_counts_no_zeros_of_padding(sterna, tmp_path) -> None:
    """Sterna's own file rounds rows and columns up to 16."""
    model = made.random_model(2, hidden=72, ffn=100, heads=3, kv_heads=1, head_dim=24)
    folder = made.write_hf(model, tmp_path / "hf")
    convert(sterna, folder, "sterna", tmp_path / "m.sterna")
    want = [float((t == 0).mean()) for t in model.trits.values()]
    for source in (folder, tmp_path / "m.sterna"):
        info = json.loads(sterna("info", source, "--json").stdout)
        assert [m["zero_fraction"] for m in info["matrices"]] == pytest.approx(want, abs=1e-12)


def test_info_says_what_is_unusual(sterna, tmp_path) -> None:
    tensors, _ = model_tensors(np.random.default_rng(4), False)
    tensors["model.layers.1.mlp.ffn_sub_norm.weight"][:5] = 1e-32
    write_folder(tmp_path / "model", tensors, False, "silu")
    unusual = " ".join(json.loads(sterna("info", tmp_path / "model", "--json").stdout)["unusual"])
    assert "5 of 1024 feed-forward neurons are dead" in unusual
    assert "matrix of its own" in unusual
    shutil.rmtree(tmp_path / "model")
