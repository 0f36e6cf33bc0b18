"""What a script measured, beside what is true."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.demo.phantom import Phantom, Scan
from vqscript.demo.writer import make_uid
from vqscript.errors import VqError

ASKED_FOR = ("Heart", "Liver", "Kidneys", "Muscle", "Tumor")
"""The organs that the example measures."""

TOLERANCE = 1.0
"""Largest difference from the truth, in %, that passes."""

Measured = Mapping[tuple[str, str, str], float]
"""Mean %ID/g by patient ID, study date and ROI name."""


@dataclass(frozen=True)
class OrganResult:
    """One organ of one study.

    Attributes
    ----------
    name : str
    truth : float
        %ID/g of the phantom.
    measured : float or None
        Mean %ID/g of the script; None if it measured nothing.
    naive : float or None
        What multiplying by 100/dose gives where the voxels are not decay-corrected; None elsewhere.
    """

    name: str
    truth: float
    measured: float | None
    naive: float | None

    @property
    def difference(self) -> float | None:
        """Difference of the measured value from the truth, in % of the truth."""
        return None if self.measured is None else 100 * (self.measured / self.truth - 1)

    @property
    def passes(self) -> bool:
        """Whether the organ was measured, and rightly."""
        return self.difference is not None and abs(self.difference) <= TOLERANCE


@dataclass(frozen=True)
class StudyResult:
    """All organs of one study."""

    scan: Scan
    organs: tuple[OrganResult, ...]

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return make_uid(self.scan, "study")

    @property
    def date(self) -> str:
        """Study date, ``YYYYMMDD``."""
        return f"{self.scan.study_start:%Y%m%d}"

    def as_json(self) -> dict[str, Any]:
        """Return the study as plain values."""
        animal = self.scan.animal
        return {
            "study_uid": self.study_uid,
            "patient_id": animal.patient_id,
            "patient_name": animal.name,
            "date": self.date,
            "hours": self.scan.hours,
            "injected_dose_uCi": animal.dose,
            "weight_g": self.scan.weight,
            "decay_corrected": animal.decay_corrected,
            "organs": [
                {
                    "name": organ.name,
                    "truth": organ.truth,
                    "measured": organ.measured,
                    **({} if organ.naive is None else {"naive": organ.naive}),
                    "difference_percent": organ.difference,
                }
                for organ in self.organs
            ],
        }


def read_measured(path: Path) -> Measured:
    """Return the means of the table that the example writes.

    Raises
    ------
    VqError
        If the table is not there, lacks a column, or holds something else than %ID/g.
    """
    if not path.is_file():
        raise VqError(f"the script left no table {path}", path=path)
    measured: dict[tuple[str, str, str], float] = {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = {"patient_id", "study_date", "roi", "unit", "mean"} - set(rows.fieldnames or ())
        if missing:
            raise VqError(f"{path} has no column {', '.join(sorted(missing))}", path=path)
        for row in rows:
            if not row["mean"]:  # an ROI without voxels has no mean
                continue
            if row["unit"] != "%ID/g":
                raise VqError(f'{path}, line {rows.line_num}: the unit is "{row["unit"]}", not %ID/g', path=path)
            measured[row["patient_id"], row["study_date"], row["roi"]] = _number(row["mean"], path, rows.line_num)
    return measured


def compare(phantom: Phantom, measured: Measured) -> list[StudyResult]:
    """Return truth and measurement of every study and every organ asked for."""
    return [_study(scan, measured) for scan in phantom.scans]


def _study(scan: Scan, measured: Measured) -> StudyResult:
    organs = []
    for name in ASKED_FOR:
        mean = measured.get((scan.animal.patient_id, f"{scan.study_start:%Y%m%d}", name))
        # 100/dose and convertUnit both multiply all voxels by one number, and these differ by the decay alone.
        naive = None if mean is None or scan.animal.decay_corrected else mean * scan.remaining
        organs.append(OrganResult(name, scan.uptake[name], mean, naive))
    return StudyResult(scan, tuple(organs))


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise VqError(f'{path}, line {line}: the mean is "{text}", no number', path=path)
    return value
