local dates = require "dates"

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

local function read(...)
  local m = dates.parse(...)
  return table.concat({ m.year, m.month, m.day, tostring(m.hour), tostring(m.minute), tostring(m.second),
    tostring(m.offset) }, " ")
end

function tests.dicom_dates_and_times_are_read()
  equal(read("20140131"), "2014 1 31 nil nil nil nil")
  equal(read("2014.01.31"), "2014 1 31 nil nil nil nil") -- as files before DICOM 3 have it
  equal(read("20140131 "), "2014 1 31 nil nil nil nil")
  equal(read("20140131", ""), "2014 1 31 nil nil nil nil")
  equal(read("20140131", "09"), "2014 1 31 9 0 0 nil")
  equal(read("20140131", "0930"), "2014 1 31 9 30 0 nil")
  equal(read("20140131", "093005.25 "), "2014 1 31 9 30 5.25 nil")
  equal(read("20140131", "09:30:05"), "2014 1 31 9 30 5 nil")
  equal(read("20140131093005.5"), "2014 1 31 9 30 5.5 nil")
  equal(read("20140131093005.5+0130"), "2014 1 31 9 30 5.5 90")
  equal(read("20140131093005-0500"), "2014 1 31 9 30 5 -300")
  equal(read("20161231235960"), "2016 12 31 23 59 60 nil") -- a leap second
end

function tests.what_people_write_is_read()
  equal(read("2014-01-31"), "2014 1 31 nil nil nil nil")
  equal(read("2014-01-31 09:30"), "2014 1 31 9 30 0 nil")
  equal(read("2014-01-31T09:30:00.5+01:00"), "2014 1 31 9 30 0.5 60")
  equal(read("2014-01-31T09:30:00Z"), "2014 1 31 9 30 0 0")
  equal(read { year = 2014, month = 1, day = 31 }, "2014 1 31 nil nil nil nil")
end

function tests.what_does_not_exist_is_refused()
  for text, what in pairs {
    ["20230229"] = "2023-02 has no day 29",
    ["19000229"] = "1900-02 has no day 29",
    ["20140431"] = "2014-04 has no day 31",
    ["20141301"] = "there is no month 13",
    ["20140100"] = "has no day 0",
    ["00000101"] = "there is no year 0",
    ["20140131 2400"] = "there is no hour 24",
    ["20140131 2360"] = "there is no minute 60",
    ["20140131 235961"] = "there is no second 61",
    ["20140131 0930+1500"] = "no such offset",
    ["2014"] = "write YYYYMMDD",
    ["31.01.2014"] = "write YYYYMMDD",
    ["2014013"] = "write YYYYMMDD",
    ["20140131 9"] = "a time is HHMMSS",
    ["20140131 09.5"] = "a time is HHMMSS",
    ["20140131 noon"] = "a time is HHMMSS",
    ["20140131-0500"] = "a time is HHMMSS",
    ["20140131Z"] = "belongs to a time",
    [""] = "write YYYYMMDD",
  } do
    refused(what, dates.parse, text)
    assert(not dates.isDate(text), text)
  end
  refused("takes a date as text, got 20140131 | a date in quotes", dates.parse, 20140131)
  refused("takes a date as text, got nil", dates.daysBetween, "20140131")
  refused("dates.daysBetween: month is no whole number", dates.daysBetween, { year = 2014, day = 1 }, "20140131")
  refused('"25" is no time of day: there is no hour 25', dates.parse, "20140131", "25")
  refused("has a time already", dates.parse, "201401310930", "0930")
end

function tests.is_date()
  assert(dates.isDate "20240229" and dates.isDate "20240229120000" and not dates.isDate(20240229))
  assert(not dates.isDate(nil))
end

function tests.days_between_count_midnights()
  equal(dates.daysBetween("20240228", "20240301"), 2)
  equal(dates.daysBetween("20230228", "20230301"), 1)
  equal(dates.daysBetween("20240301", "20240228"), -2)
  equal(dates.daysBetween("20231231 2359", "20240101 0001"), 1)
  equal(dates.daysBetween("19000101", "20000101"), 36524)
  equal(dates.daysBetween("20000101", "20000101"), 0)
end

function tests.hours_and_seconds_between()
  equal(dates.hoursBetween("20240228 2330", "20240229 0015"), 0.75)
  equal(dates.hoursBetween("20240229 0015", "20240228 2330"), -0.75)
  equal(dates.secondsBetween("20160101000000.125", "20160101000000.375"), 0.25)
  equal(dates.hoursBetween(dates.parse("20240228", "2330"), "20240229 0015"), 0.75)
  equal(dates.hoursBetween("20240101 2330+0100", "20240101 2230+0000"), 0.0)
  equal(dates.hoursBetween("20240101 0030+0100", "20231231 2330-0500"), 5.0)
  refused('"20240101" has no time of day', dates.hoursBetween, "20240101", "20240102 0000")
  refused("only one of the two has an offset", dates.hoursBetween, "20240101 0000+0100", "20240101 0000")
end

function tests.add_goes_over_midnights_months_and_years()
  equal(dates.add("20240228", 2, "days"), "20240301")
  equal(dates.add("20240301", -1, "days"), "20240229")
  equal(dates.add("20231231", 1, "weeks"), "20240107")
  equal(dates.add("20240228 2330", 0.75, "hours"), "20240229001500")
  equal(dates.add("20240101 00:00:00", -0.5, "seconds"), "20231231235959.5")
  equal(dates.add("20231231235959.9+0100", 0.1, "seconds"), "20240101000000+0100")
  equal(dates.add("20240101120000", 0.1, "hours"), "20240101120600")
  equal(dates.add("20240101", 24, "hours"), "20240102")
  equal(dates.add("20240101 1200-0330", 1, "minutes"), "20240101120100-0330")
  refused('"20240101" has no time of day', dates.add, "20240101", 3, "hours")
  refused('no unit "hour" | did you mean "hours"?', dates.add, "20240101", 3, "hour")
  refused('amount takes a number, got "3"', dates.add, "20240101", "3", "days")
  refused("the year would be", dates.add, "20240101", -1000000, "days")
end

function tests.format_shows_what_is_asked()
  equal(dates.format("20140131"), "2014-01-31")
  equal(dates.format("20140131093000.5"), "2014-01-31 09:30:00")
  equal(dates.format("20140131 0930", "%d.%m.%y, %H h %M%%"), "31.01.14, 09 h 30%")
  equal(dates.format("20241231", "%j"), "366")
  refused("has no time of day for %H", dates.format, "20140131", "%H:%M")
  refused("dates.format has no %q | known: %Y", dates.format, "20140131", "%q")
  refused("dates.format has no %", dates.format, "20140131", "100%")
end

function tests.today_is_a_date()
  assert(dates.isDate(dates.today()))
  equal(dates.daysBetween("20240101", dates.today()) > 0, true)
end

return tests
