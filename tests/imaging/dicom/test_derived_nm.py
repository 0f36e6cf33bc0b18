"""NM objects of every kind read, changed, written as new ones, and read back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vqscript.errors import Unsupported
from vqscript.imaging.dicom.derived import derived_series
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.volume import Volume

PIXELS = np.arange(8 * 5 * 4, dtype=np.uint16).reshape(8, 5, 4)
WINDOW, DETECTOR, PHASE, INTERVAL, SLOT, SLICE, TIME_SLICE = (
    0x00540000 | element for element in (0x10, 0x20, 0x30, 0x60, 0x70, 0x80, 0x100)
)

WriteNM = Callable[..., Path]


def item(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def load(path: Path) -> list[Volume]:
    instances, skipped = scan(path)
    assert not skipped
    return load_series(instances)


def turned_by(number: int, sign: int = 1) -> Dataset:
    """A detector of its own place and name."""
    return item(
        CollimatorGridName=f"grid {number}",
        CollimatorType="PARA",
        FieldOfViewShape="RECTANGLE",
        ImagePositionPatient=[-12.0 * sign, 10.0 * number, 30.0],
        ImageOrientationPatient=[sign, 0, 0, 0, 0, -1],
    )


def window(name: str) -> Dataset:
    limits = item(EnergyWindowLowerLimit="126", EnergyWindowUpperLimit="154")
    return item(EnergyWindowName=name, EnergyWindowRangeSequence=[limits])


RECON = {"ImageType": ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]}
GATED_RECON = {
    "ImageType": ["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"],
    "FrameIncrementPointer": [INTERVAL, SLOT, SLICE],
    "RRIntervalVector": [1] * 8,
    "TimeSlotVector": [2, 2, 2, 2, 1, 1, 1, 1],
    "SliceVector": [1, 2, 3, 4] * 2,
    "GatedInformationSequence": [item(DataInformationSequence=[item(FrameTime=40.0)])],
}
DYNAMIC_RECON = {
    **RECON,
    "FrameIncrementPointer": [PHASE, TIME_SLICE, SLICE],
    "PhaseVector": [1, 1, 1, 1, 2, 2, 2, 2],
    "TimeSliceVector": [1, 1, 2, 2, 1, 1, 2, 2],
    "SliceVector": [1, 2] * 4,
    "PhaseInformationSequence": [
        item(ActualFrameDuration=seconds * 1000, NumberOfFramesInPhase=2, PhaseDelay=0, PauseBetweenFrames=0)
        for seconds in (10, 60)
    ],
    "AcquisitionDate": "20240102",
    "AcquisitionTime": "083000",
}
TWO_WINDOWS = {
    **RECON,
    "FrameIncrementPointer": [WINDOW, SLICE],
    "EnergyWindowVector": [1] * 4 + [2] * 4,
    "SliceVector": [1, 2, 3, 4] * 2,
    "EnergyWindowInformationSequence": [window("Tc-99m"), window("scatter")],
}
NO_SLICES = dict.fromkeys(("SliceVector", "NumberOfSlices", "SpacingBetweenSlices", "SliceThickness"))
STATIC = {
    **NO_SLICES,
    "ImageType": ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"],
    "FrameIncrementPointer": [WINDOW, DETECTOR],
    "EnergyWindowVector": [1, 1, 2, 2],
    "DetectorVector": [1, 2, 1, 2],
    "EnergyWindowInformationSequence": [window("Tc-99m"), window("scatter")],
    "DetectorInformationSequence": [turned_by(1), turned_by(2, -1)],
}
WHOLE_BODY = {**STATIC, "ImageType": ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]}
DYNAMIC = {
    **NO_SLICES,
    "ImageType": ["ORIGINAL", "PRIMARY", "DYNAMIC", "EMISSION"],
    "FrameIncrementPointer": [WINDOW, DETECTOR, PHASE, TIME_SLICE],
    "EnergyWindowVector": [1] * 4,
    "DetectorVector": [1] * 4,
    "PhaseVector": [1, 1, 2, 2],
    "TimeSliceVector": [1, 2, 1, 2],
    "PhaseInformationSequence": DYNAMIC_RECON["PhaseInformationSequence"],
    "DetectorInformationSequence": [turned_by(1)],
}
GATED = {
    **NO_SLICES,
    "ImageType": ["ORIGINAL", "PRIMARY", "GATED", "EMISSION"],
    "FrameIncrementPointer": SLOT,
    "TimeSlotVector": [1, 2, 3, 4],
    "DetectorInformationSequence": [turned_by(1)],
}
OBJECTS = {
    "slices": (8, {**RECON, "SliceVector": list(range(8, 0, -1))}),
    "gated slices": (8, GATED_RECON),
    "dynamic slices": (8, DYNAMIC_RECON),
    "slices of two energy windows": (8, TWO_WINDOWS),
    "static": (4, STATIC),
    "whole body": (4, WHOLE_BODY),
    "dynamic": (4, DYNAMIC),
    "gated": (4, GATED),
}


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Volume], Path]:
    """Write a volume's derived series, one NM object, into a new file."""
    names: Sequence[Path] = [tmp_path / f"derived{k}.dcm" for k in range(9)]

    def into_file(volume: Volume) -> Path:
        path = next(name for name in names if not name.exists())
        (dataset,) = derived_series(volume, description="derived", derivation="halved")
        dataset.save_as(path, enforce_file_format=True)
        return path

    return into_file


@pytest.mark.parametrize("kind", OBJECTS)
def test_values_places_and_frames_come_back(write_nm: WriteNM, save: Callable[[Volume], Path], kind: str) -> None:
    frames, elements = OBJECTS[kind]
    for volume in load(write_nm(PIXELS[:frames], **elements)):
        halved = replace(volume, stored=volume.stored.astype(np.float32) / 2, unit="uCi")
        (back,) = load(save(halved))
        assert back.stored.shape == volume.stored.shape
        for t in range(volume.frames):
            np.testing.assert_allclose(back.values(t=t), halved.values(t=t), atol=2e-3)
        assert back.grid.matches(volume.grid, 1e-6)
        assert back.unit == "uCi"
        assert back.frame_times == volume.frame_times
        assert back.timing is not None
        assert volume.timing is not None
        np.testing.assert_array_equal(back.timing.start, volume.timing.start)
        np.testing.assert_array_equal(back.timing.duration, volume.timing.duration)
        assert back.warnings == volume.warnings


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_kind_of_image_stays(write_nm: WriteNM, kind: str) -> None:
    frames, elements = OBJECTS[kind]
    volume = load(write_nm(PIXELS[:frames], **elements))[0]
    (dataset,) = derived_series(volume, description="", derivation="")
    assert dataset.ImageType == ["DERIVED", "PRIMARY", elements["ImageType"][2], "EMISSION"]


def test_each_image_keeps_its_own_energy_window_and_detector(write_nm: WriteNM) -> None:
    found = []
    for volume in load(write_nm(PIXELS[:4], **STATIC)):
        (dataset,) = derived_series(volume, description="", derivation="")
        assert (dataset.NumberOfFrames, dataset.NumberOfEnergyWindows, dataset.NumberOfDetectors) == (1, 1, 1)
        (energy,), (detector,) = dataset.EnergyWindowInformationSequence, dataset.DetectorInformationSequence
        found.append((energy.EnergyWindowName, detector.CollimatorGridName))
    assert found == [(energy, grid) for energy in ("Tc-99m", "scatter") for grid in ("grid 1", "grid 2")]


def test_a_planar_image_of_unknown_place_does_not_get_one(write_nm: WriteNM, save: Callable[[Volume], Path]) -> None:
    (volume,) = load(write_nm(PIXELS[:1], **{**GATED, "TimeSlotVector": [1], "DetectorInformationSequence": None}))
    (back,) = load(save(volume))
    assert "where it lies in the patient is not known" in back.warnings[0]


def test_frames_that_were_taken_out_are_refused(write_nm: WriteNM) -> None:
    (volume,) = load(write_nm(PIXELS, **DYNAMIC_RECON))
    with pytest.raises(Unsupported, match="3 time frames"):
        derived_series(replace(volume, stored=volume.stored[:3]), description="", derivation="")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy")
@pytest.mark.parametrize("kind", OBJECTS)
def test_dciodvfy_finds_nothing_that_it_does_not_find_in_the_source(
    write_nm: WriteNM, save: Callable[[Volume], Path], kind: str
) -> None:
    def complaints(path: Path) -> set[str]:
        found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
        return {line for line in found.splitlines() if line.startswith("Error")}

    frames, elements = OBJECTS[kind]
    source = write_nm(PIXELS[:frames], **elements)
    for volume in load(source):
        assert complaints(save(volume)) <= complaints(source)
