# SPDX-License-Identifier: Apache-2.0
"""The training loop: schedule, data order, checkpoints, progress; the same for both twins."""

import csv
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from bitnet import BitNet
from schedule import Recipe, schedule
from torch import Tensor

WINDOW = 256  # tokens; also the length that perplexity is measured over


def batches(ids: np.ndarray, recipe: Recipe, first_step: int = 0) -> Iterator[Tensor]:
    """Shuffled windows of WINDOW + 1 tokens, cut at a new offset each epoch; same for any seed."""
    rng = np.random.default_rng(recipe.seed)
    step = 0
    while True:
        start = rng.integers(WINDOW)
        count = (len(ids) - start - 1) // WINDOW
        order = rng.permutation(count)
        for chosen in order[: count // recipe.batch * recipe.batch].reshape(-1, recipe.batch):
            with_bos = rng.random(recipe.batch) < recipe.bos_probability
            if step >= first_step:
                rows = np.stack([ids[start + c * WINDOW :][: WINDOW + 1] for c in chosen])
                rows[with_bos, 0] = recipe.bos_id
                yield torch.from_numpy(rows.astype(np.int64))
            step += 1


@torch.no_grad()
def window_losses(logits_of: Callable[[Tensor], Tensor], ids: np.ndarray, group: int = 8) -> float:
    """Sum of -ln p over non-overlapping windows, the first token of each window unscored."""
    total = 0.0
    whole = len(ids) // WINDOW * WINDOW
    windows = list(torch.from_numpy(ids[:whole].astype(np.int64)).view(-1, WINDOW).split(group))
    if whole < len(ids) - 1:
        windows.append(torch.from_numpy(ids[whole:].astype(np.int64))[None])
    for window in windows:
        logits = logits_of(window)[:, :-1].float()
        total += F.cross_entropy(
            logits.flatten(0, 1), window[:, 1:].flatten(), reduction="sum"
        ).item()
    return total


def scored_tokens(count: int) -> int:
    return count - math.ceil(count / WINDOW)


def parameter_groups(model: BitNet) -> list[dict]:
    """Decay matrices, not norm weights."""
    named = list(model.named_parameters())
    return [
        {"params": [p for _, p in named if p.ndim >= 2], "decays": True},
        {"params": [p for _, p in named if p.ndim < 2], "decays": False},
    ]


def save_atomically(state: dict, path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


class Trainer:
    """One twin's run, resumable from its checkpoint."""

    def __init__(self, name: str, model: BitNet, recipe: Recipe, folder: Path, device: str):
        self.name, self.model, self.recipe, self.folder = name, model.to(device), recipe, folder
        self.device = device
        self.optimizer = torch.optim.AdamW(parameter_groups(model), betas=(0.9, 0.95), fused=True)
        self.step, self.seconds = 0, 0.0
        self.checkpoint = folder / f"{name}.pt"
        folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self._resume()

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        print(f"{self.name}: resumed at step {self.step}", flush=True)

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(state, self.checkpoint)

    def _update(self, loss_of: Callable, batch: Tensor) -> Tensor:
        rate, decay = schedule(self.step, self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
            group["weight_decay"] = decay if group["decays"] else 0.0
        parts = batch.to(self.device).split(self.recipe.micro_batch)
        total = torch.zeros((), device=self.device)
        for part in parts:
            loss = loss_of(part[:, :-1].contiguous(), part[:, 1:].contiguous()) / len(parts)
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def run(self, train_ids: np.ndarray, held_out_ids: np.ndarray, every: int, compiled: bool):
        """Train to the last step; every `every` steps measure held-out loss and save."""
        loss_of = torch.compile(self.model.loss) if compiled else self.model.loss
        tokens_per_step = self.recipe.batch * WINDOW
        smooth, begun, base = None, time.monotonic(), self.seconds
        recent, recent_step = begun, self.step
        for batch in batches(train_ids, self.recipe, self.step):
            if self.step >= self.recipe.steps:
                break
            loss = self._update(loss_of, batch).item()
            smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
            self.step += 1
            if self.step % 20 == 0:
                now = time.monotonic()
                rate = (self.step - recent_step) * tokens_per_step / (now - recent)
                recent, recent_step = now, self.step
                left = (self.recipe.steps - self.step) * tokens_per_step / rate
                line = f"{self.name} step {self.step}/{self.recipe.steps} loss {smooth:.3f}"
                print(f"{line} {rate:.0f} tokens/s, {left / 60:.0f} min left", flush=True)
            if self.step % every == 0 or self.step == self.recipe.steps:
                self.seconds = base + time.monotonic() - begun
                held = window_losses(lambda w: self.model(w.to(self.device)).cpu(), held_out_ids)
                self._log(smooth, held / scored_tokens(len(held_out_ids)))
                self.save()
                recent, recent_step = time.monotonic(), self.step

    def _log(self, train_loss: float, held_out_loss: float) -> None:
        path = self.folder / f"{self.name}.csv"
        new = not path.exists()
        tokens = self.step * self.recipe.batch * WINDOW
        with path.open("a", newline="") as file:
            out = csv.writer(file)
            if new:
                out.writerow(["model", "step", "tokens", "seconds", "train_loss", "held_out_loss"])
            out.writerow(
                [
                    self.name,
                    self.step,
                    tokens,
                    f"{self.seconds:.0f}",
                    f"{train_loss:.4f}",
                    f"{held_out_loss:.4f}",
                ]
            )
        print(f"{self.name} step {self.step}: held-out loss {held_out_loss:.4f}", flush=True)
