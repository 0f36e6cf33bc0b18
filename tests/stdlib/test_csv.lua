local csv = require "csv"

local tests = {}

local function equal(found, expected)
  if found ~= expected then error(("%q is not %q"):format(tostring(found), tostring(expected)), 2) end
end

function tests.cells_are_quoted_where_they_must_be()
  equal(csv.line { "plain", 'say "a"', "a,b", "two\nlines" }, 'plain,"say ""a""","a,b","two\nlines"')
  equal(csv.line { 4.25, 3, true }, "4.25,3,true")
end

function tests.what_looks_like_a_formula_is_text()
  equal(csv.line { "=1+1", "@SUM", "-3 mice", "S1+M01", -3.5 }, "'=1+1,'@SUM,'-3 mice,S1+M01,-3.5")
end

function tests.gaps_and_nan_are_empty_cells()
  local rows = { { "roi", "mean", "note" }, { "Heart", nil, "empty" }, { "Liver", 0 / 0 }, {} }
  equal(csv.format(rows), "roi,mean,note\nHeart,,empty\nLiver,,\n,,\n")
end

function tests.no_rows_are_no_text()
  equal(csv.format {}, "")
end

return tests
