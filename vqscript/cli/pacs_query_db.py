"""``vqscript pacs query-db``: what this machine has, and where."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_peer import config_of
from vqscript.cli.terminal import one_line, print_json

if TYPE_CHECKING:
    from vqscript.repository.local import LocalRepository

QUESTIONS = {
    "studies": "StudyInstanceUIDs of a patient, by PatientID",
    "series": "SeriesInstanceUIDs of a study",
    "dir": "folders that hold the files of a series",
    "files": "files of a series",
    "services": "servers and repositories that the configuration names (asks for no UID)",
}


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``query-db``."""
    text = "Ask a local repository: studies of a patient, series of a study, directories and files of a series."
    parser = commands.add_parser(
        "query-db",
        help=text,
        description=f"{text} Exit code 1 if there is nothing.",
        epilog="; ".join(f"{name}: {what}" for name, what in QUESTIONS.items()),
        parents=[common],
    )
    parser.add_argument("question", choices=QUESTIONS, metavar="|".join(QUESTIONS), help="what is asked for")
    parser.add_argument("of", nargs="?", default="", metavar="ID", help="PatientID, study UID or series UID")
    parser.add_argument("--repo", metavar="REPO", help="local repository; not needed for services")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer, a line for each thing found."""
    from vqscript.errors import UsageError
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    config = config_of(args)
    if args.question == "services":
        if args.json:
            print_json(dict(config.repositories))
        else:
            print("".join(f"{one_line(name)}\t{one_line(url)}\n" for name, url in config.repositories.items()), end="")
        return 0 if config.repositories else 1
    if not args.repo or not args.of:
        raise UsageError(
            f"query-db {args.question} needs a repository and an ID", hint=f"query-db {args.question} ID --repo REPO"
        )
    with LocalRepository.open(local_path(config.repository(args.repo), config)) as repository:
        found = _answers(repository, args.question, args.of)
    if args.json:
        print_json(found)
    else:
        print("".join(one_line(one) + "\n" for one in found), end="")
    return 0 if found else 1


def _answers(repository: LocalRepository, question: str, of: str) -> list[str]:
    if question == "studies":
        return [study.study_uid for study in repository.find_studies() if study.patient_id == of]
    if question == "series":
        return [series.series_uid for series in repository.find_series(of)]
    handle = repository.fetch(repository.study_of_series(of), of)
    files: list[Path] = [one.path for one in handle.instances]
    if question == "files":
        return [str(path) for path in files]
    return [str(folder) for folder in sorted({path.parent for path in files})]
