"""What all tests share: where the real studies are, a small synthetic repository, scripts in the real host."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from vqscript import Session
from vqscript.demo.phantom import Scan, make_project
from vqscript.demo.project import PROJECT, build_repository
from vqscript.demo.writer import make_uid
from vqscript.host.gate import Gate
from vqscript.host.runtime import Runtime
from vqscript.repository.base import SeriesFilter
from vqscript.session.interaction import Prepared
from vqscript.vq.root import VQ

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As where the tests run in the background of a shell: what they start would not hear Ctrl-C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real studies; tests that use it are skipped where it is absent."""
    folder = Path(os.environ.get("VQSCRIPT_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "sts").is_dir():
        pytest.skip(f"needs the real studies: no {folder} (set VQSCRIPT_TEST_DATA)")
    return folder


@dataclass(frozen=True)
class Mice:
    """Three studies of the demo as a repository: two time points of one animal, one of the uncorrected animal."""

    path: Path
    scans: tuple[Scan, ...]
    project: str

    def copied(self, to: Path) -> Mice:
        """A repository of its own for a test that stores into it."""
        shutil.copytree(self.path, to)
        return replace(self, path=to)

    def uid(self, n: int) -> str:
        """StudyInstanceUID of scan ``n``."""
        return make_uid(self.scans[n], "study")


@pytest.fixture(scope="session")
def mice(tmp_path_factory: pytest.TempPathFactory) -> Mice:
    """A small repository of synthetic mice, to read from."""
    everyone = make_project(1)
    uncorrected = next(scan for scan in everyone.scans if not scan.animal.decay_corrected)
    scans = (*everyone.scans[:2], uncorrected)
    assert scans[0].animal is scans[1].animal and scans[0].animal.decay_corrected
    path = tmp_path_factory.mktemp("mice") / "mice.repo"
    build_repository(replace(everyone, scans=scans), path)
    return Mice(path, scans, PROJECT)


class Desk:
    """A session, and scripts run on it in the real host."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "out"
        self.logged: list[str] = []
        self.printed: list[str] = []
        self.session = Session(output=self.output, creator="tester", interaction=self._interaction())
        self._gate = Gate(self.output, folder)
        self._vq = VQ(self.session)

    def run(self, code: str, **args: str) -> list[str]:
        """Run Lua, each time in a fresh runtime; returns the lines it printed."""
        self.printed = []
        Runtime(self._vq, self._gate, args=args, write=self.printed.append).run_text(code)
        return self.printed

    def load(self, mice: Mice, n: int, *modalities: str) -> None:
        """Load images of scan ``n`` into inputs 0, 1 ..."""
        repository = self.session.repository(mice.path)
        for i, modality in enumerate(modalities):
            (series,) = repository.find_series(mice.uid(n), SeriesFilter(modality))
            self.session.open(repository.fetch(mice.uid(n), series.series_uid), i, repository)

    def _interaction(self) -> Prepared:
        interaction = Prepared()
        interaction.log = lambda text, level="info": self.logged.append(f"{level}: {text}")  # type: ignore[method-assign]
        return interaction


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty session with its scripts."""
    made = Desk(tmp_path)
    yield made
    made.session.close()
