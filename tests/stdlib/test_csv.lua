local csv = require "csv"

local tests = {}

local function equal(found, expected)
  if found ~= expected then error(("%q is not %q"):format(tostring(found), tostring(expected)), 2) end
end

local function refused(what, f, ...)
  local ok, problem = pcall(f, ...)
  if ok then error("was not refused", 2) end
  local text = problem.message .. " | " .. problem.hint
  if not text:find(what, 1, true) then error(text .. ' does not say "' .. what .. '"', 2) end
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

function tests.numbers_read_back_as_they_were()
  for _, value in ipairs { 0.1, 1 / 3, 1e300, 5e-324, -2.5, 2 ^ 53, 11.0, 7, math.maxinteger } do
    equal(tonumber(csv.line { value }), value)
  end
  equal(csv.line { 11.0, 7, 0.1 }, "11.0,7,0.1")
end

function tests.more_cells_than_the_header_has_are_no_row()
  refused("row 2 has 3 cells, the first row has 2", csv.format, { { "roi", "mean" }, { "Heart", 4, 5 } })
end

function tests.what_is_no_cell_is_refused()
  refused("a cell takes text, a number, true or false", csv.line, { {} })
  refused("a cell takes text, a number, true or false", csv.line, { print })
  refused("rows takes a list of rows, got nil", csv.format)
  refused("row 1 is no table but 4", csv.format, { 4 })
end

function tests.records_have_their_columns_in_the_order_that_is_asked_for()
  local records = { { roi = "Heart", mean = 4.5 }, { roi = "Liver", sd = 1 } }
  equal(csv.format(records), "mean,roi,sd\n4.5,Heart,\n,Liver,1\n")
  equal(csv.format(records, { columns = { "roi", "mean" } }), "roi,mean\nHeart,4.5\nLiver,\n")
  equal(csv.format({}, { columns = { "roi" } }), "roi\n")
end

function tests.other_separators()
  equal(csv.format({ { "a;b", 1.5 } }, { separator = ";" }), '"a;b";1.5\n')
  equal(csv.parse('"a;b";1,5\n', { separator = ";" })[1][2], "1,5")
  equal(csv.parse("a|b", { separator = "|" })[1][2], "b")
  refused('"#" separates no cells', csv.parse, "a", { separator = "#" })
  refused('has no option "seperator" | did you mean "separator"?', csv.format, {}, { seperator = ";" })
end

local function shown(rows)
  local lines = {}
  for i, row in ipairs(rows) do lines[i] = table.concat(row, "|") end
  return table.concat(lines, " / ")
end

function tests.text_is_read_in_every_shape()
  equal(shown(csv.parse "a,b\n1,2\n"), "a|b / 1|2")
  equal(shown(csv.parse "a,b\r\n1,2"), "a|b / 1|2")
  equal(shown(csv.parse "a,b\r1,2\r"), "a|b / 1|2")
  equal(shown(csv.parse 'a,"b,""c""\nd"\n'), 'a|b,"c"\nd')
  equal(shown(csv.parse "a,,\n,\n"), "a|| / |")
  equal(shown(csv.parse '\n\na\n\n""\n'), "a / ")
  equal(#csv.parse "", 0)
  equal(shown(csv.parse 'a"b,c'), 'a"b|c')
end

function tests.broken_quotes_are_told_with_their_line()
  refused("the quote in line 2 is not closed", csv.parse, 'a\n"b\nc')
  refused("line 2 goes on behind a closed quote", csv.parse, 'a\n"b"c')
end

function tests.what_was_written_is_read_back()
  local rows = {
    { "=1+1", "'=1", "-3 mice", " blank ", "" },
    { "a,b", 'say "a"', "two\r\nlines", "µCi", "-3.5" },
    { ";", "|", "\t", "'", "''" },
  }
  for _, separator in ipairs { ",", ";", "\t", "|" } do
    local back = csv.parse(csv.format(rows, { separator = separator }), { separator = separator })
    for i, row in ipairs(rows) do
      for k, value in ipairs(row) do equal(back[i][k], value) end
      equal(#back[i], #row)
    end
    equal(#back, #rows)
  end
end

function tests.records_are_read_by_their_header()
  local path = csv.write("doses.csv", { { "animal", "dose", "note" }, { "007", 250.5, "x" }, { "M02", nil, "" } })
  local records, columns = csv.readRecords(path, { numbers = { "dose" } })
  equal(table.concat(columns, " "), "animal dose note")
  assert(#records == 2 and records[1].animal == "007" and records[1].dose == 250.5 and records[1].note == "x")
  assert(records[2].dose == nil and records[2].note == "")
  equal(csv.readRecords(path)[1].dose, "250.5")
  equal(csv.read(path)[3][1], "M02")
  refused('doses.csv has no column "doze" | did you mean "dose"?', csv.readRecords, path, { numbers = { "doze" } })
  refused('doses.csv: row 2: note is no number, but "x"', csv.readRecords, path, { numbers = { "note" } })
end

function tests.files_that_are_no_table_are_told()
  VQ.writeFile("wide.csv", "a,b\n1,2,3\n")
  refused("wide.csv: row 2 has 3 cells, but there are 2 columns", csv.readRecords, "wide.csv")
  VQ.writeFile("twice.csv", "a,a\n1,2\n")
  refused('twice.csv: two columns are named "a"', csv.readRecords, "twice.csv")
  VQ.writeFile("empty.csv", "")
  equal(#csv.readRecords("empty.csv"), 0)
end

return tests
