"""Expressions: values against numpy's and by hand, and what hostile or mistaken text gets."""

from __future__ import annotations

import math
import random
import tracemalloc

import numpy as np
import pytest

from vqscript.errors import UsageError
from vqscript.imaging import expression
from vqscript.imaging.expression import evaluate, names, parse
from vqscript.imaging.expression_syntax import FUNCTIONS, MAX_DEPTH, MAX_LENGTH

A = np.array([-2.0, 0.5, 1.0, 3.0], dtype=np.float32)
B = np.array([4.0, 2.0, 1.0, -0.5], dtype=np.float32)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("8 / 4 / 2", 1),
        ("2 ^ 3 ^ 2", 512),
        ("2 ** 3 ** 2", 512),
        ("-2 ^ 2", -4),
        ("2 ^ -1", 0.5),
        ("2 * -3", -6),
        ("--+-2", -2),
        (".5e1 + 1.", 6),
        ("3 > 2", 1),
        ("3 > 2 + 1", 0),
        ("(1 < 2) + (2 <= 2) + (3 >= 4) + (1 == 1) + (1 != 1) + (2 ~= 1)", 4),
        ("where(2 > 1, 10, 20)", 10),
        ("clip(7, 0, 5)", 5),
        ("min(3, 1, 2) + max(3, 1, 2)", 4),
        ("floor(-1.5) + ceil(-1.5) + round(2.5)", -1),
        ("atan2(1, 1) * 4 - pi", 0),
        ("log(e) + log10(100)", 3),
        ("pow(3, 2) - abs(-4)", 5),
        ("sqrt(16) * exp(0) * cos(0) + sin(0) + tan(0)", 4),
    ],
)
def test_values_by_hand(text: str, expected: float) -> None:
    assert float(evaluate(text, {})) == pytest.approx(expected, abs=1e-6)


def test_voxel_by_voxel_as_float32() -> None:
    found = evaluate("100 * a / b", {"a": A, "b": B})
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([-50, 25, 100, -600], dtype=np.float32))
    np.testing.assert_array_equal(evaluate("a > 0.75", {"a": A}), [0, 0, 1, 1])
    np.testing.assert_array_equal(evaluate("a^2 + k", {"a": A, "k": 1.5}), A * A + 1.5)


def test_stored_integers_are_not_reckoned_as_integers() -> None:
    stored = np.array([30_000, -30_000], dtype=np.int16)
    np.testing.assert_array_equal(evaluate("a + a", {"a": stored}), [60_000, -60_000])
    np.testing.assert_array_equal(stored, [30_000, -30_000])


def test_no_finite_value_is_nan() -> None:
    a = np.array([1.0, 0.0, -1.0, np.inf, np.nan], dtype=np.float32)
    np.testing.assert_array_equal(np.isfinite(evaluate("1 / a", {"a": a})), [True, False, True, True, False])
    assert np.isnan(evaluate("log(a)", {"a": a})[1:]).all()
    np.testing.assert_array_equal(evaluate("where(a > 0, 1 / a, 0)", {"a": a}), [1, 0, 0, 0, 0])


def test_numbers_among_themselves_keep_their_precision() -> None:
    # In float32 16777217 would be 16777216.
    assert evaluate("a * (16777217 - 16777216)", {"a": A})[3] == 3
    assert evaluate("a * (1e300 / 1e300)", {"a": A})[3] == 3


def test_slabs_join_without_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    a = rng.random((5, 7, 11), dtype=np.float32)
    dynamic = rng.random((3, 5, 7, 11), dtype=np.float32)
    for voxels in (1, 11, 30, 77, 200, 10_000):
        monkeypatch.setattr(expression, "_SLAB", voxels)
        found = evaluate("a * d + 1", {"a": a, "d": dynamic})
        np.testing.assert_array_equal(found, a * dynamic + np.float32(1))


def test_temporaries_stay_small() -> None:
    a = np.ones((64, 128, 128), dtype=np.float32)
    text = "((a + 1) * (a + 2)) / ((a + 3) * (a + 4)) + sqrt(a) * exp(-a)"
    tracemalloc.start()
    try:
        evaluate(text, {"a": a})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * a.nbytes


def test_against_python_on_random_expressions() -> None:
    rng = random.Random(3)

    def make(depth: int) -> str:
        if depth == 0 or rng.random() < 0.2:
            return rng.choice(["a", "b", "c1", "0.5", "2", "3"])
        left, right = make(depth - 1), make(depth - 1)
        return rng.choice(
            [f"{left} {rng.choice('+-*/')} {right}", f"({left} - {right})", f"-({left})", f"-{left} ** 2"]
        )

    operands = {"a": 1.25, "b": -0.75, "c1": 3.5}
    compared = 0
    for _ in range(500):
        text = make(4)
        try:
            expected = eval(text, {}, operands)  # the test's own text
        except (ZeroDivisionError, OverflowError):
            continue
        if abs(expected) < 1e30:
            compared += 1
            assert float(evaluate(text, operands)) == pytest.approx(expected, rel=1e-5, abs=1e-6), text
    assert compared > 300


def test_names_are_the_operands() -> None:
    assert names("100*a/b + pi - e * sqrt(img_2) + a") == {"a", "b", "img_2"}
    assert parse("1 + 2").names == frozenset()


@pytest.mark.parametrize(
    ("text", "position", "said", "way_out"),
    [
        ("", 1, "it ends", ""),
        ("a +", 4, "it ends", ""),
        ("2a", 2, '"a"', "2 * a"),
        ("2 (a)", 3, '"("', "2 * ("),
        ("(a + b", 7, '")" for "(" of position 1', ""),
        ("a + b)", 6, '")"', ""),
        ("a = b", 3, "'='", "=="),
        ("a < b < 3", 7, "second comparison", "(a < b) * (b < c)"),
        ("3 + sqr(a)", 5, '"sqr"', '"sqrt"'),
        ("1 + sqrt", 5, "function", "sqrt("),
        ("clip(a, 1)", 1, "takes 3 arguments, got 2", "low, high"),
        ("max(a)", 1, "takes 2 or more", ""),
        ("abs()", 1, "got 0", ""),
        ("a, b", 2, '","', ""),
        ("a; b", 2, "';'", ""),
        ("a.real", 2, "'.'", ""),
        ("\u00e9 + 1", 1, "'\u00e9'", ""),
        ("1e999", 1, "too large", ""),
    ],
)
def test_mistakes_are_shown_where_they_are(text: str, position: int, said: str, way_out: str) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(text, {"a": A, "b": B})
    assert caught.value.position == position
    assert said in caught.value.message
    assert way_out in caught.value.hint


def test_unknown_operand() -> None:
    with pytest.raises(UsageError, match='has "pett"') as caught:
        evaluate("pett / 2", {"pet": A})
    assert '"pet"' in caught.value.hint


@pytest.mark.parametrize("name", ["e", "pi", "min"])
def test_an_operand_cannot_hide_a_constant(name: str) -> None:
    with pytest.raises(UsageError, match=f'named "{name}"'):
        evaluate("2 * a", {"a": A, name: B})


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="b is 5 x 3 x 2, a is 4 x 3 x 2"):
        evaluate("a + b", {"a": np.zeros((2, 3, 4)), "b": np.zeros((2, 3, 5))})


@pytest.mark.parametrize("number", ["1e39", "10^39", "1e300 * 10"])
def test_a_number_beyond_float32(number: str) -> None:
    with pytest.raises(UsageError, match="beyond float32"):
        evaluate(f"a * ({number})", {"a": A})


@pytest.mark.parametrize(
    "text",
    [
        "(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1),
        "sqrt(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1),
        "2^" * (MAX_DEPTH + 1) + "a",
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(text, {"a": A})
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a.__class__", "a[0]", "lambda: 1", "'a'", "f'{a}'", "a if b else 1"]
)
def test_python_is_no_expression(text: str) -> None:
    with pytest.raises(UsageError):
        evaluate(text, {"a": A, "b": B})


def test_long_sums_signs_and_powers_need_no_recursion() -> None:
    assert float(evaluate("+".join(["1"] * 1000), {})) == 1000
    assert float(evaluate("-" * 1998 + "2", {})) == 2
    # At once: nothing is reckoned in unbounded integers.
    assert np.isnan(evaluate("a * 999999 ^ 999 ^ 9", {"a": A})).all()


def test_every_function_runs_on_voxels_and_numbers() -> None:
    for name, function in FUNCTIONS.items():
        arguments = ", ".join(["a", "0.5", "2"][: max(function.least, 1)])
        found = evaluate(f"{name}({arguments})", {"a": B})
        single = evaluate(f"{name}({arguments})", {"a": float(B[1])})
        assert found.shape == B.shape and found.dtype == np.float32
        assert found[1] == pytest.approx(float(single), rel=1e-6)
        assert not math.isnan(found[1])
