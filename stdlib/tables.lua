--- Lists and tables: take parts, group, sort. Nothing here changes the table it is given.
---
--- Where a function is asked for, the name of a field does as well: `tables.map(rows, "mean")`.
--- ```lua
--- local tables = require "tables"
--- local rows = { { organ = "Liver", mean = 11.2 }, { organ = "Heart", mean = 4.1 } }
--- for _, row in ipairs(tables.sortBy(rows, "mean")) do print(row.organ, row.mean) end
--- ```

local tables = {}

local function shown(value)
  return type(value) == "string" and ('"%s"'):format(value) or tostring(value)
end

local function check_list(name, list)
  if type(list) ~= "table" then VQ.fail(("tables.%s takes a list, got %s"):format(name, shown(list))) end
end

--- Returns a function for what may be the name of a field, too.
local function reader(name, what, of)
  if type(of) == "function" then return of end
  if type(of) ~= "string" then
    VQ.fail(("tables.%s: %s takes a function or the name of a field, got %s"):format(name, what, shown(of)))
  end
  return function(item)
    if type(item) ~= "table" then
      VQ.fail(("tables.%s: %s has no field %s: it is no table"):format(name, shown(item), shown(of)))
    end
    return item[of]
  end
end

--- Return what a function makes of each item.
---
--- A list has no gaps, so a function that gives nil for an item is an error.
--- ```lua
--- local means = require("tables").map({ { mean = 4.1 }, { mean = 3.8 } }, "mean")
--- ```
---@param list any[] items
---@param of string|fun(item: any, i: integer): any name of a field, or a function of item and number
---@return any[] as many values, in the same order
---@raise UsageError there is no list, or the function gives nil for an item
---@since 0.1
function tables.map(list, of)
  check_list("map", list)
  local read, found = reader("map", "of", of), {}
  for i, item in ipairs(list) do
    found[i] = read(item, i)
    if found[i] == nil then
      VQ.fail(("tables.map: nothing for item %d, and a list has no gaps"):format(i), "tables.filter leaves items out")
    end
  end
  return found
end

--- Return the items for which a function gives true.
--- ```lua
--- local high = require("tables").filter({ 1, 5, 9 }, function(v) return v > 4 end)
--- ```
---@param list any[] items
---@param test string|fun(item: any, i: integer): boolean name of a field, or a function of item and number
---@return any[] those that passed, in the same order
---@raise UsageError there is no list
---@since 0.1
function tables.filter(list, test)
  check_list("filter", list)
  local read, found = reader("filter", "test", test), {}
  for i, item in ipairs(list) do
    if read(item, i) then found[#found + 1] = item end
  end
  return found
end

--- Return one value made of all items, from the first to the last.
--- ```lua
--- local total = require("tables").reduce({ 1, 2, 3 }, function(sum, v) return sum + v end, 0)
--- ```
---@param list any[] items
---@param step fun(result: any, item: any, i: integer): any makes the next result of the last and an item
---@param initial? any the first result; default the first item
---@return any the last result
---@raise UsageError there is no list, or it is empty and there is no initial value
---@since 0.1
function tables.reduce(list, step, initial)
  check_list("reduce", list)
  if type(step) ~= "function" then VQ.fail("tables.reduce: step takes a function, got " .. shown(step)) end
  local first = 1
  if initial == nil then
    initial, first = list[1], 2
    if initial == nil then VQ.fail("tables.reduce: the list is empty", "give an initial value") end
  end
  local result = initial
  for i = first, #list do result = step(result, list[i], i) end
  return result
end

--- Return the first item for which a function gives true, and its number.
--- ```lua
--- local ct = require("tables").find({ { Modality = "CT" } }, function(s) return s.Modality == "CT" end)
--- ```
---@param list any[] items
---@param test string|fun(item: any, i: integer): boolean name of a field, or a function of item and number
---@return any? nil if there is none
---@return integer? its number
---@raise UsageError there is no list
---@since 0.1
function tables.find(list, test)
  check_list("find", list)
  local read = reader("find", "test", test)
  for i, item in ipairs(list) do
    if read(item, i) then return item, i end
  end
  return nil
end

--- Tell whether a list holds a value.
--- ```lua
--- print(require("tables").contains({ "Heart", "Liver" }, "Liver"))
--- ```
---@param list any[] items
---@param value any value to look for
---@return boolean whether it does
---@raise UsageError there is no list
---@since 0.1
function tables.contains(list, value)
  check_list("contains", list)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

--- Return each value of a list once, where it comes first.
--- ```lua
--- local organs = require("tables").unique { "Heart", "Liver", "Heart" }
--- ```
---@param list any[] items
---@return any[] without repetitions
---@raise UsageError there is no list
---@since 0.1
function tables.unique(list)
  check_list("unique", list)
  local seen, found = {}, {}
  for _, item in ipairs(list) do
    if not seen[item] then
      seen[item] = true
      found[#found + 1] = item
    end
  end
  return found
end

--- Return the items of a list in groups, by what they have in common.
--- ```lua
--- local tables = require "tables"
--- local scans = { { id = "M02", day = 1 }, { id = "M01", day = 1 }, { id = "M02", day = 8 } }
--- local groups, ids = tables.group(scans, "id")
--- for _, id in ipairs(ids) do print(id, #groups[id]) end
--- ```
---@param list any[] items
---@param by string|fun(item: any, i: integer): any name of a field, or a function of item and number
---@return table<any, any[]> groups key -> items, in their order
---@return any[] keys of the groups, in the order of their first items
---@raise UsageError there is no list, or an item has nothing to go by
---@since 0.1
function tables.group(list, by)
  check_list("group", list)
  local read, groups, order = reader("group", "by", by), {}, {}
  for i, item in ipairs(list) do
    local key = read(item, i)
    if key == nil or key ~= key then
      VQ.fail(("tables.group: item %d has nothing to go by: %s is %s"):format(i, shown(by), shown(key)))
    end
    if not groups[key] then
      groups[key] = {}
      order[#order + 1] = key
    end
    local group = groups[key]
    group[#group + 1] = item
  end
  return groups, order
end

--- Tells whether a key goes before another: numbers before texts; nothing, and NaN, at the end.
local function before(a, b)
  local rank_a = a ~= nil and a == a and (type(a) == "number" and 1 or 2) or 3
  local rank_b = b ~= nil and b == b and (type(b) == "number" and 1 or 2) or 3
  if rank_a ~= rank_b then return rank_a < rank_b end
  return rank_a < 3 and a < b
end

--- Return a list in order; items that are equal keep theirs.
---
--- Numbers go before texts; items without a key, or with NaN, go to the end in either direction.
--- ```lua
--- local studies = { { id = "M02", day = 8 }, { id = "M01", day = 8 }, { id = "M03", day = 1 } }
--- for _, study in ipairs(require("tables").sortBy(studies, "day")) do print(study.id) end
--- ```
---@param list any[] items
---@param by string|fun(item: any, i: integer): any name of a field, or a function of item and number
---@param descending? boolean true for the largest first; default false
---@return any[] a new list
---@raise UsageError there is no list, or a key is neither number nor text
---@since 0.1
function tables.sortBy(list, by, descending)
  check_list("sortBy", list)
  local read, decorated = reader("sortBy", "by", by), {}
  for i, item in ipairs(list) do
    local key = read(item, i)
    if key ~= nil and type(key) ~= "number" and type(key) ~= "string" then
      VQ.fail(("tables.sortBy: item %d cannot be sorted by %s"):format(i, shown(key)), "a number or text can")
    end
    decorated[i] = { key = key, missing = key == nil or key ~= key, place = i, item = item }
  end
  table.sort(decorated, function(a, b)
    if not descending or a.missing or b.missing then
      if before(a.key, b.key) then return true end
      if before(b.key, a.key) then return false end
    else
      if before(b.key, a.key) then return true end
      if before(a.key, b.key) then return false end
    end
    return a.place < b.place
  end)
  local found = {}
  for i, each in ipairs(decorated) do found[i] = each.item end
  return found
end

--- Return the keys of a table in order: numbers, then texts, then others.
--- ```lua
--- for _, name in ipairs(require("tables").keys { Liver = 11.2, Heart = 4.1 }) do print(name) end
--- ```
---@param t table any table
---@return any[] its keys
---@raise UsageError there is no table
---@since 0.1
function tables.keys(t)
  if type(t) ~= "table" then VQ.fail("tables.keys takes a table, got " .. shown(t)) end
  local ordered, others = {}, {}
  for key in pairs(t) do
    local list = (type(key) == "number" or type(key) == "string") and ordered or others
    list[#list + 1] = key
  end
  table.sort(ordered, before)
  return table.move(others, 1, #others, #ordered + 1, ordered)
end

--- Return the values of a table, in the order of its keys.
--- ```lua
--- print(table.concat(require("tables").values { Liver = 11.2, Heart = 4.1 }, ", "))
--- ```
---@param t table any table
---@return any[] its values
---@raise UsageError there is no table
---@since 0.1
function tables.values(t)
  if type(t) ~= "table" then VQ.fail("tables.values takes a table, got " .. shown(t)) end
  local found = {}
  for i, key in ipairs(tables.keys(t)) do found[i] = t[key] end
  return found
end

local function copied(value, known)
  if type(value) ~= "table" or getmetatable(value) ~= nil then return value end
  if known[value] then return known[value] end
  local copy = {}
  known[value] = copy
  for key, item in pairs(value) do copy[copied(key, known)] = copied(item, known) end
  return copy
end

--- Return a copy of a table and of all tables in it; objects such as the data manager stay themselves.
--- ```lua
--- local row = { organ = "Liver", days = { 1, 8 } }
--- local other = require("tables").copy(row)
--- other.days[1] = 2
--- print(row.days[1])
--- ```
---@param t table any table
---@return table the copy
---@raise UsageError there is no table
---@since 0.1
function tables.copy(t)
  if type(t) ~= "table" then VQ.fail("tables.copy takes a table, got " .. shown(t)) end
  return copied(t, {})
end

return tables
