"""What files and folders hold: a report for each series and NIfTI file, with every warning and refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vqscript.errors import ImageError, UsageError
from vqscript.imaging import nifti
from vqscript.imaging.dicom import contents, values
from vqscript.imaging.dicom.header import read_header, scan
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.orientation import axis_letters, plane
from vqscript.imaging.volume import Volume

Progress = Callable[[int, int, str], None]

_MEDIA_DIRECTORY = b"1.2.840.10008.1.3.10"  # a DICOMDIR lists files, and is none of them (PS3.3, annex F)


@dataclass(frozen=True)
class Image:
    """One volume, as it would be loaded.

    Attributes
    ----------
    modality, unit : str
    size : tuple of int
        Voxels along x, y, z.
    frames : int
    spacing : tuple of float
        mm, along x, y, z.
    plane : str
        ``axial``, ``coronal (tilted 14.0°)``.
    axes : str
        Where x, y and z lead: ``LPS``.
    stored : str
        Type of the voxels in memory, ``int16``.
    frame_times : tuple of float
        Seconds; empty where there are none.
    warnings : tuple of str
    """

    modality: str
    size: tuple[int, int, int]
    frames: int
    spacing: tuple[float, float, float]
    unit: str
    plane: str
    axes: str
    stored: str
    frame_times: tuple[float, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A series, a NIfTI file, or a file that cannot be read.

    Attributes
    ----------
    where : str
        The folder, or the study of a repository.
    name : str
        SeriesDescription, or the name of a file that belongs to no series.
    modality, series_uid, study_uid : str
        "" where there is none.
    files : int
    images : tuple of Image
    objects : tuple of str
        What a series without images holds, as ``3 ROIs: tumor, liver, spleen``.
    refused, hint : str
        Why it cannot be loaded, and the way out; "" if it can.
    """

    where: str
    name: str
    modality: str = ""
    series_uid: str = ""
    study_uid: str = ""
    files: int = 1
    images: tuple[Image, ...] = ()
    objects: tuple[str, ...] = ()
    refused: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Inspection:
    """All reports, by place, and the number of files that are neither DICOM nor NIfTI."""

    reports: tuple[Report, ...]
    other_files: int = 0

    @property
    def sound(self) -> bool:
        """Whether there is something, and nothing is refused."""
        return bool(self.reports) and not any(report.refused for report in self.reports)


def inspect_paths(paths: Sequence[Path], series: str = "", progress: Progress | None = None) -> Inspection:
    """Load everything that files and folders hold, one series after the other, and report on it.

    Parameters
    ----------
    paths : sequence of Path
        Folders are searched however deep; the files of one series may lie in several of them.
    series : str
        Only the series whose UID is, begins or ends with this; "" for all that is there.
    progress : callable, optional
        Called with (done, total, name).

    Raises
    ------
    UsageError
        For a path that does not exist.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file or folder {path}", hint="check the spelling", path=path)
    instances, skipped = scan(list(paths), progress)
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        if fits(instance.series_uid, series):
            groups.setdefault(instance.series_uid, []).append(instance)
    # With a series asked for, files that have none are not looked at.
    named = [path for path, _ in skipped if nifti.is_nifti_name(path.name) and not series]
    unread = [(path, reason) for path, reason in skipped if not nifti.is_nifti_name(path.name) and not series]
    refused = [
        Report(_folder([path]), path.name, refused=why) for path, why in unread if path in paths or _is_dicom(path)
    ]
    reports = list(refused)
    works: list[list[Instance] | Path] = [*groups.values(), *named]
    for done, work in enumerate(works):
        if progress:
            progress(done, len(works), work.name if isinstance(work, Path) else work[0].path.name)
        reports.append(_inspect_nifti(work) if isinstance(work, Path) else inspect_series(work))
    return Inspection(tuple(sorted(reports, key=lambda one: one.where)), len(unread) - len(refused))


def inspect_series(instances: Sequence[Instance], where: str = "") -> Report:
    """Load the images of one series and report on them; they are not kept.

    Parameters
    ----------
    instances : sequence of Instance
        All files of the series.
    where : str
        What the report says of the place; the folder of the files if "".
    """
    first = instances[0]
    report = Report(
        where or _folder([one.path for one in instances]),
        name="",
        modality=first.modality,
        series_uid=first.series_uid,
        study_uid=first.study_uid,
        files=len(instances),
    )
    try:
        report = replace(report, name=_description(first))
        if all(contents.holds_no_image(one) for one in instances):
            return replace(report, objects=_objects(instances))
        return replace(report, images=tuple(_image(volume) for volume in load_series(instances)))
    except ImageError as error:
        return replace(report, refused=error.message, hint=error.hint)


def fits(uid: str, text: str) -> bool:
    """Whether a UID is what a user gave: the whole, its beginning, or its end (dots before that do not matter)."""
    return uid.startswith(text) or uid.endswith(text.lstrip("."))


def _inspect_nifti(path: Path) -> Report:
    try:
        return Report(_folder([path]), path.name, images=(_image(nifti.read(path)),))
    except ImageError as error:
        return Report(_folder([path]), path.name, refused=error.message, hint=error.hint)


def _image(volume: Volume) -> Image:
    return Image(
        modality=volume.modality,
        size=volume.grid.size,
        frames=volume.frames,
        spacing=volume.grid.spacing,
        unit=volume.unit,
        plane=plane(volume.grid),
        axes=axis_letters(volume.grid),
        stored=str(volume.stored.dtype),
        frame_times=volume.frame_times,
        warnings=volume.warnings,
    )


def _description(instance: Instance) -> str:
    header, _ = read_header(instance.path)
    with values.naming(instance.path):
        return values.text(header, "SeriesDescription")


def _objects(instances: Sequence[Instance]) -> tuple[str, ...]:
    """Return what each object holds; equal ones are counted."""
    found: Counter[str] = Counter()
    for instance in instances:
        header, _ = read_header(instance.path)
        with values.naming(instance.path):
            found[contents.describe(header)] += 1
    return tuple(text if count == 1 else f"{count} x {text}" for text, count in found.items())


def _is_dicom(path: Path) -> bool:
    """Whether a file that could not be read says that it is DICOM; a DICOMDIR has no instance to be read."""
    try:
        with path.open("rb") as file:
            start = file.read(1024)
    except OSError:  # the reason is in the report: it is no file to pass by
        return True
    return start[128:132] == b"DICM" and _MEDIA_DIRECTORY not in start


def _folder(paths: Sequence[Path]) -> str:
    first, *others = dict.fromkeys(path.parent for path in paths)
    return f"{first} and {len(others)} more folder{'' if len(others) == 1 else 's'}" if others else str(first)
