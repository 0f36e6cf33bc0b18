--- Tables as comma-separated text that any spreadsheet opens.
--
-- local csv = require "csv"
-- csv.write("results.csv", { { "roi", "mean" }, { "Heart", 4.2 } })

local csv = {}

local function cell(value)
  if value == nil or value ~= value then return "" end -- NaN is no value
  local text = tostring(value)
  -- A text that begins like a formula would be computed by the spreadsheet.
  if type(value) == "string" and text:find("^[=@+\t\r-]") and not tonumber(text) then text = "'" .. text end
  if text:find('[",\r\n]') then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- One line, without its end.
---@param row any[]
---@param columns? integer how many; a row may have gaps
function csv.line(row, columns)
  local cells = {}
  for i = 1, columns or #row do cells[i] = cell(row[i]) end
  return table.concat(cells, ",")
end

--- The text of a table; every line has as many cells as the first row.
---@param rows any[][]
function csv.format(rows)
  local lines = {}
  local columns = rows[1] and #rows[1] or 0
  for i, row in ipairs(rows) do lines[i] = csv.line(row, columns) .. "\n" end
  return table.concat(lines)
end

--- Writes a table to a file.
---@param path string
---@param rows any[][]
---@return string path
function csv.write(path, rows)
  VQ.writeFile(path, csv.format(rows))
  return path
end

return csv
