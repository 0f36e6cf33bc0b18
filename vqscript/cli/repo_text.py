"""What the ``repo`` commands print: for people, and as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vqscript.cli.terminal import print_table
from vqscript.datapoints.records import DataPoint, Quantification, RoiObject, Subject
from vqscript.repository.encoding import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from vqscript.repository.base import StoreReport
    from vqscript.repository.local import StudyContents

SHOWN = 20
"""Files of one kind that a report lists before it only counts them; JSON lists them all."""


def cell(value: Any) -> Any:
    """Return a value as a table shows it: lists joined, and no control characters of a file on the terminal."""
    if isinstance(value, list | tuple):
        value = ", ".join(str(part) for part in value)
    if isinstance(value, str):
        return "".join(character if character.isprintable() else "?" for character in value)
    return value


def plural(number: int, one: str, many: str) -> str:
    """Return ``1 study``, ``2 studies``."""
    return f"{number} {one if number == 1 else many}"


def print_report(report: StoreReport, project: str) -> None:
    """Print what became of the files of an import, the counts last."""
    skipped = [pair for pair in report.skipped if pair[0] not in report.failed]
    failed = [pair for pair in report.skipped if pair[0] in report.failed]
    _print_files("skipped", skipped)
    _print_files("note", report.notes)
    _print_files("NOT STORED", failed)
    if not report.studies and not failed:
        print("no DICOM files were found")
        return
    counts = [plural(len(report.added), "file", "files") + " added" if report.added else "nothing new"]
    counts += [f"{len(report.known)} there already"] if report.known else []
    counts += [f"{len(skipped)} skipped"] if skipped else []
    counts += [f"{len(failed)} could not be stored"] if failed else []
    print(f"{', '.join(counts)}; {plural(len(report.studies), 'study', 'studies')}")
    if report.linked:
        print(f"{plural(len(report.linked), 'known study', 'known studies')} put into {project} as well")


def report_json(report: StoreReport) -> dict[str, Any]:
    """Return an import report as JSON shows it."""
    return {
        "added": [str(path) for path in report.added],
        "known": [str(path) for path in report.known],
        "linked": sorted(report.linked),
        "skipped": [
            {"path": str(path), "reason": reason, "failed": path in report.failed} for path, reason in report.skipped
        ],
        "notes": [{"path": str(path), "note": note} for path, note in report.notes],
        "studies": sorted(report.studies),
    }


def print_contents(contents: StudyContents) -> None:
    """Print a study: attributes, series, data points."""
    for name, value in {**asdict(contents.study), "projects": contents.projects}.items():
        print(f"{name.replace('_', ' '):<20}{cell(value)}".rstrip())
    print()
    print_table(
        ("No.", "Modality", "Description", "Date", "Files", "Series UID"),
        [
            (
                cell(one.series_number),
                cell(one.modality),
                cell(one.series_description),
                cell(one.series_date),
                one.instances,
                one.series_uid,
            )
            for one in contents.series
        ],
    )
    if contents.data_points:
        print("\nData points, newest first")
        print_table(
            ("Kind", "Date", "Time", "Creator", "What"),
            [
                (kind_of(point), cell(point.date), cell(point.time[:6]), cell(point.creator), what(point))
                for point in contents.data_points
            ],
        )


def contents_json(contents: StudyContents) -> dict[str, Any]:
    """Return a study as JSON shows it."""
    return {
        **asdict(contents.study),
        "projects": contents.projects,
        "series": [asdict(one) for one in contents.series],
        "data_points": [point_json(point) for point in contents.data_points],
    }


def point_json(point: DataPoint) -> dict[str, Any]:
    """Return a data point as JSON shows it."""
    return {"kind": kind_of(point), **asdict(point), "path": str(point.path)}


def what(point: DataPoint) -> str:
    """Return what a data point says, in one line."""
    if isinstance(point, RoiObject):
        said = [f"{point.format}:", ", ".join(point.names)]
    elif isinstance(point, Quantification):
        mean = point.values.get("mean")
        said = [f"{point.name}:", "no mean" if mean is None else f"mean {mean:.5g} {point.unit}"]
    elif isinstance(point, Subject):
        said = [_subject_text(point)]
    else:
        said = []
    return str(cell(" ".join(said)))


def _subject_text(point: Subject) -> str:
    parts = []
    if point.injected_dose is not None:
        parts.append(f"injected dose {point.injected_dose:g} uCi")
    if point.weight is not None:
        parts.append(f"weight {point.weight:g} g")
    if point.injection_time:
        parts.append(f"injected at {point.injection_time}")
    if point.nuclide:
        parts.append(point.nuclide)
    return ", ".join(parts)


def _print_files(label: str, files: list[tuple[Path, str]]) -> None:
    """Print each file with its reason; on a terminal the first ones only, so that the summary stays in sight."""
    shown = SHOWN if sys.stdout.isatty() else len(files)
    for path, reason in files[:shown]:
        print(f"{label}: {cell(str(path))}: {cell(reason)}")
    if len(files) > shown:
        print(f"{label}: {len(files) - shown} more (into a file or a pipe all are listed)")
