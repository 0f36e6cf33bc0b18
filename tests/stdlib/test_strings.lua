local tests = {}

local function equal(found, expected)
  if found ~= expected then error(("%q is not %q"):format(tostring(found), tostring(expected)), 2) end
end

local function joined(parts) return #parts .. ":" .. table.concat(parts, "|") end

local function refused(what, f, ...)
  local ok, problem = pcall(f, ...)
  if ok then error("was not refused", 2) end
  if not problem.message:find(what, 1, true) then error(problem.message .. ' does not say "' .. what .. '"', 2) end
end

function tests.split_keeps_empty_parts()
  equal(joined(("a,b,,c"):split(",")), "4:a|b||c")
  equal(joined((",a,"):split(",")), "3:|a|")
  equal(joined((""):split(",")), "1:")
  equal(joined(string.split("a", ",")), "1:a")
end

function tests.a_separator_is_no_pattern()
  equal(joined(("1.5.2"):split(".")), "3:1|5|2")
  equal(joined(("a%sb"):split("%s")), "2:a|b")
  equal(joined(("a -- b--c"):split("--")), "3:a | b|c")
  equal(joined(("Müller^Jörg"):split("^")), "2:Müller|Jörg")
end

function tests.without_a_separator_parts_are_words()
  equal(joined(("  one\ttwo \n three "):split()), "3:one|two|three")
  equal(joined(("   "):split()), "0:")
end

function tests.numbers_are_their_text()
  equal(joined(string.split(1.5, ".")), "2:1|5")
  equal(joined(("1520"):split(5)), "2:1|20")
end

function tests.what_is_no_text_is_refused()
  refused("split takes text, got nil", string.split, nil, ",")
  refused("split takes text, got table", string.split, "a", {})
  refused("split takes a separator that is not empty", string.split, "a", "")
  refused("trim takes text, got boolean", string.trim, true)
end

function tests.trim_takes_white_space_from_both_ends_only()
  equal(("  a b\t\n"):trim(), "a b")
  equal(("a"):trim(), "a")
  equal((""):trim(), "")
  equal((" \t\r\n "):trim(), "")
  equal((" µCi "):trim(), "µCi")
end

function tests.long_white_space_takes_no_time()
  local blank = (" "):rep(200000)
  equal(blank:trim(), "")
  equal((blank .. "a" .. blank):trim(), "a")
end

return tests
