"""Find JSON for people: a table, plain text, CSV, or a small page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vqscript.pacs.found import FoundStudy

FORMATS = ("table", "text", "csv", "json", "html")
HEADER = ("PatientID", "PatientName", "PatientBirthDate", "StudyDate", "StudyDescription", "StudyInstanceUID")
BODY = ("SeriesNumber", "Modality", "SeriesDescription", "NumberOfSeriesRelatedInstances", "SeriesInstanceUID")

_STYLE = (
    "body{font:15px system-ui,sans-serif;margin:2em;max-width:80em}"
    "table{border-collapse:collapse;margin:.5em 0 2em}td,th{padding:.2em .8em;text-align:left;"
    "border-bottom:1px solid #ccc;overflow-wrap:anywhere}h2{font-size:1.1em;margin:0}p{margin:.2em 0}"
)


def as_csv(studies: Sequence[FoundStudy], header: Sequence[str], body: Sequence[str]) -> str:
    """Return a line for each series, with the attributes of its study before its own; a study without has one, too."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*header, *body])
    for study in studies:
        start = [_one_line(study.tags.get(keyword, "")) for keyword in header]
        for series in study.series or ({},):
            writer.writerow([*start, *(_one_line(series.get(keyword, "")) for keyword in body)])
    return text.getvalue()


def as_text(studies: Sequence[FoundStudy], header: Sequence[str], body: Sequence[str]) -> str:
    """Return each attribute on a line of its own, those of the series indented."""
    lines = []
    for study in studies:
        lines += [f"{keyword}: {study.tags.get(keyword, '')}".rstrip() for keyword in header]
        for series in study.series:
            lines.append("  series")
            lines += [f"    {keyword}: {series.get(keyword, '')}".rstrip() for keyword in body]
        lines.append("")
    return "\n".join(_one_line(line) for line in lines)


def as_tables(
    studies: Sequence[FoundStudy], header: Sequence[str], body: Sequence[str]
) -> list[tuple[list[str], list[list[str]]]]:
    """Return for each study its lines, and the rows of its series."""
    return [
        (
            [f"{keyword}: {_one_line(study.tags.get(keyword, ''))}".rstrip() for keyword in header],
            [[_one_line(series.get(keyword, "")) for keyword in body] for series in study.series],
        )
        for study in studies
    ]


def as_html(studies: Sequence[FoundStudy], header: Sequence[str], body: Sequence[str]) -> str:
    """Return a page of its own that needs nothing from elsewhere."""
    from html import escape

    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Studies</title>',
        f"<style>{_STYLE}</style></head><body><h1>{len(studies)} {'study' if len(studies) == 1 else 'studies'}</h1>",
    ]
    for study in studies:
        first, *rest = header or ("StudyInstanceUID",)
        parts.append(f"<h2>{escape(first)}: {_escaped(study.tags.get(first, ''))}</h2>")
        parts += [f"<p>{escape(word)}: {_escaped(study.tags.get(word, ''))}</p>" for word in rest]
        cells = "".join(f"<th>{escape(word)}</th>" for word in body)
        parts.append(f"<table><tr>{cells}</tr>")
        for series in study.series:
            cells = "".join(f"<td>{_escaped(series.get(word, ''))}</td>" for word in body)
            parts.append(f"<tr>{cells}</tr>")
        parts.append("</table>")
    return "\n".join([*parts, "</body></html>"])


def _escaped(text: str) -> str:
    from html import escape

    return escape(_one_line(text))


def _one_line(text: str) -> str:
    """Return text that stays on its line, and steers no terminal: names in DICOM are anybody's."""
    return "".join(character if character.isprintable() else "?" for character in text)
