"""Saving and reopening a session: inputs by reference to their series, ROIs, display.

A session is a folder: ``session.json``, ``rois.npz`` (labels per layer), and ``input-N.npz`` for each
input whose values are no longer those of its files. Nothing in it is executable.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from vqscript.errors import UsageError
from vqscript.files import whole_folder
from vqscript.imaging.dicom.values import text
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Timing, Volume
from vqscript.session.display import Display
from vqscript.session.inputs import Input

if TYPE_CHECKING:
    from vqscript.imaging.administration import Administration
    from vqscript.roi.roiset import RoiSet
    from vqscript.session.session import Session

FORMAT = 1
SUFFIX = ".vqsession"
MARKS = ("DecayCorrection", "DecayCorrectionDateTime", "SUVType")
"""What conversions write into the header of an input: to when it is corrected, by which formula its SUVlbm is."""


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
    with whole_folder(folder) as fresh:
        _write(session, fresh)
    return folder


def load(session: Session, name: Path) -> None:
    """Reopen a saved session; on any error the session stays as it was.

    Raises
    ------
    UsageError
        If there is none of this name, it is damaged, or the series it refers to are not what was saved.
    """
    folder = session_folder(name)
    try:
        record = _read_record(folder)
        inputs = {int(entry["number"]): _read_input(session, entry, folder) for entry in record["inputs"]}
        rois = _read_rois(folder, record, inputs[0].volume.grid) if record["rois"] else None
        display = Display(**record["display"])
        display.size = (display.size[0], display.size[1])
        if display.cursor is not None:
            x, y, z = display.cursor
            display.cursor = (x, y, z)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, EOFError, OSError, BadZipFile) as error:
        raise UsageError(f"the saved session {folder} is damaged ({error!r})", path=folder) from error
    session.clear()
    for i, item in inputs.items():
        session.inputs[i] = item
    if rois is not None:
        session.rois = rois
    session.display = display


def _write(session: Session, folder: Path) -> None:
    entries = []
    for i, item in session.inputs:
        if not item.volume.source.paths:
            raise UsageError(f"input {i} cannot be saved: it has no files to refer to", hint="store or save it first")
        if item.modified:
            np.savez(folder / f"input-{i}.npz", **_arrays(item.volume))
        entries.append(_input_record(i, item))
    rois: list[dict[str, Any]] = []
    if 0 in session.inputs and len(session.rois):
        rois = [asdict(roi) for roi in session.rois.rois]
        layers: dict[str, Any] = {f"layer{n}": labels for n, labels in enumerate(session.rois.layers, start=1)}
        np.savez_compressed(folder / "rois.npz", **layers)
    record = {
        "format": FORMAT,
        "inputs": entries,
        "rois": rois,
        "active_layer": session.rois.active_layer if rois else 1,
        "display": asdict(session.display),
    }
    (folder / "session.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _input_record(i: int, item: Input) -> dict[str, Any]:
    volume = item.volume
    return {
        "number": i,
        "name": item.name,
        "repository": item.repository.url if item.repository else "",
        "study": item.study.study_uid if item.study else "",
        "series": volume.source.series_uid,
        "image": item.image,
        "paths": [str(path.resolve()) for path in dict.fromkeys(volume.source.paths)],
        "sop_uids": list(volume.source.sop_uids),
        "modified": item.modified,
        "unit": volume.unit,
        "slope": volume.slope,
        "intercept": volume.intercept,
        "frame_times": volume.frame_times,
        "grid": _grid_record(volume.grid),
        "palette": item.palette,
        "limits": item.limits,
        "fractions": item.fractions,
        "show": item.show,
        "opacity": item.opacity,
        "provenance": item.provenance,
        "marks": _marks(volume),
        "given": _given_record(item.given),
    }


def _marks(volume: Volume) -> dict[str, str]:
    """Return the attributes of a header that conversions write, so that the next one does not correct twice."""
    header = volume.header
    return {} if header is None else {mark: text(header, mark) for mark in MARKS if mark in header}


def _given_record(given: Administration | None) -> dict[str, Any]:
    if given is None:
        return {}
    known = {name: getattr(given, name) for name in given.known}
    return {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in known.items()}


def _arrays(volume: Volume) -> dict[str, Any]:
    """Return what differs from the files: voxels, and the times of the slices they are made of."""
    timing = volume.timing
    times = {"start": timing.start, "duration": timing.duration, "reference": timing.reference} if timing else {}
    return {"stored": volume.stored, **times}


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
    except (ValueError, RecursionError, OSError) as error:
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
        candidates = open_series([session.permissions.image(path) for path in entry["paths"]], None)
    index = int(entry["image"])
    item = candidates[index] if 0 <= index < len(candidates) else None
    if item is None or list(item.volume.source.sop_uids) != entry["sop_uids"]:
        raise UsageError(
            f"the series of input {entry['number']} is no longer what was saved in {folder}",
            hint="open the series anew",
            path=folder,
        )
    item.volume = _read_volume(item.volume, entry, folder)
    item.name = str(entry["name"])
    item.set_palette(entry["palette"])
    item.show, item.opacity = bool(entry["show"]), entry["opacity"]
    item.limits = (entry["limits"][0], entry["limits"][1]) if entry["limits"] else None
    item.set_fractions(*entry["fractions"])
    item.modified, item.provenance = bool(entry["modified"]), list(entry["provenance"])
    item.volume = _marked(item.volume, entry.get("marks"))
    item.given = _read_given(entry.get("given"))
    return item


def _marked(volume: Volume, marks: dict[str, str] | None) -> Volume:
    """Return the volume with the attributes that conversions wrote into its header."""
    if volume.header is None or marks is None or marks == _marks(volume):
        return volume
    header = copy.deepcopy(volume.header)
    for mark in MARKS:
        if mark in marks:
            setattr(header, mark, str(marks[mark]))
        elif mark in header:
            delattr(header, mark)
    return replace(volume, header=header)


def _read_given(record: dict[str, Any] | None) -> Administration | None:
    from vqscript.imaging.administration import Administration

    if not record:
        return None
    facts = dict(record)
    if "injection_time" in facts:
        facts["injection_time"] = datetime.fromisoformat(facts["injection_time"])
    return Administration(**facts).attributed("given")


def _read_volume(volume: Volume, entry: dict[str, Any], folder: Path) -> Volume:
    grid = Grid(**{**entry["grid"], "direction": np.reshape(entry["grid"]["direction"], (3, 3))})
    if not entry["modified"]:
        if not grid.matches(volume.grid):
            raise UsageError(f"input {entry['number']} no longer lies where it did in {folder}", path=folder)
        return replace(volume, unit=str(entry["unit"]))
    with _arrays_in(folder / f"input-{int(entry['number'])}.npz") as held:
        timing = Timing(held["start"], held["duration"], held["reference"]) if "start" in held else None
        return replace(
            volume,
            stored=held["stored"],
            grid=grid,
            unit=str(entry["unit"]),
            slope=float(entry["slope"]),
            intercept=float(entry["intercept"]),
            frame_times=tuple(entry["frame_times"]),
            timing=timing,
        )


@contextmanager
def _arrays_in(path: Path) -> Iterator[Any]:
    """Yield the arrays of a file by name; numpy would leave a damaged file open."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
        yield held


def _read_rois(folder: Path, record: dict[str, Any], grid: Grid) -> RoiSet:
    from vqscript.roi.roiset import RoiSet

    rois, entries = RoiSet(grid), record["rois"]
    with _arrays_in(folder / "rois.npz") as stored:
        layers = [stored[f"layer{n}"] for n in range(1, len(stored.files) + 1)]
    while len(rois.layers) < len(layers):
        rois.add_layer()
    for entry in entries:
        j = rois.add(entry["name"], entry["color"], entry["layer"])
        rois.set_mask(j, layers[entry["layer"] - 1] == entry["label"])
        rois.rois[j - 1].extra = tuple(entry["extra"])
    rois.active_layer = int(record["active_layer"])
    for j, entry in enumerate(entries, start=1):
        rois.edit(j, visible=entry["visible"], locked=entry["locked"])
    return rois
