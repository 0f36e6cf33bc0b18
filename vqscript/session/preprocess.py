"""VivoScript's preProcess: a protocol string, read and carried out in VivoQuant's order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from vqscript.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.session.session import Session

SWITCHES = ("bedRemoval", "coRegister", "resample", "autoCrop", "calibFactor", "convertUnit", "storeData")
VALUES = ("convertUnitUnit", "injDose", "weight")
LATER = {
    "bedRemoval": "the bed is not removed by this version",
    "coRegister": "inputs are not registered by this version",
    "calibFactor": "calibration factors are not applied by this version; use Arithmetics:scalarMult",
}


def parse(protocol: str) -> dict[str, str]:
    """Read ``key=value`` pairs joined by ``|``; keys whatever their case.

    Raises
    ------
    UsageError
        For an unknown key, or a switch that is neither true nor false.
    """
    known = {name.casefold(): name for name in (*SWITCHES, *VALUES)}
    found: dict[str, str] = {}
    for part in protocol.split("|"):
        if not part.strip():
            continue
        key, separator, value = (piece.strip() for piece in part.partition("="))
        name = known.get(key.casefold())
        if name is None:
            raise UsageError(f'preProcess knows no "{key}"', hint=did_you_mean(key, known.values()))
        if not separator:
            raise UsageError(f'preProcess: "{key}" has no value', hint=f"write {name}=...")
        if name in SWITCHES and value.casefold() not in ("true", "false", "1", "0"):
            raise UsageError(f'preProcess: {name} is true or false, not "{value}"')
        found[name] = value
    return found


def run(session: Session, protocol: str) -> None:
    """Carry a protocol out on all inputs.

    ``injDose`` is the net activity at scan time: the conversion applies no decay.

    Raises
    ------
    UsageError
        Before anything changes, if a step is not available or lacks its values.
    """
    asked = parse(protocol)
    steps = [name for name in SWITCHES if asked.get(name, "").casefold() in ("true", "1")]
    for name in steps:
        if name in LATER:
            raise UsageError(f"preProcess: {LATER[name]}", hint=f"set {name}=false")
    if "convertUnit" in steps and "convertUnitUnit" not in asked:
        raise UsageError("preProcess: convertUnit needs convertUnitUnit", hint="SUV, %ID/g or uCi")
    if "convertUnit" in steps and "injDose" not in asked and not asked["convertUnitUnit"].casefold().startswith("uci"):
        raise UsageError(
            "preProcess: convertUnit needs injDose, the net activity at scan time", hint="injDose=9.25 MBq"
        )
    carry_out: dict[str, Callable[[], None]] = {
        "resample": lambda: _resample(session),
        "autoCrop": lambda: _auto_crop(session),
        "convertUnit": lambda: _convert(session, asked),
        "storeData": lambda: _store(session),
    }
    for name in steps:
        carry_out[name]()


def _resample(session: Session) -> None:
    """Resample every input to the grid of input 0; per-voxel units keep their totals."""
    from vqscript.imaging.resample import resample
    from vqscript.imaging.units import per_voxel

    target = session.reference.volume.grid
    for i, item in session.inputs:
        volume = item.volume
        if volume.grid.matches(target):
            continue
        if volume.stored.ndim == 4:
            raise UsageError(f"input {i} has frames: this version resamples single images")
        values = resample(volume.values(), volume.grid, target)
        if per_voxel(volume.unit):
            values *= target.voxel_volume / volume.grid.voxel_volume
        item.volume = replace(volume, stored=values, slope=1.0, intercept=0.0, grid=target)
        item.changed("resampled to the grid of input 0, linear")


def _auto_crop(session: Session) -> None:
    session.cropping.auto([i for i, _ in session.inputs])
    session.cropping.execute()


def _convert(session: Session, asked: dict[str, str]) -> None:
    from vqscript.imaging.suv import apply, convert_net
    from vqscript.imaging.units import canonical, parse_activity, parse_mass

    unit = canonical(asked["convertUnitUnit"])
    dose = parse_activity(asked["injDose"]) if "injDose" in asked else 0.0
    weight = parse_mass(asked["weight"], bare="g") if "weight" in asked else None
    todo = [(i, item) for i, item in session.inputs if item.volume.modality in ("PT", "NM")]
    # All conversions are worked out before the first one is applied.
    planned = [(i, item, convert_net(item.volume, unit, dose, weight)) for i, item in todo]
    for i, item, conversion in planned:
        apply(item.volume, conversion)
        item.changed(f"preProcess to {unit}: " + "; ".join(conversion.notes))
        for warning in conversion.warnings:
            session.interaction.log(f"input {i}: {warning}", "warning")


def _store(session: Session) -> None:
    from vqscript.session.submission import store_input

    for i, item in session.inputs:
        if not item.modified:
            continue
        if item.repository is None:
            raise UsageError(f"preProcess: input {i} did not come from a repository, so there is nowhere to store it")
        store_input(session, i, item.repository)
