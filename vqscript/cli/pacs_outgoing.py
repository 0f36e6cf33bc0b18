"""The instances that a ``pacs`` command sends: of files and folders, or of a local repository."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.cli.pacs_peer import config_of, read_find_json
from vqscript.cli.terminal import one_line

if TYPE_CHECKING:
    from vqscript.imaging.dicom.instance import Instance
    from vqscript.pacs.consignment import OfRepository

Skipped = tuple[Path, str, bool]
"""What is left out, why, and whether that is a failure."""

Pairs = list[tuple[str, str]]
"""UIDs of study and series; "" for all series, or for the study that the series is in."""


def of_files(paths: Sequence[Path]) -> tuple[list[Instance], list[Skipped]]:
    """Return the instances among files and folders."""
    from vqscript.errors import ImageError
    from vqscript.imaging.dicom.header import read_instance
    from vqscript.repository.importing import list_files, quiet_about_files, why_skipped

    files, skipped = list_files(paths, Path())  # no folder is left out: none is a repository that is written to
    left_out = [(path, why, False) for path, why in skipped]
    found = []
    with quiet_about_files():
        for path in files:
            try:
                found.append(read_instance(path))
            except ImageError as error:
                left_out.append((path, *why_skipped(path, error)))
    return found, left_out


def pairs_of_find_json(name: str) -> Pairs:
    """Return what find JSON names."""
    return [
        (study.uid, series)
        for study in read_find_json(name)
        for series in [one["SeriesInstanceUID"] for one in study.series] or [""]
    ]


@contextmanager
def of_repository(args: argparse.Namespace, pairs: Iterable[tuple[str, str]] | None) -> Iterator[OfRepository]:
    """Open ``--repo`` for what is taken from it; without any pairs, all of it, which is said before it begins."""
    from vqscript.pacs.consignment import OfRepository
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    config = config_of(args)
    with LocalRepository.open(local_path(config.repository(args.repo), config)) as repository:
        consignment = OfRepository(repository, pairs)
        if pairs is None:
            number = len(consignment.studies)
            size = f"{number} {'study' if number == 1 else 'studies'}, {consignment.count} instances"
            print(one_line(f"all of {repository.root}: {size}"), file=sys.stderr)
        yield consignment
