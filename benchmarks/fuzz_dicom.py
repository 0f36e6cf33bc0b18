"""Damage DICOM files at random, read them, and count what comes of it.

    python benchmarks/fuzz_dicom.py --cases 20000 --seed 1 --processes 2 --memory 2048

Each case takes a small file of some kind (see :mod:`fuzz_bases`), damages its bytes, and reads it as a user would:
the header, the series with its values, data points, ROIs. A case may end with a volume or with an error of
vqscript that names the file. Anything else is a finding: another exception, a warning, a death of the process, more
than a second, or more memory than the limit. The same seed gives the same cases.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

SLOW = 1.0  # seconds
STUCK = 20  # seconds
EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x01", b"\xfe\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f")
NUMBERS = (b"1e308", b"-1", b"0", b"NaN", b"inf", b"999999999", b"0.0000001", b"x", b"1\\2\\3", b"")
DEFLATED = b"1.2.840.10008.1.2.1.99"


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """Return the bytes of a file with one to six faults."""
    if DEFLATED in whole[:400] and rng.random() < 0.7:
        # Damage what is packed, not the packing, which a single bit breaks.
        start = 144 + int.from_bytes(whole[140:144], "little")
        inside = zlib.decompressobj(-zlib.MAX_WBITS).decompress(whole[start:])
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return whole[:start] + packer.compress(_faults(inside, rng)) + packer.flush()
    return _faults(whole, rng)


def _faults(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    # Most of these files is header; where pixels follow it, they are as well worth damaging, but less often.
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if len(data) < 16:
            break
        place = rng.randrange(len(data)) if rng.random() < 0.4 else rng.randrange(min(len(data), 3000))
        kind = rng.randrange(12)
        if kind <= 1:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 2:
            value = rng.choice(EXTREMES)
            data[place : place + len(value)] = value
        elif kind == 3 and rng.random() < 0.5:
            del data[place : place + rng.choice((1, 2, 8, 64))]
        elif kind == 4:
            data[place:place] = rng.randbytes(rng.choice((1, 2, 8)))
        elif kind == 5:
            other = rng.randrange(len(data))
            size = rng.choice((2, 4, 8, 16))
            data[place : place + size] = data[other : other + size]
        elif kind == 6 and rng.random() < 0.3:
            del data[place:]
        elif kind in (7, 9):
            _break_number(data, rng)
        else:
            _break_length(data, rng)
    return bytes(data)


def _break_number(data: bytearray, rng: random.Random) -> None:
    """Write an impossible number over one in text, of the same length so that the elements stay where they are."""
    numbers = list(re.finditer(rb"[0-9.\\-]{1,16}", data[:20000]))
    if numbers:
        found = rng.choice(numbers)
        data[found.start() : found.end()] = rng.choice(NUMBERS).ljust(len(found[0]))[: len(found[0])]


def _break_length(data: bytearray, rng: random.Random) -> None:
    """Change the length of an explicit element, or its value representation."""
    elements = list(re.finditer(rb"(DS|IS|US|UI|CS|SQ|OW|OB|LO|UL|FD|AT|TM|DA)..", data, re.DOTALL))
    if elements:
        place = rng.choice(elements).start()
        if rng.random() < 0.5:
            data[place + 2 : place + 4] = rng.randbytes(2)
        else:
            data[place : place + 2] = rng.choice((b"DS", b"SQ", b"UI", b"US", b"FD", b"OB", b"UN", b"PN", b"ZZ"))


def read(path: Path, siblings: list[Path]) -> str:
    """Read a file in all ways that a user may, and return how it ended; raises what escapes."""
    from vqscript.datapoints.parse import SOP_CLASSES, parse
    from vqscript.errors import ImageError, VqError
    from vqscript.imaging.dicom.header import read_header, scan
    from vqscript.imaging.dicom.series import load_series
    from vqscript.imaging.dicom.tags import tag_values
    from vqscript.imaging.grid import Grid
    from vqscript.roi.files.rtstruct import read_rois as read_structures
    from vqscript.roi.files.seg import read_rois as read_segments

    grid = Grid((36, 34, 3), (1.5, 1.5, 2.5), (-10.5, -20.0, 0.0), frame_of_reference="1.2.3.4.3")
    outcomes = []

    def named(error: VqError) -> str:
        about = getattr(error, "about", {})
        # A fault in what the file says of its place may first show on one of the files beside it.
        if path.parent.name not in str(error) and "path" not in about and "uid" not in about:
            raise AssertionError(f"unnamed: {type(error).__name__}: {error}")
        return type(error).__name__

    try:
        header, instance = read_header(path)
    except ImageError as error:
        return f"header: {named(error)}"
    tag_values(header)
    if instance.sop_class in SOP_CLASSES:
        try:
            outcomes.append(f"{len(parse(header))} data points")
        except VqError as error:
            outcomes.append(type(error).__name__)
        for reader in (read_segments, read_structures):
            try:
                reader(path, grid, force=True)
                outcomes.append("ROIs")
            except VqError as error:
                if type(error).__name__ != "RoiError":
                    outcomes.append(named(error))
    instances, _ = scan([path, *siblings])
    series: dict[str, list] = {}
    for one in instances:
        series.setdefault(one.series_uid, []).append(one)
    try:
        for group in series.values():
            for volume in load_series(group):
                volume.range()
                volume.values()
                assert volume.header is not None
                tag_values(volume.header)
        outcomes.append("loaded")
    except VqError as error:
        outcomes.append(named(error))
    return outcomes[-1] if instance.sop_class not in SOP_CLASSES else outcomes[0]


def cases(seed: int, first: int, count: int, bases: dict[str, list[Path]]) -> Iterator[tuple[int, str, bytes]]:
    """Yield number, kind and bytes of each case."""
    kinds = sorted(bases)
    for number in range(first, first + count):
        rng = random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable, not secret
        kind = kinds[number % len(kinds)]
        yield number, kind, damaged(bases[kind][0].read_bytes(), rng)


def work(options: argparse.Namespace, bases: dict[str, list[Path]]) -> None:
    """Run a range of cases in this process, one line of JSON before and after each."""
    limit = options.memory << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    warnings.simplefilter("error")
    signal.signal(signal.SIGALRM, _stuck)
    import pydicom.pixels  # noqa: F401 - not on the first case's time
    import scipy.ndimage  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.dcm"
        for number, kind, data in cases(options.seed, options.first, options.count, bases):
            path.write_bytes(data)
            print(json.dumps({"begin": number, "kind": kind}), flush=True)
            signal.setitimer(signal.ITIMER_REAL, STUCK)
            peak, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            try:
                outcome, found = read(path, bases[kind][1:]), ""
            except BaseException as error:  # noqa: BLE001 - whatever escapes is what is looked for
                outcome = f"escaped: {type(error).__name__}"
                found = "".join(traceback.format_exception(error)[-4:])
            seconds = time.process_time() - start
            signal.setitimer(signal.ITIMER_REAL, 0)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) >> 10
            result = {"end": number, "outcome": outcome, "found": found, "seconds": seconds, "grown": grown}
            print(json.dumps(result), flush=True)


def _stuck(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"not done after {STUCK} s")


def supervise(options: argparse.Namespace, first: int, count: int) -> list[dict]:
    """Run cases in child processes, and go on behind a case that kills one."""
    results: list[dict] = []
    end = first + count
    while first < end:
        command = [sys.executable, __file__, "--work", options.folder, "--seed", str(options.seed)]
        command += ["--first", str(first), "--count", str(end - first), "--memory", str(options.memory)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:  # noqa: S603
            out, err = child.communicate()
        begun: dict = {}
        for line in out.splitlines():
            entry = json.loads(line)
            if "begin" in entry:
                begun = entry
            else:
                results.append({**begun, **entry})
                begun = {}
        if begun:
            died = {"outcome": f"died: {child.returncode}", "found": err.decode()[-2000:], "seconds": 0.0, "grown": 0}
            results.append({**begun, **died})
            first = begun["begin"] + 1
        elif child.returncode:
            raise RuntimeError(err.decode())
        else:
            break
    return results


def report(results: list[dict]) -> str:
    """Return the counts as Markdown tables, and each finding once."""
    by_kind: dict[str, Counter] = {}
    for one in results:
        by_kind.setdefault(one["kind"], Counter())[one["outcome"]] += 1
    lines = [f"{len(results)} cases", "", "| Kind | Cases | Outcomes |", "|---|---|---|"]
    for kind, counts in sorted(by_kind.items()):
        listed = ", ".join(f"{outcome} {count}" for outcome, count in counts.most_common())
        lines.append(f"| {kind} | {counts.total()} | {listed} |")
    total = Counter(one["outcome"] for one in results)
    lines += ["", "| Outcome | Cases |", "|---|---|", *(f"| {key} | {count} |" for key, count in total.most_common())]
    slowest = max(results, key=lambda one: one["seconds"])
    largest = max(results, key=lambda one: one["grown"])
    lines += ["", f"Slowest: {slowest['seconds']:.2f} s (case {slowest['begin']}, {slowest['kind']})."]
    lines += [f"Largest growth of memory: {largest['grown']} MiB (case {largest['begin']}, {largest['kind']})."]
    lines += [f"Slower than {SLOW:g} s: {sum(one['seconds'] > SLOW for one in results)}."]
    findings: dict[str, list[dict]] = {}
    for one in results:
        if one["found"] or one["outcome"].startswith("died"):
            last = one["found"].strip().splitlines()[-3:]
            findings.setdefault(" / ".join(re.sub(r"[0-9]+", "N", line.strip()) for line in last)[:300], []).append(one)
    for ones in sorted(findings.values(), key=len, reverse=True):
        lines += ["", f"{len(ones)} x {ones[0]['outcome']}, first case {ones[0]['begin']} ({ones[0]['kind']}):"]
        lines += [ones[0]["found"]]
    return "\n".join(lines)


def main() -> int:
    """Run the cases, print the report; 1 if there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--memory", type=int, default=2048, help="limit of each process in MiB (default: 2048)")
    parser.add_argument("--keep", type=Path, help="write this case's file there, and read nothing", metavar="FILE")
    parser.add_argument("--only", default="", help="kinds that contain this text", metavar="TEXT")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--work", dest="folder", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        bases = {kind: [Path(name) for name in names] for kind, names in _listing(Path(options.folder)).items()}
        work(options, bases)
        return 0
    import fuzz_bases

    with tempfile.TemporaryDirectory() as folder:
        options.folder = folder
        bases = fuzz_bases.write(Path(folder))
        bases = {kind: paths for kind, paths in bases.items() if options.only in kind}
        listing = {kind: [str(path) for path in paths] for kind, paths in bases.items()}
        (Path(folder) / "bases.json").write_text(json.dumps(listing), encoding="utf-8")
        if options.keep:
            ((_, kind, data),) = cases(options.seed, options.first, 1, bases)
            options.keep.write_bytes(data)
            print(kind)
            return 0
        share = -(-options.cases // options.processes)
        starts = range(options.first, options.first + options.cases, share)
        with ThreadPoolExecutor(options.processes) as pool:
            ends = options.first + options.cases
            parts = pool.map(lambda start: supervise(options, start, min(share, ends - start)), starts)
            results = [one for part in parts for one in part]
    print(report(results))
    return int(any(one["found"] or one["seconds"] > SLOW for one in results))


def _listing(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((folder / "bases.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
