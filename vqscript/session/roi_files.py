"""The 3D ROI Tool's files: which ROIs are read from and written to which object."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.errors import RoiError, UsageError, did_you_mean
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


class RoiFiles(RoiWork):
    """Reads and writes the ROIs of a session."""

    def load(self, path: Path, names: Collection[str] | None = None) -> list[str]:
        """Add the ROIs of a file (.rmha, SEG, RTSTRUCT, or a folder that holds one); returns their names.

        A name that is in the tool already is refused, and nothing is added.
        """
        return self._install([Choice(path, None if names is None else tuple(names))], replace=False)

    def replace_with(self, choices: Sequence[Choice]) -> list[str]:
        """Replace what is in the tool by ROIs from several objects; returns the names.

        Everything is read before anything changes: on an error the tool is as it was.
        """
        return self._install(choices, replace=True)

    def save(self, path: Path) -> list[Path]:
        """Save all ROIs as .rmha (one file per layer) or, for ``.dcm``, as DICOM SEG; returns the files.

        In a folder that exists, the file is called ``rois.rmha``.
        """
        from vqscript.session.files import OTHER_KINDS, with_suffix

        target = path / "rois.rmha" if path.is_dir() else path
        if target.suffix.lower() == ".dcm":
            from vqscript.roi.files.seg import write_rois
            from vqscript.session.files import write_dataset

            reference = self._session.reference.volume
            return [write_dataset(target, write_rois(self.rois, reference, creator=self._session.creator))]
        if target.suffix.lower() in OTHER_KINDS - {".rmha"}:
            raise UsageError(f'ROIs cannot be saved as "{target.suffix}"', hint=".rmha and .dcm (SEG) are possible")
        from vqscript.roi.files import rmha

        target = with_suffix(target, ".rmha")

        target.parent.mkdir(parents=True, exist_ok=True)
        return rmha.write(self.rois, target, self._about())

    def _install(self, choices: Sequence[Choice], *, replace: bool) -> list[str]:
        from vqscript.roi.files import load
        from vqscript.roi.roiset import RoiSet

        grid = self._session.reference.volume.grid
        target = RoiSet(grid) if replace else self.rois.copy()
        taken: list[str] = []
        notes: list[str] = []
        read: dict[Path, RoiSet] = {}
        for choice in choices:
            if choice.path not in read:
                read[choice.path], remarks = load(choice.path, grid)
                notes.extend(f"{choice.path.name}: {remark}" for remark in remarks)
            found = read[choice.path]
            for name in found.names if choice.names is None else choice.names:
                k = found.find(name)
                if not k:
                    raise RoiError(f'{choice.path.name} holds no ROI "{name}"', hint=did_you_mean(name, found.names))
                target.adopt(found, k)
                taken.append(name)
        self._session.rois = target
        for note in notes:
            self._session.interaction.log(note)
        return taken

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
