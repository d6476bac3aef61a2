# SPDX-License-Identifier: Apache-2.0
"""E05: what does a DRAM part deliver to a stream of weights, and what to scattered reads?

Hypothesis  Under a mapping that puts the bank group below the column, a sequential stream gets 90 %
            of the peak or more of every part; single random accesses get half of it or less.
Decision    The default address mapping (default_dram), and whether the unit needs more than one
            bank's worth of lookahead.
Varies      part, access pattern; address mapping for the sequential stream. Fixed: one channel,
            fr-fcfs, open rows, a queue of 32 accesses.
Writes      results.csv: a line a point. All of it is modelled, so the same on every machine.
"""

import csv
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCH = HERE.parents[1] / "build" / "sim" / "dram" / "dram_bench"


def main() -> None:
    command = [str(BENCH), "--benchmark_format=json", "--benchmark_min_time=0.001"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with (HERE / "results.csv").open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["part", "mapping", "pattern", "gb_s", "share_of_peak"])
        for point in json.loads(done.stdout)["benchmarks"]:
            part, mapping, pattern = point["name"].split("/")
            writer.writerow(
                [part, mapping, pattern, f"{point['gb_s']:.2f}", f"{point['share_of_peak']:.3f}"]
            )


if __name__ == "__main__":
    main()
