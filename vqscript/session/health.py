"""Is everything here that scripts need? Each check finds one thing that is fine, might be better, or is broken."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata, util
from pathlib import Path

from vqscript import config, resources
from vqscript.errors import VqError

LOW_SPACE, NO_SPACE = 5_000_000_000, 200_000_000
"""Bytes below which a disk is worth a warning (a batch of PET/CT studies fills it), and below which nothing fits."""

OLDEST_CLOCK = 1_704_067_200
"""2024-01-01, before the first version: no clock that goes shows less."""

DECODED = {
    "JPEG": ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"),
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"),
    "JPEG 2000": ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
    "RLE": ("1.2.840.10008.1.2.5",),
}
"""Compressed transfer syntaxes of DICOM PS3.5 annex A.4 that archives hold."""


class Level(StrEnum):
    """How bad a finding is."""

    OK = "OK"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    level : Level
    topic : str
        Which check: "package", "decoders", "disk" ...
    text : str
        What was found.
    advice : str
        What to do about it, "" where all is fine.
    """

    level: Level
    topic: str
    text: str
    advice: str = ""


def examine(output: Path, config_path: Path | None = None) -> Iterator[Finding]:
    """Yield the findings of all checks that need no terminal, each as soon as it is known.

    Parameters
    ----------
    output : Path
        Where results would go.
    config_path : Path, optional
        Configuration file instead of the usual one.
    """
    yield from packages()
    yield from decoders()
    yield extra("SimpleITK", "registration", "aligning two inputs (register, coRegister)")
    yield files_of_the_package()
    settings, found = configuration(config_path)
    yield found
    for name, url in settings.repositories.items():
        yield from repository(name, url, settings)
    yield from writable("output", output)
    yield from writable("temporary files", Path(tempfile.gettempdir()))
    yield clock()


def packages() -> Iterator[Finding]:
    """Check Python and the packages that are always needed."""
    from vqscript import __version__

    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Finding(Level.OK, "package", f"vqscript {__version__}, Python {platform.python_version()}, {system}")
    for name, oldest in _required():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding(Level.ERROR, "package", f"{name} is not installed", f'pip install "{name}>={oldest}"')
            continue
        if _numbers(found) < _numbers(oldest):
            yield Finding(
                Level.ERROR,
                "package",
                f"{name} {found} is too old: {oldest} or newer is needed",
                f'pip install --upgrade "{name}>={oldest}"',
            )
        else:
            yield Finding(Level.OK, "package", f"{name} {found}")
    if util.find_spec("lupa") is not None and util.find_spec("lupa.lua54") is None:
        yield Finding(
            Level.ERROR,
            "package",
            "this lupa comes without Lua 5.4",
            "pip install --force-reinstall --only-binary lupa lupa",
        )


def _required() -> list[tuple[str, str]]:
    """Return the packages that are needed, each with its oldest version."""
    try:
        lines = metadata.requires("vqscript") or []
    except metadata.PackageNotFoundError:  # a source tree that was not installed
        import tomllib

        text = (resources.stdlib().parent / "pyproject.toml").read_text(encoding="utf-8")
        lines = tomllib.loads(text)["project"]["dependencies"]
    found = (re.match(r"([\w.-]+)\s*>=\s*([\d.]+)", line) for line in lines if "extra ==" not in line)
    return [(match[1], match[2]) for match in found if match]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def decoders() -> Iterator[Finding]:
    """Check which compressed DICOM images can be read."""
    if util.find_spec("pydicom") is None:
        return
    from pydicom.pixels.decoders.base import get_decoder

    missing = [name for name, syntaxes in DECODED.items() if not all(get_decoder(uid).is_available for uid in syntaxes)]
    there = ", ".join(name for name in DECODED if name not in missing)
    if there:
        yield Finding(Level.OK, "decoders", f"compressed DICOM: {there}")
    if missing:
        yield Finding(
            Level.WARNING,
            "decoders",
            f"images compressed with {', '.join(missing)} cannot be read",
            'pip install "vqscript[codecs]"',
        )


def extra(module: str, name: str, what: str) -> Finding:
    """Check a package that only some scripts need."""
    if util.find_spec(module) is not None:
        return Finding(Level.OK, "extras", f"{name}: {module} {metadata.version(module)}")
    return Finding(
        Level.WARNING,
        "extras",
        f"{name}: {module} is not installed; it is needed for {what}",
        f'pip install "vqscript[{name}]"',
    )


def files_of_the_package() -> Finding:
    """Check the modules and examples that come along."""
    modules = sorted(path.stem for path in resources.stdlib().glob("*.lua"))
    examples = len(list(resources.examples().glob("*.lua")))
    if "ipacs" in modules and examples:
        return Finding(Level.OK, "package", f"{len(modules)} Lua modules ({', '.join(modules)}), {examples} examples")
    return Finding(Level.ERROR, "package", f"the Lua modules are not in {resources.stdlib()}", "install vqscript again")


def configuration(path: Path | None) -> tuple[config.Config, Finding]:
    """Read the configuration; with its faults, the defaults are what the other checks go on with."""
    try:
        settings = config.load(path)
    except VqError as error:
        return config.Config(), Finding(Level.ERROR, "configuration", error.message, error.hint)
    if settings.path is None:
        place = config.usual_place() / config.FILE_NAME
        return settings, Finding(Level.OK, "configuration", f"none, and none is needed; it would be {place}")
    names = ", ".join(settings.repositories) or "none"
    return settings, Finding(Level.OK, "configuration", f"{settings.path}: repositories {names}")


def repository(name: str, url: str, settings: config.Config) -> Iterator[Finding]:
    """Open a repository and look for the files of its newest study; ``vqscript repo verify`` reads all of them."""
    from vqscript.repository.opening import located, open_repository, reach

    topic = f"repository {name}"
    try:
        where = located(f"ipacs://{name}", settings)
        if isinstance(where, str):  # a server: its studies are not ours to count
            yield Finding(Level.OK, topic, f"{where} answers in {1000 * reach(where, settings):.0f} ms")
            return
        opened = open_repository(where, settings)
    except VqError as error:
        yield Finding(Level.ERROR, topic, error.message, error.hint)
        return
    try:
        studies = opened.find_studies()
        for series in opened.find_series(studies[-1].study_uid) if studies else []:
            for instance in opened.fetch(series.study_uid, series.series_uid).instances:
                instance.path.stat()
    except (VqError, OSError) as error:
        yield Finding(Level.ERROR, topic, f"{opened.url}: {error}", f'vqscript repo verify "{url}" finds what is wrong')
        return
    finally:
        opened.close()
    may = "" if opened.root is None or os.access(opened.root, os.W_OK) else ", read only"
    yield Finding(Level.OK, topic, f"{opened.url}: studies: {len(studies)}{may}")
    if opened.root is not None:
        yield from space(topic, opened.root)


def writable(topic: str, folder: Path) -> Iterator[Finding]:
    """Check that a folder can be made or written in, and how much fits."""
    there = next(part for part in (folder.absolute(), *folder.absolute().parents) if part.exists())
    advice = "choose another one with --output" if topic == "output" else "set TMPDIR to a folder that you may write in"
    if not there.is_dir():
        yield Finding(Level.ERROR, topic, f"{there} is a file, not a folder", advice)
        return
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"vqscript")
            file.flush()
    except OSError as error:
        yield Finding(Level.ERROR, topic, f"nothing can be written in {there}: {error.strerror or error}", advice)
        return
    yield Finding(Level.OK, topic, f"{folder.absolute()}" + ("" if there == folder.absolute() else " (can be made)"))
    yield from space(topic, there)


def space(topic: str, folder: Path, free_bytes: Callable[[Path], int] | None = None) -> Iterator[Finding]:
    """Check how much fits on the disk of a folder."""
    free = free_bytes(folder) if free_bytes else shutil.disk_usage(folder).free
    shown = f"{free / 1e9:.1f} GB are free on the disk of {folder}"
    if free >= LOW_SPACE:
        yield Finding(Level.OK, topic, shown)
    else:
        yield Finding(Level.ERROR if free < NO_SPACE else Level.WARNING, topic, shown, "make room, or use another disk")


def clock(now: float | None = None) -> Finding:
    """Check the computer's clock: the newest data point is the one that counts, so a wrong one misorders them."""
    now = time.time() if now is None else now
    shown = time.strftime("%Y-%m-%d %H:%M %z", time.localtime(now))
    installed = Path(sys.modules["vqscript"].__file__ or __file__).stat().st_mtime
    if now < OLDEST_CLOCK:
        return Finding(Level.ERROR, "clock", f"it says {shown}, which is long past", "set the computer's clock")
    if now < installed - 86400:
        return Finding(
            Level.WARNING, "clock", f"it says {shown}, which is before vqscript was installed", "check the clock"
        )
    return Finding(Level.OK, "clock", shown)
