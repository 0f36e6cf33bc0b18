"""What a report holds, before any browser: data that cannot be taken for markup, previews, the script's text."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from PIL import Image

from vqscript.batch.report import write_report
from vqscript.batch.report.embedding import block, plain
from vqscript.batch.report.entry import LOG_LINES, log_end
from vqscript.batch.report.origin import origin
from vqscript.batch.report.previews import EDGE, previews

BLOCK = re.compile(r'<script type="application/json" class="(\w+)">(.*?)</script>', re.DOTALL)


def data_of(path, kind):
    """Return the data of one kind in a report."""
    return [json.loads(text) for name, text in BLOCK.findall(path.read_text("utf-8")) if name == kind]


# Data inside a page -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["</script>", "<!--<script>", "]]>", "a\u2028b\u2029c", "\ud800", "&lt;", "\x00\x07", "Müller^José 山田", '"\\'],
)
def test_any_text_comes_back_as_it_was_and_cannot_end_its_block(text):
    made = block("study", {"patient_name": text, text: [text]}).decode("ascii")
    inside = made.removeprefix('<script type="application/json" class="study">').removesuffix("</script>\n")
    assert not set(inside) & set("<>&")
    assert json.loads(inside) == {"patient_name": text, text: [text]}


def test_numbers_that_json_or_javascript_cannot_hold_become_text():
    values = [1.5, float("nan"), float("inf"), float("-inf"), 2**53, 2**53 + 1, True, None]
    assert plain({"row": values}) == {
        "row": [1.5, "nan", "inf", "-inf", 2**53, "9007199254740993", True, None],
    }


# The whole file ---------------------------------------------------------------------------


def test_the_report_is_one_file_that_names_no_other(make, tmp_path):
    path = write_report(make(tmp_path / "out", 3))
    page = path.read_text("utf-8")
    assert path == tmp_path / "out" / "report.html"
    markup = BLOCK.sub("", page)
    assert not re.search(r"""(src|href)=["'](?!#)""", markup.split("<script>")[0])
    assert "{{" not in markup.split("<script>")[0]
    assert "default-src 'none'" in page


def test_studies_stand_in_the_order_of_the_batch_with_state_rows_and_trace(make, tmp_path):
    folder = make(tmp_path / "out", 4, failed=[1], waiting=[3])
    studies = data_of(write_report(folder), "study")
    assert [study["state"] for study in studies] == ["done", "failed", "done", "waiting"]
    assert [study["study_uid"] for study in studies] == [f"2.25.{10**30 + i}" for i in range(4)]
    first, failed = studies[0], studies[1]
    assert first["columns"][-1] == "unit"
    assert [row[first["columns"].index("roi")] for row in first["rows"]] == ["Heart", "Liver", "Kidneys", "Tumour"]
    assert first["trace"][0]["series_uid"].endswith(".7")
    assert first["log"]["text"] == "study 1 of 4\nmeasured 4 ROIs"
    assert failed["rows"] == []
    assert failed["failure"]["message"] == "quantify.lua:3: no CT in study 1"
    assert failed["failure"]["hint"] == "add its CT"
    assert studies[3]["log"]["text"] == ""


def test_columns_are_those_of_all_studies(make, tmp_path):
    def change(i, study, fields):
        if i == 1:
            for row in fields["rows"]:
                row["suv"] = 1.0

    (columns,) = data_of(write_report(make(tmp_path / "out", 2, change=change)), "columns")
    named = ["study_uid", "patient_id", "patient_name", "study_date"]
    assert columns["names"] == [*named, "roi", "group", "mean", "sd", "suv", "volumeML", "volumeML_unit", "unit"]
    assert columns["measured"] == ["mean", "sd"]  # a volume in a row of %ID/g is in no %ID/g


def test_a_report_of_no_studies_can_be_written(make, tmp_path):
    path = write_report(make(tmp_path / "out", 0))
    assert data_of(path, "study") == []
    assert data_of(path, "columns") == [{"names": [], "measured": []}]


# The end of a log -------------------------------------------------------------------------


def test_of_a_long_log_the_end_is_shown(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {i}\n" for i in range(100_000)), encoding="utf-8")
    found = log_end(log)
    lines = found["text"].split("\n")
    assert found["cut"]
    assert lines == [f"line {i}" for i in range(100_000 - LOG_LINES, 100_000)]


def test_a_log_of_one_endless_line_is_cut_too(tmp_path):
    log = tmp_path / "log.txt"
    log.write_bytes(b"\xff" + b"x" * 1_000_000)
    found = log_end(log)
    assert found["cut"]
    assert 1000 < len(found["text"]) < 100_000


# How it was made --------------------------------------------------------------------------


def test_the_text_of_the_script_is_shown_only_while_it_is_what_was_run(make, tmp_path):
    folder = make(tmp_path / "out", 1)
    ((run),) = data_of(write_report(folder), "run")
    assert run["creator"] == "Ada"
    assert run["args"] == {"threshold": "0.4"}
    assert "studies" not in run
    (script,) = run["sources"]
    assert "function process" in script["text"]
    assert len(script["sha256"]) == 64
    (tmp_path / "quantify.lua").write_text("-- another\n", encoding="utf-8")
    (changed,) = origin(folder.read_run())["sources"]
    assert "text" not in changed
    assert "changed" in changed["note"]
    (tmp_path / "quantify.lua").unlink()
    (gone,) = origin(folder.read_run())["sources"]
    assert "no longer there" in gone["note"]


# Previews ---------------------------------------------------------------------------------


def picture_of(preview):
    return Image.open(io.BytesIO(base64.b64decode(preview["data"])))


def place_of(folder):
    place = folder.study("one")
    place.mkdir(parents=True)
    return place


def test_a_preview_is_small_and_keeps_the_proportions(make, tmp_path):
    folder = make(tmp_path / "out", 0)
    place = place_of(folder)
    Image.linear_gradient("L").resize((2000, 1000)).save(place / "wide.png")
    (found,) = previews(folder, "one", ["wide.png", "table.csv"])
    assert (found["file"], found["width"], found["height"]) == ("wide.png", 2000, 1000)
    assert picture_of(found).size == (EDGE, EDGE // 2)
    assert len(found["data"]) < 16_000


def test_the_preview_of_a_movie_is_its_first_frame(make, tmp_path):
    folder = make(tmp_path / "out", 0)
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "blue")]
    frames[0].save(place_of(folder) / "spin.gif", save_all=True, append_images=frames[1:])
    (found,) = previews(folder, "one", ["spin.gif"])
    red, green, blue = picture_of(found).convert("RGB").getpixel((32, 32))
    assert red > 200 and green < 60 and blue < 60


def test_a_preview_is_made_once_and_again_when_its_picture_changed(make, tmp_path, monkeypatch):
    folder = make(tmp_path / "out", 0)
    place = place_of(folder)
    Image.new("RGB", (40, 40), "red").save(place / "a.png")
    Image.new("RGB", (40, 40), "red").save(place / "b.png")
    first = previews(folder, "one", ["a.png", "b.png"])
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", None)  # no picture is opened
        assert previews(folder, "one", ["a.png", "b.png"]) == first
    Image.new("RGB", (80, 40), "blue").save(place / "b.png")
    assert [each["width"] for each in previews(folder, "one", ["a.png", "b.png"])] == [40, 80]
    (folder.private / "previews" / "one.json").write_text("not what was written")
    assert [each["width"] for each in previews(folder, "one", ["a.png", "b.png"])] == [40, 80]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.png", b""),
        ("text.png", b"no picture"),
        ("cut.png", None),
        ("script.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("postscript.bmp", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"),
    ],
)
def test_what_only_is_called_a_picture_is_listed_without_a_preview(make, tmp_path, name, content):
    folder = make(tmp_path / "out", 0)
    path = place_of(folder) / name
    if content is None:
        Image.linear_gradient("L").save(path)
        content = path.read_bytes()[:-200]
    path.write_bytes(content)
    assert previews(folder, "one", [name])[0].get("data") is None


@pytest.mark.parametrize("edge", [9_000, 12_000, 15_000])
def test_a_picture_that_claims_to_be_enormous_is_not_decoded(make, tmp_path, edge):
    folder = make(tmp_path / "out", 1, pictures=())
    (folder.root / "summary").mkdir()
    Image.new("1", (edge, edge)).save(folder.root / "summary" / "bomb.png")
    (summary,) = data_of(write_report(folder), "summary")
    (found,) = summary["pictures"]
    assert found["file"] == "bomb.png"
    assert "data" not in found


def test_no_record_leads_out_of_the_folder_of_its_study(make, tmp_path):
    folder = make(tmp_path / "out", 0)
    place = place_of(folder)
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (place / "link.png").symlink_to(tmp_path / "secret.png")
    names = ["../../../secret.png", str(tmp_path / "secret.png"), "link.png", "absent.png"]
    assert previews(folder, "one", names) == []


# What summary returned --------------------------------------------------------------------


def test_numbers_of_the_summary_are_numbers_and_ids_stay_text(make, tmp_path):
    folder = make(tmp_path / "out", 1)
    (folder.root / "summary.csv").write_text("animal,mean,note\n007,1.5,\n008,nan,-2\n", encoding="utf-8")
    (folder.root / "summary").mkdir()
    Image.new("RGB", (8, 8)).save(folder.root / "summary" / "all.png")
    (summary,) = data_of(write_report(folder), "summary")
    assert summary["columns"] == ["animal", "mean", "note"]
    assert summary["rows"] == [["007", 1.5, None], ["008", "nan", -2]]
    assert [each["file"] for each in summary["pictures"]] == ["all.png"]
