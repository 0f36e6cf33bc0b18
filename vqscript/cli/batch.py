"""``vqscript batch``: one script over every study of a project."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.scripting import a_path, add_answers, add_permissions, pairs
from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.batch.task import Job

VERBS = ("status", "report")


def add_subparser(subparsers: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    """Add ``batch`` to the command line."""
    parser = subparsers.add_parser(
        "batch",
        parents=[common],
        help="run a script's process() on every study of a project",
        description="Run process(repo, study, batch) of a Lua script on every study of a project, in worker processes. "
        "Studies whose results still hold are left as they are. "
        '"vqscript batch status DIR" says how far a batch is, "vqscript batch report DIR" makes its report again.',
        usage="vqscript batch SCRIPT --repo URL --output DIR [options]\n"
        "       vqscript batch status DIR [--json]\n"
        "       vqscript batch report DIR",
    )
    parser.add_argument("script", metavar="SCRIPT", help="the script, or the name of an example")
    parser.add_argument("folder", nargs="?", type=a_path, metavar="DIR", help="with status and report: the batch")
    parser.add_argument("--repo", default="", metavar="URL", help="repository: a folder, or ipacs://NAME")
    parser.add_argument("--project", default="", metavar="P", help="project path, as in /oncology/pilot")
    parser.add_argument("--output", type=a_path, metavar="DIR", help="where results go; resumed if it is there")
    parser.add_argument("--where", default="", metavar="FILTER", help="as in '-namefilter *S1* -datestart 20240101'")
    parser.add_argument("--by", choices=("study", "patient"), default="study", help="what a task is")
    parser.add_argument("--jobs", type=_count, metavar="N", help="how many at a time; default: one per processor")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler, as in tcp://head:8786")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="keep results that still hold (the default)")
    again.add_argument("--fresh", action="store_true", help="forget the results that are in --output")
    parser.add_argument("--arg", action="append", default=[], metavar="KEY=VALUE", help="args.KEY and batch.args.KEY")
    parser.add_argument("--user", default="", metavar="NAME", help="creator of what the script submits")
    parser.add_argument("--parquet", action="store_true", help="write results.parquet as well (extra parquet)")
    parser.add_argument("--json", action="store_true", help="print the outcome, or the status, as JSON")
    limits = parser.add_argument_group("limits", "Of each study.")
    limits.add_argument("--time-limit", default="", metavar="TIME", help="as in 90, 10m or 2h")
    limits.add_argument("--memory-limit", default="", metavar="SIZE", help="as in 512M or 4G")
    add_permissions(parser)
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run a batch, or say how one is."""
    if args.folder is not None and args.script not in VERBS:
        raise UsageError(f'"{args.folder}": a batch takes one script', hint="quote a name with spaces")
    if args.script in VERBS and (args.folder is not None or not Path(args.script).exists()):
        if args.folder is None:
            raise UsageError(
                f"batch {args.script} needs the folder of a batch", hint=f"vqscript batch {args.script} DIR"
            )
        return _status(args) if args.script == "status" else _report(args.folder)
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    from vqscript.batch.batch import run_batch
    from vqscript.batch.settings import Settings
    from vqscript.cli.batch_progress import progress
    from vqscript.cli.ending import end_as_by_ctrl_c

    for flag in ("repo", "output"):
        if not getattr(args, flag):
            raise UsageError(f"batch needs --{flag}", hint="vqscript batch SCRIPT --repo lab.repo --output out")
    settings = Settings(
        filters=args.where,
        fresh=args.fresh,
        jobs=args.jobs or 0,
        scheduler=args.scheduler,
        parquet=args.parquet,
    )
    end_as_by_ctrl_c()
    with progress() as listener:
        tally = run_batch(_job(args), settings, listener)
    if args.json:
        from vqscript.cli.terminal import print_json

        print_json({"kept": tally.kept, "done": tally.done, "failed": tally.failed, "output": str(args.output)})
    else:
        print(_summary(tally.kept, tally.done, tally.failed, args.output))
    return 1 if tally.failed else 0


def _job(args: argparse.Namespace) -> Job:
    from vqscript import config
    from vqscript.batch.task import Job
    from vqscript.cli.run import find_script
    from vqscript.cli.scripting import make_answers
    from vqscript.host.limits import read_limits

    script = find_script(Path(args.script)).resolve()
    config_path = Path(args.config).resolve() if args.config else None
    return Job(
        script=script,
        repo=_located(args.repo, config_path),
        project=args.project,
        output=args.output.resolve(),
        run_id="",
        args=pairs(args.arg, "--arg"),
        answers=make_answers(args),
        user=config.load(config_path).creator(args.user),
        config=config_path,
        read=tuple(str(path.resolve()) for path in args.allow_read),
        write=tuple(str(path.resolve()) for path in args.allow_write),
        net=tuple(args.allow_net),
        limits=read_limits(args.time_limit, args.memory_limit),
        by_patient=args.by == "patient",
    )


def _located(repo: str, config_path: Path | None) -> str:
    """Return the repository as workers find it, whatever folder they are in."""
    from vqscript import config
    from vqscript.repository.opening import located

    if "://" in repo:
        return repo
    where = located(repo, config.load(config_path))
    return where if isinstance(where, str) else str(where.resolve())


def _summary(kept: int, done: int, failed: int, output: Path) -> str:
    parts = [f"{done} done"]
    parts += [f"{kept} as before"] if kept else []
    parts += [f"{failed} failed"] if failed else []
    return f"{', '.join(parts)}; {output / 'results.csv'}, {output / 'report.html'}"


def _status(args: argparse.Namespace) -> int:
    from vqscript.batch import record
    from vqscript.batch.folder import BatchFolder
    from vqscript.cli.terminal import one_line, print_json, print_table

    folder = BatchFolder.open(args.folder)
    found = folder.read_run()
    studies: list[dict[str, Any]] = record.studies(found, folder) if found else []
    failed = [study for study in studies if study["state"] == "failed"]
    at_work = folder.at_work
    stopped = not at_work and (not studies or any(study["state"] == "waiting" for study in studies))
    if args.json:
        print_json({**found, "studies": studies, "at_work": at_work})
    else:
        counts = {state: sum(study["state"] == state for study in studies) for state in ("done", "failed", "waiting")}
        how = "; at work" if at_work else "; stopped before its end: the same command goes on" if stopped else ""
        print(", ".join(f"{count} {state}" for state, count in counts.items()) + f" of {len(studies)}{how}")
        columns = ("state", "title", "rows", "seconds", "failure")
        unfinished = [study for study in studies if study["state"] != "done"]
        if unfinished:
            print_table(columns, [[one_line(str(study.get(name, ""))) for name in columns] for study in unfinished])
    if stopped:
        return 130
    return 1 if failed else 0


def _report(folder: Path) -> int:
    from vqscript.batch.batch import refresh
    from vqscript.batch.folder import BatchFolder

    print(refresh(BatchFolder.open(folder)))
    return 0


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of processes')
    return int(text)
