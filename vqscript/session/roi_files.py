"""The 3D ROI Tool's files: which ROIs are read from and written to which object."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.errors import RoiError, UsageError, did_you_mean
from vqscript.session.origins import Origin, of_rois
from vqscript.session.roi_work import RoiWork


@dataclass(frozen=True)
class Choice:
    """Which ROIs to take from which object: a file, and the names (None takes all)."""

    path: Path
    names: tuple[str, ...] | None = None


def choices(selections: Sequence[Mapping[str, Any]]) -> list[Choice]:
    """Read selections as scripts give them: tables with ``path`` and, optionally, ``names``.

    Raises
    ------
    UsageError
        If one has no path.
    """
    if any("path" not in selection for selection in selections):
        raise UsageError("a selection of ROIs needs a path", hint='{path = object.path, names = {"Heart"}}')
    return [Choice(one["path"], tuple(one["names"]) if "names" in one else None) for one in selections]


FORMATS = {"rmha": (".rmha",), "seg": (".dcm",), "rtstruct": (".dcm",), "nifti": (".nii.gz", ".nii")}
"""What ROIs are saved as, and how the names of such files end; the first of a suffix is what it means by itself."""


class RoiFiles(RoiWork):
    """Reads and writes the ROIs of a session."""

    def load(
        self,
        path: Path,
        names: Collection[str] | None = None,
        *,
        force: bool = False,
        flip: str = "",
        table: Path | None = None,
    ) -> list[str]:
        """Add the ROIs of a file (.rmha, SEG, RTSTRUCT, NIfTI labels) or of a folder that holds one.

        A name that is in the tool already is refused, and nothing is added.

        Parameters
        ----------
        path : Path
        names : collection of str, optional
            These ROIs only.
        force : bool
            Place DICOM objects of another frame of reference, or of none, as if it were the reference's.
        flip : str
            Axes of an .rmha file to reverse, such as "x" or "yz".
        table : Path, optional
            Names of NIfTI labels.

        Returns
        -------
        list of str
            Names of the ROIs that were added.
        """
        choice = Choice(path, None if names is None else tuple(names))
        self._session.files.update([table] if table else [])
        return self._install([choice], replace=False, force=force, flip=flip, table=table)

    def replace_with(self, choices: Sequence[Choice]) -> list[str]:
        """Replace what is in the tool by ROIs from several objects; returns the names.

        Everything is read before anything changes: on an error the tool is as it was.
        """
        return self._install(choices, replace=True)

    def save(self, path: Path, form: str = "") -> list[Path]:
        """Save all ROIs; returns the files, of which .rmha and NIfTI have one per layer.

        Parameters
        ----------
        path : Path
            In a folder that exists, the file is called ``rois`` and as the format is.
        form : str
            One of :data:`FORMATS`; "" goes by the name: ``.rmha``, ``.dcm`` (SEG), ``.nii.gz``; without any, .rmha.

        Raises
        ------
        UsageError
            For an unknown format, or a name that ends as another kind of file does.
        RoiError
            If the format cannot hold the ROIs; nothing is written then.
        """
        target, form = _target(path, form)
        target.parent.mkdir(parents=True, exist_ok=True)
        if form == "nifti":
            from vqscript.roi.files import nifti

            return nifti.write(self.rois, target)
        if form == "rmha":
            from vqscript.roi.files import rmha

            return rmha.write(self.rois, target, self._about())
        return [self._save_object(target, form)]

    def _save_object(self, target: Path, form: str) -> Path:
        from vqscript.session.files import write_dataset

        reference, creator = self._session.reference.volume, self._session.creator
        if form == "rtstruct":
            from vqscript.roi.files.rtstruct import write_structures

            return write_dataset(target, write_structures(self.rois, reference, creator=creator))
        from vqscript.roi.files.seg import write_rois

        dataset = write_rois(self.rois, reference, creator=creator)
        empty = [roi.name for j, roi in enumerate(self.rois.rois, 1) if self.rois.part(j) is None]
        if empty:
            self._session.interaction.log(f"{target.name}: without {', '.join(empty)}: a SEG holds no empty ROI")
        return write_dataset(target, dataset)

    def _install(self, choices: Sequence[Choice], *, replace: bool, **options: Any) -> list[str]:
        from vqscript.roi.files import load
        from vqscript.roi.roiset import RoiSet

        reference = self._session.reference.volume
        target = RoiSet(reference.grid) if replace else self.rois.copy()
        origins: list[Origin] = []
        notes: list[str] = []
        read: dict[Path, RoiSet] = {}
        for choice in choices:
            if choice.path not in read:
                series = reference.source.series_uid
                read[choice.path], remarks = load(choice.path, reference.grid, series=series, **options)
                here = f"{choice.path.name}: "
                notes.extend(remark if remark.startswith(here) else here + remark for remark in remarks)
            found = read[choice.path]
            names = found.names if choice.names is None else choice.names
            for name in names:
                k = found.find(name)
                if not k:
                    raise RoiError(f'{choice.path.name} holds no ROI "{name}"', hint=did_you_mean(name, found.names))
                target.adopt(found, k)
            origins.append(of_rois(choice.path, names))
        self._session.rois = target
        self._session.origins += origins
        self._session.files.update(read)
        for note in notes:
            self._session.interaction.log(note)
        return [name for origin in origins for name in origin.rois]

    def _about(self) -> Mapping[str, str]:
        item = self._session.reference
        if item.study is None:
            return {}
        series = item.series
        return {
            "PatientsName": item.study.patient_name,
            "PatientID": item.study.patient_id,
            "StudyDescription": item.study.study_description,
            "StudyDate": item.study.study_date,
            "StudyTime": item.study.study_time,
            "SeriesDescription": series.series_description if series else "",
            "SeriesDate": series.series_date if series else "",
            "SeriesTime": series.series_time if series else "",
            "ReferenceUID": item.volume.source.series_uid,
        }


def _target(path: Path, form: str) -> tuple[Path, str]:
    """Return the file to write and its format."""
    from vqscript.session.files import OTHER_KINDS

    if form and form not in FORMATS:
        raise UsageError(f'ROIs are not saved as "{form}"', hint=did_you_mean(form, FORMATS))
    if path.is_dir():
        form = form or "rmha"
        return path / ("rois" + FORMATS[form][0]), form
    name = path.name.casefold()
    for known in [form] if form else FORMATS:
        if name.endswith(FORMATS[known]):
            return path, known
    if path.suffix.lower() in OTHER_KINDS:
        possible = ", ".join(dict.fromkeys(FORMATS[form] if form else (ends[0] for ends in FORMATS.values())))
        raise UsageError(f'ROIs cannot be saved as "{path.suffix}"', hint=f"{possible} are possible")
    form = form or "rmha"
    return path.with_name(path.name + FORMATS[form][0]), form
