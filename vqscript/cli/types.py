"""``vqscript types``: what editors need to complete and check scripts."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_subparser(subparsers: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    """Add ``types`` to the command line."""
    parser = subparsers.add_parser(
        "types",
        parents=[common],
        help="print the types of all that scripts know, for editors",
        description="Print a ---@meta file of Lua's language server: every object, method, parameter and option that "
        "scripts know, with its documentation. vqscript new makes a folder in which VS Code uses it.",
        epilog="As in: vqscript types > vq.lua",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="write vq.lua there, and a file for each module of the library"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the types, or write them."""
    from vqscript.host.handbook import Handbook
    from vqscript.host.handbook.typefile import MAIN, type_files

    files = type_files(Handbook.load())
    if args.folder is None:
        print(files[MAIN], end="")
        return 0
    from vqscript.files import whole_file

    for name, text in files.items():
        with whole_file(args.folder / name) as file:
            file.write(text.encode())
    print(f"{len(files)} files in {args.folder}")
    return 0
