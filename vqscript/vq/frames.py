"""Frames, which scripts count from 1."""

from __future__ import annotations

from vqscript.errors import UsageError


def frame_index(frame: int) -> int:
    """Return the 0-based index of a frame that scripts count from 1."""
    if frame < 1:
        raise UsageError(f"there is no frame {frame}", hint="frames are counted from 1")
    return frame - 1
