"""VivoScript's preProcess: a protocol string, read and carried out in VivoQuant's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from vqscript.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.imaging.volume import Volume
    from vqscript.session.inputs import Input
    from vqscript.session.session import Session

SWITCHES = ("bedRemoval", "coRegister", "resample", "autoCrop", "calibFactor", "convertUnit", "storeData")
"""The steps, in the order in which they are carried out."""

VALUES = ("convertUnitUnit", "injDose", "weight")

UNAVAILABLE = {
    # What VivoQuant multiplies with is entered in its own settings; no image or protocol carries it.
    "calibFactor": "vqscript does not know the factor; Arithmetics:scalarMult(input, factor, unit) applies it",
}


def parse(protocol: str) -> dict[str, str]:
    """Read ``key=value`` pairs joined by ``|``; keys whatever their case.

    Raises
    ------
    UsageError
        For an unknown key, one that is given twice, or a switch that is neither true nor false.
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
        if name in found:
            raise UsageError(f'preProcess: "{name}" is given twice')
        if not separator or not value:
            raise UsageError(f'preProcess: "{key}" has no value', hint=f"write {name}=...")
        if name in SWITCHES and value.casefold() not in ("true", "false", "1", "0"):
            raise UsageError(f'preProcess: {name} is true or false, not "{value}"')
        found[name] = value
    return found


def run(session: Session, protocol: str) -> None:
    """Carry a protocol out on all inputs, whole or not at all.

    ``injDose`` is the net activity at scan time: the conversion applies no decay.

    Raises
    ------
    VqError
        If a step is not available, lacks its values, or cannot be done; inputs and ROIs are as they were.
    """
    asked = parse(protocol)
    steps = [name for name in SWITCHES if asked.get(name, "").casefold() in ("true", "1")]
    _check(session, asked, steps)
    carry_out: dict[str, Callable[[], None]] = {
        "bedRemoval": lambda: _remove_bed(session),
        "coRegister": lambda: _register(session),
        "resample": lambda: _resample(session),
        "autoCrop": lambda: session.cropping.auto([i for i, _ in session.inputs]),
        "convertUnit": lambda: _convert(session, asked),
        "storeData": lambda: _store(session),
    }
    with _whole(session):
        for name in steps:
            carry_out[name]()


def _check(session: Session, asked: dict[str, str], steps: list[str]) -> None:
    for name in steps:
        if name in UNAVAILABLE:
            raise UsageError(f"preProcess: {UNAVAILABLE[name]}", hint=f"set {name}=false")
    if "convertUnit" in steps:
        if "convertUnitUnit" not in asked:
            raise UsageError("preProcess: convertUnit needs convertUnitUnit", hint="SUV, %ID/g or uCi")
        if "injDose" not in asked and asked["convertUnitUnit"].casefold() != "uci":
            raise UsageError(
                "preProcess: convertUnit needs injDose, the net activity at scan time", hint="injDose=9.25 MBq"
            )
        if not _with_activity(session):
            raise UsageError("preProcess: convertUnit finds no PET or SPECT among the inputs")
    if "bedRemoval" in steps and not _of_ct(session):
        raise UsageError("preProcess: bedRemoval finds no CT among the inputs", hint="load the CT, into input 0")
    if "storeData" in steps:
        homeless = [i for i, item in session.inputs if item.repository is None]
        if homeless:
            raise UsageError(
                f"preProcess: input {homeless[0]} did not come from a repository, so there is nowhere to store it",
                hint="set storeData=false",
            )


@contextmanager
def _whole(session: Session) -> Iterator[None]:
    """Put inputs and ROIs back as they were if the block fails; steps replace volumes and do not change them."""
    before = [(i, replace(item, provenance=list(item.provenance))) for i, item in session.inputs]
    rois, cursor, ranges = session.rois, session.display.cursor, dict(session.cropping.ranges)
    try:
        yield
    except BaseException:  # Ctrl-C as well: a step that was cut short must not be left half done
        for i, item in before:
            session.inputs[i] = item
        session.rois = rois
        session.display.cursor, session.cropping.ranges = cursor, ranges
        raise


def _of_ct(session: Session) -> list[tuple[int, Input]]:
    return [(i, item) for i, item in session.inputs if item.volume.unit == "HU"]


def _with_activity(session: Session) -> list[tuple[int, Input]]:
    return [(i, item) for i, item in session.inputs if item.volume.modality in ("PT", "NM")]


def _remove_bed(session: Session) -> None:
    """Take the bed out of every CT; other inputs show none."""
    for i, _ in _of_ct(session):
        session.filtering.remove_bed(i)


def _register(session: Session) -> None:
    """Align every other input with input 0."""
    for i, _ in session.inputs:
        if i:
            session.reorientation.register(i)


def _resample(session: Session) -> None:
    """Resample every other input to the grid of input 0."""
    for i, _ in session.inputs:
        if i:
            session.resampling.to_input(i, 0)


def _convert(session: Session, asked: dict[str, str]) -> None:
    from vqscript.imaging.suv import apply, convert_net
    from vqscript.imaging.units import canonical, parse_activity, parse_mass

    unit = canonical(asked["convertUnitUnit"])
    dose = parse_activity(asked["injDose"]) if "injDose" in asked else 0.0
    weight = parse_mass(asked["weight"], bare="g") if "weight" in asked else None
    for i, item in _with_activity(session):
        conversion = convert_net(item.volume, unit, dose, weight)
        item.volume = _copied(item.volume)
        apply(item.volume, conversion)
        item.changed(f"preProcess to {unit}: " + "; ".join(conversion.notes))
        for warning in conversion.warnings:
            session.interaction.log(f"input {i}: {warning}", "warning")


def _copied(volume: Volume) -> Volume:
    """Return the volume with voxels of its own where a conversion would change them in place."""
    return replace(volume, stored=volume.stored.copy() if volume.stored.dtype.kind == "f" else volume.stored)


def _store(session: Session) -> None:
    from vqscript.session.submission import store_input

    for i, item in session.inputs:
        if item.modified and item.repository is not None:
            store_input(session, i, item.repository)
