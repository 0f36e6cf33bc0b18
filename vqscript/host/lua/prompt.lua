-- Lines typed one after another, and what showing and completing their values takes.

local env, errors, sources, watch, objects, modules, running = ...

local contents, faults, supervise = objects.contents, errors.faults, running.supervise
local raw_get, raw_load, raw_setmetatable, raw_tostring = rawget, load, setmetatable, tostring
local type, ipairs, format = type, ipairs, string.format
local raw_getmetatable = debug.getmetatable

-- What was declared local at a prompt is known to the lines that follow, and to nothing else: a line
-- `local table = ...` must not take the library from the modules.
local kept, declared = {}, {}
local globals = raw_setmetatable({}, {
  __index = raw_setmetatable(kept, { __index = env, __metatable = "locals" }),
  __newindex = function(_, key, value)
    if declared[key] then kept[key] = value else env[key] = value end
  end,
  __metatable = "prompt",
})

-- Runs one line; `names` are those it declares, nil for a file that is not to see the names of others.
-- An abort ended the line before, not this one.
local function line(code, source, shown, folder, names)
  watch.forgive()
  modules.forget_running()
  sources.register_main(source, shown, folder)
  for _, name in ipairs(names or {}) do declared[name] = true end
  return supervise(function() return sources.compile(code, source, names and globals or env)() end)
end

-- What is wrong with a piece of Lua, nil if nothing is.
local function syntax(code)
  local chunk, problem = raw_load(code, "=", "t")
  return not chunk and problem or nil
end

-- How a table of the user's wants to be shown: packed text, nil if it has no wish; or false and the diagnosis.
local function wish(value)
  local meta = raw_getmetatable(value)
  if type(meta) ~= "table" or raw_get(meta, "__tostring") == nil then return true end
  return supervise(function() return raw_tostring(value) end)
end

return {
  kept = kept,
  line = line,
  syntax = syntax,
  wish = wish,
  -- These run no metamethod.
  get = raw_get,
  members = function(value) return contents[value] or faults[value] end,
  address = function(value) return format("%p", value) end,
}
