local tables = require "tables"

local tests = {}

local ROWS = {
  { id = "M02", day = 8, mean = 3 },
  { id = "M01", day = 1, mean = 5 },
  { id = "M02", day = 1, mean = 4 },
  { id = "M03", day = 8 },
}

local function ids(list) return table.concat(tables.map(list, function(row) return row.id .. row.day end), " ") end

local function equal(found, expected)
  if found ~= expected then error(("%q is not %q"):format(tostring(found), tostring(expected)), 2) end
end

local function refused(what, f, ...)
  local ok, problem = pcall(f, ...)
  if ok then error("was not refused", 2) end
  local text = problem.message .. " | " .. problem.hint
  if not text:find(what, 1, true) then error(text .. ' does not say "' .. what .. '"', 2) end
end

function tests.map_takes_a_function_or_a_field()
  equal(table.concat(tables.map({ 1, 2, 3 }, function(v, i) return v * 10 + i end), " "), "11 22 33")
  equal(table.concat(tables.map(ROWS, "id"), " "), "M02 M01 M02 M03")
  equal(#tables.map({}, "id"), 0)
  refused("nothing for item 4", tables.map, ROWS, "mean")
end

function tests.filter_keeps_what_passes()
  equal(ids(tables.filter(ROWS, function(row) return row.day == 8 end)), "M028 M038")
  equal(ids(tables.filter(ROWS, "mean")), "M028 M011 M021")
  equal(#tables.filter({}, "mean"), 0)
end

function tests.reduce_goes_from_first_to_last()
  equal(tables.reduce({ "a", "b", "c" }, function(all, v) return all .. v end), "abc")
  equal(tables.reduce({ 1, 2 }, function(sum, v, i) return sum + v * i end, 100), 105)
  equal(tables.reduce({}, function() end, 7), 7)
  refused("the list is empty", tables.reduce, {}, function() end)
  refused("step takes a function, got nil", tables.reduce, {})
end

function tests.find_contains_and_unique()
  local row, place = tables.find(ROWS, function(each) return each.day == 1 end)
  assert(row == ROWS[2] and place == 2)
  equal(tables.find(ROWS, function() return false end), nil)
  assert(tables.contains({ 1, 2 }, 2) and not tables.contains({ 1, 2 }, "2"))
  equal(table.concat(tables.unique { "b", "a", "b", "c", "a" }, " "), "b a c")
end

function tests.groups_keep_the_order_of_items_and_of_first_appearance()
  local groups, order = tables.group(ROWS, "id")
  equal(table.concat(order, " "), "M02 M01 M03")
  equal(ids(groups.M02), "M028 M021")
  local by_day = tables.group(ROWS, function(row) return row.day end)
  equal(#by_day[8], 2)
  refused('item 4 has nothing to go by: "mean" is nil', tables.group, ROWS, "mean")
end

function tests.equal_items_keep_their_order()
  local list = {}
  for i = 1, 500 do list[i] = { id = i, key = i * 7919 % 5 } end
  for _, descending in ipairs { false, true } do
    local sorted = tables.sortBy(list, "key", descending)
    for i = 2, #sorted do
      local a, b = sorted[i - 1], sorted[i]
      if descending then assert(a.key >= b.key) else assert(a.key <= b.key) end
      if a.key == b.key then assert(a.id < b.id) end
    end
  end
  equal(list[1].id, 1)
end

function tests.what_has_no_key_goes_to_the_end()
  equal(ids(tables.sortBy(ROWS, "mean")), "M028 M021 M011 M038")
  equal(ids(tables.sortBy(ROWS, "mean", true)), "M011 M021 M028 M038")
  equal(tables.sortBy({ 0 / 0, 2, 1 }, function(v) return v end)[1], 1)
  equal(table.concat(tables.sortBy({ "b", 2, "a", 10 }, function(v) return v end), " "), "2 10 a b")
end

function tests.keys_and_values_come_in_order()
  local t = { b = 2, a = 1, [10] = "x", [9] = "y" }
  equal(table.concat(tables.keys(t), " "), "9 10 a b")
  equal(table.concat(tables.values(t), " "), "y x 1 2")
end

function tests.a_copy_is_apart_from_the_original()
  local inner = { 1 }
  local t = { inner, same = inner }
  t.itself = t
  local copy = tables.copy(t)
  copy[1][1] = 2
  assert(inner[1] == 1 and copy.same == copy[1] and copy.itself == copy and copy ~= t)
  local dm = VQ.dataManager()
  assert(tables.copy({ dm = dm }).dm == dm)
end

function tests.what_is_no_list_is_refused()
  for _, name in ipairs { "map", "filter", "find", "group", "sortBy" } do
    refused("tables." .. name .. " takes a list, got nil", tables[name], nil, "id")
    refused("takes a function or the name of a field, got nil", tables[name], ROWS)
    refused('3 has no field "id"', tables[name], { 3 }, "id")
  end
  refused("tables.keys takes a table, got 3", tables.keys, 3)
  refused("tables.copy takes a table, got nil", tables.copy)
  refused("cannot be sorted by true", tables.sortBy, { 1 }, function() return true end)
end

return tests
