"""Run-length coding of labels: pairs of bytes (value, count), count 1 to 255."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def encode(labels: Bytes) -> bytes:
    """Return the runs of an array in C order; a run longer than 255 becomes several."""
    flat = labels.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    lengths = np.diff(starts, append=flat.size)
    pieces = -(-lengths // 255)
    pairs = np.full((int(pieces.sum()), 2), 255, np.uint8)
    pairs[:, 0] = np.repeat(flat[starts], pieces)
    pairs[np.cumsum(pieces) - 1, 1] = lengths - 255 * (pieces - 1)
    return pairs.tobytes()


def decode(body: bytes, voxels: int) -> Bytes:
    """Return the labels that runs stand for, in one dimension.

    Raises
    ------
    ValueError
        The runs do not make up exactly ``voxels`` labels; this is found before the labels are allocated.
    """
    if len(body) % 2:
        raise ValueError("its last run is cut short")
    values, counts = np.frombuffer(body, np.uint8).reshape(-1, 2).T
    if not counts.all():
        raise ValueError(f"run {int(np.argmin(counts)) + 1} has a count of 0")
    total = int(counts.sum(dtype=np.int64))
    if total != voxels:
        raise ValueError(f"its runs hold {total} voxels, and its header says {voxels}")
    return np.repeat(values, counts)
