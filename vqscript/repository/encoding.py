"""Index rows: records as JSON, and back."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from vqscript.datapoints.records import DataPoint, Kind, Quantification, RoiObject, Subject
from vqscript.imaging.dicom.instance import Instance

KINDS: dict[Kind, type[DataPoint]] = {"roi": RoiObject, "quantification": Quantification, "subject": Subject}

_INSTANCE_FIELDS = {field.name for field in fields(Instance)} - {"path"}


def kind_of(point: DataPoint) -> Kind:
    """Return the word for a data point's class."""
    return next(kind for kind, cls in KINDS.items() if isinstance(point, cls))


def encode(record: Instance | DataPoint) -> str:
    """Return a record as JSON, without its path: where files are is the layout's business."""
    values = {field.name: getattr(record, field.name) for field in fields(record) if field.name != "path"}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def decode_instance(text: str, path: Path) -> Instance | None:
    """Return the instance of a row, or None if the row was written by a version that kept other fields."""
    values = _tuples(json.loads(text))
    if values.keys() != _INSTANCE_FIELDS:
        return None
    return Instance(path=path, **values)


def decode_point(kind: Kind, text: str, path: Path) -> DataPoint:
    """Return the data point of a row; fields that this version does not know are left out."""
    cls = KINDS[kind]
    known = {field.name for field in fields(cls)}
    values = {name: value for name, value in _tuples(json.loads(text)).items() if name in known}
    return cls(**{**values, "path": path})


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; the records hold tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
