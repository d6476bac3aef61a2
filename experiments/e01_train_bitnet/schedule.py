# SPDX-License-Identifier: Apache-2.0
"""What a training run does, step by step: rate, weight decay, sizes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything but the peak rate is shared by the twins."""

    steps: int
    batch: int = 8  # windows a step
    micro_batch: int = 8
    peak_lr: float = 4e-3
    second_stage_lr: float = 2 / 3  # of the peak: the second line, drawn back to the start
    warmup: int = 50
    weight_decay: float = 0.1  # in the first half, none in the second
    clip: float = 1.0
    bos_id: int = 0
    bos_probability: float = 0.5  # windows whose first token is replaced by the BOS token
    seed: int = 1


def schedule(step: int, recipe: Recipe) -> tuple[float, float]:
    """Learning rate and weight decay of one step.

    Two stages, each a straight line. The first goes from the peak to three quarters of it at
    half-way. There the rate drops to the second line, from `second_stage_lr` times the peak to
    nothing at the end, and weight decay stops.
    """
    if step < recipe.warmup:
        return recipe.peak_lr * (step + 1) / recipe.warmup, recipe.weight_decay
    done = step / recipe.steps
    if done < 0.5:
        return recipe.peak_lr * (1 - 0.5 * done), recipe.weight_decay
    return recipe.peak_lr * recipe.second_stage_lr * 2 * (1 - done), 0.0
