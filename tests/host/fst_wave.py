# SPDX-License-Identifier: Apache-2.0
"""Reads an FST file back, with the reader that comes with Verilator, for the tests of waves."""

import bisect
import os
import subprocess
from pathlib import Path

CYCLE_PS = 1000  # rtl/wave_time.hpp


def build_reader(folder: Path) -> Path:
    """Compiles fst_to_vcd_main.cpp; the program's path."""
    verilator = os.environ.get("VERILATOR", "verilator")
    root = subprocess.run(
        [verilator, "--getenv", "VERILATOR_ROOT"], check=True, capture_output=True, text=True
    ).stdout.strip()
    include = Path(root) / "include"
    flags = ["-w", "-O1", f"-I{include}", f"-I{include / 'gtkwave'}"]
    objects = []
    for name in ("fstapi", "fastlz", "lz4"):
        source = include / "gtkwave" / f"{name}.c"
        objects.append(folder / f"{name}.o")
        config = '-DFST_CONFIG_INCLUDE="gtkwave/fst_config.h"'
        subprocess.run(["gcc", *flags, config, "-c", source, "-o", objects[-1]], check=True)
    program = folder / "fst_to_vcd"
    main = Path(__file__).parent / "fst_to_vcd_main.cpp"
    libraries = ["-lz", "-lpthread"]
    subprocess.run(["g++", *flags, main, *objects, *libraries, "-o", program], check=True)
    return program


class Wave:
    """The signals of an FST file, by the names under which GTKWave files them."""

    def __init__(self, reader: Path, file: Path) -> None:
        vcd = subprocess.run([reader, file], check=True, capture_output=True, text=True).stdout
        head, _, body = vcd.partition("$enddefinitions $end")
        self.width: dict[str, int] = {}
        self._code: dict[str, str] = {}
        scopes: list[str] = []
        for words in map(str.split, head.splitlines()):
            if words[:1] == ["$scope"]:
                scopes.append(words[2])
            elif words[:1] == ["$upscope"]:
                scopes.pop()
            elif words[:1] == ["$var"]:
                name = ".".join([*scopes, "".join(words[4:-1])]).replace("[0:0]", "[0]")
                self._code[name] = words[3]
                self.width[name] = int(words[2])
        self.times: list[int] = []
        self._changes: dict[str, tuple[list[int], list[str]]] = {}
        self._read_changes(body)

    def _read_changes(self, body: str) -> None:
        time = 0
        for line in body.splitlines():
            if line.startswith("#"):
                time = int(line[1:])
                self.times.append(time)
                continue
            if line.startswith("b"):
                value, code = line[1:].split()
            elif line[:1] in ("0", "1"):
                value, code = line[0], line[1:]
            else:
                continue
            times, values = self._changes.setdefault(code, ([], []))
            times.append(time)
            values.append(value)

    def at(self, name: str, cycle: int) -> int:
        """The value of a signal in a cycle, unsigned."""
        times, values = self._changes[self._code[name]]
        return int(values[bisect.bisect_right(times, cycle * CYCLE_PS) - 1], 2)

    def cycles(self) -> range:
        """Those that are drawn from edge to edge."""
        return range(self.times[0] // CYCLE_PS, self.times[-1] // CYCLE_PS)

    def handshakes(self, valid: str, ready: str) -> list[int]:
        """Cycles in which both are high."""
        return [c for c in self.cycles() if self.at(valid, c) and self.at(ready, c)]

    def changing_inside_cycles(self) -> list[str]:
        """Signals that change elsewhere than at the edge between two cycles."""
        codes = {
            code
            for code, (times, _) in self._changes.items()
            if any(time % CYCLE_PS for time in times)
        }
        return [name for name, code in self._code.items() if code in codes]
