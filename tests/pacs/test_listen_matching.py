"""Which values fit a key of a query (PS3.4, section C.2.2.2)."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from vqscript.imaging.dicom.stream import IMPLICIT_LITTLE_ENDIAN
from vqscript.pacs.listen import identifiers
from vqscript.pacs.listen.matching import fits

YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.mark.parametrize(
    ("keyword", "key", "value", "expected"),
    [
        ("StudyDescription", "", "Chest", True),
        ("StudyDescription", "*", "", True),
        ("StudyDescription", "Ch*t", "Chest", True),
        ("StudyDescription", "Ch?st", "Chest", True),
        ("StudyDescription", "chest", "Chest", False),
        ("StudyDescription", "Chest?", "Chest", False),
        ("StudyDescription", "C[h]est", "Chest", False),
        ("StudyDescription", "a.b", "axb", False),
        ("StudyDescription", "4*5", "4*5", True),
        ("Modality", "CT\\MR", "MR", True),
        ("ModalitiesInStudy", "SEG", "CT\\SEG", True),
        ("PatientName", "case^one", "Case^One", True),
        ("PatientName", "Case^One", "Case^One^^^", True),
        ("PatientName", "Case^One^^", "Case^One", True),
        ("PatientName", "Case", "Case^One", False),
        ("PatientName", "Case*", "Case^One", True),
        ("PatientName", "Case^*", "Case", True),
        ("PatientName", "*^*", "Case", True),
        ("PatientName", "C?se*^O*", "Casey^Otto", True),
        ("PatientName", "Case^*", "Casey^One", False),
        ("PatientName", "yamada^tarou", YAMADA, True),
        ("PatientName", "山田*", YAMADA, True),
        ("PatientName", YAMADA, YAMADA, True),
        ("PatientName", "*=山田*", YAMADA, True),
        ("PatientName", "*=Yamada*", YAMADA, False),
        ("PatientName", "ИВАНОВ*", "Иванов^Пётр", True),
        ("StudyDate", "20240101-20241231", "20240229", True),
        ("StudyDate", "20240101-", "20231231", False),
        ("StudyDate", "-20240101", "20240101", True),
        ("StudyDate", "2024.02.29", "20240229", True),
        ("StudyDate", "20240101-", "", False),
        ("StudyTime", "1015", "101559", True),
        ("StudyTime", "1000-1015", "101559.5", True),
        ("StudyTime", "10:00-10:14", "101500", False),
        ("SeriesNumber", "3", "003", True),
        ("SliceThickness", "5", "5.000", True),
        ("StudyInstanceUID", "1.2\\1.3", "1.3", True),
        ("StudyInstanceUID", "1.2", "1.20", False),
        ("StudyInstanceUID", "1.2\\", "", False),
        ("SOPClassesInStudy", "1.3\\1.4", "1.2\\1.3", True),
        ("StudyDescription", "Chest", None, True),
    ],
)
def test_what_fits(keyword, key, value, expected):
    assert fits(keyword, key, value) is expected


letters = st.text("ab", max_size=12)


@given(st.text("ab*?", max_size=10), letters)
def test_wildcards_are_those_of_file_names(key, value):
    assert fits("StudyDescription", key, value) is (not key.strip("*") or fnmatch.fnmatchcase(value, key))


@pytest.mark.parametrize("key", ["*" * 5000 + "b", "*a" * 500 + "b", "*a?" * 500 + "b"])
def test_no_key_keeps_the_server_busy(key):
    """As a regular expression, each of these takes longer than the world is old."""
    assert not fits("PatientComments", key, "a" * 2000)


def test_only_uids_are_listed_by_the_thousand():
    """Each of the others would be tried on each study as a pattern."""
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.StudyInstanceUID = [f"1.2.{number}" for number in range(5000)]
    assert len(_read(query).uids("StudyInstanceUID")) == 5000
    query.ModalitiesInStudy = ["*A*B"] * 300
    with pytest.raises(identifiers.Refused, match="ModalitiesInStudy is longer than 1024"):
        _read(query)


def _read(query: Dataset) -> identifiers.Query:
    return identifiers.read(identifiers.encoded(query, IMPLICIT_LITTLE_ENDIAN), IMPLICIT_LITTLE_ENDIAN)
