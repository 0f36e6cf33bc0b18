"""A project of synthetic mice: who they are, when they were scanned, and what is true of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from vqscript.demo.anatomy import ORGANS, Tissue, draw_mouse

NUCLIDE = "In-111"
HALF_LIFE = 2.8047 * 86400
"""Half-life of In-111 in seconds (2.8047 d, NNDC)."""

TIME_POINTS = (4, 24)
"""Hours from injection to scan, about."""

_NAMES = (("S1+M01", "M 01"), ("S1+M02", "M 02"), ("S2+M03", "M 03"), ("S2+M04", "M 04"))

# %ID/g at each time point for a mouse in the middle of the group; "Body" is all that is no organ.
_UPTAKE: Mapping[str, tuple[float, float]] = {
    "Body": (1.5, 1.0),
    "Heart": (12.0, 6.0),
    "Liver": (9.0, 8.0),
    "Kidneys": (38.0, 30.0),
    "Muscle": (2.0, 1.5),
    "Tumor": (7.0, 13.0),
    "Bladder": (28.0, 8.0),
}


@dataclass(frozen=True)
class Animal:
    """A mouse and its injection.

    Attributes
    ----------
    name, patient_id : str
        PatientName and PatientID, with the ``+`` and the space that real ones have.
    dose : float
        Activity at injection in uCi.
    injected : datetime
    tissues : tuple of Tissue
        In the order of painting.
    decay_corrected : bool
        Whether its SPECT holds activities corrected to the time of injection.
    """

    name: str
    patient_id: str
    dose: float
    injected: datetime
    tissues: tuple[Tissue, ...]
    decay_corrected: bool

    @property
    def organs(self) -> dict[str, Tissue]:
        """Tissues with an uptake of their own, by name."""
        return {tissue.name: tissue for tissue in self.tissues if tissue.organ}


@dataclass(frozen=True)
class Scan:
    """One SPECT/CT study of an animal.

    Attributes
    ----------
    animal : Animal
    hours : int
        Nominal time after injection.
    weight : float
        Body weight on that day in g.
    started : datetime
        Start of the SPECT acquisition; the CT comes five minutes earlier.
    duration : float
        Length of the SPECT acquisition in seconds.
    uptake : mapping
        The truth: %ID/g of each organ and of ``"Body"``, decay-corrected to injection.
    noise_seed : tuple of int
        Where the noise of its images begins.
    """

    animal: Animal
    hours: int
    weight: float
    started: datetime
    duration: float
    uptake: Mapping[str, float]
    noise_seed: tuple[int, ...]

    @property
    def remaining(self) -> float:
        """Mean activity during the acquisition as a fraction of that at injection.

        ``exp(-λt) (1 - exp(-λT)) / (λT)`` for a scan that begins t after injection and lasts T.
        """
        decay = math.log(2) / HALF_LIFE
        waited = (self.started - self.animal.injected).total_seconds()
        during = decay * self.duration
        return math.exp(-decay * waited) * -math.expm1(-during) / during

    @property
    def study_start(self) -> datetime:
        """When the study began: ten minutes before the SPECT."""
        return self.started - timedelta(minutes=10)


@dataclass(frozen=True)
class Phantom:
    """A project: its seed and its scans, animal by animal, earliest first."""

    seed: int
    scans: tuple[Scan, ...]

    @property
    def animals(self) -> tuple[Animal, ...]:
        """Each animal once."""
        return tuple(dict.fromkeys(scan.animal for scan in self.scans))


def make_project(seed: int) -> Phantom:
    """Return a project of four mice, each scanned at two time points.

    Parameters
    ----------
    seed : int
        Not negative. Changes shapes, weights, doses, uptakes, times, and which animal is not
        decay-corrected; the same seed gives the same project.
    """
    rng = np.random.default_rng(seed)
    uncorrected = int(rng.integers(len(_NAMES)))
    scans: list[Scan] = []
    for number, (name, patient_id) in enumerate(_NAMES):
        weight = rng.uniform(20, 30)
        injected = datetime(2024, 3, 4, 8, 30) + timedelta(days=7 * number, seconds=int(rng.integers(3600)))
        animal = Animal(
            name=name,
            patient_id=patient_id,
            dose=round(rng.uniform(150, 300), 1),
            injected=injected,
            tissues=draw_mouse(weight, rng),
            decay_corrected=number != uncorrected,
        )
        level = {tissue: rng.uniform(0.75, 1.25) for tissue in ("Body", *ORGANS)}
        for point, hours in enumerate(TIME_POINTS):
            scans.append(
                Scan(
                    animal=animal,
                    hours=hours,
                    weight=round(weight + rng.uniform(-0.4, 0.4), 1),
                    started=injected + timedelta(hours=hours, seconds=int(rng.integers(-600, 600))),
                    duration=float(rng.choice([1800, 2400, 3000])),
                    uptake={
                        tissue: round(at[point] * level[tissue] * rng.uniform(0.95, 1.05), 3)
                        for tissue, at in _UPTAKE.items()
                    },
                    noise_seed=(seed, number, point),
                )
            )
    return Phantom(seed, tuple(scans))
