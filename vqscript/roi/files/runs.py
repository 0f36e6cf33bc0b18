"""Run-length coding of labels: pairs of bytes (value, count), count 1 to 255."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.volume import Region

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


def extents(body: bytes, shape: tuple[int, int, int]) -> dict[int, Region]:
    """Return for each label but 0 a region ``(z, y, x)`` that holds all its voxels.

    It is found from the runs, of which there are far fewer than voxels, and tight but for runs that
    go on in the next row.
    """
    pairs = np.frombuffer(body, np.uint8).reshape(-1, 2)
    stop = np.cumsum(pairs[:, 1], dtype=np.int64)
    labelled = pairs[:, 0] > 0
    label = pairs[labelled, 0]
    first, last = stop[labelled] - pairs[labelled, 1], stop[labelled] - 1
    reached: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for size in shape[:0:-1]:  # along x, then along y
        # A run that leaves its row (or plane) may reach from end to end of the next.
        stays = first // size == last // size
        reached.append((np.where(stays, first % size, 0), np.where(stays, last % size, size - 1)))
        first, last = first // size, last // size
    reached.append((first, last))

    found: dict[int, Region] = {}
    for value in np.unique(label):
        runs = label == value
        z, y, x = (slice(int(low[runs].min()), int(high[runs].max()) + 1) for low, high in reversed(reached))
        found[int(value)] = z, y, x
    return found
