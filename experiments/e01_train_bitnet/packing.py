# SPDX-License-Identifier: Apache-2.0
"""Four trits to a byte, in the row order of packed Hugging Face checkpoints."""

import numpy as np

TRITS_PER_BYTE = 4


def pack_trits(trits: np.ndarray) -> np.ndarray:
    """Pack rows r, r+R, r+2R, r+3R (R = rows / 4) into byte row r, the first in the low bits."""
    if len(trits) % TRITS_PER_BYTE:
        raise ValueError(f"rows must be a multiple of {TRITS_PER_BYTE}, got {len(trits)}")
    if np.abs(trits).max() > 1:
        raise ValueError("a trit is -1, 0 or 1")
    codes = (trits + 1).astype(np.uint8).reshape(TRITS_PER_BYTE, -1, trits.shape[1])
    return codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6


def unpack_trits(packed: np.ndarray) -> np.ndarray:
    """Inverse of pack_trits; code 3, which no trit has, is an error."""
    codes = np.concatenate([packed >> 2 * i & 3 for i in range(TRITS_PER_BYTE)])
    if (codes == 3).any():
        raise ValueError("code 3 stands for no trit")
    return codes.astype(np.int8) - 1
