--- Dates and times as DICOM writes them: read, compared, moved, shown.
---
--- A moment is a text (`20140131`, `20140131093000.5+0100`, `2014-01-31 09:30`), a date and a time of two DICOM
--- attributes joined by a space, or what `dates.parse` returned. A date or time that does not exist is an error at the
--- line that called, never another day.
--- ```lua
--- local dates = require "dates"
--- print(dates.daysBetween("20240228", "20240301")) -- 2: a leap year
--- print(dates.hoursBetween("20240228 233000", "20240229 001500")) -- 0.75
--- ```

local dates = {}

--- A date, with a time of day where one was given.
---@class Moment
---@field year integer four digits
---@field month integer 1 to 12
---@field day integer 1 to 31
---@field hour? integer 0 to 23; absent for a date without a time
---@field minute? integer 0 to 59
---@field second? number 0 to 60, with its fraction
---@field offset? integer minutes east of UTC; absent where none was given

local SECONDS = { days = 86400, hours = 3600, minutes = 60, seconds = 1, weeks = 604800 }

local function shown(value)
  return type(value) == "string" and ('"%s"'):format(value) or tostring(value)
end

-- The Gregorian calendar repeats after 400 years of 146,097 days; years begin in March, so that the leap day is last.

--- Days since 1 March of the year 0.
local function day_number(year, month, day)
  local y = month > 2 and year or year - 1
  local m = (month + 9) % 12
  return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1
end

local function date_of(number)
  local era, rest = number // 146097, number % 146097
  local y = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
  local in_year = rest - (365 * y + y // 4 - y // 100)
  local m = (5 * in_year + 2) // 153
  local day = in_year - (153 * m + 2) // 5 + 1
  local month = m < 10 and m + 3 or m - 9
  return era * 400 + y + (month <= 2 and 1 or 0), month, day
end

local function days_in(year, month)
  local after_year, after_month = month == 12 and year + 1 or year, month % 12 + 1
  return day_number(after_year, after_month, 1) - day_number(year, month, 1)
end

--- Returns what is wrong with a moment, nil if it exists.
local function fault(m)
  if m.year < 1 then return "there is no year 0" end
  if m.month < 1 or m.month > 12 then return "there is no month " .. m.month end
  if m.day < 1 or m.day > days_in(m.year, m.month) then
    return ("%04d-%02d has no day %d"):format(m.year, m.month, m.day)
  end
  if m.hour and m.hour > 23 then return "there is no hour " .. m.hour end
  if m.minute and m.minute > 59 then return "there is no minute " .. m.minute end
  if m.second and m.second >= 61 then return "there is no second " .. m.second end -- 60 is a leap second
  if m.offset and (m.offset < -12 * 60 or m.offset > 14 * 60) then return "there is no such offset from UTC" end
  return nil
end

--- Reads "HH", "HHMM", "HHMMSS", "HHMMSS.FFF", also with colons; returns nil for anything else.
local function read_time(text, m)
  local digits, fraction = text:gsub("^(%d%d):(%d%d)", "%1%2"):gsub("^(%d%d%d%d):(%d%d)", "%1%2"), ""
  local whole, rest = digits:match("^(%d+)(%.%d+)$")
  if whole then digits, fraction = whole, rest end
  if not digits:find("^%d+$") or (#digits ~= 2 and #digits ~= 4 and #digits ~= 6) then return nil end
  if fraction ~= "" and #digits ~= 6 then return nil end
  m.hour = tonumber(digits:sub(1, 2))
  m.minute = tonumber(digits:sub(3, 4)) or 0
  local seconds = digits:sub(5, 6)
  m.second = tonumber((seconds == "" and "0" or seconds) .. fraction)
  return m
end

--- Reads a text; returns nil and a hint if it is none.
local function read(text)
  local m, rest = {}, text:match("^%s*(.-)[%s\0]*$") -- DICOM fills up with blanks or NUL
  local body, sign, hours, minutes = rest:match("^(.*%d)%s*([+-])(%d%d):?(%d%d)$")
  if body and body:find("^%d%d%d%d%d%d%d%d%d%d") or body and body:find("[ T]%d%d") then
    rest, m.offset = body, (tonumber(hours) * 60 + tonumber(minutes)) * (sign == "-" and -1 or 1)
  elseif rest:find("%dZ$") then
    rest, m.offset = rest:sub(1, -2), 0
  end
  local year, month, day, time = rest:match("^(%d%d%d%d)[-.](%d%d)[-.](%d%d)(.*)$")
  if not year then year, month, day, time = rest:match("^(%d%d%d%d)(%d%d)(%d%d)(.*)$") end
  if not year then return nil, "write YYYYMMDD, YYYYMMDDHHMMSS, or YYYY-MM-DD HH:MM:SS" end
  m.year, m.month, m.day = tonumber(year), tonumber(month), tonumber(day)
  time = time:gsub("^[ T]+", "")
  if time ~= "" and not read_time(time, m) then return nil, "a time is HHMMSS or HH:MM:SS, as in 093000.5" end
  if m.offset and not m.hour then return nil, "an offset from UTC belongs to a time" end
  return m
end

--- Fields that are whole numbers, and whether a moment must have them.
local FIELDS = { year = true, month = true, day = true, hour = false, minute = false, offset = false }

local function described(given)
  if type(given) ~= "table" then return shown(given) end
  return ("%s-%s-%s %s:%s"):format(given.year, given.month, given.day, given.hour, given.minute)
end

--- Returns a moment for whatever a caller gave; `name` is the function that is called.
local function moment(name, given)
  local m, hint
  if type(given) == "table" and given.year then
    m = given
    for field, needed in pairs(FIELDS) do
      local value = m[field]
      if math.type(value) ~= "integer" and (needed or value ~= nil) then
        VQ.fail(("dates.%s: %s is no whole number but %s"):format(name, field, shown(value)))
      end
    end
    if m.second ~= nil and type(m.second) ~= "number" then
      VQ.fail(("dates.%s: second is no number but %s"):format(name, shown(m.second)))
    end
  elseif type(given) == "string" then
    m, hint = read(given)
  else
    VQ.fail(
      ("dates.%s takes a date as text, got %s"):format(name, shown(given)),
      type(given) == "number" and "a date in quotes" or ""
    )
  end
  if not m then VQ.fail(("dates.%s: %s is no date or time"):format(name, shown(given)), hint) end
  local problem = fault(m)
  if problem then VQ.fail(("dates.%s: %s is no date or time: %s"):format(name, described(given), problem)) end
  return m
end

local function day_of(m) return day_number(m.year, m.month, m.day) end

--- Seconds of a moment within its day, as its clock shows them.
local function clock(m) return m.hour * 3600 + (m.minute or 0) * 60 + (m.second or 0) end

--- Seconds between two moments; the days are counted apart, so that fractions of seconds keep their digits.
local function seconds_between(name, from, to)
  local a, b = moment(name, from), moment(name, to)
  for _, pair in ipairs { { a, from }, { b, to } } do
    if not pair[1].hour then
      VQ.fail(("dates.%s: %s has no time of day"):format(name, described(pair[2])), "dates.daysBetween counts days")
    end
  end
  if (a.offset == nil) ~= (b.offset == nil) then
    VQ.fail(("dates.%s: only one of the two has an offset from UTC"):format(name), "give both, or none")
  end
  local east = ((b.offset or 0) - (a.offset or 0)) * 60
  return (day_of(b) - day_of(a)) * 86400 - east + (clock(b) - clock(a))
end

--- Text of a moment as DICOM writes it.
local function written(m)
  local text = ("%04d%02d%02d"):format(m.year, m.month, m.day)
  if not m.hour then return text end
  local seconds = ("%09.6f"):format(m.second or 0):gsub("%.?0+$", "", 1)
  if #seconds < 2 then seconds = ("%02d"):format(math.floor(m.second or 0)) end
  text = text .. ("%02d%02d"):format(m.hour, m.minute or 0) .. seconds
  if not m.offset then return text end
  local minutes = math.abs(m.offset)
  return text .. ("%s%02d%02d"):format(m.offset < 0 and "-" or "+", minutes // 60, minutes % 60)
end

--- Read a moment.
--- ```lua
--- local dates = require "dates"
--- local m = dates.parse("20140131", "093000.5")
--- print(m.year, m.month, m.day, m.hour, m.minute, m.second)
--- ```
---@param date string|Moment date, or date and time
---@param time? string time of day (DICOM TM), where the date is an attribute of its own; "" is none
---@return Moment
---@raise UsageError there is no such date or time
---@since 0.1
function dates.parse(date, time)
  local found = {}
  for key, value in pairs(moment("parse", date)) do found[key] = value end
  if time == nil or time == "" then return found end
  if type(time) ~= "string" then VQ.fail("dates.parse takes a time as text, got " .. shown(time)) end
  if found.hour then VQ.fail(("dates.parse: %s has a time already"):format(shown(date))) end
  if not read_time(time:match("^%s*(.-)%s*$"), found) then
    VQ.fail(("dates.parse: %s is no time of day"):format(shown(time)), "write HHMMSS or HH:MM:SS")
  end
  local problem = fault(found)
  if problem then VQ.fail(("dates.parse: %s is no time of day: %s"):format(shown(time), problem)) end
  return found
end

--- Tell whether a text is a date, with or without a time of day.
--- ```lua
--- print(require("dates").isDate("20230229"))
--- ```
---@param text any what to look at
---@return boolean whether it is one
---@since 0.1
function dates.isDate(text)
  local found = type(text) == "string" and read(text)
  return found and fault(found) == nil or false
end

--- Return how many days lie between two dates, whatever the time of day; negative if the second is earlier.
--- ```lua
--- print(require("dates").daysBetween("20240304", "20240311"))
--- ```
---@param from string|Moment first date
---@param to string|Moment second date
---@return integer days from the first to the second
---@raise UsageError there is no such date
---@since 0.1
function dates.daysBetween(from, to)
  local a, b = moment("daysBetween", from), moment("daysBetween", to)
  return day_of(b) - day_of(a)
end

--- Return the hours between two moments, with fractions; negative if the second is earlier.
---
--- Offsets from UTC count where both have one. Summer time is not known without them.
--- ```lua
--- print(require("dates").hoursBetween("20240304 2330", "20240305 0015"))
--- ```
---@param from string|Moment first moment
---@param to string|Moment second moment
---@return number hours from the first to the second
---@raise UsageError there is no such moment, one has no time of day, or only one has an offset from UTC
---@since 0.1
function dates.hoursBetween(from, to)
  return seconds_between("hoursBetween", from, to) / 3600
end

--- Return the seconds between two moments, with fractions; negative if the second is earlier.
--- ```lua
--- print(require("dates").secondsBetween("20240304 120000", "20240304 120130.5"))
--- ```
---@param from string|Moment first moment
---@param to string|Moment second moment
---@return number seconds from the first to the second
---@raise UsageError there is no such moment, one has no time of day, or only one has an offset from UTC
---@since 0.1
function dates.secondsBetween(from, to)
  return seconds_between("secondsBetween", from, to)
end

--- Return a moment that lies later, or earlier by a negative amount, as DICOM writes it.
--- ```lua
--- print(require("dates").add("20240228", 2, "days"), require("dates").add("20240228 2330", 0.75, "hours"))
--- ```
---@param when string|Moment moment to start from
---@param amount number how much; days and weeks of a date without a time of day are whole
---@param unit "days"|"hours"|"minutes"|"seconds"|"weeks" of the amount
---@return string YYYYMMDD of a date, YYYYMMDDHHMMSS of a moment with a time of day
---@raise UsageError there is no such moment or unit, or hours are added to a date without a time of day
---@since 0.1
function dates.add(when, amount, unit)
  local m = moment("add", when)
  if type(amount) ~= "number" or amount ~= amount or math.abs(amount) > 1e9 then
    VQ.fail("dates.add: amount takes a number, got " .. shown(amount))
  end
  if not SECONDS[unit] then
    VQ.fail(
      ("dates.add: there is no unit %s"):format(shown(unit)),
      VQ.didYouMean(tostring(unit), { "days", "hours", "minutes", "seconds", "weeks" })
    )
  end
  -- To the microsecond, which is what DICOM writes: 0.1 hours are not 359.99999999999994 seconds.
  local micro = math.floor(((m.hour and clock(m) or 0) + amount * SECONDS[unit]) * 1e6 + 0.5)
  local later, rest = micro // 86400000000, micro % 86400000000
  if not m.hour and rest ~= 0 then
    VQ.fail(("dates.add: %s has no time of day"):format(described(when)), "add whole days, or give a time")
  end
  local year, month, day = date_of(day_of(m) + later)
  if year < 1 or year > 9999 then VQ.fail("dates.add: the year would be " .. year) end
  local moved = { year = year, month = month, day = day, offset = m.offset }
  if m.hour then
    moved.hour, moved.minute = rest // 3600000000, rest // 60000000 % 60
    moved.second = rest % 60000000 / 1e6
  end
  return written(moved)
end

local DIRECTIVES = {
  Y = function(m) return ("%04d"):format(m.year) end,
  y = function(m) return ("%02d"):format(m.year % 100) end,
  m = function(m) return ("%02d"):format(m.month) end,
  d = function(m) return ("%02d"):format(m.day) end,
  H = function(m) return ("%02d"):format(m.hour) end,
  M = function(m) return ("%02d"):format(m.minute or 0) end,
  S = function(m) return ("%02d"):format(math.floor(m.second or 0)) end,
  j = function(m) return ("%03d"):format(day_of(m) - day_number(m.year, 1, 1) + 1) end,
  ["%"] = function() return "%" end,
}

--- Show a moment as text.
---
--- The pattern is that of `os.date`: `%Y` year, `%y` its last two digits, `%m` month, `%d` day, `%j` day of the year,
--- `%H` hour, `%M` minute, `%S` second.
--- ```lua
--- print(require("dates").format("20140131", "%d.%m.%Y"))
--- ```
---@param when string|Moment moment to show
---@param pattern? string default `%Y-%m-%d`, and `%H:%M:%S` where there is a time of day
---@return string
---@raise UsageError there is no such moment or directive, or the pattern asks for a time of day that is not there
---@since 0.1
function dates.format(when, pattern)
  local m = moment("format", when)
  pattern = pattern or (m.hour and "%Y-%m-%d %H:%M:%S" or "%Y-%m-%d")
  if type(pattern) ~= "string" then VQ.fail("dates.format: pattern takes text, got " .. shown(pattern)) end
  return (pattern:gsub("%%(.?)", function(letter)
    local directive = DIRECTIVES[letter]
    if not directive then
      VQ.fail(("dates.format has no %%%s"):format(letter), "known: %Y %y %m %d %j %H %M %S %%")
    end
    if not m.hour and ("HMS"):find(letter, 1, true) then
      VQ.fail(("dates.format: %s has no time of day for %%%s"):format(described(when), letter))
    end
    return directive(m)
  end))
end

--- Return the date of the computer's clock as DICOM writes it, YYYYMMDD.
--- ```lua
--- print(require("dates").today())
--- ```
---@return string
---@since 0.1
function dates.today()
  return os.date("%Y%m%d")
end

return dates
