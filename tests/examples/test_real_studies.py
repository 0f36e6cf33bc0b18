"""A script on four real patients, against the same images and masks as NIfTI."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

SCRIPT = """
local ipacs = require "ipacs"
local dm, mw = VQ.dataManager(), VQ.mainWin()
local repo = ipacs.iPACS(args.repo, args.project)

local DRAWN_ON = { CT = "GTV_Mass_CT", PT = "GTV_Mass_PET", MR = "GTV_Mass_MR_T1" }

for _, study in ipairs(repo:getStudies()) do
  for modality, name in pairs(DRAWN_ON) do
    local series = repo:getSeries(study, "-modality", modality)
    assert(#series == 1)
    repo:load(study, series[1], 0)
    repo:getROIs("-names", { name })
    mw:setViewMode("Slice View", "3D ROI Tool")
    local s = VQ.currentOp():statistics(1, 0)
    print(study.PatientID, name:sub(10), s.voxels, ("%.17g"):format(s.mean), ("%.17g"):format(s.sd), s.unit, s.sampling)
  end
  dm:clear()
end
"""


@pytest.fixture(scope="module")
def measured(sts, tmp_path_factory):
    """What the script printed: (patient, folder of the NIfTI) -> the other words."""
    from vqscript.cli.run import run_script

    folder = tmp_path_factory.mktemp("script")
    (folder / "measure.lua").write_text(SCRIPT)
    printed: list[str] = []
    run_script(folder / "measure.lua", repo=str(sts), project="/sts", output=folder / "out", write=printed.append)
    words = [line.split("\t") for line in printed]
    return {(patient, modality): rest for patient, modality, *rest in words}


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", ["STS_008", "STS_019", "STS_025", "STS_042"])
def test_roi_means_are_those_of_the_nifti_images(measured, data, patient, modality):
    folder = data / "sts" / patient / "nifti"
    image = nibabel.load(folder / f"{modality}_image.nii.gz").get_fdata()
    mask = nibabel.load(folder / f"{modality}_mask.nii.gz").get_fdata() > 0
    inside = image[mask]
    voxels, mean, sd, unit, sampling = measured[patient, modality]
    assert int(voxels) == mask.sum()
    assert float(mean) == pytest.approx(inside.mean(), rel=1e-5)
    assert float(sd) == pytest.approx(inside.std(ddof=1), rel=1e-5)
    assert sampling == "voxel"
    assert unit == {"CT": "HU", "PET": "SUVbw", "MR_T1": ""}[modality]


def test_an_roi_of_the_ct_is_measured_on_the_pet_of_another_grid(sts, data, tmp_path, desk):
    """The mean lies within what is possible for linear interpolation, and near that of the PET's own mask."""
    printed = desk.run(
        """
        local repo = require("ipacs").iPACS(args.repo, "/sts")
        local study = repo:getStudies("-idfilter", "STS_008")[1]
        repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
        repo:load(study, repo:getSeries(study, "-modality", "PT")[1], 1)
        repo:getROIs("-names", {"GTV_Mass_CT"})
        VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
        local s = VQ.currentOp():statistics(1, 1)
        print(s.mean, s.min, s.max, s.sampling)
        """,
        repo=str(sts),
    )
    mean, low, high = (float(word) for word in printed[0].split("\t")[:3])
    folder = data / "sts" / "STS_008" / "nifti"
    pet = nibabel.load(folder / "PET_image.nii.gz")
    own = pet.get_fdata()[nibabel.load(folder / "PET_mask.nii.gz").get_fdata() > 0]
    mask = nibabel.load(folder / "CT_mask.nii.gz")
    world = nibabel.affines.apply_affine(mask.affine, np.argwhere(mask.get_fdata() > 0))
    index = nibabel.affines.apply_affine(np.linalg.inv(pet.affine), world)
    from scipy.ndimage import map_coordinates

    expected = map_coordinates(pet.get_fdata(), index.T, order=1, mode="nearest")
    assert mean == pytest.approx(expected.mean(), rel=1e-4)
    assert (low, high) == (pytest.approx(expected.min(), abs=1e-3), pytest.approx(expected.max(), rel=1e-3))
    assert mean == pytest.approx(own.mean(), rel=0.1)
    assert not any(line.startswith("warning") for line in desk.logged)
