"""Saving and reopening a session: inputs by reference to their series, ROIs, display.

A session is a folder: ``session.json``, ``rois.npz`` (labels per layer), and ``input-N.npy`` for each
input whose values are no longer those of its files. Nothing in it is executable.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid
from vqscript.session.inputs import Input

if TYPE_CHECKING:
    from vqscript.roi.roiset import RoiSet
    from vqscript.session.session import Session

FORMAT = 1
SUFFIX = ".vqsession"


def session_folder(name: Path) -> Path:
    """Return the folder of a session's name."""
    return name if name.name.endswith(SUFFIX) else name.with_name(name.name + SUFFIX)


def save(session: Session, name: Path) -> Path:
    """Save a session; returns its folder. An earlier session of this name is replaced once the new one is whole.

    Raises
    ------
    UsageError
        If an input has no files to refer to, or the name belongs to something that is no session.
    """
    folder = session_folder(name)
    if folder.exists() and not (folder / "session.json").is_file():
        raise UsageError(f"{folder} exists and is no saved session", hint="choose another name", path=folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write(session, fresh)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            folder.replace(old / "old")
            fresh.replace(folder)
            shutil.rmtree(old)
        else:
            fresh.replace(folder)
    finally:
        if fresh.exists():
            shutil.rmtree(fresh)
    folder.chmod(0o755)
    return folder


def load(session: Session, name: Path) -> None:
    """Reopen a saved session; on any error the session stays as it was.

    Raises
    ------
    UsageError
        If there is none of this name, or its files are not what was saved.
    """
    folder = session_folder(name)
    record = _read_record(folder)
    inputs = {entry["number"]: _read_input(session, entry, folder) for entry in record["inputs"]}
    rois = _read_rois(folder, record["rois"], inputs[0].volume.grid) if record["rois"] and 0 in inputs else None
    session.clear()
    for i, item in inputs.items():
        session.inputs[i] = item
    if rois is not None:
        session.rois = rois
    for key, value in record["display"].items():
        if hasattr(session.display, key):
            setattr(session.display, key, tuple(value) if isinstance(value, list) else value)


def _write(session: Session, folder: Path) -> None:
    entries = []
    for i, item in session.inputs:
        if not item.volume.source.paths:
            raise UsageError(f"input {i} cannot be saved: it has no files to refer to", hint="store or save it first")
        if item.modified:
            np.save(folder / f"input-{i}.npy", item.volume.stored, allow_pickle=False)
        entries.append(_input_record(i, item))
    rois: list[dict[str, Any]] = []
    if 0 in session.inputs and len(session.rois):
        rois = [asdict(roi) for roi in session.rois.rois]
        layers = {f"layer{n}": labels for n, labels in enumerate(session.rois.layers, start=1)}
        np.savez_compressed(folder / "rois.npz", allow_pickle=False, **layers)
    record = {"format": FORMAT, "inputs": entries, "rois": rois, "display": asdict(session.display)}
    (folder / "session.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _input_record(i: int, item: Input) -> dict[str, Any]:
    volume = item.volume
    return {
        "number": i,
        "name": item.name,
        "repository": item.repository.url if item.repository else "",
        "study": item.study.study_uid if item.study else "",
        "series": volume.source.series_uid,
        "paths": [str(path.resolve()) for path in dict.fromkeys(volume.source.paths)],
        "sop_uids": list(volume.source.sop_uids),
        "modified": item.modified,
        "unit": volume.unit,
        "slope": volume.slope,
        "intercept": volume.intercept,
        "grid": _grid_record(volume.grid),
        "palette": item.palette,
        "limits": item.limits,
        "fractions": item.fractions,
        "show": item.show,
        "opacity": item.opacity,
        "provenance": item.provenance,
    }


def _grid_record(grid: Grid) -> dict[str, Any]:
    return {
        "size": grid.size,
        "spacing": grid.spacing,
        "origin": grid.origin,
        "direction": grid.direction.ravel().tolist(),
        "frame_of_reference": grid.frame_of_reference,
    }


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no saved session {folder}", path=folder) from None
    except (ValueError, OSError) as error:
        raise UsageError(f"{folder} cannot be read: {error}", path=folder) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise UsageError(f"{folder} is no session that this version reads", path=folder)
    return record


def _read_input(session: Session, entry: dict[str, Any], folder: Path) -> Input:
    """Open what an input refers to, again; the separate image of the series is found by its instances."""
    from vqscript.session.loading import load as open_series

    if entry["repository"]:
        repository = session.repository(entry["repository"])
        candidates = open_series(repository.fetch(entry["study"], entry["series"]), repository)
    else:
        candidates = open_series([Path(path) for path in entry["paths"]], None)
    wanted = set(entry["sop_uids"])
    item = next((one for one in candidates if set(one.volume.source.sop_uids) == wanted), None)
    if item is None:
        raise UsageError(f"the series of input {entry['number']} is no longer what was saved in {folder}", path=folder)
    grid = Grid(**{**entry["grid"], "direction": np.reshape(entry["grid"]["direction"], (3, 3))})
    volume = replace(item.volume, unit=entry["unit"])
    if entry["modified"]:
        stored = np.load(folder / f"input-{int(entry['number'])}.npy", allow_pickle=False)
        volume = replace(volume, stored=stored, grid=grid, slope=entry["slope"], intercept=entry["intercept"])
    item.volume = volume
    item.palette, item.show, item.opacity = entry["palette"], entry["show"], entry["opacity"]
    item.limits = tuple(entry["limits"]) if entry["limits"] else None
    item.fractions = (entry["fractions"][0], entry["fractions"][1])
    item.modified, item.provenance = entry["modified"], list(entry["provenance"])
    return item


def _read_rois(folder: Path, entries: list[dict[str, Any]], grid: Grid) -> RoiSet:
    from vqscript.roi.roiset import RoiSet

    rois = RoiSet(grid)
    with np.load(folder / "rois.npz", allow_pickle=False) as stored:
        layers = [stored[f"layer{n}"] for n in range(1, len(stored.files) + 1)]
    while len(rois.layers) < len(layers):
        rois.add_layer()
    for entry in entries:
        j = rois.add(entry["name"], entry["color"], entry["layer"])
        rois.set_mask(j, layers[entry["layer"] - 1] == entry["label"])
        rois.rois[j - 1].extra = tuple(entry["extra"])
    for j, entry in enumerate(entries, start=1):
        rois.edit(j, visible=entry["visible"], locked=entry["locked"])
    return rois
