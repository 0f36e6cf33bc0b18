"""pacs status, tags and query-db."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Made, Pacs, sent, write_series


def test_status_follows_a_series_from_the_request_to_the_push(pacs: Pacs, orthanc, qrscp, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    found = pacs("find", "--pacs", orthanc.url, "--StudyInstanceUID", series.study_uid, "--json").out
    words = ("--pacs", orthanc.url, "--repo", "lab.repo", "-")

    def now(code: int = 0) -> dict[str, object]:
        done = pacs("status", *words, "--json", text=found, code=code).json
        (one,) = done["results"]
        assert done["complete"] is (code == 0) and done["data"], "it can be handed on"
        return {key: one[key] for key in ("listed", "requested", "received", "filed", "pushed")} | {
            "missing": len(one["missing"])
        }

    nothing = {"listed": 4, "requested": 0, "received": 0, "filed": 0, "pushed": 0, "missing": 4}
    assert now(code=1) == nothing
    assert not (tmp_path / "lab.repo").exists() and not (tmp_path / "cache").exists(), "to ask makes nothing"
    pacs("get", *words, text=found)
    assert now() == {"listed": 4, "requested": 4, "received": 4, "filed": 4, "pushed": 0, "missing": 0}
    pacs("push", "--repo", "lab.repo", "--to", qrscp.url, "-", text=found)
    assert now()["pushed"] == 4
    one = next((tmp_path / "lab.repo" / "instances").rglob("*.dcm"))
    one.unlink()
    assert now(code=1) == {"listed": 4, "requested": 4, "received": 4, "filed": 3, "pushed": 4, "missing": 1}
    table = pacs("status", *words, text=found, code=1).out
    assert "missing: " in table and series.series_uid in table


def test_a_file_of_another_instance_does_not_make_it_complete(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    """Four are listed and four files are there; but one of them is something else."""
    sent(orthanc.url, series)
    words = ("--pacs", orthanc.url, "--folder", "tree", "--study", series.study_uid)
    pacs("get", *words)
    other = write_series(tmp_path / "other", 1, StudyInstanceUID=series.study_uid)
    lost = next((tmp_path / "tree").rglob("0002-*.dcm"))
    lost.write_bytes(other.paths[0].read_bytes())
    (one,) = pacs("status", *words, "--json", code=1).json["results"]
    assert (one["filed"], one["missing"]) == (3, [list(series.files)[1]])


def test_questions_make_nothing_and_say_what_is_not_there(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    (tmp_path / "plain").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    of = ("--pacs", orthanc.url)
    for place in (("--folder", "gone"), ("--repo", "gone")):
        done = pacs("status", *of, *place, "--study", series.study_uid, code=1)
        assert "gone does not exist: nothing is there" in done.err and "missing: " in done.out
        found = pacs("find", *of, "--StudyInstanceUID", series.study_uid, "--then", "status", *place, code=1)
        assert "gone does not exist" in found.err
    assert "is no repository" in pacs("status", *of, "--repo", "plain", "--study", series.study_uid, code=1).err
    assert "is a file" in pacs("status", *of, "--folder", "series/0000.dcm", "--study", series.study_uid, code=2).err
    assert "where are they" in pacs("status", *of, "--study", series.study_uid, code=2).err
    for words in (
        ("tags", series.series_uid, "--repo", "gone"),
        ("tags", series.series_uid, "--repo", "gone", *of),
        ("query-db", "series", series.study_uid, "--repo", "gone"),
        ("push", "--repo", "gone", "--to", "tree"),
        ("store", "--repo", "gone", *of),
    ):
        assert "gone does not exist" in pacs(*words, code=1).err
    pacs("report", "gone", code=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_where_there_are_no_tags_the_envelope_says_so(pacs: Pacs, orthanc):
    done = pacs("tags", "1.2.3.4", "--pacs", orthanc.url, code=1)
    said = done.json
    assert (said["status"], said["DICOMtagsGet"]) == (False, {"status": False, "d_dicom": {}})
    assert said["message"] and said["message"] in done.err


def test_what_only_looks_says_so(pacs: Pacs):
    assert "is made" not in pacs("status", "--help").out
    assert "it is made if it is not there" in " ".join(pacs("get", "--help").out.split())


def test_status_of_a_dead_server_is_a_failure(pacs: Pacs):
    found = json.dumps(
        {"data": [{"StudyInstanceUID": {"value": "1.2"}, "series": [{"SeriesInstanceUID": {"value": "1.3"}}]}]}
    )
    done = pacs("status", "--pacs", "dicom://GONE@127.0.0.1:9", "--repo", "lab.repo", "-", text=found, code=1)
    assert "GONE@127.0.0.1:9" in done.err and done.out == ""


def test_tags_of_a_series_in_the_whole_envelope(pacs: Pacs, orthanc, qrscp, tmp_path: Path):
    made = write_series(tmp_path / "s", 2, PatientComments="", ImageType=["ORIGINAL", "PRIMARY"])
    for url in (orthanc.url, qrscp.url):
        sent(url, made)
    pacs("get", "--pacs", orthanc.url, "--repo", "lab.repo", "--study", made.study_uid)
    http = f"127.0.0.1:{orthanc.http}"
    ways = [
        ("--repo", "lab.repo"),
        ("--pacs", orthanc.url),
        ("--pacs", f"dicomweb+http://{http}/dicom-web"),
        ("--pacs", f"orthanc+http://{http}"),
        ("--pacs", qrscp.url, "--study", made.study_uid),
    ]
    for way in ways:
        said = pacs("tags", made.series_uid, *way).json
        assert said["status"] is True and said["DICOMtagsGet"]["status"] is True
        tags = said["DICOMtagsGet"]["d_dicom"]
        assert tags["PatientName"] == "Case^One" and tags["SOPInstanceUID"] == next(iter(made.files))
        assert tags["PatientComments"] == "", "an empty text is one"
        assert not {"Rows", "RescaleSlope", "ImageType", "PixelData", "SeriesNumber"} & tags.keys()
        assert all(isinstance(value, str) for value in tags.values())
        more = pacs("tags", made.series_uid, *way, "--all").json["DICOMtagsGet"]["d_dicom"]
        assert (more["Rows"], more["ImageType"]) == (16, ["ORIGINAL", "PRIMARY"]) and "PixelData" not in more


def test_tags_of_what_is_not_there(pacs: Pacs, orthanc, series: Made):
    sent(orthanc.url, series)
    pacs("get", "--pacs", orthanc.url, "--repo", "lab.repo", "--study", series.study_uid)
    assert "has no series 1.2.3" in pacs("tags", "1.2.3", "--repo", "lab.repo", code=1).err
    assert "1.2.3" in pacs("tags", "1.2.3", "--pacs", orthanc.url, code=1).err
    assert "is no UID" in pacs("tags", "*", "--pacs", orthanc.url, code=2).err
    assert "where is the series" in pacs("tags", "1.2.3", code=2).err


def test_tags_are_fetched_where_the_repository_lacks_them(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    other = write_series(tmp_path / "other", 1)
    sent(orthanc.url, other)
    pacs("get", "--pacs", orthanc.url, "--repo", "lab.repo", "--study", other.study_uid)
    tags = pacs("tags", series.series_uid, "--repo", "lab.repo", "--pacs", orthanc.url).json["DICOMtagsGet"]["d_dicom"]
    assert tags["SeriesInstanceUID"] == series.series_uid


def test_questions_to_the_repository(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    pacs("get", "--pacs", orthanc.url, "--repo", "lab.repo", "--study", series.study_uid)
    words = ("--repo", "lab.repo")
    assert series.study_uid in pacs("query-db", "studies", "CASE-1", *words).out.splitlines()
    assert pacs("query-db", "series", series.study_uid, *words).out == f"{series.series_uid}\n"
    files = pacs("query-db", "files", series.series_uid, *words, "--json").json
    assert len(files) == 4 and all(Path(one).is_file() for one in files)
    folders = pacs("query-db", "dir", series.series_uid, *words).out.splitlines()
    assert {str(Path(one).parent) for one in files} == set(folders)
    assert pacs("query-db", "studies", "NOBODY", *words, code=1).out == ""
    assert "has no series 1.9" in pacs("query-db", "files", "1.9", *words, code=1).err
    lines = ["[repositories]", 'archive = "dicom://A@127.0.0.1:104"']
    assert pacs("query-db", "services", lines=lines).out == "archive\tdicom://A@127.0.0.1:104\n"
