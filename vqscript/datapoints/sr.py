"""Content items of structured reports: making them, and finding them in the reports of others.

Content items are described in PS3.3 C.17.3; relationships and value types are spelled as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vqscript.datapoints.codes import OWN_SCHEME, Concept
from vqscript.datapoints.people import to_person_name
from vqscript.errors import NotDicom
from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CONTAINS = "CONTAINS"
HAS_CONTEXT = "HAS OBS CONTEXT"
HAS_MODIFIER = "HAS CONCEPT MOD"


# ---- making ------------------------------------------------------------------------------------------


def coded(concept: Concept) -> Dataset:
    """Return the item of a code sequence."""
    from pydicom.dataset import Dataset

    item = Dataset()
    # A short string holds 16 characters (PS3.3 8.1); the composed units can be longer.
    if len(concept.value) > 16:
        item.LongCodeValue = concept.value
    else:
        item.CodeValue = concept.value
    item.CodingSchemeDesignator = concept.scheme
    item.CodeMeaning = concept.meaning[:64]
    return item


def container(name: Concept, children: Sequence[Dataset], *, template: str = "", relation: str = "") -> Dataset:
    """Return a CONTAINER; ``template`` is a template identifier of PS3.16, "" where none is claimed."""
    from pydicom.dataset import Dataset

    item = _item("CONTAINER", name, relation)
    item.ContinuityOfContent = "SEPARATE"
    if template:
        claim = Dataset()
        claim.MappingResource = "DCMR"
        claim.TemplateIdentifier = template
        item.ContentTemplateSequence = [claim]
    item.ContentSequence = list(children)
    return item


def number(name: Concept, value: float, unit: Concept, *, derivation: tuple[Concept, Concept] | None = None) -> Dataset:
    """Return a NUM with the exact value beside its decimal text; ``derivation`` is a (name, value) modifier."""
    from pydicom.dataset import Dataset
    from pydicom.valuerep import format_number_as_ds

    measured = Dataset()
    whole = float(value).is_integer() and abs(value) < 1e15
    measured.NumericValue = str(int(value)) if whole else format_number_as_ds(float(value))
    measured.FloatingPointValue = float(value)
    measured.MeasurementUnitsCodeSequence = [coded(unit)]
    item = _item("NUM", name, CONTAINS)
    item.MeasuredValueSequence = [measured]
    if derivation:
        item.ContentSequence = [code(*derivation, relation=HAS_MODIFIER)]
    return item


def code(name: Concept, value: Concept, *, relation: str) -> Dataset:
    """Return a CODE."""
    item = _item("CODE", name, relation)
    item.ConceptCodeSequence = [coded(value)]
    return item


def text(name: Concept, value: str, *, relation: str = CONTAINS) -> Dataset:
    """Return a TEXT."""
    item = _item("TEXT", name, relation)
    item.TextValue = value
    return item


def moment(name: Concept, value: str) -> Dataset:
    """Return a DATETIME."""
    item = _item("DATETIME", name, CONTAINS)
    item.DateTime = value
    return item


def uid(name: Concept, value: str, *, relation: str = CONTAINS) -> Dataset:
    """Return a UIDREF."""
    item = _item("UIDREF", name, relation)
    item.UID = value
    return item


def segment(name: Concept, sop_class: str, sop_uid: str, number: int) -> Dataset:
    """Return an IMAGE that is one segment of a SEG."""
    item = _item("IMAGE", name, CONTAINS)
    item.ReferencedSOPSequence = [reference(sop_class, sop_uid)]
    item.ReferencedSOPSequence[0].ReferencedSegmentNumber = number
    return item


def observer(creator: str) -> list[Dataset]:
    """Return the observer context of a person (TID 1002, 1003); nothing where there is no name."""
    from vqscript.datapoints import codes

    if not creator:
        return []
    name = _item("PNAME", codes.OBSERVER_NAME, HAS_CONTEXT)
    name.PersonName = to_person_name(creator)
    return [code(codes.OBSERVER_TYPE, codes.PERSON, relation=HAS_CONTEXT), name]


def reference(sop_class: str, sop_uid: str) -> Dataset:
    """Return a reference to an instance."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = sop_uid
    return item


def complete(ds: Dataset, root: Dataset) -> None:
    """Make a derived instance a report: the SR document modules (PS3.3 C.17.1, C.17.2) and the content tree."""
    from pydicom.dataset import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator = OWN_SCHEME
    scheme.CodingSchemeName = "vqscript"
    ds.CodingSchemeIdentificationSequence = [scheme]
    ds.ReferencedPerformedProcedureStepSequence = []
    ds.PerformedProcedureCodeSequence = []
    ds.CompletionFlag = "COMPLETE"
    ds.VerificationFlag = "UNVERIFIED"
    ds.update(root)


def _item(value_type: str, name: Concept, relation: str) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    if relation:
        item.RelationshipType = relation
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [coded(name)]
    return item


# ---- reading: reports come from anywhere, so what is absent is "", None or nothing --------


def items(ds: Dataset, keyword: str) -> Sequence[Dataset]:
    """Return the items of a sequence, none if it is absent, empty or no sequence."""
    from pydicom.sequence import Sequence as DicomSequence

    found = values.value(ds, keyword)
    return found if isinstance(found, DicomSequence) else ()


def string(ds: Dataset, keyword: str) -> str:
    """Return an attribute as stripped text, "" if it is absent; NotDicom if its bytes are no such value."""
    return values.text(ds, keyword)


def concept(ds: Dataset, keyword: str = "ConceptNameCodeSequence") -> Concept:
    """Return the first code of a sequence; all its parts are "" if there is none."""
    for item in items(ds, keyword):
        value = string(item, "CodeValue") or string(item, "LongCodeValue") or string(item, "URNCodeValue")
        return Concept(value, string(item, "CodingSchemeDesignator"), string(item, "CodeMeaning"))
    return Concept("", "", "")


def children(item: Dataset, name: Concept | None = None) -> Iterator[Dataset]:
    """Yield the children of a content item, those of one concept name only if it is given."""
    for child in items(item, "ContentSequence"):
        if name is None or concept(child).key == name.key:
            yield child


def find(item: Dataset, name: Concept) -> Iterator[Dataset]:
    """Yield all content items of a concept name below an item, depth first, without looking into those found."""
    for child in children(item):
        if concept(child).key == name.key:
            yield child
        else:
            yield from find(child, name)


def first_text(item: Dataset, name: Concept, keyword: str) -> str:
    """Return an attribute of the first child of a concept name that has one, "" otherwise."""
    return next((found for child in children(item, name) if (found := string(child, keyword))), "")


def measured(item: Dataset) -> tuple[float, Concept] | None:
    """Return value and unit of a NUM; None where it holds no finite number."""
    for value in items(item, "MeasuredValueSequence"):
        for keyword in ("FloatingPointValue", "NumericValue"):
            try:
                found = values.number(value, keyword)
            except NotDicom:  # "n/a" and the like: the rest of the report is still worth reading
                continue
            if found is not None:
                return found, concept(value, "MeasurementUnitsCodeSequence")
    return None
