# SPDX-License-Identifier: Apache-2.0
"""Prints, from results.csv, where a token of the whole model spends its time on one thread.

Three times for decode and prefill, as a Markdown table: what the limits alone would take; what the
products of that token take as the kernels run them one after another; what the model takes. The
first step is the kernels' loss, the second is attention, norms, quantisation and threads.
"""

import csv
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAYERS = 30
# (rows, cols) of the products of one layer of 2b4t -> how many there are of them.
LAYER = {(640, 2560): 2, (2560, 2560): 2, (6912, 2560): 2, (2560, 6912): 1}
HEAD = (128256, 2560)
KERNEL_TOKENS = 256  # of the prefill products; a prompt of 512 goes in two batches of as many

Row = dict[str, str]


def kernel_ms(rows: list[Row], isa: str, name: str, shape: tuple[int, int], tokens: int) -> float:
    """Milliseconds of one product of `tokens` tokens."""
    for row in rows:
        key = (row["kind"], row["isa"], row["name"], row["rows"], row["cols"], row["tokens"])
        if key == ("kernel", isa, name, str(shape[0]), str(shape[1]), str(tokens)):
            return shape[0] * shape[1] * tokens / float(row["gmac_s"]) / 1e6
    raise SystemExit(f"results.csv holds no {name} of {isa}, {shape}, {tokens} tokens; run run.py")


def products_ms(rows: list[Row], isa: str, phase: str) -> float:
    """Milliseconds a token of all products that the phase needs, one after another."""
    if phase == "decode":
        layer = sum(n * kernel_ms(rows, isa, "ternary_dram", s, 1) for s, n in LAYER.items())
        return LAYERS * layer + kernel_ms(rows, isa, "int8_dram", HEAD, 1)
    layer = sum(
        n * kernel_ms(rows, isa, "ternary_cache", s, KERNEL_TOKENS) for s, n in LAYER.items()
    )
    return LAYERS * layer / KERNEL_TOKENS


def main() -> None:
    with (HERE / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    model = json.loads((HERE / "environment.json").read_text())["model"]
    if model != "synthetic:2b4t":
        raise SystemExit(f"results.csv is of {model}; this table knows the shapes of 2b4t only")
    print("| kernel | phase | limit | products alone | whole model | products / whole |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        if row["kind"] == "model" and row["threads"] == "1":
            whole = 1e3 / float(row["tokens_per_s"])
            limit = whole * float(row["fraction_of_limit"])
            products = products_ms(rows, row["isa"], row["name"])
            print(
                f"| {row['isa']} | {row['name']} | {limit:.1f} ms | {products:.1f} ms "
                f"| {whole:.1f} ms | {100 * products / whole:.0f} % |"
            )


if __name__ == "__main__":
    main()
