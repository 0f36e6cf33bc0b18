"""The 3D ROI Tool on tumors of real patients, beside SimpleITK."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk


@pytest.fixture(params=["STS_008/PET", "STS_019/CT", "STS_042/MR_T1"])
def tumor(request, data, desk):
    """The image in input 0 and its outlined tumor in ROI 1; returns tool, values, mask and voxel sizes."""
    patient, modality = request.param.split("/")
    folder = data / "sts" / patient
    desk.session.open(folder / "dicom" / modality / "image", 0)
    volume = desk.session.inputs[0].volume

    def nifti(kind: str) -> np.ndarray:
        """A NIfTI as (z, y, x); its x and y run the other way than DICOM's."""
        image = nibabel.as_closest_canonical(nibabel.load(folder / "nifti" / f"{modality}_{kind}.nii.gz"))
        return image.get_fdata()[::-1, ::-1].T

    assert np.corrcoef(nifti("image").ravel(), volume.values().ravel())[0, 1] > 0.999
    mask = nifti("mask") > 0
    desk.session.rois.set_mask(desk.session.rois.add("Tumor"), mask)
    return desk.session.roi_tool, volume.values(), mask, volume.grid.spacing


def image_of(array: np.ndarray, spacing: tuple[float, float, float]) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    return image


def test_the_contour_at_41_percent_in_and_around_the_tumor(tumor) -> None:
    tool, values, mask, spacing = tumor
    highest = values[mask].max()
    at = np.argwhere(mask & (values == highest))[0][::-1]
    wide = tool.rois.duplicate(1)
    tool.dilate(wide, 10.0)
    around = tool.rois.mask(wide)
    seen = np.where(around, values, -1e6).astype(np.float32)
    limit = float(np.float32(0.41 * seen.max()))
    tool.isocontour(1, 0, 41)
    assert np.array_equal(tool.rois.mask(1), mask & (values >= 0.41 * highest))
    tool.connected(1, 0, tuple(float(n) for n in at), limit, within=wide)
    expected = sitk.ConnectedThreshold(image_of(seen, spacing), [at.tolist()], limit, 1e6)
    assert np.array_equal(tool.rois.mask(1), sitk.GetArrayFromImage(expected) == 1)


@pytest.mark.parametrize("mm", [3.0, 7.5])
def test_growing_and_shrinking_by_mm(tumor, mm: float) -> None:
    tool, _, mask, spacing = tumor

    def within(of: np.ndarray) -> np.ndarray:
        """Voxels within the distance of true ones; the image is framed, since what is beyond it counts as outside."""
        distance = sitk.SignedMaurerDistanceMap(
            image_of(of.astype(np.uint8), spacing), squaredDistance=False, useImageSpacing=True
        )
        return sitk.GetArrayFromImage(distance) <= mm + 1e-4

    grown, shrunk, opened, closed = (tool.rois.duplicate(1) for _ in range(4))
    tool.dilate(grown, mm)
    tool.erode(shrunk, mm)
    tool.open(opened, mm)
    tool.close(closed, mm)
    assert np.array_equal(tool.rois.mask(grown), within(mask))
    framed = np.pad(mask, 1)
    eroded = ~within(~framed)[1:-1, 1:-1, 1:-1]
    assert np.array_equal(tool.rois.mask(shrunk), eroded)
    if eroded.any():
        assert np.array_equal(tool.rois.mask(opened), within(eroded))
    else:
        assert not tool.rois.mask(opened).any()
    wide = np.pad(mask, 12)
    assert np.array_equal(tool.rois.mask(closed), ~within(~within(wide))[12:-12, 12:-12, 12:-12])
