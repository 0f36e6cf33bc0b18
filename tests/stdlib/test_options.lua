local options = require "options"

local tests = {}
local DECLARED = { creator = "text", names = "list", exactlist = "boolean" }

local function read(...) return options.read("getROIs", DECLARED, ...) end

local function refused(pattern, ...)
  local ok, problem = pcall(read, ...)
  if ok then error("was not refused", 2) end
  local text = problem.message .. " | " .. problem.hint
  if not text:find(pattern, 1, true) then error(text .. ' does not say "' .. pattern .. '"', 2) end
end

function tests.pairs_and_tables_say_the_same()
  for _, given in ipairs {
    { "-creator", "a", "-names", { "Heart" }, "-exactlist", false },
    { "exactlist", 0, "NAMES", "Heart", "-Creator", "a" },
    { { creator = "a", names = { "Heart" }, exactlist = false } },
    { { ["-creator"] = "a", ["-names"] = "Heart", ["-exactlist"] = 0 } },
  } do
    local found = read(table.unpack(given))
    assert(found.creator == "a" and found.names[1] == "Heart" and #found.names == 1 and found.exactlist == false)
  end
end

function tests.nothing_is_nothing()
  assert(next(read()) == nil)
  assert(next(read {}) == nil)
  assert(next(read(nil, nil)) == nil)
end

function tests.an_unknown_option_is_told_with_the_closest()
  refused('no option "-nmaes"', "-nmaes", { "Heart" })
  refused('did you mean "-names"?', "-nmaes", { "Heart" })
  refused('no option "1"', { "-names" })
end

function tests.values_of_the_wrong_kind_are_refused()
  refused("-creator takes text, got 5", "-creator", 5)
  refused("-exactlist takes true or false", "-exactlist", "true")
  refused("-names takes a list of names, got an empty list", "-names", {})
  refused("-names takes a list of names, 1 to n", "-names", { "Heart", extra = "Liver" })
  refused("-names takes a list of names", "-names", { "Heart", 5 })
end

function tests.a_value_that_is_missing_or_said_twice_is_refused()
  refused("-names has no value", "-creator", "a", "-names")
  refused("given twice", "-creator", "a", "creator", "b")
end

return tests
