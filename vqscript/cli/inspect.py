"""``vqscript inspect``: what files, folders and repositories hold, and what is wrong with it."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.terminal import print_json, progress

if TYPE_CHECKING:
    from vqscript.cli.terminal import Progress
    from vqscript.imaging.inspection import Image, Inspection, Report
    from vqscript.repository.base import Repository, Series, Study

SHORTEST_UID = 8
"""Characters of a UID's end that are shown, or more if others end alike."""

LONG_TEXT = 72
"""What a series without images holds is put into a column, unless it is longer than this."""


def add_subparser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``inspect`` to the parser."""
    text = "Show what files, folders and repositories hold: one line per volume, with every warning below it."
    parser = subparsers.add_parser(
        "inspect",
        help="show what files and folders hold, and what is wrong with it",
        description=text + " Exit code 1 if something is refused, or there is nothing.",
        parents=[common],
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="DICOM or NIfTI file, folder, or repository")
    parser.add_argument("--series", metavar="UID", default="", help="only this series; its beginning or end is enough")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Inspect; exit code 1 if anything is refused or nothing is found."""
    from vqscript.imaging.inspection import Inspection, inspect_paths

    repositories = [text for text in args.paths if _is_repository(text)]
    paths = [Path(text) for text in args.paths if text not in repositories]
    with progress("reading") as bar, warnings.catch_warnings():
        # pydicom warns of what scanners wrote; what matters is in the reports.
        warnings.filterwarnings("ignore", module="pydicom")
        found = inspect_paths(paths, args.series, bar)
        stored = [report for text in repositories for report in _inspect_repository(text, args, bar)]
    found = Inspection((*found.reports, *stored), found.other_files)
    if args.json:
        print_json({"sound": found.sound, **asdict(found)})
    else:
        print_inspection(found, args.series)
    return 0 if found.sound else 1


def print_inspection(found: Inspection, asked: str = "") -> None:
    """Print the reports below the places they are from, the counts last; ``asked`` is the series looked for."""
    from vqscript.cli.repo_text import cell, plural

    tails = _tails([report.series_uid for report in found.reports])
    lines = [line for report in found.reports for line in _lines(report, tails)]
    cells = _aligned([[*line.image, *[""] * (4 - len(line.image))] for line in lines])
    starts = _aligned([[line.modality] for line in lines])
    ends = _aligned([[line.name, line.files, line.uid] for line in lines])
    width = max([len(cells[0]) if cells else 0, *(len(line.text) for line in lines if len(line.text) <= LONG_TEXT)])
    place = None
    for line, start, image, end in zip(lines, starts, cells, ends, strict=True):
        if line.where != place:
            place = line.where
            print(cell(place))
        print(cell(f"  {start}  {(image if line.image else line.text).ljust(width)}  {end}".rstrip()))
        for text in line.below:
            print(cell(f"      {text}"))
    if not lines:
        print(f'no series has a UID like "{asked}"' if asked else "no DICOM and no NIfTI file was found")
    if found.other_files:
        print(f"{plural(found.other_files, 'file is', 'files are')} neither DICOM nor NIfTI")


@dataclass(frozen=True)
class _Line:
    """A line of the listing: the columns of an image, or a text in their place, and what stands below."""

    where: str
    modality: str
    name: str
    files: str
    uid: str
    image: tuple[str, ...] = ()
    text: str = ""
    below: tuple[str, ...] = ()


def _lines(report: Report, tails: dict[str, str]) -> list[_Line]:
    from vqscript.cli.repo_text import plural

    line = _Line(
        where=report.where,
        modality=report.modality or ("-" if report.refused else "NIfTI"),
        name=report.name,
        files=plural(report.files, "file", "files") if report.series_uid else "",
        uid=tails.get(report.series_uid, ""),
    )
    if report.refused:
        hint = (f"hint: {report.hint}",) if report.hint else ()
        return [replace(line, text="REFUSED", below=(f"refused: {report.refused}", *hint))]
    images = [
        replace(line, image=_columns(image), below=tuple(f"warning: {text}" for text in image.warnings))
        for image in report.images
    ]
    return images + [replace(line, text=text) for text in report.objects]


def _columns(image: Image) -> tuple[str, str, str, str]:
    size = " x ".join(str(n) for n in image.size) + (f" x {image.frames} frames" if image.frames > 1 else "")
    spacing = " x ".join(f"{s:.4g}" for s in image.spacing) + " mm"
    return size, spacing, image.unit or "no unit", f"{image.plane}, {image.axes}"


def _aligned(rows: list[list[str]]) -> list[str]:
    """Return each row as one text, its columns as wide as they are in the widest row."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]


def _tails(uids: list[str]) -> dict[str, str]:
    """Return the ends of UIDs, as long as it takes to tell them apart."""
    different = {uid for uid in uids if uid}
    length = SHORTEST_UID
    while len({uid[-length:] for uid in different}) < len(different):
        length += 1
    return {uid: f"..{uid[-length:]}" if len(uid) > length else uid for uid in different}


def _is_repository(text: str) -> bool:
    from vqscript.repository.layout import INDEX

    return "://" in text or Path(text, INDEX).is_file()


def _inspect_repository(text: str, args: argparse.Namespace, bar: Progress) -> list[Report]:
    """Return a report for each series of a repository."""
    from vqscript.config import load
    from vqscript.imaging.inspection import fits
    from vqscript.repository.opening import open_repository

    config = load(args.config and Path(args.config)) if "://" in text or args.config else None
    repository = open_repository(text, config)
    try:
        chosen = [
            (study, series)
            for study in repository.find_studies()
            for series in repository.find_series(study.study_uid)
            if fits(series.series_uid, args.series)
        ]
        reports = []
        for done, (study, series) in enumerate(chosen):
            bar(done, len(chosen), series.series_description or series.modality)
            reports.append(_inspect_stored(repository, study, series))
        return reports
    finally:
        repository.close()


def _inspect_stored(repository: Repository, study: Study, series: Series) -> Report:
    from vqscript.errors import RepositoryError
    from vqscript.imaging.inspection import Report, inspect_series

    known = (study.patient_name, study.patient_id, study.study_date, study.study_description)
    where = f"{', '.join(filter(None, known)) or 'a study without a name'} ({study.study_uid})"
    try:
        return inspect_series(repository.fetch(study.study_uid, series.series_uid).instances, where)
    except RepositoryError as error:
        return Report(
            where,
            series.series_description,
            series.modality,
            series.series_uid,
            study.study_uid,
            series.instances,
            refused=error.message,
            hint=error.hint,
        )
