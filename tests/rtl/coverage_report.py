# SPDX-License-Identifier: Apache-2.0
"""Line and toggle coverage of the RTL, from the counts of runs on instrumented units.

usage: coverage_report.py FOLDER_OF_DAT EXCLUSIONS OUT [LEAST_PERCENT]
Writes OUT/lines_and_toggles.txt, prints its table, exits 1 if a total is below LEAST_PERCENT (95);
counts of all designs and processes are added, so a point is hit if any run hit it.
"""

import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

KINDS = {"line": "line", "branch": "line", "toggle": "toggle"}


@dataclass(frozen=True)
class Point:
    file: str
    line: int
    kind: str  # line or toggle
    what: str  # of a toggle the bit; of a line the kind of statement

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.kind} {self.what}"


def read_counts(folder: Path) -> Counter[Point]:
    """Counts of every point. Errors: SystemExit when the folder holds none."""
    counts: Counter[Point] = Counter()
    for path in sorted(folder.glob("*.dat")):
        for text in path.read_text(encoding="latin-1").splitlines():
            if not text.startswith("C '"):
                continue
            key, _, count = text[3:].rpartition("' ")
            fields = dict(part.split("\x02", 1) for part in key.split("\x01") if "\x02" in part)
            kind = KINDS.get(fields["page"].split("/")[0].removeprefix("v_"))
            if kind:
                name = "/".join(Path(fields["f"]).parts[-2:])
                what = fields.get("o", "")
                if kind == "line":
                    what = f"{what} at column {fields['n']}"
                counts[Point(name, int(fields["l"]), kind, what)] += int(count)
    if not counts:
        raise SystemExit(f"{folder} holds no coverage; run `make coverage`")
    return counts


def read_exclusions(path: Path) -> list[re.Pattern[str]]:
    """A pattern a line, matched against str(Point); a reason must stand above it."""
    return [
        re.compile(line)
        for line in path.read_text().splitlines()
        if line and not line.startswith("#")
    ]


def table(counts: Counter[Point], excluded: set[Point]) -> tuple[str, dict[str, float]]:
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for point, count in counts.items():
        for name in (point.file, "all"):
            cell = totals[name, point.kind]
            if point in excluded:
                cell[2] += 1
            else:
                cell[0] += count > 0
                cell[1] += 1
    rows = [f"{'file':32} {'lines':>16} {'toggles':>18} {'excluded':>9}"]
    percents = {}
    for name in [*sorted({point.file for point in counts}), "all"]:
        cells = []
        for kind in ("line", "toggle"):
            hit, points, _ = totals[name, kind]
            percent = 100.0 * hit / points if points else 100.0
            cells.append(f"{hit}/{points} {percent:5.1f} %")
            if name == "all":
                percents[kind] = percent
        left_out = totals[name, "line"][2] + totals[name, "toggle"][2]
        rows.append(f"{name:32} {cells[0]:>16} {cells[1]:>18} {left_out:>9}")
    return "\n".join(rows), percents


def main(folder: Path, exclusions: Path, out: Path, least: float) -> int:
    counts = read_counts(folder)
    patterns = read_exclusions(exclusions)
    excluded = {
        point
        for point, count in counts.items()
        if count == 0 and any(pattern.search(str(point)) for pattern in patterns)
    }
    text, percents = table(counts, excluded)
    missed = sorted(str(p) for p, count in counts.items() if count == 0 and p not in excluded)
    out.mkdir(parents=True, exist_ok=True)
    report = [text, "", "Not hit:", *missed, "", "Excluded:", *sorted(map(str, excluded))]
    (out / "lines_and_toggles.txt").write_text("\n".join(report) + "\n")
    print(text)
    return 1 if min(percents.values()) < least else 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if len(arguments) not in (3, 4):
        raise SystemExit(__doc__)
    limit = float(arguments[3]) if len(arguments) == 4 else 95.0
    raise SystemExit(main(*map(Path, arguments[:3]), limit))
