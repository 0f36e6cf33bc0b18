"""What to offer a server that is asked by C-GET: SOP classes and transfer syntaxes, as many as find room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from vqscript.network.dimse.get import MOST_OFFERED

# PS3.6, table A-1: explicit and implicit; JPEG lossless, 2000, LS, baseline, extended; RLE, deflated, big endian;
# HTJ2K; MPEG-2 and -4, HEVC. The commonest first: not all may be needed.
_SYNTAXES = (
    *(f"1.2.840.10008.1.2{end}" for end in (".1", "")),
    *(f"1.2.840.10008.1.2.4.{n}" for n in (70, 90, 91, 80, 81, 50, 51, 57)),
    *(f"1.2.840.10008.1.2{end}" for end in (".5", ".1.99", ".2")),
    *(f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203, 100, 101, 102, 103, 107)),
)

# CT and MR (also enhanced), PET, NM, secondary capture, SEG, RT structure set, plan, dose and image, SRs, CR, DX, MG,
# US, encapsulated PDF, registrations, parametric map, ophthalmic photography.
_COMMON = tuple(
    f"1.2.840.10008.5.1.4.1.1.{end}"
    for end in (
        *("2", "2.1", "4", "4.1", "128", "130", "20", "7", "66.4", "481.3", "481.5", "481.2", "481.1"),
        *("88.11", "88.22", "88.33", "88.34", "1", "1.1", "1.2", "6.1", "3.1", "104.1", "66", "66.1", "66.3"),
        *("67", "30", "77.1.5.1"),
    )
)
_RARE_SYNTAXES = 3


def offers(classes: Sequence[str], *, all_known: bool) -> Iterator[list[tuple[str, str]]]:
    """Yield what to offer, one association after another, until all that was asked for has come.

    Parameters
    ----------
    classes : sequence of str
        SOP classes that the server has named.
    all_known : bool
        Whether it has named that of each instance; if not, it might be any.
    """
    if all_known:
        yield from _parts(_by_syntax(_SYNTAXES, classes))
        return
    yield from _parts(_by_syntax(_SYNTAXES, list(dict.fromkeys([*classes, *_COMMON]))))
    rare = [one for one in _all_classes() if one not in {*classes, *_COMMON}]
    yield from _parts(_by_syntax(_SYNTAXES[:_RARE_SYNTAXES], rare))


def _by_syntax(syntaxes: Sequence[str], classes: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((sop_class, syntax) for syntax, sop_class in product(syntaxes, classes))


def _parts(pairs: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while part := list(islice(pairs, MOST_OFFERED)):
        yield part


def _all_classes() -> list[str]:
    """Return every storage SOP class of the standard."""
    from pynetdicom import AllStoragePresentationContexts

    return [str(one.abstract_syntax) for one in AllStoragePresentationContexts]
