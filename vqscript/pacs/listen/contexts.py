"""What we agree to: SOP classes and transfer syntaxes."""

from __future__ import annotations

from functools import cache

from vqscript.imaging.dicom.stream import DEFLATED, EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN
from vqscript.network.dimse.fast.accepting import ACCEPTED, CLASS_NOT_SUPPORTED, SYNTAXES_NOT_SUPPORTED
from vqscript.network.dimse.fast.pdu import Context

VERIFICATION = "1.2.840.10008.1.1"
PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1", "1.2.840.10008.5.1.4.1.2.2"
FIND, MOVE, GET = (frozenset(f"{root}.{n}" for root in (PATIENT_ROOT, STUDY_ROOT)) for n in (1, 2, 3))

_PLAIN = (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN)
_STANDARD = "1.2.840.10008."


def choose(context: Context, *, queries: bool, charset: str) -> tuple[int, str]:
    """Return the result for a context that a caller asks for, and its transfer syntax.

    Parameters
    ----------
    context : Context
    queries : bool
        Whether C-FIND, C-GET and C-MOVE are offered.
    charset : str
        Character set that stands in for the caller's own; then nothing comes deflated, where it cannot be replaced.
    """
    if context.sop_class == VERIFICATION or (queries and context.sop_class in FIND | MOVE | GET):
        allowed: tuple[str, ...] = _PLAIN
    elif is_storage(context.sop_class):
        # Plain comes first: a sender that offers several for one class can have all of them at hand.
        allowed = (*_PLAIN, *(one for one in context.syntaxes if one in _known_syntaxes()))
        if charset:
            allowed = tuple(one for one in allowed if one != DEFLATED)
    else:
        return CLASS_NOT_SUPPORTED, ""
    for syntax in allowed:
        if syntax in context.syntaxes:
            return ACCEPTED, syntax
    return SYNTAXES_NOT_SUPPORTED, ""


@cache
def is_storage(sop_class: str) -> bool:
    """Whether instances of a SOP class can be stored; one that is not of the standard is taken for such a class."""
    from pydicom._uid_dict import UID_dictionary

    if not sop_class.startswith(_STANDARD):
        return bool(sop_class)
    name, kind = UID_dictionary.get(sop_class, ("", ""))[:2]
    return kind == "SOP Class" and "Storage" in name and "Commitment" not in name and "Directory" not in name


@cache
def _known_syntaxes() -> frozenset[str]:
    """Return the transfer syntaxes in which the data itself comes, and not only where it is."""
    from pydicom.uid import AllTransferSyntaxes

    return frozenset(str(one) for one in AllTransferSyntaxes if "JPIP" not in one.name)
