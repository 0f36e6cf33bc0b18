"""The report as someone reads it, in a real browser: sorting, filtering, enlarging, on a phone, on paper."""

from __future__ import annotations

import csv
import re
import subprocess
import sys

import pytest
from PIL import Image

from vqscript.batch.report import write_report

RESULTS, STUDIES = "#results-table", "#studies-table"


@pytest.fixture
def report(make, tmp_path, read):
    """A report of six studies, one of which failed and one of which is waiting, opened."""
    return read(write_report(make(tmp_path / "out", 6, failed=[2], waiting=[5])))


def text(report, selector):
    return report.page.locator(selector).inner_text()


def settled(report, table, status):
    """Wait until a table says how many rows it shows."""
    report.page.locator(f"{table} [role=status]", has_text=re.compile(status)).wait_for()


# The page ---------------------------------------------------------------------------------


def test_the_overview_counts_studies_rows_and_pictures(report):
    figures = dict(
        zip(
            report.page.locator("#figures dt").all_inner_texts(),
            report.page.locator("#figures dd").all_inner_texts(),
            strict=True,
        )
    )
    assert figures == {
        "studies done": "4",
        "failed": "1",
        "not done": "1",
        "rows": "16",
        "pictures": "10",
        "studies with warnings": "1",
        "last run": "1 h 30 min",
    }
    assert report.page.title() == "quantify.lua: 4 of 6 done"


def test_every_study_is_listed_with_its_state(report):
    assert report.column(STUDIES, "State") == [
        "✓ done",
        "✓ done",
        "✕ failed",
        "✓ done",
        "✓ done",
        "○ not done",
    ]
    assert report.column(STUDIES, "Study")[0] == "S1^M01 · 2024-03-01"


def test_a_batch_by_patient_speaks_of_patients(make, tmp_path, read):
    folder = make(tmp_path / "out", 2, pictures=())
    folder.write_run(folder.read_run() | {"by": "patient"})
    report = read(write_report(folder))
    assert text(report, "#figures dt >> nth=0") == "patients done"
    assert text(report, "#studies-h") == "Patients"
    assert len(report.column(STUDIES, "Patient")) == 2


def test_a_failure_stands_with_message_hint_frames_and_log(report):
    failures = report.page.locator("#failures")
    said = failures.inner_text()
    assert "quantify.lua:3: no CT in study 2" in said
    assert "add its CT" in said
    assert "in function 'process'" in said
    log = failures.locator("pre")
    assert not log.is_visible()
    failures.locator("summary").click()
    assert "study 3 of 6" in log.inner_text()


def test_how_it_was_made_shows_script_hash_arguments_and_person(report):
    said = text(report, "#origin")
    for part in ("threshold=0.4", "Ada on bench", "-namefilter *S1*", "lab.repo", "numpy", "2024-04-01 09:30:00"):
        assert part in said
    assert re.search(r"SHA-256 [0-9a-f]{64}", said)
    assert "return VQ.currentOp():table(1)" in text(report, "#origin pre")


# Sorting ----------------------------------------------------------------------------------


def test_a_click_on_a_name_sorts_up_then_down_then_as_it_was(report):
    before = report.column(RESULTS, "mean")
    values = sorted(map(float, before))
    head = report.page.locator(f"{RESULTS} th", has_text="mean")
    assert head.get_attribute("aria-sort") == "none"
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert list(map(float, report.column(RESULTS, "mean"))) == values
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert list(map(float, report.column(RESULTS, "mean"))) == values[::-1]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert report.column(RESULTS, "mean") == before


def test_sorting_works_with_the_keyboard_alone(report):
    button = report.page.locator(f"{RESULTS} th button", has_text="roi")
    button.focus()
    report.page.keyboard.press("Enter")
    assert report.column(RESULTS, "roi")[:5] == ["Heart"] * 4 + ["Kidneys"]
    assert report.page.evaluate("document.activeElement.textContent") == "roi"
    report.page.keyboard.press("Space")
    assert report.column(RESULTS, "roi")[0] == "Tumour"


def test_rows_without_a_value_come_last_both_ways(make, tmp_path, read):
    values = {0: 3.0, 1: float("nan"), 2: -1.0, 3: None, 4: float("inf"), 5: 20.0}

    def change(i, study, fields):
        (row,) = fields["rows"]
        row["score"] = values[i]

    report = read(write_report(make(tmp_path / "out", 6, rois=["Heart"], change=change)))
    button = report.page.locator(f"{RESULTS} th button", has_text="score")
    button.click()
    assert report.column(RESULTS, "score") == ["-1", "3", "20", "inf", "nan", ""]
    button.click()
    assert report.column(RESULTS, "score") == ["inf", "20", "3", "-1", "nan", ""]


def test_text_with_numbers_sorts_as_people_count(make, tmp_path, read):
    report = read(write_report(make(tmp_path / "out", 1, rois=["ROI 10", "ROI 9", "ROI 1"])))
    report.page.locator(f"{RESULTS} th button", has_text="roi").click()
    assert report.column(RESULTS, "roi") == ["ROI 1", "ROI 9", "ROI 10"]


# Filtering --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ("> 10", lambda value: value > 10),
        ("<=8.5", lambda value: value <= 8.5),
        ("5..9", lambda value: 5 <= value <= 9),
        ("..6", lambda value: value <= 6),
    ],
)
def test_numbers_are_filtered_by_bound_and_by_range(report, asked, holds):
    wanted = [value for value in report.column(RESULTS, "mean") if holds(float(value))]
    assert 0 < len(wanted) < 16
    report.page.get_by_label("Filter mean").fill(asked)
    settled(report, RESULTS, rf"^{len(wanted)} rows?")
    assert report.column(RESULTS, "mean") == wanted


def test_a_filter_that_is_not_understood_says_so_and_hides_nothing(report):
    field = report.page.get_by_label("Filter mean")
    field.fill("> 10")
    settled(report, RESULTS, "without filters")
    field.fill("more than ten")
    settled(report, RESULTS, "^16 rows$")
    assert field.get_attribute("aria-invalid") == "true"
    assert "2..4" in field.get_attribute("title")


def test_columns_of_few_texts_have_a_choice_and_filters_add_up(report):
    report.page.get_by_label("Filter roi").select_option(label="Liver")
    report.page.get_by_label("Filter group").select_option(label="treated")
    settled(report, RESULTS, r"^1 row \(16 without filters\)")
    assert report.column(RESULTS, "roi") == ["Liver"]
    assert report.column(RESULTS, "group") == ["treated"]
    assert "leave 1 row" in text(report, "#plot-area")  # plots show the rows that the filters leave
    report.page.locator("#results").get_by_role("button", name="Clear filters").click()
    settled(report, RESULTS, "^16 rows$")


def test_the_search_finds_words_in_any_column(report):
    report.page.locator("#results input[type=search]").fill("m01 LIVER")
    settled(report, RESULTS, "^2 rows")
    assert report.column(RESULTS, "patient_id") == ["M 01", "M 01"]
    report.page.locator("#results input[type=search]").fill("nobody")
    settled(report, RESULTS, "^0 rows")
    assert "No row." in text(report, RESULTS)


def test_studies_are_filtered_by_state(report):
    report.page.get_by_label("Filter State").select_option(label="failed")
    settled(report, STUDIES, "^1 row")
    assert report.column(STUDIES, "Message") == ["quantify.lua:3: no CT in study 2"]


def test_the_rows_that_are_left_are_saved_as_csv_in_their_order(report, tmp_path):
    report.page.get_by_label("Filter roi").select_option(label="Tumour")
    settled(report, RESULTS, "^4 rows")
    report.page.locator(f"{RESULTS} th button", has_text="mean").click()
    with report.page.expect_download() as download:
        report.page.get_by_role("button", name="Save these rows as CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    with saved.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        names, *whole = csv.reader(file)
    mean = names.index("mean")
    wanted = sorted((row for row in whole if "Tumour" in row), key=lambda row: float(row[mean]))
    # 1.0 is 1 to JavaScript.
    assert rows == [names, *([cell.removesuffix(".0") for cell in row] for row in wanted)]


def test_a_text_like_a_formula_is_saved_as_text(make, tmp_path, read):
    def change(i, study, fields):
        fields["rows"][0] |= {"note": '=HYPERLINK("x")', "delta": -2.5}

    report = read(write_report(make(tmp_path / "out", 1, rois=["Heart"], change=change)))
    with report.page.expect_download() as download:
        report.page.get_by_role("button", name="Save these rows as CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    with saved.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["note"], row["delta"]) == ('\'=HYPERLINK("x")', "-2.5")


def test_many_rows_are_on_pages(make, tmp_path, read):
    report = read(write_report(make(tmp_path / "out", 30, pictures=())))
    assert text(report, f"{RESULTS} [role=status]") == "1 to 50 of 120 rows"
    pages = report.page.locator(RESULTS)
    pages.get_by_role("button", name="Next").click()
    pages.get_by_role("button", name="Next").click()
    assert text(report, f"{RESULTS} [role=status]") == "101 to 120 of 120 rows"
    assert pages.get_by_role("button", name="Next").is_disabled()
    pages.get_by_label("Rows per page").select_option("500")
    assert len(report.column(RESULTS, "roi")) == 120


def test_five_hundred_studies_are_sorted_and_filtered_like_a_few(make, tmp_path, read):
    rois = [f"ROI {n}" for n in range(20)]
    report = read(write_report(make(tmp_path / "out", 500, rois=rois, pictures=())))
    assert text(report, f"{RESULTS} [role=status]") == "1 to 50 of 10,000 rows"
    assert len(panels(report)) == 20
    assert "Thick lines join the medians." in text(report, "#plot-area")
    button = report.page.locator(f"{RESULTS} th button", has_text="mean")
    button.click()
    button.click()
    assert report.column(RESULTS, "roi")[0] == "ROI 19"
    report.page.get_by_label("Filter mean").fill("< 4")
    settled(report, RESULTS, r"without filters")
    assert set(report.column(RESULTS, "roi")) == {"ROI 0"}
    assert panels(report) == ["ROI 0 mean, %ID/g"]


def test_a_wide_table_begins_with_what_is_asked_for_most(make, tmp_path, read):
    def change(i, study, fields):
        for row in fields["rows"]:
            row.update({f"field{n:02}": n for n in range(40)})

    report = read(write_report(make(tmp_path / "out", 2, change=change)))
    assert report.column(RESULTS, "mean")
    names = report.page.locator(f"{RESULTS} thead th button")
    assert names.count() < 20
    report.page.locator("#results .choice summary").click()
    box = report.page.get_by_role("checkbox", name="field39")
    box.check()
    assert report.column(RESULTS, "field39") == ["39"] * 8
    report.page.keyboard.press("Escape")
    assert not box.is_visible()


# Pictures ---------------------------------------------------------------------------------


def natural_width(report):
    return report.page.evaluate("document.querySelector('#viewer img').naturalWidth")


def test_a_picture_enlarges_to_the_whole_file(make, tmp_path, read):
    folder = make(tmp_path / "out", 2)
    for path in folder.root.glob("studies/*/fusion.png"):
        Image.linear_gradient("L").resize((1600, 1200)).save(path)
    report = read(write_report(folder))
    thumbnail = report.page.locator("#gallery figure button").first
    thumbnail.click()
    viewer = report.page.locator("#viewer")
    assert viewer.is_visible()
    assert "1600 × 1200 pixels (1 of 4)" in viewer.inner_text()
    report.page.wait_for_function("document.querySelector('#viewer img').naturalWidth === 1600")
    box = report.page.locator("#viewer .stage").bounding_box()
    image = report.page.locator("#viewer img").bounding_box()
    assert image["height"] <= box["height"] + 1
    report.page.keyboard.press("ArrowRight")
    assert "(2 of 4)" in viewer.inner_text()
    report.page.keyboard.press("ArrowLeft")
    assert "(1 of 4)" in viewer.inner_text()
    assert viewer.get_by_role("link").get_attribute("href").endswith("/fusion.png")
    report.page.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert report.page.evaluate("document.activeElement === document.querySelector('#gallery figure button')")


def test_a_report_alone_enlarges_its_previews_and_says_so(make, tmp_path, read):
    path = write_report(make(tmp_path / "out", 1))
    alone = tmp_path / "mail"
    alone.mkdir()
    report = read(path.rename(alone / "report.html"))
    report.page.locator("#gallery figure button").first.click()
    report.page.locator("#viewer", has_text="not beside this report").wait_for()
    assert natural_width(report) == 320
    assert report.complaints == ["error: Failed to load resource: net::ERR_FILE_NOT_FOUND"]
    report.complaints.clear()


def test_pictures_are_found_by_patient_and_by_file(make, tmp_path, read):
    report = read(write_report(make(tmp_path / "out", 6)))
    gallery = report.page.locator("#gallery")
    assert gallery.locator("figure").count() == 12
    gallery.get_by_label("Picture").select_option("mip.png")
    assert gallery.locator("figure").count() == 6
    gallery.get_by_label("Search").fill("m02")
    assert gallery.locator("figcaption").all_inner_texts() == [
        "S2^M02 · 2024-03-02\nmip.png",
        "S2^M02 · 2024-03-05\nmip.png",
    ]


def test_a_large_gallery_is_shown_in_parts(make, tmp_path, read):
    report = read(write_report(make(tmp_path / "out", 40)))
    gallery = report.page.locator("#gallery")
    assert gallery.locator("figure").count() == 60
    gallery.get_by_role("button", name="Show more (20 left)").click()
    assert gallery.locator("figure").count() == 80
    assert report.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Enlarge")


# A study ----------------------------------------------------------------------------------


def test_a_study_opens_to_what_its_numbers_come_from(report):
    report.page.locator(f"{RESULTS} tbody button").first.click()
    said = text(report, "#study")
    uid = str(10**30)
    for part in (f"2.25.{uid}.7", f"2.25.{uid}.9", "converted from uCi to %ID/g", "Heart, Liver, Kidneys, Tumour"):
        assert part in said
    assert report.page.locator("#study img").count() == 2
    assert report.column("#study", "roi") == ["Heart", "Liver", "Kidneys", "Tumour"]
    report.page.locator("#study").get_by_role("button", name="Next").click()
    assert "the dose is that of the label" in text(report, "#study")
    report.page.locator("#study").get_by_role("button", name="Next").click()
    assert "no CT in study 2" in text(report, "#study")
    report.page.keyboard.press("Escape")
    assert not report.page.locator("#study").is_visible()
    assert report.page.evaluate("document.activeElement.closest('#results') !== null")


def test_a_picture_enlarges_from_within_its_study(report):
    report.page.locator(f"{STUDIES} tbody button").first.click()
    report.page.locator("#study figure button").nth(1).click()
    assert "mip.png, 320 × 240 pixels (2 of 2)" in text(report, "#viewer")
    report.page.keyboard.press("Escape")
    assert report.page.locator("#study").is_visible()


# Plots ------------------------------------------------------------------------------------


def panels(report):
    return report.page.locator("#plot-area figcaption").all_inner_texts()


def choose(report, label, value):
    report.page.locator("#plot-area").get_by_role("combobox", name=label, exact=True).select_option(value)


def test_there_is_a_panel_for_each_roi_with_its_unit(report):
    assert panels(report) == [f"{roi} mean, %ID/g" for roi in ("Heart", "Kidneys", "Liver", "Tumour")]
    choose(report, "Value", "volumeML")
    assert panels(report)[0] == "Heart volumeML, mL"
    labels = report.page.locator("#plot-area figure").first.locator("text").all_text_contents()
    assert "volumeML (mL)" in labels


def test_time_points_of_a_patient_are_joined_and_other_plots_can_be_chosen(report):
    # Studies 0 and 1 are one patient's, 4's second one is waiting, 2's failed.
    lines = report.page.locator("#plot-area figure").first.locator("path.line")
    assert lines.count() == 1
    choose(report, "Plot", "by group")
    first = report.page.locator("#plot-area figure").first
    assert [each for each in first.locator("tspan").all_text_contents() if each.startswith("n =")] == ["n = 3", "n = 1"]
    choose(report, "Plot", "by study")
    assert "S1^M01 2024-0…" in first.locator("text").all_text_contents()


def test_values_in_different_units_share_no_axis(make, tmp_path, read):
    def change(i, study, fields):
        if i == 1:
            for row in fields["rows"]:
                row["unit"] = "Bq/mL"

    report = read(write_report(make(tmp_path / "out", 2, rois=["Heart"], change=change)))
    assert panels(report) == ["Heart mean, %ID/g", "Heart mean, Bq/mL"]
    assert report.page.locator(f"{RESULTS} th", has_text="mean").inner_text() == "mean"  # no unit of all


def test_panels_of_one_unit_can_share_their_scale(report):
    def scales():
        figures = report.page.locator("#plot-area figure").all()
        return [figure.locator("text[text-anchor=end]").all_text_contents() for figure in figures]

    assert len({tuple(scale) for scale in scales()}) > 1
    report.page.get_by_label("Same scale in all").check()
    assert scales() == [scales()[0]] * 4


def test_a_value_is_read_off_and_opens_its_study(make, tmp_path, read):
    report = read(write_report(make(tmp_path / "out", 4, rois=["Heart"])))
    choose(report, "Plot", "by study")
    picture = report.page.locator("#plot-area svg[role=img]")
    picture.scroll_into_view_if_needed()
    place = picture.evaluate(
        """(svg) => {
            const [, x, y] = /M([\\d.]+) ([\\d.]+)/.exec(svg.querySelector(".dots").getAttribute("d"));
            const box = svg.getBoundingClientRect();
            const view = svg.viewBox.baseVal;
            return [box.left + (x / view.width) * box.width, box.top + (y / view.height) * box.height];
        }"""
    )
    report.page.mouse.move(*place)
    assert text(report, "#plot-area .said") == "5 %ID/g · S1^M01 · 2024-03-01 · control"
    report.page.mouse.click(*place)
    assert text(report, "#study-h") == "S1^M01 · 2024-03-01"


def test_rows_without_numbers_have_no_plots(make, tmp_path, read):
    def change(i, study, fields):
        fields["rows"] = [{name: row[name] for name in ("study_uid", "roi", "group")} for row in fields["rows"]]

    report = read(write_report(make(tmp_path / "out", 2, change=change)))
    assert not report.page.locator("#plots").is_visible()
    assert len(report.column(RESULTS, "roi")) == 8


# What is not trusted ----------------------------------------------------------------------

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)></script><!--"


def test_names_and_texts_from_anywhere_stay_text(make, tmp_path, read):
    def change(i, study, fields):
        study["PatientsName"] = study["PatientID"] = EVIL
        for row in fields["rows"]:
            row |= {"patient_name": EVIL, "patient_id": EVIL, "roi": EVIL, EVIL: EVIL}
        fields["warnings"] = [EVIL]
        fields["trace"] = [{"kind": "image", "name": EVIL, "series_uid": EVIL, "provenance": [EVIL]}]
        fields["files"] = ["a.png", "<img src=x onerror=alert(3)>.png"]

    folder = make(tmp_path / "out", 2, failed=[1], change=change)
    run = folder.read_run()
    folder.write_run(run | {"creator": EVIL, "args": {EVIL: EVIL}, "project": "javascript:alert(4)"})
    report = read(write_report(folder))
    assert EVIL in text(report, STUDIES)
    assert EVIL in text(report, "#origin")
    report.page.locator(f"{STUDIES} tbody button").first.click()
    assert text(report, "#study").count(EVIL) >= 4
    # The scripts there are: the data, and the page's own. Pictures have sources of its own making.
    assert report.page.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    strange = "Array.from(document.images, (each) => each.src).filter((src) => src && !/^data:image.webp/.test(src))"
    assert report.page.evaluate(strange) == []


def test_what_would_run_all_the_same_is_stopped_by_the_policy(report):
    report.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            fetch("http://192.0.2.1/").catch(() => { window.refused = true; });
        }"""
    )
    report.page.wait_for_function("window.refused")
    assert report.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in each for each in report.complaints)
    report.complaints.clear()
    report.asked.clear()


# For everyone -----------------------------------------------------------------------------


def test_the_page_has_landmarks_a_skip_link_and_named_controls(report):
    page = report.page
    for role in ("banner", "navigation", "main"):
        assert page.get_by_role(role).count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    nameless = """() => Array.from(document.querySelectorAll("button, input, select, a, [role=img], [role=region]"))
        .filter((each) => each.checkVisibility())
        .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.labels?.length))
        .map((each) => each.outerHTML)"""
    assert page.evaluate(nameless) == []
    levels = page.evaluate("Array.from(document.querySelectorAll('h1,h2,h3'), (each) => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1


CONTRAST = """() => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => {
        const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = colour.slice(0, 3).map((part) => linear(part / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (each) => {
        for (let at = each; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const found = [];
    for (const each of document.querySelectorAll("body *")) {
        const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !each.checkVisibility() || each.matches(":disabled, option")) continue;
        const svg = each instanceof SVGElement;
        const [a, b] = [light(rgba(getComputedStyle(each)[svg ? "fill" : "color"])), light(ground(each))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(`${each.tagName} "${each.textContent.trim().slice(0, 40)}" ${ratio.toFixed(2)}`);
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_that_wcag_asks_for(make, tmp_path, read, scheme):
    report = read(write_report(make(tmp_path / "out", 4, failed=[1], waiting=[3])), color_scheme=scheme)
    dark = report.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(17, 21, 27)") == (scheme == "dark")
    assert report.page.evaluate(CONTRAST) == []
    report.page.locator(f"{STUDIES} tbody button").nth(1).click()
    assert report.page.evaluate(CONTRAST) == []


def test_nothing_sticks_out_on_a_phone(make, tmp_path, read):
    path = write_report(make(tmp_path / "out", 4, failed=[1]))
    phone = {"width": 360, "height": 740}
    report = read(path, viewport=phone, is_mobile=True, has_touch=True, device_scale_factor=2)
    assert report.page.evaluate("document.documentElement.scrollWidth") == 360
    report.page.locator(f"{STUDIES} tbody button").first.tap()
    box = report.page.locator("#study").bounding_box()
    assert (box["x"], box["width"]) == (0, 360)
    report.page.locator("#study figure button").first.tap()
    assert report.page.locator("#viewer img").bounding_box()["width"] <= 360


def test_on_paper_all_rows_and_pictures_are_there_and_controls_are_not(make, tmp_path, read):
    report = read(write_report(make(tmp_path / "out", 40)))
    page = report.page
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(report.column(RESULTS, "roi")) == 160
    assert page.locator("#gallery figure").count() == 80
    for selector in ("nav", ".bar", ".filters", ".pages button"):
        assert not page.locator(selector).first.is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert len(report.column(RESULTS, "roi")) == 50
    assert page.pdf().startswith(b"%PDF")


# A batch as it was run --------------------------------------------------------------------


def test_a_real_batch_opens_with_its_numbers_pictures_and_failure(tmp_path, mice, read):
    script = tmp_path / "quantify.lua"
    script.write_text(
        """
        function process(repo, study, batch)
          repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
          repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
          VQ.dataManager():setUnit(1, "uCi")
          VQ.dataManager():convertUnit(1, "%ID/g")
          repo:mergeROIs("-names", {"Heart", "Liver"})
          VQ.mainWin():saveImage("fusion.png", 5)
          if batch.index == 2 then error("not this one") end
          return VQ.currentOp():table(1)
        end
        function summary(rows, batch)
          return {name = "all", n = #rows}
        end
        """,
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "vqscript.cli.main", "batch", str(script), "--repo", str(mice.path)]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "out")], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 1, done.stderr
    report = read(tmp_path / "out" / "report.html")
    assert "not this one" in text(report, "#failures")
    assert panels(report) == ["Heart mean, %ID/g", "Liver mean, %ID/g"]
    assert report.page.locator("#gallery img").count() == 3
    assert report.cells("#summary-table", 1) == ["all"]
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        means = [float(row["mean"]) for row in csv.DictReader(file)]
    assert [float(each) for each in report.column(RESULTS, "mean")] == pytest.approx(means, rel=1e-3)
    assert "function process(repo, study, batch)" in text(report, "#origin pre")
