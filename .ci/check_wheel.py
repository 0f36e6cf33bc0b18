"""Check that a wheel carries what an installed vqscript needs, and nothing that belongs to the source tree."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

NEEDED = (
    "vqscript/py.typed",
    "vqscript/batch/report/page/page.html",
    "vqscript/stdlib/ipacs.lua",
    "vqscript/stdlib/csv.lua",
    "vqscript/examples/percent_id_per_gram.lua",
)


def main(wheel: Path) -> int:
    """Print what is wrong with the wheel; returns the exit code."""
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        *NEEDED,
        *(str(path) for path in Path("vqscript").rglob("*.lua")),
        *(f"vqscript/{path}" for folder in ("stdlib", "examples") for path in Path(folder).glob("*.lua")),
    }
    tops = {name.split("/")[0] for name in names}
    problems = [f"does not hold {name}" for name in sorted(wanted - names)]
    problems += [f"holds {top} at the top" for top in tops if top != "vqscript" and not top.endswith(".dist-info")]
    for problem in problems:
        print(f"{wheel.name} {problem}", file=sys.stderr)
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1024:.0f} KB")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
