"""The local repository: importing a study, and finding a series of it again.

    python benchmarks/bench_repository.py [--runs 5]

Prints a table in Markdown. Importing hashes, copies and flushes every file to the disk: the peer copies them only.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from itertools import count
from pathlib import Path

import series_files
from timing import Table, alternate, machine, milliseconds

from vqscript.repository.local import LocalRepository


def main() -> None:
    """Import a PET/CT of 542 files, fetch its CT, find the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(machine("pydicom"), end="\n\n")
    table = Table("Work", "Time", "Each file", "Peer")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        study = folder / "study"
        study.mkdir()
        series_files.write_ct(study / "ct", slices=300)
        series_files.write_pet(study / "pet", slices=242)
        numbers = count()

        def import_all() -> None:
            root = folder / f"{next(numbers)}.repo"
            with LocalRepository.create(root) as repository:
                assert len(repository.import_folder(study).added) == 542
            shutil.rmtree(root)

        def copy_all() -> None:
            shutil.copytree(study, folder / "copy")
            shutil.rmtree(folder / "copy")

        imported, copied = alternate(runs, imported=import_all, copied=copy_all)
        each = f"{imported.median / 542 * 1000:.2g} ms"
        table.row("import 542 files", milliseconds(imported.median), each, f"cp: {milliseconds(copied.median)}")
        with LocalRepository.create(folder / "lab.repo") as repository:
            repository.import_folder(study)
            ct = next(one for found in repository.find_studies() for one in repository.find_series(found.study_uid))
            (fetched,) = alternate(5 * runs, fetched=lambda: repository.fetch(ct.study_uid, ct.series_uid))
            each = f"{fetched.median / len(repository.fetch(ct.study_uid, ct.series_uid).instances) * 1e6:.0f} µs"
            table.row("fetch a series, every file looked at", milliseconds(fetched.median), each, "")


if __name__ == "__main__":
    main()
