"""``vqscript pacs echo``: is the server there?"""

from __future__ import annotations

import argparse
from typing import Any

from vqscript.cli.pacs_peer import add_peer, opened, show_dcmtk
from vqscript.cli.terminal import one_line, print_json


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``echo``."""
    text = "Ask a server whether it is there, and whether it talks with us."
    parser = commands.add_parser("echo", help=text, description=text, parents=[common])
    add_peer(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask; a server that does not answer is an error."""
    from vqscript.pacs import dcmtk

    with opened(args) as peer:
        show_dcmtk(args, peer, dcmtk.echo)
        seconds = peer.echo()
        if args.json:
            print_json({"status": True, "name": peer.name, "url": peer.url, "kind": peer.kind, "seconds": seconds})
        else:
            print(one_line(f"{peer.name} answered in {1000 * seconds:.0f} ms"))
    return 0
