"""List the tests that were skipped, and fail if one was for want of a peer, a package or the real studies."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

MISSING = re.compile(r"\bneeds |could not import", re.IGNORECASE)


def main(report: Path) -> int:
    """Print the skipped tests; returns the exit code."""
    missing = 0
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  pytest wrote it just now
        for skip in case.iter("skipped"):
            reason = skip.get("message", "")
            missing += bool(MISSING.search(reason))
            print(f"skipped: {case.get('classname')}::{case.get('name')}: {reason}")
    if missing:
        print(f"not run, because something they need is missing here: {missing}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
