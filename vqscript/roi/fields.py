"""What is measured of an ROI: names, units and meanings, declared once for scripts, tables and documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vqscript.errors import RoiError, did_you_mean
from vqscript.imaging.units import PER_VOXEL

TOTALS = {"Bq/mL": "Bq", "kBq/mL": "kBq", "uCi/mL": "uCi", "%ID/g": "%ID"}
"""Unit of the activity in an ROI by that of its concentration; 1 g is 1 mL."""

VALUE, SQUARED, TIMES_ML, TIMES_MM3, TOTAL = "value", "value^2", "value*mL", "value*mm3", "total"
"""Unit rules: the unit of the image, or made of it. Any other rule is a unit itself."""


@dataclass(frozen=True)
class Field:
    """One number, or position, that is known of an ROI on an input.

    Attributes
    ----------
    name : str
        As scripts, tables and data points have it.
    rule : str
        Its unit, or one of the rules above.
    meaning : str
        In words.
    source : str
        Where it is defined.
    vector : bool
        Whether it is a position (x, y, z).
    full : bool
        Whether it is measured only where that is asked for, because it takes longer.
    """

    name: str
    rule: str
    meaning: str
    source: str = ""
    vector: bool = False
    full: bool = False

    @property
    def fixed(self) -> str:
        """Its unit where that does not depend on the image's; "" otherwise, and for a plain number."""
        return "" if self.rule in (VALUE, SQUARED, TIMES_ML, TIMES_MM3, TOTAL) else self.rule

    def unit(self, image: str) -> str:
        """Return the unit of this number for an image of some unit; "" for a plain number."""
        if self.rule == VALUE:
            return image
        if self.rule == TOTAL:
            return TOTALS.get(image, image)
        if self.rule == SQUARED:
            return image and (f"{image}^2" if image.isalpha() else f"({image})^2")
        if self.rule in (TIMES_ML, TIMES_MM3):
            size = self.rule.removeprefix("value*")
            if image.endswith(f"/{size}"):
                return image.removesuffix(f"/{size}")
            return f"{image}*{size}" if image else size
        return self.rule


_DECLARED = (
    Field("voxels", "voxels", "number of voxels with a value"),
    Field("volume", "mm3", "volume by voxel count", "IBSI YEKZ"),
    Field("volumeML", "mL", "volume by voxel count"),
    Field("mean", VALUE, "mean", "IBSI Q4LE"),
    Field("sd", VALUE, "standard deviation of the sample (n - 1)"),
    Field("std", VALUE, "standard deviation of the sample, as sd"),
    Field("variance", SQUARED, "variance of the sample (n - 1)"),
    Field("variancePopulation", SQUARED, "variance, divided by n", "IBSI ECT3"),
    Field("min", VALUE, "least value", "IBSI 1GSF"),
    Field("max", VALUE, "largest value", "IBSI 84IY"),
    Field("range", VALUE, "largest minus least value", "IBSI 2OJQ"),
    Field("median", VALUE, "median", "IBSI Y12H"),
    Field("p5", VALUE, "5th percentile"),
    Field("p10", VALUE, "10th percentile", "IBSI QG58"),
    Field("p25", VALUE, "25th percentile"),
    Field("p75", VALUE, "75th percentile"),
    Field("p90", VALUE, "90th percentile", "IBSI 8DWT"),
    Field("p95", VALUE, "95th percentile"),
    Field("iqr", VALUE, "p75 minus p25", "IBSI SALO"),
    Field("qcod", "", "(p75 - p25) / (p75 + p25)", "IBSI 9S40"),
    Field("mad", VALUE, "mean distance from the mean", "IBSI 4FUA"),
    Field("robustMad", VALUE, "mean distance from the mean, of the values from p10 to p90", "IBSI 1128"),
    Field("medianMad", VALUE, "mean distance from the median", "IBSI N72L"),
    Field("cov", "", "standard deviation of the population / mean", "IBSI 7TET"),
    Field("rms", VALUE, "root of the mean square", "IBSI 5ZWQ"),
    Field("energy", SQUARED, "sum of the squares", "IBSI N8CA"),
    Field("skewness", "", "third moment (population)", "IBSI KE2A"),
    Field("kurtosis", "", "fourth moment (population), 0 for a normal distribution", "IBSI IPH6"),
    Field("entropy", "bit", "entropy of the histogram", "IBSI TLU2"),
    Field("uniformity", "", "sum of the squared shares of the histogram's bins", "IBSI BJ5W"),
    Field("entropyBinWidth", VALUE, "width of the histogram's bins"),
    Field("entropyBins", "bins", "number of the histogram's bins, from the least to the largest value"),
    Field("sum", VALUE, "sum over voxels"),
    Field("integral", TIMES_ML, "mean x volumeML"),
    Field("tlg", TIMES_ML, "total lesion glycolysis, of an image in SUV: mean x volumeML"),
    Field("totalUptake", TOTAL, "activity in the ROI: mean x volumeML of a concentration, the sum of a unit per voxel"),
    Field("com", "voxel", "centre of mass of the voxels: index of the reference from 0, fractional", vector=True),
    Field("comMm", "mm", "centre of mass of the voxels (LPS)", vector=True),
    Field(
        "weightedCom",
        "voxel",
        "centre of mass of the values where their sum is above 0: index of the reference",
        vector=True,
    ),
    Field("weightedComMm", "mm", "centre of mass of the values (LPS)", vector=True),
    Field("comShift", "mm", "from comMm to weightedComMm", "IBSI KLMA"),
    Field(
        "minPosition", "voxel", "voxel of the least value, the first of several: index of the reference", vector=True
    ),
    Field("minPositionMm", "mm", "place of the least value (LPS)", vector=True),
    Field(
        "maxPosition", "voxel", "voxel of the largest value, the first of several: index of the reference", vector=True
    ),
    Field("maxPositionMm", "mm", "place of the largest value (LPS)", vector=True),
    Field("surface", "mm2", "area of the marching-cubes mesh", "IBSI C0JK"),
    Field("meshVolume", "mm3", "volume of the marching-cubes mesh", "IBSI RNU0"),
    Field("integratedIntensity", TIMES_MM3, "mean x meshVolume", "IBSI 99N0"),
    Field("maxDiameter", "mm", "largest distance between two points of the mesh", "IBSI L0JK", full=True),
    Field("localPeak", VALUE, "mean of the 1 mL sphere around the voxel of the largest value", "IBSI VJGA", full=True),
    Field("globalPeak", VALUE, "highest mean of a 1 mL sphere around a voxel of the ROI", "IBSI 0F91", full=True),
    Field(
        "peakPosition", "voxel", "centre of the sphere of globalPeak: index of the reference", vector=True, full=True
    ),
    Field("peakPositionMm", "mm", "centre of the sphere of globalPeak (LPS)", vector=True, full=True),
    Field("suvPeak", VALUE, "globalPeak of an image in SUV", full=True),
)

FIELDS = {field.name: field for field in _DECLARED}
"""Everything that is measured, in the order of tables."""


def field(name: str) -> Field:
    """Return a field by name; ``p2.5`` is a percentile like those declared.

    Raises
    ------
    RoiError
        If there is none, with the closest name.
    """
    if re.fullmatch(r"p\d+(\.\d+)?", name):
        name = percentile_name(float(name[1:]))
        return FIELDS.get(name) or Field(name, VALUE, f"percentile {name[1:]}")
    if name in FIELDS:
        return FIELDS[name]
    raise RoiError(f'no statistic is called "{name}"', hint=did_you_mean(name, FIELDS, limit=len(FIELDS)))


def percentile_name(percent: float) -> str:
    """Return what a percentile is called: ``p90``, ``p2.5``."""
    return f"p{percent:.10g}"


def totals(unit: str) -> bool:
    """Whether an image of this unit has an activity that an ROI holds some of."""
    return unit in TOTALS or unit in PER_VOXEL
