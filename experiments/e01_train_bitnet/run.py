# SPDX-License-Identifier: Apache-2.0
"""E01: what does ternary training cost a 5 M parameter model in held-out perplexity?

Hypothesis  With its own learning rate, BitNet b1.58 stays within 12 % of the held-out perplexity of
            a floating-point twin of the same shape, data, order and number of tokens.
Decision    Within 12 %: its export is the checkpoint that the repository ships and every example
            runs. Beyond: widen the model before shipping it.
Varies      The matrix product (int8 codes times trits, or floating point) and the peak rate that
            suits each. Fixed: everything else; two runs side by side, one thread each.
Writes      results.csv (loss curves), summary.json, environment.json, and the shipped checkpoint.
            Corpus, tokenizer and training state go to `--out`.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEAK_LR = {"ternary": 4e-3, "fp": 3e-3}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    stages = ("all", "text", "train", "export", "report")
    parser.add_argument("stage", nargs="?", default="all", choices=stages)
    parser.add_argument("--model", choices=sorted(PEAK_LR), help="train: this twin only")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "e01_train_bitnet")
    parser.add_argument("--ship", type=Path, default=ROOT / "model" / "checkpoints" / "sterna-5m")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--every", type=int, default=500, help="steps between held-out losses")
    parser.add_argument("--peak-lr", type=float, help="train --model: instead of its own rate")
    parser.add_argument("--no-compile", action="store_true", help="run without torch.compile")
    parser.add_argument("--no-resume", action="store_true", help="forget earlier training state")
    return parser.parse_args()


def train(args: argparse.Namespace) -> None:
    """Train one twin in this process, resuming from its checkpoint if there is one."""
    import torch
    from bitnet import BitNet, Shape, fp_product, ternary_product
    from corpus import load_corpus
    from schedule import Recipe
    from train import Trainer

    corpus = load_corpus(args.out)
    cuda = torch.cuda.is_available()
    if not cuda:
        torch.set_num_threads(1)
    torch.manual_seed(1)
    product = ternary_product if args.model == "ternary" else fp_product
    model = BitNet(Shape(vocab_size=corpus.vocab_size), product)
    peak_lr = args.peak_lr or PEAK_LR[args.model]
    recipe = Recipe(steps=args.steps, peak_lr=peak_lr, bos_id=corpus.bos_id)
    if args.no_resume:
        (args.out / f"{args.model}.pt").unlink(missing_ok=True)
        (args.out / f"{args.model}.csv").unlink(missing_ok=True)
    trainer = Trainer(args.model, model, recipe, args.out, "cuda" if cuda else "cpu")
    trainer.run(corpus.train_ids, corpus.curve_ids, args.every, not args.no_compile)


def train_both(args: argparse.Namespace) -> None:
    """Run the twins side by side: two threads on one model were no faster than one each."""
    options = [argument for argument in sys.argv[1:] if argument != args.stage]
    command = [sys.executable, __file__, "train", *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    runs = [subprocess.Popen([*command, "--model", m], env=environment) for m in PEAK_LR]
    if any([run.wait() for run in runs]):
        sys.exit("training failed")


def main() -> None:
    args = arguments()
    if args.stage in ("all", "text"):
        from corpus import prepare

        prepare(args.out)
    if args.stage == "train" and args.model:
        train(args)
    elif args.stage in ("all", "train"):
        train_both(args)
    if args.stage in ("all", "export"):
        from export import export

        export(args.out, args.ship)
    if args.stage in ("all", "report"):
        from report import report

        report(args.out, args.ship, HERE)


if __name__ == "__main__":
    main()
