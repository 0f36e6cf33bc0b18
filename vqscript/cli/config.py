"""``vqscript config``: is the configuration right?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.repo_text import plural
from vqscript.cli.terminal import print_json, printable

if TYPE_CHECKING:
    from vqscript.config import Config
    from vqscript.config_values import Finding


def add_subparser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``config`` to the parser."""
    parser = subparsers.add_parser("config", help="check vqscript.toml", description="Look after the configuration.")
    commands = parser.add_subparsers(dest="config_command", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="say all that is wrong with it, with line numbers",
        description="Say all that is wrong with the configuration, with line numbers. Exit code 1 if anything is.",
        parents=[common],
    )
    check.add_argument("--reach", action="store_true", help="ask each repository as well whether it is there")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the file; exit code 1 if something is wrong, 2 if it cannot be read."""
    from vqscript.config import FILE_NAME, text_of, usual_place

    found = text_of(args.config and Path(args.config))
    if found is None:
        if args.json:
            print_json({"file": None, "findings": [], "notes": [], "repositories": {}})
        else:
            usual = usual_place() / FILE_NAME
            print(printable(f"there is no configuration, and none is needed; it would be {usual}"))
        return 0
    from vqscript.cli import config_trial
    from vqscript.config_file import read

    file, text = found
    settings, findings = read(text, file)
    findings = sorted([*findings, *config_trial.faults(settings, text)], key=lambda finding: finding.line)
    notes = [] if findings else list(config_trial.notes(settings, text))
    reached = _reach(settings) if args.reach else {}
    if args.json:
        print_json(
            {
                "file": str(file),
                "findings": [vars(finding) for finding in findings],
                "notes": [vars(note) for note in notes],
                "repositories": reached,
            }
        )
        return 1 if findings or not all(each["reached"] for each in reached.values()) else 0
    _show(file, findings)
    _show(file, notes, "note: ")
    for name, each in reached.items():
        if each["reached"]:
            print(printable(f"{name}: answers in {1000 * each['seconds']:.0f} ms"))
        else:
            print(printable(f"{name}: {each['message']}" + (f"\n    {each['hint']}" if each["hint"] else "")))
    silent = sum(not each["reached"] for each in reached.values())
    if findings or silent:
        parts = [plural(len(findings), "fault", "faults")] if findings else []
        parts += [plural(silent, "repository", "repositories") + " not reached"] if silent else []
        print(f"\n{', '.join(parts)}")
        return 1
    print(printable(f"{file}: all is well; {plural(len(settings.repositories), 'repository', 'repositories')}"))
    return 0


def _show(file: Path, findings: list[Finding], kind: str = "") -> None:
    for finding in findings:
        place = f"{file}:{finding.line}" if finding.line else str(file)
        print(printable(f"{place}: {kind}{finding.message}"))
        if finding.hint:
            print(printable(f"    {finding.hint}"))


def _reach(settings: Config) -> dict[str, dict[str, Any]]:
    """Return what each repository of the configuration answers, by name."""
    from vqscript.errors import VqError
    from vqscript.repository.opening import reach

    answers: dict[str, dict[str, Any]] = {}
    for name in settings.repositories:
        try:
            answers[name] = {"reached": True, "seconds": round(reach(f"ipacs://{name}", settings), 4)}
        except VqError as error:
            answers[name] = {"reached": False, "message": error.message, "hint": error.hint}
    return answers
