--- Tables as comma-separated text that any spreadsheet opens, and back.
---
--- A table is a list of rows, each a list of cells, or a list of records with named fields.
--- ```lua
--- local csv = require "csv"
--- csv.write("results.csv", { { "roi", "mean" }, { "Heart", 4.2 } })
--- csv.write("same.csv", { { roi = "Heart", mean = 4.2 } }, { columns = { "roi", "mean" } })
--- print(csv.readRecords("same.csv", { numbers = { "mean" } })[1].mean)
--- ```

local csv = {}

--- How a table is written or read.
---@class CsvOptions
---@field separator? string between cells: "," (the default), ";" or a tab
---@field columns? string[] writing records: which fields, in this order; default all, in alphabetical order
---@field numbers? string[] reading records: the columns that hold numbers; an empty cell is nil

local SEPARATORS = { [","] = true, [";"] = true, ["\t"] = true, ["|"] = true }

local function shown(value)
  return type(value) == "string" and ('"%s"'):format(value) or tostring(value)
end

local function read_options(name, given, known)
  if given == nil then return {} end
  if type(given) ~= "table" then VQ.fail(("csv.%s: options takes a table, got %s"):format(name, shown(given))) end
  for key in pairs(given) do
    if not known[key] then
      local names = {}
      for each in pairs(known) do names[#names + 1] = each end
      VQ.fail(("csv.%s has no option %s"):format(name, shown(key)), VQ.didYouMean(tostring(key), names))
    end
  end
  if given.separator ~= nil and not SEPARATORS[given.separator] then
    VQ.fail(("csv.%s: %s separates no cells"):format(name, shown(given.separator)), 'one of "," ";" "|" "\\t"')
  end
  for _, key in ipairs { "columns", "numbers" } do
    if given[key] ~= nil and type(given[key]) ~= "table" then
      VQ.fail(("csv.%s: %s takes a list of names, got %s"):format(name, key, shown(given[key])))
    end
  end
  return given
end

--- Text of a number that reads back as the same number.
local function number_text(value)
  if math.type(value) == "integer" then return tostring(value) end
  local text = ("%.15g"):format(value)
  if tonumber(text) ~= value then text = ("%.17g"):format(value) end
  return text:find("^-?%d+$") and text .. ".0" or text
end

local function cell(value, separator)
  if value == nil or value ~= value then return "" end -- NaN is no value
  if type(value) == "number" then return number_text(value) end
  if type(value) == "boolean" then return tostring(value) end
  if type(value) ~= "string" then
    VQ.fail("a cell takes text, a number, true or false, got " .. shown(value), "take one field of the table")
  end
  local text = value
  -- A text that begins like a formula would be computed by the spreadsheet. csv.parse takes the mark away again.
  if text:find("^'*[=@+\t\r\n-]") and not tonumber(text) then text = "'" .. text end
  if text:find('[",;|\t\r\n]') or text:find(separator, 1, true) or text:find("^%s") or text:find("%s$") then
    text = '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

--- How many cells a row has; some in between may be nil.
local function width(row)
  local highest = 0
  for key in pairs(row) do
    if math.type(key) == "integer" then highest = math.max(highest, key) end
  end
  return highest
end

local function line(row, columns, separator)
  local cells = {}
  for i = 1, columns do cells[i] = cell(row[i], separator) end
  return table.concat(cells, separator)
end

local function check_rows(name, rows)
  if type(rows) ~= "table" then VQ.fail(("csv.%s: rows takes a list of rows, got %s"):format(name, shown(rows))) end
  for i, row in ipairs(rows) do
    if type(row) ~= "table" then
      VQ.fail(("csv.%s: row %d is no table but %s"):format(name, i, shown(row)), 'a row is a list, as { "Heart", 4.2 }')
    end
  end
end

--- The names of the columns of records.
local function columns_of(records)
  local seen, names = {}, {}
  for _, record in ipairs(records) do
    for key in pairs(record) do
      if type(key) == "string" and not seen[key] then
        seen[key] = true
        names[#names + 1] = key
      end
    end
  end
  table.sort(names)
  return names
end

--- Returns records as rows below their header.
local function as_rows(records, columns)
  local rows = { columns }
  for i, record in ipairs(records) do
    local row = {}
    for k, name in ipairs(columns) do row[k] = record[name] end
    rows[i + 1] = row
  end
  return rows
end

--- The text of a table; `called` is the function that errors name.
local function text_of(called, rows, options)
  local given = read_options(called, options, { separator = true, columns = true })
  check_rows(called, rows)
  local named = rows[1] and width(rows[1]) == 0 and next(rows[1]) ~= nil
  if named or given.columns then rows = as_rows(rows, given.columns or columns_of(rows)) end
  local separator, lines = given.separator or ",", {}
  local columns = rows[1] and width(rows[1]) or 0
  for i, row in ipairs(rows) do
    if width(row) > columns then
      VQ.fail(
        ("csv.%s: row %d has %d cells, the first row has %d"):format(called, i, width(row), columns),
        "the first row names every column"
      )
    end
    lines[i] = line(row, columns, separator) .. "\n"
  end
  return table.concat(lines)
end

--- Return one line of text, without its end.
--- ```lua
--- print(require("csv").line { "Heart", 4.2, 'say "a"' })
--- ```
---@param row any[] cells: text, numbers, true or false; nil and NaN are empty
---@param columns? integer how many; a row may have gaps at its end
---@return string
---@raise UsageError a cell is something else
---@since 0.1
function csv.line(row, columns)
  check_rows("line", { row })
  return line(row, columns or width(row), ",")
end

--- Return the text of a table; every line has as many cells as the first row.
---
--- Cells are quoted where they must be. A text that a spreadsheet would take for a formula gets an apostrophe in front.
--- ```lua
--- print(require("csv").format { { "roi", "mean" }, { "Heart", 4.2 } })
--- ```
---@param rows any[][]|table[] rows, or records with named fields
---@param options? CsvOptions separator and columns
---@return string
---@raise UsageError a row has more cells than the first, or a cell is no text, number, true or false
---@since 0.1
function csv.format(rows, options)
  return text_of("format", rows, options)
end

--- Write a table to a file, whole or not at all.
--- ```lua
--- require("csv").write("uptake.csv", { { "roi", "mean" }, { "Heart", 4.2 } })
--- ```
---@param path string file to write; a relative path lies in the output folder
---@param rows any[][]|table[] rows, or records with named fields
---@param options? CsvOptions separator and columns
---@return string path
---@raise UsageError the rows are none
---@raise PermissionDenied the script may not write there
---@since 0.1
function csv.write(path, rows, options)
  VQ.writeFile(path, text_of("write", rows, options))
  return path
end

--- Reads one cell from a position on; returns its text, whether it was quoted, and the position behind it.
local function read_cell(text, start, separator)
  if text:sub(start, start) ~= '"' then
    local stop = text:find("[\r\n" .. (separator == "|" and "%|" or separator) .. "]", start) or #text + 1
    return text:sub(start, stop - 1), false, stop
  end
  local parts, from = {}, start + 1
  while true do
    local quote = text:find('"', from, true)
    if not quote then return nil, true, start end
    parts[#parts + 1] = text:sub(from, quote - 1)
    if text:sub(quote + 1, quote + 1) ~= '"' then return table.concat(parts, '"'), true, quote + 1 end
    from = quote + 2
  end
end

local function line_number(text, place)
  local _, ends = text:sub(1, place):gsub("\n", "\n")
  return ends + 1
end

--- Read comma-separated text.
---
--- Cells are text; `tonumber` makes numbers of them. Empty lines are left out.
--- ```lua
--- for _, row in ipairs(require("csv").parse('roi,mean\n"left, kidney",4.2\n')) do print(row[1], row[2]) end
--- ```
---@param text string lines of cells, quoted where they hold separators, quotes or line ends
---@param options? CsvOptions separator
---@return string[][] rows
---@raise UsageError a quote is not closed, or stands where none can
---@since 0.1
function csv.parse(text, options)
  if type(text) ~= "string" then VQ.fail("csv.parse takes text, got " .. shown(text)) end
  local separator = read_options("parse", options, { separator = true }).separator or ","
  local rows, row, place, length = {}, {}, 1, #text
  while place <= length + 1 do
    local found, quoted, after = read_cell(text, place, separator)
    if not found then
      VQ.fail(("csv.parse: the quote in line %d is not closed"):format(line_number(text, place)))
    end
    local follows = text:sub(after, after)
    if quoted and follows ~= "" and follows ~= separator and follows ~= "\n" and follows ~= "\r" then
      VQ.fail(
        ("csv.parse: line %d goes on behind a closed quote"):format(line_number(text, after)),
        'a quote within a cell is written twice: "say ""a"""'
      )
    end
    if found:find("^'+[=@+\t\r\n-]") then found = found:sub(2) end
    row[#row + 1] = found
    place = after + 1
    if follows ~= separator then
      if #row > 1 or row[1] ~= "" or quoted then rows[#rows + 1] = row end
      row = {}
      if follows == "\r" and text:sub(place, place) == "\n" then place = place + 1 end
      if place > length then break end
    end
  end
  return rows
end

--- Read a file of rows; the first is usually the header. Line ends within cells are "\n", whatever the file has.
--- ```lua
--- local csv = require "csv"
--- csv.write("doses.csv", { { "animal", "dose" }, { "M01", 250 } })
--- print(csv.read("doses.csv")[2][2])
--- ```
---@param path string file to read
---@param options? CsvOptions separator
---@return string[][] rows
---@raise UsageError there is no such file, or a quote is not closed
---@raise PermissionDenied the script may not read there
---@since 0.1
function csv.read(path, options)
  return csv.parse(VQ.readFile(path), options)
end

--- Read a file whose first row names the columns.
--- ```lua
--- local csv = require "csv"
--- csv.write("doses.csv", { { "animal", "dose" }, { "M01", 250 } })
--- local doses = csv.readRecords("doses.csv", { numbers = { "dose" } })
--- print(doses[1].animal, doses[1].dose + 1)
--- ```
---@param path string file to read
---@param options? CsvOptions separator and numbers
---@return table[] records column -> text, or number where the options say so
---@return string[] names of the columns, in order
---@raise UsageError there is no such file, a column is named twice, a row has too many cells, or one is no number
---@raise PermissionDenied the script may not read there
---@since 0.1
function csv.readRecords(path, options)
  local given = read_options("readRecords", options, { separator = true, numbers = true })
  local rows = csv.read(path, given.separator and { separator = given.separator })
  local names = table.remove(rows, 1) or {}
  local known, numbers, records = {}, {}, {}
  for _, name in ipairs(names) do
    if known[name] then VQ.fail(("%s: two columns are named %s"):format(path, shown(name))) end
    known[name] = true
  end
  for _, name in ipairs(given.numbers or {}) do
    if not known[name] then
      VQ.fail(("%s has no column %s"):format(path, shown(name)), VQ.didYouMean(tostring(name), names))
    end
    numbers[name] = true
  end
  for i, row in ipairs(rows) do
    if #row > #names then
      VQ.fail(("%s: row %d has %d cells, but there are %d columns"):format(path, i + 1, #row, #names))
    end
    local record = {}
    for k, name in ipairs(names) do
      local value = row[k] or ""
      if numbers[name] then
        local read = tonumber(value)
        if value ~= "" and not read then
          VQ.fail(("%s: row %d: %s is no number, but %s"):format(path, i + 1, name, shown(value)))
        end
        record[name] = read
      else
        record[name] = value
      end
    end
    records[i] = record
  end
  return records, names
end

return csv
