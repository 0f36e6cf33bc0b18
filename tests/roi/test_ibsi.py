"""The digital phantom of the Image Biomarker Standardisation Initiative against its reference values."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from vqscript.imaging import nifti
from vqscript.roi.method import Method
from vqscript.roi.roiset import RoiSet
from vqscript.roi.statistics import measure

FIELD_OF = {
    "stat_mean": "mean",
    "stat_var": "variancePopulation",
    "stat_skew": "skewness",
    "stat_kurt": "kurtosis",
    "stat_median": "median",
    "stat_min": "min",
    "stat_p10": "p10",
    "stat_p90": "p90",
    "stat_max": "max",
    "stat_iqr": "iqr",
    "stat_range": "range",
    "stat_mad": "mad",
    "stat_rmad": "robustMad",
    "stat_medad": "medianMad",
    "stat_cov": "cov",
    "stat_qcod": "qcod",
    "stat_energy": "energy",
    "stat_rms": "rms",
    "ih_entropy": "entropy",
    "ih_uniformity": "uniformity",
    "morph_volume": "meshVolume",
    "morph_vol_approx": "volume",
    "morph_area_mesh": "surface",
    "morph_com": "comShift",
    "morph_diam": "maxDiameter",
    "morph_integ_int": "integratedIntensity",
    "loc_peak_loc": "localPeak",
    "loc_peak_glob": "globalPeak",
}


@pytest.fixture(scope="module")
def ibsi(data: Path) -> dict[str, tuple[float, float]]:
    """Reference value and tolerance by tag."""
    with (data / "ibsi" / "reference_values_digital_phantom.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {row["tag"]: (float(row["reference value"]), float(row["tolerance"])) for row in rows if row["tolerance"]}


@pytest.fixture(scope="module")
def measured(data: Path):
    """The phantom, measured with bins of width 1: its values are whole numbers."""
    folder = data / "ibsi" / "digital_phantom" / "nifti"
    image = nifti.read(folder / "image" / "phantom.nii.gz")
    mask = nifti.read(folder / "mask" / "mask.nii.gz")
    rois = RoiSet(image.grid)
    rois.set_mask(rois.add("Phantom"), mask.values() > 0)
    return measure(rois, 1, image, 0, Method(full=True, bin_width=1))


@pytest.mark.parametrize("tag", FIELD_OF)
def test_it_is_the_reference_value(tag, ibsi, measured):
    reference, tolerance = ibsi[tag]
    found = measured.number(FIELD_OF[tag])
    # The tolerance is what the image processing may bring about. Where it is 0, the values agree to the three digits
    # that are published.
    assert float(f"{found:.3g}") == pytest.approx(reference, abs=tolerance, rel=1e-12)


def test_all_first_order_statistics_are_compared(ibsi):
    assert {tag for tag in ibsi if tag.startswith(("stat_", "loc_"))} <= FIELD_OF.keys()


def test_the_bins_of_the_entropy_are_stated(measured):
    assert (measured.number("entropyBinWidth"), measured.number("entropyBins")) == (1, 6)


def test_without_a_width_the_phantom_has_the_same_entropy(data, ibsi):
    """Its range falls into 64 bins, of which each holds one of the whole numbers or none."""
    folder = data / "ibsi" / "digital_phantom" / "nifti"
    image = nifti.read(folder / "image" / "phantom.nii.gz")
    rois = RoiSet(image.grid)
    rois.set_mask(rois.add("Phantom"), nifti.read(folder / "mask" / "mask.nii.gz").values() > 0)
    assert float(f"{measure(rois, 1, image).number('entropy'):.3g}") == ibsi["ih_entropy"][0]
    assert np.isclose(measure(rois, 1, image).number("entropyBinWidth"), 5 / 64)
