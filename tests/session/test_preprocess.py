"""preProcess: what it reads, what it does, and that it does all or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import UnitError, UsageError, VqError
from vqscript.imaging.grid import Grid
from vqscript.session.preprocess import parse, run

CT = Grid((20, 20, 8), (0.5, 0.5, 1.0), frame_of_reference="1.2")
NM = Grid((10, 10, 4), (1.0, 1.0, 2.0), (0.25, 0.25, 0.5), frame_of_reference="1.2")


@pytest.fixture
def pair(desk, put):
    x, y = np.meshgrid(np.arange(20) * 0.5, np.arange(20) * 0.5)
    ct = np.full(CT.shape, -1000, np.int16)
    ct[:, np.hypot(x - 5, y - 5) < 3] = 30
    ct[:, 19, :] = 90
    put(0, ct, grid=CT, unit="HU", modality="CT")
    activity = np.zeros(NM.shape, np.float32)
    activity[1:3, 4:6, 4:6] = 2.0
    put(1, activity, grid=NM, unit="uCi", modality="NM")
    desk.session.rois.add("Heart")
    return desk.session


def state(session) -> list[tuple]:
    kept = [
        (item.volume.grid, item.volume.stored.copy(), item.volume.slope, item.volume.unit, list(item.provenance))
        for _, item in session.inputs
    ]
    return [*kept, session.rois, session.display.cursor]


def same(one: list, other: list) -> bool:
    return all(
        a is b or (a[0].matches(b[0]) and np.array_equal(a[1], b[1]) and a[2:] == b[2:])
        for a, b in zip(one, other, strict=True)
    )


def test_the_protocol_is_read_whatever_case_and_space():
    assert parse("BEDREMOVAL=true| injdose = 9.25 MBq |convertUnitUnit=%ID/g||") == {
        "bedRemoval": "true",
        "injDose": "9.25 MBq",
        "convertUnitUnit": "%ID/g",
    }


@pytest.mark.parametrize(
    ("protocol", "message", "hint"),
    [
        ("bedRemovall=true", 'knows no "bedRemovall"', 'did you mean "bedRemoval"?'),
        ("resample", "has no value", "resample="),
        ("resample=yes", "true or false", ""),
        ("weight=20|weight=25", "given twice", ""),
    ],
)
def test_a_protocol_that_cannot_be_read(protocol, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        parse(protocol)
    assert hint in caught.value.hint


def test_units_by_net_activity_at_scan_time(pair):
    run(pair, "convertUnit=true|convertUnitUnit=%ID/g|injDose=200 uCi")
    volume = pair.inputs[1].volume
    # 2 uCi in 2 mm3 of 200 uCi: 1 % in 0.002 mL; no decay, whatever the header says.
    assert volume.value(4, 4, 1) == pytest.approx(1 / 0.002)
    assert volume.unit == "%ID/g"
    assert "Decay: none applied" in pair.inputs[1].provenance[0]
    assert pair.inputs[0].volume.unit == "HU"


def test_suv_by_weight_in_grams(pair):
    run(pair, "convertUnit=1|convertUnitUnit=SUV|injDose=7.4 MBq|weight=25")
    assert pair.inputs[1].volume.value(4, 4, 1) == pytest.approx(1 / 0.002 * 25 / 100)


def test_the_bed_is_removed_from_the_ct_alone(pair):
    activity = pair.inputs[1].volume.stored.copy()
    before = pair.inputs[0].volume.stored.copy()
    run(pair, "bedRemoval=true")
    after = pair.inputs[0].volume.stored
    assert after.dtype == np.int16
    assert (after[:, 19, :] == -1000).all()
    assert np.array_equal(after[:, :18], before[:, :18])
    assert np.array_equal(pair.inputs[1].volume.stored, activity)
    assert "0.04 mL" in pair.inputs[0].provenance[0]


def test_resampling_keeps_the_total_and_air_outside(pair, put):
    narrow = Grid((4, 4, 4), (1.0, 1.0, 1.0), (3.0, 3.0, 2.0), frame_of_reference="1.2")
    put(2, np.full(narrow.shape, 50, np.int16), grid=narrow, unit="HU", intercept=-100.0)
    total = pair.inputs[1].volume.values().sum()
    run(pair, "resample=true")
    assert pair.inputs[1].volume.grid.matches(CT)
    assert pair.inputs[1].volume.values().sum() == pytest.approx(total, rel=1e-5)
    assert pair.inputs[2].volume.value(0, 0, 0) == -50


def test_steps_follow_each_other(pair):
    run(pair, "autoCrop=true|resample=true|convertUnit=true|convertUnitUnit=uCi/mL|injDose=1 uCi|bedRemoval=true")
    kinds = [line.split(" ")[0] for line in pair.inputs[1].provenance]
    assert kinds == ["resampled", "cut", "preProcess"]
    assert pair.inputs[0].provenance[0].startswith("bed removed")
    assert pair.inputs[0].volume.grid.matches(pair.inputs[1].volume.grid)
    assert pair.inputs[1].volume.range()[1] == pytest.approx(2 / 0.002, rel=0.3)


@pytest.mark.parametrize(
    ("protocol", "kind", "message"),
    [
        ("bedRemoval=true|calibFactor=true", UsageError, "does not know the factor"),
        ("autoCrop=true|calibFactor=true", UsageError, "does not know the factor"),
        ("bedRemoval=true|convertUnit=true", UsageError, "convertUnitUnit"),
        ("autoCrop=true|convertUnit=true|convertUnitUnit=SUV", UsageError, "injDose"),
        ("autoCrop=true|convertUnit=true|convertUnitUnit=SUV|injDose=9 MBq", UnitError, "weight"),
        ("autoCrop=true|convertUnit=true|convertUnitUnit=HU|injDose=9 MBq", UnitError, "cannot be converted"),
        ("bedRemoval=true|autoCrop=true|storeData=true", UsageError, "did not come from a repository"),
        ("bedRemoval=true|convertUnit=true|convertUnitUnit=%ID|injDose=9", UsageError, "no unit"),
    ],
)
def test_what_is_refused_changes_nothing(pair, protocol, kind, message):
    before = state(pair)
    with pytest.raises(kind, match=message):
        run(pair, protocol)
    assert same(before, state(pair))


def test_a_step_without_an_image_to_work_on_says_so(desk, put):
    put(0, np.zeros((2, 2, 2), np.float32), modality="MR")
    for protocol in ("bedRemoval=true", "convertUnit=true|convertUnitUnit=uCi|injDose=1 uCi"):
        with pytest.raises(VqError, match="among the inputs"):
            run(desk.session, protocol)
