# SPDX-License-Identifier: Apache-2.0
"""Draws docs/dram_patterns.svg from results.csv: share of the peak by part and pattern."""

import csv
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent
OUT = HERE.parents[1] / "docs" / "dram_patterns.svg"
DEFAULT = "row-rank-bank-column-bankgroup-channel"
PATTERNS = {
    "sequential_read": ("sequential reads, 1 KiB", "#0b6e99"),
    "sequential_mixed": ("a third writes, 1 KiB", "#448361"),
    "random_read": ("random reads, 1 KiB", "#d9730d"),
    "random_read_64": ("random reads, 64 B", "#ad1a72"),
}
INK = "#37352f"


def main() -> None:
    with (HERE / "results.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["mapping"] == DEFAULT]
    parts = list(dict.fromkeys(row["part"] for row in rows))
    value = {(row["part"], row["pattern"]): row for row in rows}
    mpl.rcParams.update({"svg.hashsalt": "sterna", "font.size": 8, "text.color": INK})
    figure, ax = plt.subplots(figsize=(7.2, 2.9), layout="constrained")
    width = 0.8 / len(PATTERNS)
    for i, (pattern, (label, color)) in enumerate(PATTERNS.items()):
        for p, part in enumerate(parts):
            row = value[part, pattern]
            share = 100 * float(row["share_of_peak"])
            x = p + (i - (len(PATTERNS) - 1) / 2) * width
            ax.bar(x, share, 0.92 * width, color=color, label=label if p == 0 else None)
            ax.annotate(f"{float(row['gb_s']):.1f}", (x, share), xytext=(0, -8), ha="center",
                        textcoords="offset points", fontsize=6.5, color="white")  # fmt: skip
    ax.axhline(100, color=INK, lw=0.8)
    ax.set_ylim(0, 122)
    ax.set_yticks(range(0, 101, 25))
    ax.set_ylabel("% of the peak (in the bars: GB/s)")
    ax.set_xticks(range(len(parts)), parts)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(ncols=4, frameon=False, loc="upper center", fontsize=7)
    figure.savefig(OUT, metadata={"Date": None})


if __name__ == "__main__":
    main()
