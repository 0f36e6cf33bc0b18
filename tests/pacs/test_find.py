"""pacs echo, find and report, as processes against real servers."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest

from .conftest import Made, Pacs, sent, write_series


def ways(orthanc) -> list[str]:
    """The URLs of one Orthanc."""
    http = f"127.0.0.1:{orthanc.http}"
    return [orthanc.url, f"dicomweb+http://{http}/dicom-web", f"orthanc+http://{http}"]


def test_echo_answers_on_every_way(pacs: Pacs, orthanc, qrscp):
    for url in (*ways(orthanc), qrscp.url):
        assert "answered in" in pacs("echo", "--pacs", url).out
        said = pacs("echo", "--pacs", url, "--json").json
        assert said["status"] is True and said["seconds"] < 20


def test_a_dead_server_ends_a_process_with_code_1(process: Pacs):
    done = process("find", "--pacs", "dicom://GONE@127.0.0.1:9", "--PatientID", "1", code=1)
    assert "GONE@127.0.0.1:9" in done.err and done.out == ""


def test_a_dead_server_is_a_failure_that_names_it(pacs: Pacs):
    for url in ("dicom://GONE@127.0.0.1:9", "dicomweb+http://127.0.0.1:9/x", "orthanc+http://127.0.0.1:9"):
        for words in (("echo",), ("find", "--PatientID", "1")):
            done = pacs(*words, "--pacs", url, "--json", code=1)
            assert "127.0.0.1:9" in done.err
            said = done.json
            assert (said["status"], said["command"], said["data"]) == (False, words[0], [])
            assert "127.0.0.1:9" in said["message"]
            after = pacs("get", "--pacs", url, "--repo", "lab.repo", "-", text=done.out, code=2)
            assert "failed" in after.err


def test_what_is_no_server_is_wrong_use(pacs: Pacs):
    done = pacs("echo", "--pacs", "arkive", code=2, lines=['[repositories]\narchive = "dicom://A@127.0.0.1:9"'])
    assert 'did you mean "archive"?' in done.err


def test_a_query_by_any_keyword_gives_find_json(pacs: Pacs, orthanc, qrscp, tmp_path: Path):
    ct = write_series(tmp_path / "ct", 3, PatientID="FIND-1")
    pt = write_series(
        tmp_path / "pt",
        2,
        PatientID="FIND-1",
        StudyInstanceUID=ct.study_uid,
        Modality="PT",
        SeriesNumber="1",
        SeriesDescription="WB [corrected] 'x'",
    )
    for url in (orthanc.url, qrscp.url):
        sent(url, ct)
        sent(url, pt)
    for url in (*ways(orthanc), qrscp.url):
        found = pacs("find", "--pacs", url, "--PatientID", "FIND-1", "--json").json
        assert (found["status"], found["command"], found["then"]) == (True, "find", [])
        assert found["args"] == {"pacs": url, "PatientID": "FIND-1"}
        (study,) = found["data"]
        assert study["PatientID"] == {"tag": "0010,0020", "value": "FIND-1", "label": "Patient ID"}
        uids = [one["SeriesInstanceUID"]["value"] for one in study["series"]]
        assert uids == [pt.series_uid, ct.series_uid], "by number"
        # dcmqrscp leaves the description out: that is no error, and no invented value.
        assert study["series"][0].get("SeriesDescription", {}).get("value") in (None, "WB [corrected] 'x'")
        (only,) = pacs("find", "--pacs", url, "--PatientID=FIND-1", "--Modality", "CT", "--json").json["data"]
        assert [one["SeriesInstanceUID"]["value"] for one in only["series"]] == [ct.series_uid]
        by_series = pacs("find", "--pacs", url, "--SeriesInstanceUID", ct.series_uid, "--json").json["data"]
        assert [one["StudyInstanceUID"]["value"] for one in by_series] == [ct.study_uid]


def test_a_value_with_a_bracket_is_whole(pacs: Pacs, orthanc, tmp_path: Path):
    made = write_series(tmp_path / "s", 1, PatientID="BR-1", SeriesDescription="a]b[c", StudyDescription="x] y")
    sent(orthanc.url, made)
    (study,) = pacs("find", "--pacs", orthanc.url, "--PatientID", "BR-1", "--json").json["data"]
    assert study["StudyDescription"]["value"] == "x] y"
    assert study["series"][0]["SeriesDescription"]["value"] == "a]b[c"


def test_latin_1_and_cyrillic_names_are_text(pacs: Pacs, orthanc, qrscp, tmp_path: Path):
    latin = write_series(tmp_path / "l", 1, PatientID="CS-1", PatientName="Müller^Jörg")
    russian = write_series(
        tmp_path / "r", 1, PatientID="CS-2", PatientName="Люксембург", SpecificCharacterSet="ISO_IR 144"
    )
    for made in (latin, russian):
        sent(orthanc.url, made)
        sent(qrscp.url, made)
    for url in (orthanc.url, qrscp.url):
        (study,) = pacs("find", "--pacs", url, "--PatientID", "CS-1", "--json").json["data"]
        assert study["PatientName"]["value"] == "Müller^Jörg"
    (study,) = pacs("find", "--pacs", qrscp.url, "--PatientID", "CS-2", "--json").json["data"]
    assert study["PatientName"]["value"] == "Люксембург"


def test_nothing_found_is_exit_code_1_and_valid_find_json(pacs: Pacs, orthanc):
    assert pacs("find", "--pacs", orthanc.url, "--PatientID", "NOBODY", "--json", code=1).json["data"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--PatientId", "1"), 'did you mean "PatientID"?'),
        (("--PatientID",), "--PatientID needs a value"),
        ((), "something to look for"),
        (("--PatientID", "1", "--return", "Nonsense"), '"Nonsense"'),
    ],
)
def test_mistakes_in_a_query_are_explained(pacs: Pacs, words, said):
    assert said in pacs("find", "--pacs", "dicom://A@127.0.0.1:9", *words, code=2).err


def test_further_attributes_are_returned(pacs: Pacs, orthanc, series: Made):
    sent(orthanc.url, series)
    words = ("find", "--pacs", orthanc.url, "--StudyInstanceUID", series.study_uid)
    (study,) = pacs(*words, "--return", "StudyID,BodyPartExamined", "--json").json["data"]
    assert study["StudyID"]["value"] == "1"
    table = pacs(*words, "--return", "StudyID,Manufacturer").out
    assert "StudyID: 1" in table and "Manufacturer" in table, "what was asked for is also shown"
    assert (
        pacs(*words, "--format", "csv", "--header", "StudyID", "--body", "Modality").out == "StudyID,Modality\n1,CT\n"
    )


def test_the_dcmtk_lines_ask_each_level_for_its_own(pacs: Pacs, orthanc, series: Made):
    sent(orthanc.url, series)
    words = ("--StudyInstanceUID", series.study_uid, "--Modality", "CT", "--return", "StudyID,Manufacturer")
    done = pacs("find", "--pacs", orthanc.url, "-v", *words)
    study, one = [line for line in done.err.splitlines() if line.startswith("dcmtk: ")]
    assert "QueryRetrieveLevel=STUDY" in study and "StudyID=" in study and "Modality" not in study
    assert "QueryRetrieveLevel=SERIES" in one and "Modality=CT" in one and f"StudyInstanceUID={series.study_uid}" in one
    only = pacs("find", "--pacs", orthanc.url, "-v", "--SeriesInstanceUID", series.series_uid).err
    alone = pacs("find", "--pacs", orthanc.url, "-v", "--studies", "--StudyInstanceUID", series.study_uid).err
    assert "QueryRetrieveLevel=STUDY" in alone and "QueryRetrieveLevel=SERIES" not in alone
    assert f"QueryRetrieveLevel=SERIES -k StudyInstanceUID= -k SeriesInstanceUID={series.series_uid}" in only


def test_the_dcmtk_line_is_printed_quoted_and_not_run(pacs: Pacs, orthanc, tmp_path: Path):
    hostile = "x'; touch pwned; echo $(touch pwned) `touch pwned`"
    done = pacs("find", "--pacs", orthanc.url, "-v", "--PatientID", hostile, "--json", code=1)
    (line,) = [line for line in done.err.splitlines() if line.startswith("dcmtk: ")]
    words = shlex.split(line.removeprefix("dcmtk: "))
    assert words[0] == "findscu" and f"PatientID={hostile}" in words
    assert words[-2:] == ["127.0.0.1", str(orthanc.dicom)]
    assert not list(tmp_path.rglob("pwned"))


FOUND = {
    "status": True,
    "data": [
        {
            "PatientID": {"value": "P1"},
            "PatientName": {"value": '<script>"x"</script>\x1b[31m'},
            "StudyInstanceUID": {"value": "1.2.3"},
            "series": [
                {"SeriesInstanceUID": {"value": "1.2.3.4"}, "Modality": {"value": "CT"}},
                {
                    "SeriesInstanceUID": {"value": "1.2.3.5"},
                    "Modality": {"value": "PT"},
                    "SeriesDescription": {"value": "a,b"},
                },
            ],
        }
    ],
}


def test_a_report_in_every_format(pacs: Pacs, tmp_path: Path):
    text = json.dumps(FOUND)
    (tmp_path / "found.json").write_text(text)
    table = pacs("report", "found.json").out
    assert "PatientID: P1" in table and "1 study, 2 series" in table
    rows = list(csv.DictReader(io.StringIO(pacs("report", "-", "--format", "csv", text=text).out)))
    assert [(row["PatientID"], row["Modality"], row["SeriesDescription"]) for row in rows] == [
        ("P1", "CT", ""),
        ("P1", "PT", "a,b"),
    ]
    page = pacs("report", "-", "--format", "html", text=text).out
    assert "&lt;script&gt;" in page and "<script>" not in page
    again = pacs("report", "-", "--json", text=text).json["data"][0]
    assert again["series"][1]["SeriesDescription"]["value"] == "a,b"
    assert pacs("report", "-", "--format", "text", "--header", "PatientID", "--body", "Modality", text=text).out == (
        "PatientID: P1\n  series\n    Modality: CT\n  series\n    Modality: PT\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        '{"data": [{"StudyInstanceUID": {"value": "*"}}]}',
        '{"data": [{"StudyInstanceUID": {"value": "1.2"}, "series": [{"SeriesInstanceUID": {"value": "../x"}}]}]}',
        '{"data": [{"StudyInstanceUID": {"value": "1.2"}, "series": 3}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_find_json_is_refused(pacs: Pacs, text):
    assert pacs("report", "-", text=text, code=2).out == ""


def test_a_chain_within_find(pacs: Pacs, orthanc, qrscp, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    words = ("find", "--pacs", orthanc.url, "--StudyInstanceUID", series.study_uid)
    done = pacs(*words, "--then", "report,get,status,push", "--repo", "lab.repo", "--to", qrscp.url).out
    for said in ("1 study, 1 series", "complete: CT Axial: 4 of 4", "4 of 4 instances are at dicom://QRSCP"):
        assert said in done
    assert "4 of 4 instances are at tree" in pacs(*words, "--then", "push", "--to", "tree").out
    only = ("--then", "get", "--repo", "lab.repo", "--json")
    assert pacs(*words, *only).json["results"][0]["complete"] is True
    nothing = pacs("find", "--pacs", orthanc.url, "--PatientID", "NOBODY", *only, code=1)
    assert nothing.json["data"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--then", "gett"), 'did you mean "get"?'),
        (("--then", "get"), "needs a place"),
        (("--then", "push"), "needs a target"),
        (("--then", "report,get", "--repo", "x", "--json"), "one document"),
    ],
)
def test_a_chain_that_cannot_be_is_refused_before_anything_is_asked(pacs: Pacs, words, said):
    assert said in pacs("find", "--pacs", "dicom://A@127.0.0.1:9", "--PatientID", "1", *words, code=2).err
