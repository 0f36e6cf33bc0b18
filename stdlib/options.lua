--- Options of functions written in Lua, as the host's own functions take them.
---
--- They are '-key', value pairs in any order, or one table; an unknown one is an error that names the closest.
--- ```lua
--- local options = require "options"
--- local function report(...)
---   local given = options.read("report", { title = "text", organs = "list" }, ...)
---   print(given.title, #given.organs)
--- end
--- report("-title", "Uptake", "-organs", { "Heart", "Liver" })
--- ```

local options = {}

local function text(value)
  return type(value) == "string" and value or nil, "text"
end

local function boolean(value)
  if value == true or value == 1 then return true end
  if value == false or value == 0 then return false end
  return nil, "true or false"
end

--- A list of texts; one text stands for a list of one.
local function list(value)
  if type(value) == "string" then return { value } end
  if type(value) ~= "table" or #value == 0 then return nil, "a list of names" end
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  if count ~= #value then return nil, "a list of names, 1 to n" end
  for _, item in ipairs(value) do
    if type(item) ~= "string" then return nil, "a list of names" end
  end
  return value
end

local function described(value)
  if type(value) ~= "table" then return tostring(value) end
  return next(value) == nil and "an empty list" or "a table"
end

local readers = { text = text, boolean = boolean, list = list }

local function as_pairs(method, ...)
  local given, count, found = { ... }, select("#", ...), {}
  while count > 0 and given[count] == nil do count = count - 1 end
  if count == 1 and type(given[1]) == "table" then
    for key, value in pairs(given[1]) do found[#found + 1] = { key, value } end
    return found
  end
  if count % 2 == 1 then
    VQ.fail(method .. ": the option " .. tostring(given[count]) .. " has no value", "options are '-key', value pairs")
  end
  for i = 1, count, 2 do found[#found + 1] = { given[i], given[i + 1] } end
  return found
end

--- Read the options of a call.
--- ```lua
--- local given = options.read("report", { title = "text" }, "-title", "Uptake")
--- ```
---@param method string name of the function, for errors
---@param declared table<string, string> option to what it takes: "text", "boolean" or "list" (of texts)
---@param ... any arguments of the call
---@return table option to value, for those that were given
---@raise UsageError an option is unknown, given twice, without a value, or of another type
---@since 0.1
function options.read(method, declared, ...)
  local known, names = {}, {}
  for name in pairs(declared) do
    known[name:lower()] = name
    names[#names + 1] = "-" .. name
  end
  local found = {}
  for _, pair in ipairs(as_pairs(method, ...)) do
    local key, value = pair[1], pair[2]
    local name = type(key) == "string" and known[key:gsub("^%-", ""):lower()]
    if not name then
      local shown = tostring(key)
      VQ.fail(method .. ' has no option "' .. shown .. '"', VQ.didYouMean(shown, names))
    end
    if found[name] ~= nil then VQ.fail(method .. ': the option "-' .. name .. '" is given twice') end
    local read, expected = readers[declared[name]](value)
    if read == nil then
      VQ.fail(method .. ": -" .. name .. " takes " .. expected .. ", got " .. described(value))
    end
    found[name] = read
  end
  return found
end

return options
