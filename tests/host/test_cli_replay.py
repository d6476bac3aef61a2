# SPDX-License-Identifier: Apache-2.0
"""`sterna replay`: what it says of the job, what stands in its waves, and what it refuses."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from .fst_wave import Wave, build_reader

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests/model/golden/offline_multiply"  # 2 layers, hidden 64, ffn 172, context 64

UNIT = "unit: {lanes: 80, engines: 2, slices: %s, activation_words: 8, chunks: %s,\n"
FIFOS = "       weight_fifo_beats: 4, result_fifo_beats: 4}\n"
# One slice and one chunk: vectors of one bit, and a command a token.
BARE = (
    "name: bare\nclock_mhz: 300\nweight_format: t5\n"
    + UNIT % (1, 1)
    + FIFOS
    + """memory: {weight_gb_s: 6.0, activation_gb_s: 4.8, result_gb_s: 2.4, latency_ns: 50,
         window_beats: 8, refresh_interval_ns: 0, refresh_ns: 0}
"""
)
BUS = (
    "name: on-a-bus\nclock_mhz: 300\nweight_format: t5\n"
    + UNIT % (2, 4)
    + FIFOS
    + """bus: {burst_beats: 4, dma_fifo_beats: 8, outstanding: 2, descriptors: 2, result_bits: 128,
      latency_ns: 30}
dram: {part: flat, flat_gb_s: 4, flat_latency_ns: 60}
"""
)
DESIGNS = {"bare": BARE, "bus": BUS}
UNIT_SCOPE = {"bare": "tmu.tmu.", "bus": "tmu_axi.tmu_axi.u_tmu."}
ROWS = (5, 18)  # 13: no multiple of the engines
POSITIONS = (1, 4)
IDS = "3,1,4,1,5"


@pytest.fixture(scope="module")
def read_wave(tmp_path_factory):
    reader = build_reader(tmp_path_factory.mktemp("reader"))
    return lambda file: Wave(reader, file)


@pytest.fixture(scope="module")
def hardware(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hw")
    for name, text in DESIGNS.items():
        (folder / f"{name}.yaml").write_text(text)
    return {name: folder / f"{name}.yaml" for name in DESIGNS}


def words(hw: Path, out: Path, **changed: object) -> list[object]:
    options = {
        "model": TINY,
        "hw": hw,
        "ids": IDS,
        "layer": 1,
        "projection": "down",
        "rows": f"{ROWS[0]}:{ROWS[1]}",
        "positions": f"{POSITIONS[0]}:{POSITIONS[1]}",
        "out": out,
    }
    options.update(changed)
    pairs = ((f"--{k.replace('_', '-')}", v) for k, v in options.items() if v is not None)
    return ["replay", *(word for pair in pairs for word in pair)]


@pytest.fixture(scope="module", params=DESIGNS)
def replayed(request, sterna, hardware, tmp_path_factory):
    """One replay on each design: its name, its folder, its JSON."""
    out = tmp_path_factory.mktemp("replay")
    done = sterna(*words(hardware[request.param], out), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return request.param, out, json.loads(done.stdout)


@pytest.fixture(scope="module")
def wave(replayed, read_wave) -> Wave:
    return read_wave(replayed[1] / "waves.fst")


def test_rtl_systemc_and_engine_agree_and_the_report_says_what_ran(replayed) -> None:
    name, out, report = replayed
    assert report["equal"] and report["sums_equal"] and report["cycles_equal"]
    assert report["first_difference"] is None and report["rtl_error"] is None
    assert report["cycles"]["rtl"] == report["cycles"]["systemc"] > 0
    # Below 10,000 cycles the closed form is only near.
    assert 0.7 < report["cycles"]["closed_form"] / report["cycles"]["rtl"] < 1.4
    assert (report["layer"], report["projection"]) == (1, "down_proj")
    assert (report["rows"], report["matrix_rows"]) == (list(ROWS), 64)
    assert (report["positions"], report["prompt_tokens"], report["tokens"]) == ([1, 4], 5, 3)
    assert report["on_bus"] == (name == "bus")
    assert report["commands"]["rtl"] == report["commands"]["systemc"]
    assert sum(c["macs"] for c in report["commands"]["rtl"]) == 3 * 13 * 172
    assert report["counters"]["sums"] == 3 * 13
    assert json.loads((out / "replay.json").read_text()) == report
    assert sorted(p.name for p in out.iterdir()) == ["replay.json", "waves.fst", "waves.gtkw"]


def test_the_wave_is_whole_and_a_cycle_is_a_nanosecond(replayed, wave) -> None:
    _, out, report = replayed
    data = (out / "waves.fst").read_bytes()
    # The header block of an FST file: type 0, 329 bytes (gtkwave's fstapi.c).
    assert data[0] == 0 and int.from_bytes(data[1:9], "big") == 329
    assert len(data) == report["trace"]["bytes"]
    assert wave.cycles() == range(report["cycles"]["rtl"])
    clocks = [name for name in wave.width if name.endswith("clk_i")]
    assert all(wave.at(clocks[0], c) == 1 for c in wave.cycles())
    assert wave.changing_inside_cycles() == clocks


def shown_names(save_file: Path) -> list[str]:
    """Every signal that a save file of GTKWave names, its bits' and aliases' sources included."""
    names = []
    for line in save_file.read_text().splitlines():
        if re.match(r"[\[@*-]", line):
            continue
        for word in re.sub(r"^[#+]\{[^}]*\} ", "", line).split():
            names.append(re.sub(r"^\(\d+\)", "", word))
    return names


def test_every_name_in_the_save_file_is_in_the_wave(replayed, wave) -> None:
    name, out, _ = replayed
    names = shown_names(out / "waves.gtkw")
    assert [n for n in names if n not in wave.width] == []
    scope = UNIT_SCOPE[name]
    for part in ("cmd_valid_i", "u_slots.u_issue.slot_o", "result_valid_o", "rsp_valid_o"):
        assert scope + part in names
    assert (f"{scope}u_rows.g_engine[1].u_weights.push_data_i[127:0]") in names
    if name == "bus":
        top = "tmu_axi.tmu_axi."
        assert top + "aw_valid_o" in names and top + "u_ring.ar_valid_o" in names
        assert top + "u_readers.g_master[2].u_dma.r_data_i[127:0]" in names


def test_bits_of_a_vector_stay_inside_it(replayed, wave) -> None:
    for bit, name in re.findall(r"\((\d+)\)(\S+)", (replayed[1] / "waves.gtkw").read_text()):
        assert int(bit) < wave.width[name]


def test_the_sums_of_a_result_are_cut_out_of_its_beat(replayed, wave) -> None:
    """Bits are counted from the left: engine e, slice s is word e * slices + s from the right."""
    name, out, _ = replayed
    slices = 1 if name == "bare" else 2
    parts = re.findall(r"#\{sum engine (\d+) slice (\d+)\} (.*)", (out / "waves.gtkw").read_text())
    assert len(parts) == 2 * slices
    beat = "".join(f"{word:032b}" for word in reversed(range(2 * slices)))
    for engine, slice_, bits in parts:
        picked = "".join(beat[int(i)] for i in re.findall(r"\((\d+)\)", bits))
        assert len(picked) == 32 and int(picked, 2) == int(engine) * slices + int(slice_)


def test_markers_stand_where_commands_are_accepted(replayed, wave) -> None:
    name, out, report = replayed
    scope = UNIT_SCOPE[name]
    accepted = wave.handshakes(scope + "cmd_valid_i", scope + "cmd_ready_o")
    assert accepted == [c["accept_cycle"] for c in report["commands"]["rtl"]]
    assert len(accepted) == (3 if name == "bare" else 1)
    (zoom,) = (line for line in (out / "waves.gtkw").read_text().splitlines() if line[0] == "*")
    markers = [int(word) for word in zoom.split()[2:]]
    assert markers == [1000 * c for c in accepted] + [-1] * (26 - len(accepted))


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def test_sums_in_the_wave_follow_from_weights_and_activations_in_it(replayed, wave) -> None:
    name, _, report = replayed
    scope = UNIT_SCOPE[name]
    beats, width = 3, 80  # 172 columns

    activations = []
    for c in wave.handshakes(scope + "act_valid_i", scope + "act_ready_o"):
        data = wave.at(scope + "act_data_i[127:0]", c)
        activations += [signed(data >> (8 * i) & 255, 8) for i in range(16)]
    x = np.array(activations).reshape(3, beats * width)
    assert not x[:, 172:].any() and len(np.unique(x[:, :172])) > 10

    commands = report["commands"]["rtl"]
    engines = []
    for e in range(2):
        fifo = f"{scope}u_rows.g_engine[{e}].u_weights."
        trits = []
        for c in wave.handshakes(fifo + "push_valid_i", fifo + "push_ready_o"):
            data = wave.at(fifo + "push_data_i[127:0]", c).to_bytes(16, "little")
            trits += [byte // 3**j % 3 - 1 for byte in data for j in range(5)]
        engines.append(np.array(trits).reshape(len(commands), -1, beats * width))

    bits = 32 * 2 * (1 if name == "bare" else 2)
    slices = bits // 64
    takes = wave.handshakes(scope + "result_valid_o", scope + "result_ready_i")
    values = [wave.at(f"{scope}result_data_o[{bits - 1}:0]", c) for c in takes]
    for number, command in enumerate(commands):
        tokens, first = command["tokens"], sum(c["tokens"] for c in commands[:number])
        chunks = -(-tokens // slices)
        for group in range(7):
            for chunk in range(chunks):
                data = values.pop(0)
                for e in range(2 if group < 6 else 1):
                    for s in range(min(slices, tokens - chunk * slices)):
                        w = engines[e][number, group]
                        got = signed(data >> (32 * (e * slices + s)) & (2**32 - 1), 32)
                        assert got == w @ x[first + chunk * slices + s]
    assert values == []


def test_a_window_of_cycles_shows_what_the_whole_wave_shows(
    replayed, wave, sterna, hardware, read_wave, tmp_path: Path
) -> None:
    name, _, report = replayed
    end = report["cycles"]["rtl"]
    for start, stop in ((40, 155), (end - 1, end)):
        done = sterna(
            *words(hardware[name], tmp_path, trace_start=start, trace_stop=stop), "--quiet"
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        part = read_wave(tmp_path / "waves.fst")
        assert part.cycles() == range(start, stop)
        assert (part.times[0], part.times[-1]) == (1000 * start, 1000 * stop)
        for signal in shown_names(tmp_path / "waves.gtkw"):
            for cycle in part.cycles():
                assert part.at(signal, cycle) == wave.at(signal, cycle), (signal, cycle)
        part_report = json.loads((tmp_path / "replay.json").read_text())
        assert part_report["trace"]["start_cycle"] == start
        assert part_report["commands"] == report["commands"]
        said = re.findall(
            r"^-(.*): cycles (\d+) to (\d+)", (tmp_path / "waves.gtkw").read_text(), re.M
        )
        marks = iter("ABC")
        assert said == [
            (
                next(marks) if c["accept_cycle"] >= start else "under way",
                str(c["accept_cycle"]),
                str(c["done_cycle"]),
            )
            for c in report["commands"]["rtl"]
            if c["accept_cycle"] < stop and c["done_cycle"] >= start
        ]
        assert said


def test_the_last_token_is_what_a_decode_multiplies(sterna, hardware, tmp_path: Path) -> None:
    reports = []
    for positions in (None, "last", "4:5", "all"):
        done = sterna(*words(hardware["bus"], tmp_path, positions=positions), "--json")
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout))
        del reports[-1]["wall_s"], reports[-1]["trace"]["bytes"]
    assert reports[0] == reports[1] == reports[2]
    assert reports[0]["positions"] == [4, 5] and reports[3]["positions"] == [0, 5]
    assert reports[3]["counters"]["sums"] == 5 * 13


@pytest.mark.parametrize("projection", ["q", "k_proj", "v", "o", "gate", "up_proj"])
def test_every_projection_of_a_text(sterna, hardware, tmp_path: Path, projection: str) -> None:
    changed = {"projection": projection, "rows": "0:4", "ids": None, "layer": 0}
    done = sterna(*words(hardware["bare"], tmp_path, **changed), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["equal"] and report["projection"] == projection.removesuffix("_proj") + "_proj"
    assert report["prompt_tokens"] == 16  # random: the model has no tokenizer


def test_the_table_names_window_cycles_and_files(sterna, hardware, tmp_path: Path) -> None:
    done = sterna(*words(hardware["bare"], tmp_path / "sub/folder"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "layers.1.down_proj of offline_multiply, rows 5:18 of 64" in done.stdout
    report = json.loads((tmp_path / "sub/folder/replay.json").read_text())
    assert f"{report['cycles']['rtl']} on RTL, {report['cycles']['rtl']} in SystemC" in done.stdout
    assert "each equal on RTL, SystemC model and CPU engine" in done.stdout
    assert f"gtkwave {tmp_path}/sub/folder/waves.gtkw" in done.stdout


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"layer": 2}, "--layer 2: the model has layers 0 to 1"),
        ({"layer": -1}, "--layer"),
        ({"projection": "dwn"}, "--projection dwn: a layer has q_proj, k_proj, v_proj, o_proj"),
        ({"projection": "proj"}, "--projection proj: a layer has"),
        ({"rows": "0:65"}, "--rows 0:65: the rows of down_proj are 0:64"),
        ({"rows": "3:3"}, "--rows 3:3: this is empty"),
        ({"rows": "7"}, "--rows 7: write a range as A:B"),
        ({"rows": "1:2:3"}, "--rows 1:2:3: write a range"),
        ({"rows": "a:4"}, "--rows a:4: write a range"),
        ({"rows": "0:99999999999999999999999"}, "write a range as A:B"),
        ({"positions": "first"}, "--positions first: write last"),
        ({"positions": "2:6"}, "--positions 2:6: the tokens of the prompt are 0:5"),
        ({"positions": "2:1"}, "--positions 2:1: this is empty"),
        ({"trace_start": 100000}, "--trace-start 100000: the job takes"),
        ({"trace_stop": 100000}, "--trace-stop 100000: the job takes"),
        ({"trace_start": 7, "trace_stop": 7}, "no cycle is between them"),
        ({"trace_stop": 0}, "no cycle is between them"),
        ({"trace_start": -3}, "--trace-start"),
        ({"ids": ",".join(["1"] * 65)}, "65 tokens do not fit the model's context of 64"),
        ({"prompt": "text"}, "--prompt and --ids are both given"),
        ({"prompt": "text", "ids": None}, "has no tokenizer"),
        ({"hw": "nowhere.yaml"}, "nowhere.yaml"),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else None,
)
def test_refuses_and_leaves_earlier_results_alone(
    sterna, bad_input, hardware, tmp_path: Path, changed: dict, sentence: str
) -> None:
    earlier = {name: tmp_path / name for name in ("waves.fst", "waves.gtkw", "replay.json")}
    for path in earlier.values():
        path.write_text("earlier")
    options = {"hw": hardware["bare"], **changed}
    bad_input(sterna(*words(out=tmp_path, **options)), sentence)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(earlier)
    assert all(path.read_text() == "earlier" for path in earlier.values())


BROKEN = {
    # A sum that the accumulator gets wrong, an assertion that fails.
    "sum": ("pe/accumulator.sv", "base + AccWidth'(add_i)", "base + AccWidth'(add_i) + 1'b1"),
    "assertion": ("mem/stream_fifo.sv", "CountInRange,    count_q <=", "CountInRange, count_q <"),
}


@pytest.fixture
def broken_rtl(request, tmp_path: Path, monkeypatch) -> str:
    """A Verilator that reads another text of one module, with a cache of its own."""
    path, old, new = BROKEN[request.param]
    text = (ROOT / "rtl" / path).read_text()
    assert old in text
    module = tmp_path / Path(path).name
    module.write_text(text.replace(old, new))
    program = tmp_path / "verilator"
    program.write_text(
        f'#!/bin/bash\nwords=()\nfor w in "$@"; do\n  [[ $w == */{path} ]] && w={module}\n'
        '  words+=("$w")\ndone\nexec verilator "${words[@]}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("VERILATOR", str(program))
    monkeypatch.setenv("STERNA_RTL_CACHE", str(tmp_path / "cache"))
    return request.param


@pytest.mark.parametrize("broken_rtl", BROKEN, indirect=True)
def test_waves_of_an_rtl_that_is_wrong_are_written_and_it_is_said(
    sterna, hardware, read_wave, broken_rtl: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = sterna(*words(hardware["bare"], out), "--json")
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads(done.stdout)
    assert report == json.loads((out / "replay.json").read_text())
    assert not report["equal"] and not report["sums_equal"]
    if broken_rtl == "sum":
        # One more a beat; the first sum is that of the window's first token and row.
        wrong = report["first_difference"]
        assert (wrong["backend"], wrong["position"], wrong["row"]) == ("rtl", 1, 5)
        assert wrong["got"] == wrong["expected"] + 3
        assert report["cycles_equal"] and report["rtl_error"] is None
        assert read_wave(out / "waves.fst").cycles() == range(report["cycles"]["systemc"])
    else:
        assert "CountInRange" in report["rtl_error"]
        assert report["cycles"]["rtl"] is None and report["commands"]["rtl"] == []
        assert 0 < len(read_wave(out / "waves.fst").cycles()) < report["cycles"]["systemc"]
    done = sterna(*words(hardware["bare"], out))
    assert done.returncode == 1
    what = "SUMS DIFFER" if broken_rtl == "sum" else "THE RTL FAILED"
    assert what in done.stdout and "NOT equal" in done.stdout


def test_refuses_a_folder_that_cannot_be_written(
    sterna, bad_input, hardware, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    bad_input(sterna(*words(hardware["bare"], tmp_path / "file")), "it exists and is not a folder")
    bad_input(sterna(*words(hardware["bare"], tmp_path / "file/sub")), str(tmp_path / "file"))


def test_refuses_a_unit_that_cannot_be_built(
    sterna, bad_input, hardware, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("VERILATOR", str(tmp_path / "no-verilator"))
    out = tmp_path / "out"
    bad_input(sterna(*words(hardware["bare"], out)), "no-verilator: does not run")
    assert list(out.iterdir()) == []
    illegal = tmp_path / "illegal.yaml"
    illegal.write_text(BARE.replace("lanes: 80", "lanes: 81"))
    bad_input(sterna(*words(illegal, out)), "lanes")
