"""Plans, names of folders, and rows."""

from __future__ import annotations

import pytest

from vqscript.batch.names import folder_name
from vqscript.batch.plan import plan, where
from vqscript.batch.rows import ordered, rows_of
from vqscript.batch.task import Task
from vqscript.errors import NotFound, UsageError
from vqscript.repository.base import StudyFilter
from vqscript.repository.local import LocalRepository

STUDY = {"StudyInstanceUID": "1.2.3", "PatientsName": "Mouse^A", "PatientID": "M 1", "StudyDate": "20240304"}
TASK = Task("1.2.3", 1, 1, "Mouse", (STUDY,))


@pytest.mark.parametrize(
    ("parts", "begins"),
    [
        (("S1+M01", "M 01", "20240304"), "S1_M01_M_01_20240304_"),
        (("../../etc", "passwd"), "etc_passwd_"),
        (("Müller^Jürgen",), "Müller_Jürgen_"),
        (("CON",), "CON_"),
        (("a" * 300,), "a" * 60 + "_"),
        (('x\0\n/:*?"<>|\\y',), "x"),
        (("",), ""),
        (("...",), ""),
    ],
)
def test_names_are_readable_and_safe(parts, begins):
    name = folder_name("1.2.3", *parts)
    assert name.startswith(begins)
    assert not set(name) & set('/\\:*?"<>|\0\n\r ')
    assert name not in (".", "..") and len(name) <= 69 and not name.endswith(".")


def test_names_of_different_studies_differ_whatever_the_patient_is_called():
    assert folder_name("1.2.3", "A") != folder_name("1.2.4", "A")
    assert folder_name("1.2.3", "A") == folder_name("1.2.3", "A")


def test_where_is_read_as_scripts_write_it():
    assert where("-namefilter 'S1 *' -sort StudyDate -datestart 20240101") == StudyFilter(
        name="S1 *", sort="StudyDate", date_start="20240101"
    )
    assert where("") == StudyFilter()


@pytest.mark.parametrize(("text", "said"), [("-nam x", "no option"), ("-sort", "no value"), ("-sort 'a", "quotation")])
def test_where_that_cannot_be_read(text, said):
    with pytest.raises(UsageError, match=said):
        where(text)


def test_studies_and_patients(mice):
    with LocalRepository.open(mice.path) as repository:
        studies = plan(repository, mice.project, StudyFilter())
        patients = plan(repository, mice.project, StudyFilter(), by_patient=True)
        with pytest.raises(NotFound, match='no study of project "/none" fits'):
            plan(repository, "/none", StudyFilter())
    assert [(task.index, task.size, len(task.studies)) for task in studies] == [(1, 3, 1), (2, 3, 1), (3, 3, 1)]
    assert sorted(len(task.studies) for task in patients) == [1, 2]
    assert len({task.folder for task in (*studies, *patients)}) == 4


@pytest.mark.parametrize(
    ("returned", "columns"),
    [
        (None, []),
        ({}, []),
        ({"mean": 1.5, "roi": "Heart"}, [{"mean": 1.5, "roi": "Heart"}]),
        ([{"n": 1}, {"n": 2}], [{"n": 1}, {"n": 2}]),
        ({"com": [1.0, 2.0, 3]}, [{"com_x": 1.0, "com_y": 2.0, "com_z": 3}]),
        ({"curve": [5, 6]}, [{"curve_1": 5, "curve_2": 6}]),
        ({"names": ["a", "b", "c"]}, [{"names_1": "a", "names_2": "b", "names_3": "c"}]),
        (
            {"mean": 1, "volume": 2, "unit": "HU", "units": {"mean": "HU", "volume": "mm3", "sd": "HU"}},
            [{"mean": 1, "volume": 2, "unit": "HU", "volume_unit": "mm3"}],
        ),
        ({"ok": True, "study": STUDY}, [{"ok": True}]),
    ],
)
def test_rows(returned, columns):
    named = {"study_uid": "1.2.3", "patient_id": "M 1", "patient_name": "Mouse^A", "study_date": "20240304"}
    assert rows_of(returned, TASK) == [named | each for each in columns]


def test_a_row_of_another_study_is_refused():
    with pytest.raises(UsageError, match=r"its study 9\.9 is none of this task"):
        rows_of({"study": {"StudyInstanceUID": "9.9"}}, TASK)


def test_columns_begin_with_the_study_and_end_with_the_unit():
    assert ordered(["unit", "p_10", "p_2", "mean", "roi", "study_uid"]) == [
        "study_uid",
        "patient_id",
        "patient_name",
        "study_date",
        "roi",
        "mean",
        "p_2",
        "p_10",
        "unit",
    ]
