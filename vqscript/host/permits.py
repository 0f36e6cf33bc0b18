"""The gate of a run, made from what the command line and the configuration say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vqscript import config
from vqscript.config import Config
from vqscript.errors import UsageError
from vqscript.host.gate import Gate
from vqscript.repository.opening import is_name, located


def make_gate(
    output: Path,
    script_folder: Path | None,
    settings: Config,
    *,
    repositories: Iterable[str] = (),
    allow_read: Iterable[Path] = (),
    allow_write: Iterable[Path] = (),
    allow_net: Iterable[str] = (),
) -> Gate:
    """Return the gate of a run; it is the ``permissions`` of its session, too.

    Parameters
    ----------
    output : Path
        Folder of the run.
    script_folder : Path, optional
        Folder of the script; the script does not write there.
    settings : Config
        Its repositories are allowed, its file is protected.
    repositories : iterable of str
        Those of the command line; "" is none.
    allow_read, allow_write, allow_net
        What was allowed beside the usual.

    Raises
    ------
    UsageError
        If the output folder is a file or lies in a repository, or one of the others is none.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file, not a folder", hint="choose another --output", path=output)
    gate = Gate(
        output,
        script_folder,
        read=allow_read,
        write=allow_write,
        hosts=allow_net,
        repositories=[*(located(url, settings) for url in repositories if url), *_configured(settings)],
        protected=[settings.path or config.usual_place() / config.FILE_NAME],
    )
    gate.check_output()
    return gate


def _configured(settings: Config) -> list[str | Path]:
    # A name that stands for a name is refused when it is used; it need not keep other scripts from running.
    return [located(url, settings) for url in settings.repositories.values() if not is_name(url)]
