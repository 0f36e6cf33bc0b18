"""The standard library against Python's own modules, NumPy and SciPy, on random input."""

from __future__ import annotations

import csv
import io
import random
import statistics
from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy.stats import linregress

from vqscript.names import fault


def in_lua(value):
    """Return a value as Lua writes it."""
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
    if isinstance(value, list):
        return "{" + ", ".join(map(in_lua, value)) + "}"
    return repr(value)


def lists(count):
    draw = np.random.default_rng(1)
    for n in range(2, 2 + count):
        yield draw.normal(draw.uniform(-1e6, 1e6), draw.uniform(1e-3, 1e3), n)


def test_statistics(desk):
    cases = list(lists(30))
    calls = "\n".join(
        f"local v = {in_lua(values.tolist())} "
        "local all = {s.sum(v), s.mean(v), s.sd(v), s.median(v), s.percentile(v, 90)} "
        'print(("%.17g %.17g %.17g %.17g %.17g"):format(table.unpack(all)))'
        for values in cases
    )
    for line, values in zip(desk.run(f'local s = require "stats"\n{calls}'), cases, strict=True):
        exact = [float(value) for value in values]
        expected = [sum(map(float, exact)), statistics.fmean(exact), statistics.stdev(exact), np.median(values)]
        assert list(map(float, line.split())) == pytest.approx([*expected, np.percentile(values, 90)], rel=1e-12)


def test_lines_and_areas(desk):
    draw = np.random.default_rng(2)
    cases = [(np.sort(draw.uniform(0, 48, n)), draw.normal(10, 3, n)) for n in range(3, 30)]
    calls = "\n".join(
        f"local x, y = {in_lua(x.tolist())}, {in_lua(y.tolist())} local f = s.linearFit(x, y) "
        "print(f.slope, f.intercept, f.r2, f.slopeError, f.interceptError, s.auc(x, y))"
        for x, y in cases
    )
    for line, (x, y) in zip(desk.run(f'local s = require "stats"\n{calls}'), cases, strict=True):
        fit = linregress(x, y)
        expected = [fit.slope, fit.intercept, fit.rvalue**2, fit.stderr, fit.intercept_stderr, np.trapezoid(y, x)]
        assert list(map(float, line.split("\t"))) == pytest.approx(expected, rel=1e-9)


def test_dates(desk):
    draw = random.Random(3)
    moments = [datetime(1, 1, 1) + timedelta(seconds=draw.randrange(9998 * 365 * 86400)) for _ in range(300)]
    pairs = list(zip(moments[::2], moments[1::2], strict=True))
    calls = "\n".join(
        f'a, b = "{dicom(a)}", "{dicom(b)}" print(d.daysBetween(a, b), ("%d"):format(d.secondsBetween(a, b)), '
        f'd.add(a, {days}, "days"), d.format(b, "%j"))'
        for (a, b), days in zip(pairs, range(-75, 75), strict=True)
    )
    for line, (a, b), days in zip(desk.run(f'local d = require "dates"\n{calls}'), pairs, range(-75, 75), strict=True):
        moved = dicom(a + timedelta(days=days))
        seconds = round((b - a).total_seconds())
        assert line == f"{(b.date() - a.date()).days}\t{seconds}\t{moved}\t{b.timetuple().tm_yday:03d}"


def dicom(moment):
    return f"{moment.year:04d}{moment:%m%d%H%M%S}"


def test_which_days_exist(desk):
    texts = [
        f"{year}{month:02d}{day:02d}" for year in (1900, 2000, 2023, 2024) for month in range(14) for day in range(33)
    ]
    printed = desk.run(f'local d = require "dates" for _, t in ipairs {in_lua(texts)} do print(d.isDate(t)) end')
    assert printed == ["true" if is_day(text) else "false" for text in texts]


def is_day(text):
    try:
        datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True


def random_text(draw):
    return "".join(draw.choice("ab,;\"\n\r\t '=-+@1.µ漢|") for _ in range(draw.randrange(8)))


def test_csv_is_read_as_it_is_written_and_as_python_reads_it(desk):
    draw = random.Random(4)
    rows = [["head"] * 4] + [[random_text(draw) for _ in range(4)] for _ in range(200)]
    code = f"""
        local csv = require "csv"
        local rows = {in_lua(rows)}
        csv.write("t.csv", rows)
        local back = csv.read("t.csv")
        assert(#back == #rows)
        for i, row in ipairs(rows) do
          for k, value in ipairs(row) do assert(back[i][k] == value:gsub("\\r\\n?", "\\n")) end
        end"""
    desk.run(code)
    text = (desk.output / "t.csv").read_bytes().decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    formula = tuple("=@+-\t\r\n")
    for row, found in zip(rows, read, strict=True):
        for value, cell in zip(row, found, strict=True):
            assert cell in (value, "'" + value)
            assert not cell.startswith(formula) or is_number(cell)


def line_ends(text):
    """Files are read as text: all line ends become one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_csv_of_python_is_read(desk):
    draw = random.Random(5)
    rows = [[random_text(draw).lstrip("'") + "x" for _ in range(3)] for _ in range(200)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    desk.output.mkdir()
    (desk.output / "python.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    printed = desk.run("""for _, row in ipairs(require("csv").read("python.csv")) do
        for _, value in ipairs(row) do print((value:gsub(".", function(c) return ("%02x"):format(c:byte()) end))) end
    end""")
    assert [bytes.fromhex(line).decode() for line in printed] == [line_ends(value) for row in rows for value in row]


def test_safe_names_have_no_fault_and_stay_as_they_are(desk):
    draw = random.Random(6)
    pieces = ["CON", "aux", ".", "..", " ", "/", ":", "\0", "\n", "µ", "日", "x" * 60, "\u202e", "~", "^", "-", "com1"]
    texts = ["".join(draw.choices(pieces, k=draw.randrange(1, 6))) for _ in range(300)]
    printed = desk.run(f"""
        local names = require "names"
        for _, text in ipairs {in_lua(texts)} do
          local name = names.safe(text)
          assert(names.safe(name) == name, name)
          print(name)
        end""")
    assert [fault(name) for name in printed] == [""] * len(texts)
    assert max(len(name.encode()) for name in printed) <= 120
