"""The coded concepts of our data points, and the spellings of others that mean the same.

Codes are those of DICOM PS3.16; where the standard has none, of IBSI or of vqscript's own scheme.
"""

from __future__ import annotations

from typing import NamedTuple

OWN_SCHEME = "99VQSCRIPT"


class Concept(NamedTuple):
    """A coded concept; two are the same where value and scheme are, whatever the meaning says."""

    value: str
    scheme: str
    meaning: str

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the concept."""
        return self.value, self.scheme


# Structure of a measurement report: TID 1500, 1001, 1003, 1411 and 1419.
REPORT = Concept("126000", "DCM", "Imaging Measurement Report")
LANGUAGE = Concept("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Concept("en", "RFC5646", "English")
OBSERVER_TYPE = Concept("121005", "DCM", "Observer Type")
PERSON = Concept("121006", "DCM", "Person")
OBSERVER_NAME = Concept("121008", "DCM", "Person Observer Name")
PROCEDURE = Concept("121058", "DCM", "Procedure reported")
IMAGING_PROCEDURE = Concept("363679005", "SCT", "Imaging procedure")
MEASUREMENTS = Concept("126010", "DCM", "Imaging Measurements")
GROUP = Concept("125007", "DCM", "Measurement Group")
TRACKING_ID = Concept("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Concept("112040", "DCM", "Tracking Unique Identifier")
REFERENCED_SEGMENT = Concept("121191", "DCM", "Referenced Segment")
SEGMENTATION_SERIES = Concept("121232", "DCM", "Source series for segmentation")
MEASURED_SERIES = Concept("112002", "DCM", "Series Instance UID")
SOURCE_OF_MEASUREMENT = Concept("121112", "DCM", "Source of Measurement")
SOURCE_IMAGE = Concept("121233", "DCM", "Source image for segmentation")
DERIVATION = Concept("121401", "DCM", "Derivation")

# Quantities: what the voxels measure.
SUV = Concept("126400", "DCM", "Standardized Uptake Value")
ATTENUATION = Concept("112031", "DCM", "Attenuation Coefficient")
ACTIVITY = Concept("110821", "DCM", "Nuclear Medicine Tomographic Activity")
ABSORBED_DOSE = Concept("128513", "DCM", "Absorbed Dose")
MR_SIGNAL = Concept("110852", "DCM", "MR signal intensity")
INTENSITY = Concept("intensity", OWN_SCHEME, "Voxel intensity")

# How a value was derived from the voxels of the ROI (PS3.16 CID 7464), by field of our statistics.
DERIVATIONS: dict[str, Concept] = {
    "mean": Concept("373098007", "SCT", "Mean"),
    "sd": Concept("386136009", "SCT", "Standard Deviation"),
    "min": Concept("255605001", "SCT", "Minimum"),
    "max": Concept("56851009", "SCT", "Maximum"),
    "median": Concept("373099004", "SCT", "Median"),
    "sum": Concept("255619001", "SCT", "Total"),
    "variance": Concept("C1711260", "UMLS", "Variance"),
    "skewness": Concept("126051", "DCM", "Skewness"),
    "kurtosis": Concept("126052", "DCM", "Kurtosis"),
}

# Measurements with a name of their own.
VOXELS = Concept("voxels", OWN_SCHEME, "Number of voxels")
VOLUME = Concept("118565006", "SCT", "Volume")
INTEGRAL = Concept("99N0", "IBSI", "Integrated Intensity")
INPUT = Concept("input", OWN_SCHEME, "Number of the input")

# Reports of before 2018 use SNOMED's older identifiers (PS3.16 Annex L maps them).
DERIVATION_FIELDS: dict[tuple[str, str], str] = {concept.key: field for field, concept in DERIVATIONS.items()} | {
    ("R-00317", "SRT"): "mean",
    ("R-10047", "SRT"): "sd",
    ("R-404FB", "SRT"): "min",
    ("G-A437", "SRT"): "max",
    ("R-00319", "SRT"): "median",
}
MEASUREMENT_FIELDS: dict[tuple[str, str], str] = {
    VOXELS.key: "voxels",
    VOLUME.key: "volume",
    ("G-D705", "SRT"): "volume",
    INTEGRAL.key: "integral",
}

# Subject information.
PATIENT_CHARACTERISTICS = Concept("121118", "DCM", "Patient Characteristics")
BODY_WEIGHT = Concept("27113001", "SCT", "Body weight")
ADMINISTERED_ACTIVITY = Concept("113507", "DCM", "Administered activity")
INJECTION_TIME = Concept("123003", "DCM", "Radiopharmaceutical Start DateTime")
RADIONUCLIDE = Concept("89457008", "SCT", "Radioactive isotope")

# Segmentations.
PURPOSE = Concept("121322", "DCM", "Source image for image processing operation")
SEGMENTED = Concept("113076", "DCM", "Segmentation")
# An ROI has a name of the user's, and no code says what it is.
TISSUE = Concept("85756007", "SCT", "Tissue")

# Units that are no image units.
GRAM = Concept("g", "UCUM", "g")
MICROCURIE = Concept("uCi", "UCUM", "uCi")
CUBIC_MILLIMETRE = Concept("mm3", "UCUM", "mm3")
MILLILITRE = Concept("ml", "UCUM", "mL")
VOXEL_COUNT = Concept("{voxels}", "UCUM", "voxels")
NO_UNIT = Concept("1", "UCUM", "no units")
