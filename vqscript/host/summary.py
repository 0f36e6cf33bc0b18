"""What a session holds, in a line or a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vqscript.host.aligned import aligned, printable
from vqscript.vq.data_manager import DataManager
from vqscript.vq.main_win import OPERATORS, MainWin
from vqscript.vq.operator import Operator
from vqscript.vq.roi_tool import RoiTool

if TYPE_CHECKING:
    from vqscript.session import Session
    from vqscript.session.inputs import Input

NAMES_SHOWN = 6


def inputs(session: Session) -> list[str]:
    """Return a line for each input: size, spacing, unit, range, and what it is."""
    rows = [[str(number), *_facts(item), printable(item.name)] for number, item in session.inputs]
    if not rows:
        return ["no inputs"]
    headers = ("input", "image", "voxels", "spacing (mm)", "unit", "range", "from")
    return aligned(headers, rows, [True] + 6 * [False])


def rois(session: Session) -> list[str]:
    """Return a line for each ROI: number, name, colour, layer, state and extent."""
    if 0 not in session.inputs or not len(session.rois):
        return ["no ROIs"]
    rows = []
    for j, roi in enumerate(session.rois.rois, start=1):
        voxels = session.rois.count(j)
        state = [*([] if roi.visible else ["hidden"]), *(["locked"] if roi.locked else [])]
        size = f"{voxels * session.rois.grid.voxel_volume / 1000:.5g}"
        rows.append([str(j), printable(roi.name), roi.color, str(roi.layer), str(voxels), size, ", ".join(state)])
    headers = ("ROI", "name", "colour", "layer", "voxels", "volume (mL)", "state")
    return aligned(headers, rows, [True, False, False, True, True, True, False])


def facts(obj: Any, session: Session) -> str:
    """Return what is worth knowing of an object of the VQ tree, "" where that is nothing."""
    if isinstance(obj, DataManager):
        kinds = [f"{number} {item.volume.modality or 'image'}" for number, item in session.inputs]
        return f"{_count(len(kinds), 'input')}{_listed(kinds)}"
    if isinstance(obj, RoiTool):
        names = [roi.name for roi in session.rois.rois] if 0 in session.inputs else []
        return f"{_count(len(names), 'ROI')}{_listed(names)}"
    if isinstance(obj, MainWin):
        return f'operator "{_operator(obj.operator)}"'
    if isinstance(obj, Operator):
        return f'operator "{_operator(obj)}"'
    return ""


def _facts(item: Input) -> list[str]:
    volume = item.volume
    size = " x ".join(str(n) for n in volume.grid.size) + (f" x {volume.frames} frames" if volume.frames > 1 else "")
    low, high = item.range
    spacing = " x ".join(f"{s:.4g}" for s in volume.grid.spacing)
    return [volume.modality or "image", size, spacing, volume.unit or "-", f"{low:.6g} to {high:.6g}"]


def _operator(operator: Operator) -> str:
    return next((name for name, kind in OPERATORS.items() if type(operator) is kind), type(operator).__name__)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _listed(names: list[str]) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > NAMES_SHOWN else ""
    return f" ({', '.join(printable(name) for name in names[:NAMES_SHOWN])}{more})"
