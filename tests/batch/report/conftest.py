"""A batch's folder as a batch leaves it, without the work, and a browser to open its report in."""

from __future__ import annotations

import hashlib
import math
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from vqscript.batch import record, tables
from vqscript.batch.folder import LOG, BatchFolder
from vqscript.batch.names import folder_name
from vqscript.batch.task import Failure, Outcome, Task

ROIS = ("Heart", "Liver", "Kidneys", "Tumour")
SCRIPT = "-- Measures ROIs.\nfunction process(repo, study, batch)\n  return VQ.currentOp():table(1)\nend\n"

Change = Callable[[int, dict[str, str], dict[str, Any]], None]


def study_of(i: int) -> dict[str, str]:
    """Return study ``i`` (from 0): two days of each of the patients, in two groups."""
    patient, day = divmod(i, 2)
    return {
        "StudyInstanceUID": f"2.25.{10**30 + i}",
        "PatientID": f"M {patient + 1:02}",
        "PatientsName": f"S{1 + patient % 2}^M{patient + 1:02}",
        "StudyDate": f"202403{1 + patient % 20 + 3 * day:02}",
    }


def mean_of(i: int, j: int) -> float:
    """Return the mean that ROI ``j`` has in study ``i``."""
    return round(5 + 3 * j + 2 * math.sin(i + j), 6)


def rows_of(i: int, study: dict[str, str], rois: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of study ``i``."""
    columns = {"study_uid": "StudyInstanceUID", "patient_id": "PatientID"}
    columns |= {"patient_name": "PatientsName", "study_date": "StudyDate"}
    named = {column: study[name] for column, name in columns.items()}
    return [
        {
            **named,
            "roi": roi,
            "group": "control" if i % 4 < 2 else "treated",
            "mean": mean_of(i, j),
            "sd": round(mean_of(i, j) / 7, 6),
            "volumeML": 0.25 * (j + 1),
            "volumeML_unit": "mL",
            "unit": "%ID/g",
        }
        for j, roi in enumerate(rois)
    ]


def draw(path: Path, text: str, size: tuple[int, int] = (320, 240)) -> None:
    """Draw a small picture that differs from study to study."""
    chance = random.Random(text)
    picture = Image.new("RGB", size, "black")
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, r = chance.uniform(0, size[0]), chance.uniform(0, size[1]), chance.uniform(8, 60)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(chance.choices(range(40, 255), k=3)))
    pen.text((8, 8), text.encode("ascii", "replace").decode(), fill="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def make_batch(
    root: Path,
    count: int,
    *,
    rois: Sequence[str] = ROIS,
    failed: Sequence[int] = (),
    waiting: Sequence[int] = (),
    pictures: Sequence[str] = ("fusion.png", "mip.png"),
    change: Change | None = None,
) -> BatchFolder:
    """Make the folder of a batch.

    Parameters
    ----------
    root : Path
    count : int
        Of studies.
    rois : sequence of str
        A row each in every study.
    failed, waiting : sequence of int
        Studies (from 0) that failed, or were not processed.
    pictures : sequence of str
        What each study saved.
    change : callable, optional
        Called with number, study and the fields of its outcome before these are written, and may change them.
    """
    folder = BatchFolder.prepare(root)
    script = root.parent / "quantify.lua"
    script.write_text(SCRIPT, encoding="utf-8")
    sources = {str(script): hashlib.sha256(SCRIPT.encode()).hexdigest()}
    studies = []
    for i in range(count):
        study = study_of(i)
        fields = fields_of(i, study, rois, sources, pictures)
        if i in failed:
            frames = (f"{script}:3: in function 'process'",)
            fields |= {"state": "failed", "rows": []}
            fields["failure"] = Failure("LuaError", f"quantify.lua:3: no CT in study {i}", "add its CT", frames)
        if change is not None:
            change(i, study, fields)
        name = folder_name(study["StudyInstanceUID"], study["PatientsName"], study["PatientID"], study["StudyDate"])
        task = Task(study["StudyInstanceUID"], i + 1, count, name, (study,))
        studies.append({"folder": name, "key": task.key, "title": task.title, "state": "waiting", **task.columns})
        if i in waiting:
            continue
        place = folder.clear(name)
        for file in fields["files"]:
            if file.endswith(".png") and not (place / file).exists():
                draw(place / file, f"{study['PatientsName']} {file}")
        (place / LOG).write_text(f"study {i + 1} of {count}\nmeasured {len(rois)} ROIs\n", encoding="utf-8")
        folder.write(Outcome(key=task.key, folder=name, **fields))
    run = {
        "state": "failed" if failed else "done",
        "script": str(script),
        "sources": sources,
        "repository": "lab.repo",
        "project": "/oncology/pilot",
        "where": "-namefilter *S1*",
        "by": "study",
        "args": {"threshold": "0.4"},
        "creator": "Ada",
        "host": "bench",
        "workers": 2,
        "scheduler": "",
        "versions": record.versions(),
        "started": "2024-04-01T08:00:00+02:00",
        "finished": "2024-04-01T09:30:00+02:00",
        "run_id": folder.run_id,
        "studies": studies,
    }
    folder.write_run(run | {"studies": record.studies(run, folder)})
    tables.write_results(folder, [study["folder"] for study in studies])
    return folder


def fields_of(
    i: int, study: dict[str, str], rois: Sequence[str], sources: dict[str, str], pictures: Sequence[str]
) -> dict[str, Any]:
    """Return the outcome of study ``i``, as far as it does not name it."""
    uid = study["StudyInstanceUID"]
    image = {"kind": "image", "name": "SPECT", "input": 1, "study_uid": uid, "series_uid": f"{uid}.7"}
    return {
        "state": "done",
        "rows": rows_of(i, study, rois),
        "sources": sources,
        "trace": [
            {**image, "provenance": ["converted from uCi to %ID/g: dose 6.3 MBq"]},
            {"kind": "rois", "name": "rois.dcm", "sop_uid": f"{uid}.9", "rois": list(rois[:4])},
        ],
        "files": list(pictures),
        "warnings": ["the dose is that of the label"] if i == 1 else [],
        "started": "2024-04-01T08:00:00+02:00",
        "seconds": 1.5 + i / 100,
        "attempt": 1,
    }


@pytest.fixture
def make() -> Callable[..., BatchFolder]:
    """Return :func:`make_batch`."""
    return make_batch


# The browser ------------------------------------------------------------------------------

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",  # root in a container has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Reader:
    """Someone who reads a report: the page in a browser without a network, and what it complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: Path) -> None:
        """Open a report from the disk; returns when it is put together."""
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("#parts li")

    def cells(self, table: str, column: int) -> list[str]:
        """Return what stands in a column (from 1) of a table, as far as it is on the page."""
        found: list[str] = self.page.locator(f"{table} tbody td:nth-child({column})").all_inner_texts()
        return found

    def column(self, table: str, name: str) -> list[str]:
        """Return what stands in a column, by its name."""
        names = [each.split("\n")[0] for each in self.page.locator(f"{table} thead th").all_inner_texts()]
        return self.cells(table, names.index(name) + 1)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("needs Chromium (Debian's package chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def read(chromium) -> Iterator[Callable[..., Reader]]:
    """Open a report, as in ``read(path, color_scheme="dark")``; at the end the browser must have had no complaint.

    A report asks for nothing but the pictures beside it. A complaint that a test expects it takes out of the list.
    """
    readers: list[Reader] = []
    contexts: list[Any] = []

    def opened(path: Path, **options: Any) -> Reader:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        reader = Reader(context.new_page())
        reader.page.set_default_timeout(20_000)
        reader.page.on("console", lambda message: reader.complaints.append(f"{message.type}: {message.text}"))
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        reader.page.on("dialog", lambda dialog: (reader.complaints.append(dialog.message), dialog.dismiss()))
        reader.page.on("request", lambda request: reader.asked.append(request.url))
        readers.append(reader)
        reader.open(path)
        return reader

    yield opened
    complaints = [reader.complaints for reader in readers]
    asked = [url for reader in readers for url in reader.asked if not url.startswith(("file:", "data:", "blob:"))]
    for context in contexts:
        context.close()
    assert complaints == [[]] * len(readers)
    assert asked == []
