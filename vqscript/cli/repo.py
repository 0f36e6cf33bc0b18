"""``vqscript repo``: make, fill, look into and check a local repository."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli import repo_text
from vqscript.cli.repo_text import cell
from vqscript.cli.terminal import print_json, print_table, progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vqscript.config import Config
    from vqscript.repository.local import LocalRepository


def add_subparser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``repo`` and its commands to the parser."""
    parser = subparsers.add_parser("repo", help="make, fill and check a local repository of studies")
    commands = parser.add_subparsers(dest="repo_command", metavar="COMMAND", required=True)

    def command(name: str, run: Any, text: str, *, json: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text, parents=[common])
        made.add_argument("repo", metavar="REPO", help="folder of the repository, or ipacs://name")
        if json:
            made.add_argument("--json", action="store_true", help="print JSON")
        made.set_defaults(run=run)
        return made

    command("init", init, "Make an empty repository in a new folder.", json=False)

    made = command("import", import_, "Copy the DICOM files of folders into the repository.")
    made.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="DICOM file, or folder that holds some")
    made.add_argument("--project", default="", metavar="P", help="project to put the studies into: /oncology/pilot")

    made = command("ls", ls, "List the studies, by date.")
    made.add_argument("--project", default="", metavar="P", help="only this project; /oncology/* with all below it")

    made = command("show", show, "Show a study: its series, projects and data points.")
    made.add_argument("study", metavar="STUDY_UID", help="its UID; an unambiguous beginning or end is enough")

    made = command("set-subject", set_subject, "Store injected dose, weight ...; what is not given stays as it was.")
    made.add_argument("study", metavar="STUDY_UID", help="its UID; an unambiguous beginning or end is enough")
    made.add_argument("--injected-dose", metavar="A", help='activity when it was injected: "250 uCi", "9.25 MBq"')
    made.add_argument("--weight", metavar="M", help='body weight: "24 g", "70 kg"')
    made.add_argument("--injection-time", metavar="T", help='"2014-01-31 09:30", or YYYYMMDDHHMMSS')
    made.add_argument("--nuclide", metavar="N", help="In-111, F-18 ...")
    made.add_argument("--user", metavar="NAME", help="who says so; else the configuration, else the login name")

    command("verify", verify, "Compare every stored file with what was imported; exit code 1 if one differs.")


def init(args: argparse.Namespace) -> int:
    """Make a repository."""
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    with LocalRepository.create(local_path(args.repo)) as repository:
        print(f"made {repository.root}")
        print(f'next: vqscript repo import "{args.repo}" DICOM_FOLDER --project /oncology/pilot')
    return 0


def import_(args: argparse.Namespace) -> int:
    """Import files; exit code 1 if a DICOM file could not be stored, or there was none at all."""
    with _opened(args) as repository, progress("importing") as bar:
        report = repository.import_folder(args.paths, args.project, bar)
    if args.json:
        print_json(repo_text.report_json(report))
    else:
        repo_text.print_report(report, args.project)
    return 0 if report.studies and not report.failed else 1


def ls(args: argparse.Namespace) -> int:
    """List studies."""
    with _opened(args) as repository:
        listed = []
        for study in repository.find_studies(project=args.project):
            series = repository.find_series(study.study_uid)
            listed.append(
                {
                    **asdict(study),
                    "modalities": sorted({one.modality for one in series}),
                    "series": len(series),
                    "instances": sum(one.instances for one in series),
                    "projects": repository.projects_of(study.study_uid),
                }
            )
        projects = repository.projects()
    if args.json:
        print_json(listed)
        return 0
    if not listed and args.project:
        print(f'no study is in project "{args.project}"; the projects are: {", ".join(projects) or "none yet"}')
    elif not listed:
        print(f'no studies yet: vqscript repo import "{args.repo}" DICOM_FOLDER --project /oncology/pilot')
    else:
        columns = ("patient_name", "patient_id", "study_date", "study_description", "modalities", "series")
        rows = [[cell(study[column]) for column in (*columns, "projects", "study_uid")] for study in listed]
        print_table(("Patient", "ID", "Date", "Description", "Modalities", "Series", "Projects", "Study UID"), rows)
    return 0


def show(args: argparse.Namespace) -> int:
    """Show one study."""
    with _opened(args) as repository:
        contents = repository.show(repository.find_one(args.study).study_uid)
    if args.json:
        print_json(repo_text.contents_json(contents))
    else:
        repo_text.print_contents(contents)
    return 0


def set_subject(args: argparse.Namespace) -> int:
    """Store subject information as a new data point."""
    from vqscript import config
    from vqscript.session.subject import set_subject as enter

    creator = config.load(args.config and Path(args.config)).creator(args.user)
    with _opened(args) as repository:
        study = repository.find_one(args.study)
        now = enter(
            repository,
            study.study_uid,
            creator=creator,
            dose=args.injected_dose,
            weight=args.weight,
            injection_time=args.injection_time or "",
            nuclide=args.nuclide or "",
        )
    if args.json:
        print_json(repo_text.point_json(now))
    else:
        print(f"study {study.study_uid} of {cell(study.patient_name)}: {repo_text.what(now)}")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check the repository; exit code 1 if something is lost or changed."""
    with _opened(args) as repository, progress("verifying") as bar:
        problems = repository.verify(bar)
        files = repository.count()
    bad = [problem for problem in problems if not problem.harmless]
    if args.json:
        print_json(
            {"files": files, "sound": not bad, "problems": [{**asdict(p), "path": str(p.path)} for p in problems]}
        )
    else:
        for problem in problems:
            print(f"{'note' if problem.harmless else 'PROBLEM'}: {problem.path} {problem.message}")
        print(f"{files} files, {len(bad)} problems" if bad else f"{files} files, all as they were stored")
    return 1 if bad else 0


@contextmanager
def _opened(args: argparse.Namespace) -> Iterator[LocalRepository]:
    """Open the repository of the command line; the configuration is read only if a name is looked up in it."""
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    config: Config | None = None
    if "://" in args.repo or args.config:
        from vqscript.config import load

        config = load(args.config and Path(args.config))
    with LocalRepository.open(local_path(args.repo, config)) as repository:
        yield repository
