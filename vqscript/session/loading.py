"""From a path or a fetched series to inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import ImageError, UsageError
from vqscript.repository.base import Handle
from vqscript.session.inputs import Input

if TYPE_CHECKING:
    from vqscript.imaging.dicom.instance import Instance
    from vqscript.repository.base import Repository


def load(what: Path | Iterable[Path] | Handle, repository: Repository | None) -> list[Input]:
    """Return an input for each separate image of one series, or for a NIfTI file.

    Raises
    ------
    ImageError
        If there is no DICOM image, or the paths hold several series.
    """
    from vqscript.imaging.dicom.series import load_series
    from vqscript.imaging.nifti.header import is_nifti_name

    if isinstance(what, Handle):
        name = what.series.series_description or what.series.modality or "series"
        volumes = load_series(what.instances)
        return [
            Input(volume, name=name, study=what.study, series=what.series, repository=repository, image=k)
            for k, volume in enumerate(volumes)
        ]
    if isinstance(what, str):  # it would be taken letter by letter
        raise UsageError(f'"{what}" is text, not a path', hint=f'open(Path("{what}"))')
    paths = [what] if isinstance(what, Path) else list(what)
    if len(paths) == 1 and is_nifti_name(paths[0].name) and paths[0].is_file():
        from vqscript.imaging.nifti import read

        return [Input(read(paths[0]), name=paths[0].name)]
    volumes = load_series(_one_series(paths))
    return [Input(volume, name=paths[0].name, image=k) for k, volume in enumerate(volumes)]


def _one_series(paths: Sequence[Path]) -> list[Instance]:
    from vqscript.imaging.dicom.header import scan

    missing = [path for path in paths if not path.exists()]
    if missing or not paths:
        raise UsageError(
            f"there is no file or folder {missing[0]}" if missing else "no path to open was given",
            hint="relative paths are looked for beside the script, in the current folder and in the output",
        )
    instances, skipped = scan(list(paths))
    images = [instance for instance in instances if instance.frames > 0]
    if not images:
        # One named file that cannot be read: its own reason says more than "no image".
        reason = f": {skipped[0][1]}" if len(skipped) == 1 else ""
        raise ImageError(f"{paths[0]} holds no DICOM image{reason}", path=paths[0])
    series = {instance.series_uid: instance for instance in images}
    if len(series) > 1:
        listed = ", ".join(sorted(f"{one.modality} {uid}" for uid, one in series.items())[:6])
        raise ImageError(
            f"{paths[0]} holds {len(series)} series: {listed}",
            hint="give the files of one series, or import the folder into a repository and choose there",
            path=paths[0],
        )
    return images
