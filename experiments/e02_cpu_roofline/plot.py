# SPDX-License-Identifier: Apache-2.0
"""Draws docs/cpu_roofline.svg from results.csv and environment.json.

Left: kernels on one thread, under the roofs of the memory their weights lie in. Right: decode and
prefill of the whole model on all threads, under the roofs of as many.
"""

import csv
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

HERE = Path(__file__).resolve().parent
OUT = HERE.parents[1] / "docs" / "cpu_roofline.svg"

Row = dict[str, str]

COLORS = {"avx512vnni": "#0b6e99", "avx2": "#d9730d", "neon": "#448361", "scalar": "#787774"}
KERNELS = {"ternary_dram": "o", "ternary_cache": "s", "int8_dram": "^", "int8_cache": "D"}
NOT_DRAWN = {"scalar"}  # hundreds of times slower: it would press the others together
INK = "#37352f"
LEVELS = {"dram": "DRAM", "l3": "L3", "l2": "L2"}


def limit(rows: list[Row], name: str, threads: int, isa: str | None = None) -> float:
    """The highest measurement of a limit, in GB/s or GMAC/s."""
    column = "gmac_s" if name == "multiply_add" else "gb_s"
    return max(
        float(row[column])
        for row in rows
        if row["kind"] == "limit" and row["name"] == name and int(row["threads"]) == threads
        and isa in (None, row["isa"])
    )  # fmt: skip


def draw_roofs(ax: Axes, rows: list[Row], threads: int, levels: list[str], isas: list[str]) -> None:
    x = np.geomspace(*ax.get_xlim(), 200)
    top = max(limit(rows, "multiply_add", threads, isa) for isa in isas)
    for i, level in enumerate(levels):
        rate = limit(rows, level, threads)
        y = np.minimum(x * rate, top)
        ax.plot(x, y, color=INK, lw=1.2 if level == "dram" else 0.7, zorder=1)
        at = max(1.15 * ax.get_xlim()[0], 1.15 * ax.get_ylim()[0] / rate)
        above = i == 0  # its line; the others' names lie below
        shift = (0, 3) if above else (4, -3)
        ax.annotate(
            f"{LEVELS[level]} {rate:.0f} GB/s", (at, at * rate), xytext=shift,
            textcoords="offset points", rotation=slope_degrees(ax), rotation_mode="anchor",
            va="bottom" if above else "top", fontsize=7, color=INK,
        )  # fmt: skip
    for i, isa in enumerate(isas):
        peak = limit(rows, "multiply_add", threads, isa)
        start = peak / max(limit(rows, level, threads) for level in levels)
        ax.plot([start, x[-1]], [peak, peak], color=COLORS[isa], lw=1.2, zorder=1)
        ax.annotate(
            f"{isa} {peak:.0f}", (x[-1], peak), xytext=(4, 0), textcoords="offset points",
            va="bottom" if i == 0 else "top", fontsize=7, color=COLORS[isa],
        )  # fmt: skip


def slope_degrees(ax: Axes) -> float:
    """Angle on paper of a line of slope 1 in log-log."""
    width, height = ax.get_window_extent().size
    decades_x = np.log10(ax.get_xlim()[1] / ax.get_xlim()[0])
    decades_y = np.log10(ax.get_ylim()[1] / ax.get_ylim()[0])
    return float(np.degrees(np.arctan2(height / decades_y, width / decades_x)))


def prepare(ax: Axes, title: str, points: list[Row], peak: float) -> None:
    intensity = [float(p["macs_per_byte"]) for p in points]
    speed = [float(p["gmac_s"]) for p in points]
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(min(intensity) / 3, max(intensity) * 3)
    ax.set_ylim(min(speed) / 2, peak * 2)
    ax.set_title(title, fontsize=9, loc="left", color=INK)
    ax.set_xlabel("multiply-adds a byte of weights and cache read", fontsize=8)
    ax.set_ylabel("GMAC/s", fontsize=8)
    ax.tick_params(labelsize=7)
    ax.grid(True, which="major", lw=0.3, color="#e0dfdb")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def draw_kernels(ax: Axes, rows: list[Row]) -> None:
    points = [row for row in rows if row["kind"] == "kernel" and row["isa"] not in NOT_DRAWN]
    isas = list(dict.fromkeys(p["isa"] for p in points))
    peak = max(limit(rows, "multiply_add", 1, isa) for isa in isas)
    prepare(ax, "Kernels, one thread", points, peak)
    draw_roofs(ax, rows, 1, ["l2", "l3", "dram"], isas)
    for name, marker in KERNELS.items():
        here = [p for p in points if p["name"] == name]
        for p in here:
            ax.plot(
                float(p["macs_per_byte"]), float(p["gmac_s"]), marker, ms=4.5,
                color=COLORS[p["isa"]], mec="white", mew=0.5, zorder=3,
            )  # fmt: skip
        if here:
            label = name.replace("_", ", weights from ").replace("dram", "DRAM")
            ax.plot([], [], marker, ms=4.5, color=INK, label=label)
    ax.legend(fontsize=6.5, loc="lower right", frameon=False)


def draw_model(ax: Axes, rows: list[Row], model: str) -> None:
    threads = max(int(row["threads"]) for row in rows if row["kind"] == "model")
    points = [r for r in rows if r["kind"] == "model" and int(r["threads"]) == threads]
    isas = list(dict.fromkeys(p["isa"] for p in points))
    peak = max(limit(rows, "multiply_add", threads, isa) for isa in isas)
    name = model.removeprefix("synthetic:")
    prepare(ax, f"Whole model, {name}, {threads} threads", points, peak)
    draw_roofs(ax, rows, threads, ["dram"], isas)
    for p in points:
        x, y = float(p["macs_per_byte"]), float(p["gmac_s"])
        ax.plot(x, y, "o", ms=6, color=COLORS[p["isa"]], mec="white", mew=0.5, zorder=3)
        share = f"{p['name']} {float(p['tokens_per_s']):.3g} tok/s\n"
        share += f"{100 * float(p['fraction_of_limit']):.0f} % of the limit"
        right = p["name"] == "decode"
        above = right and p["isa"] == isas[0]
        ax.annotate(
            share, (x, y), xytext=(7 if right else -7, 3 if above else -3),
            textcoords="offset points", va="bottom" if above else "top",
            ha="left" if right else "right", fontsize=7, color=COLORS[p["isa"]],
            bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0.5},
        )  # fmt: skip


def main() -> None:
    with (HERE / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    environment = json.loads((HERE / "environment.json").read_text())
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "e02"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained")
    figure.suptitle(f"Roofline of {environment['cpu']}", fontsize=10, color=INK)
    figure.draw_without_rendering()
    draw_kernels(left, rows)
    draw_model(right, rows, environment["model"])
    figure.savefig(OUT, metadata={"Date": None})


if __name__ == "__main__":
    main()
