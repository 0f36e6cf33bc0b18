-- The Lua half of the host: the whitelisted environment, objects, errors and the run itself.
-- It is the only chunk that sees Lua's own library; what it does not put into the environment
-- does not exist for scripts. `host` holds functions of the Python half.

local host = ...

local raw_error, raw_load, raw_pcall, raw_xpcall = error, load, pcall, xpcall
local raw_rawset, raw_setmetatable, raw_tostring = rawset, setmetatable, tostring
local getinfo, sethook = debug.getinfo, debug.sethook
local type, select, next, pairs, ipairs = type, select, next, pairs, ipairs
local concat, unpack = table.concat, table.unpack

local env = {}          -- the globals of the script
local sources = {}      -- chunk source -> how it is shown; the standard library's are absent
local folders = {}      -- chunk source -> folder, for include and require
local main_folder       -- the folder of the script itself
local loaded = {}       -- what require returned
local aborted           -- why the script has to stop; once set it is never cleared

-- Errors ------------------------------------------------------------------------------------

-- A host error is an empty table: its facts sit behind a locked metatable, beyond tampering.
local faults = raw_setmetatable({}, { __mode = "k" })

local function fault(kind, message, hint, cause)
  local facts = { type = kind, message = message, hint = hint, cause = cause }
  local shown = { type = kind, message = message, hint = hint }
  local value = raw_setmetatable({}, {
    __index = shown,
    __newindex = function() raw_error("an error value cannot be changed", 2) end,
    __tostring = function() return message end,
    __metatable = "error",
    __name = "error",
  })
  faults[value] = facts
  return value
end

local function raise(kind, message, hint, cause)
  raw_error(fault(kind, message, hint, cause), 0)
end

local ABORT = fault("Aborted", "the script was stopped")

-- Values that come back from a call into Python: ok, then results; or false and an error as data.
local function settle(ok, ...)
  if ok then return ... end
  if aborted then raw_error(ABORT, 0) end
  raise(...)
end

-- pcall and __close may hold an error, but not an abort: it is state, and every wrapper tests it.
local function guard(ok, ...)
  local value = ...
  local foreign = not ok and type(value) == "userdata" -- an exception that came past the border
  if aborted or foreign and host.tick() then
    aborted = aborted or "interrupted"
    raw_error(ABORT, 0)
  end
  if foreign then return false, fault("InternalError", raw_tostring(value)) end
  return ok, ...
end

-- Objects -----------------------------------------------------------------------------------

local locked = raw_setmetatable({}, { __mode = "k" })   -- objects that rawset must not touch
local identity = raw_setmetatable({}, { __mode = "k" }) -- facade -> number of its host object

-- Makes an empty table whose members sit behind a locked metatable.
-- `functions` get their first argument dropped if it is the object itself, so that
-- `dm.size()` and `dm:size()` both work; `fields` are read as they are.
local function object(name, functions, fields)
  local self, members = {}, {}
  for key, value in pairs(fields or {}) do members[key] = value end
  for key, call in pairs(functions) do
    members[key] = function(first, ...)
      if first == self then return call(...) end
      return call(first, ...)
    end
  end
  raw_setmetatable(members, {
    __index = function(_, key)
      local names = {}
      for known in pairs(members) do names[#names + 1] = known end
      raise("UsageError", host.unknown(name, raw_tostring(key), names))
    end,
  })
  locked[self] = true
  return raw_setmetatable(self, {
    __index = members,
    __newindex = function(_, key)
      local assigned = name .. "." .. raw_tostring(key)
      raise("UsageError", assigned .. " cannot be assigned: the members of " .. name .. " are fixed")
    end,
    __pairs = function()
      local copy = {}
      for key, value in next, members do copy[key] = value end
      return next, copy, nil
    end,
    __tostring = function() return name end,
    __metatable = name,
    __name = name,
  })
end

-- A host object: every function is a call into Python that returns errors as data.
local function facade(name, calls, number, fields)
  local functions = {}
  for key, call in pairs(calls) do
    functions[key] = function(...) return settle(call(...)) end
  end
  local self = object(name, functions, fields)
  identity[self] = number
  return self
end

-- Loading -----------------------------------------------------------------------------------

local function compile(code, source)
  local chunk, problem = raw_load(code, source, "t", env)
  if not chunk then raise("SyntaxError", problem) end
  return chunk
end

local function caller_folder(level)
  local info = getinfo(level + 1, "S")
  return info and folders[info.source] or main_folder
end

local function load_file(name, folder)
  local code, source, shown, home, path = settle(host.source(name, folder))
  if shown ~= "" then sources[source] = shown end
  folders[source] = home
  return compile(code, source), path, shown == ""
end

local loading = {}

local function enter(name, path)
  if loading[path] then
    raise("UsageError", '"' .. name .. '" includes itself', "break the circle: move what both need into a third file")
  end
  loading[path] = true
end

local modules = { object = object }

local function require_module(name)
  if type(name) ~= "string" then raise("UsageError", "require takes a module name") end
  if modules[name] ~= nil then return modules[name] end
  local chunk, path = load_file(name, caller_folder(2))
  if loaded[path] == nil then
    enter(name, path)
    local result = chunk(name)
    loading[path] = nil
    loaded[path] = result == nil and true or result
  end
  return loaded[path]
end

-- An included file shares the script's globals; what a library module exports becomes global as well.
local function include(name)
  local chunk, path, library = load_file(name, caller_folder(2))
  enter(name, path)
  local result = chunk(name)
  loading[path] = nil
  if library and type(result) == "table" then
    for key, value in pairs(result) do env[key] = value end
  end
end

-- The environment ---------------------------------------------------------------------------

for _, name in ipairs {
  "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "select",
  "tonumber", "tostring", "type", "getmetatable", "_VERSION",
} do
  env[name] = _G[name]
end

for _, library in ipairs { "math", "string", "table", "utf8" } do
  local copy = {}
  for name, value in pairs(_G[library]) do copy[name] = value end
  env[library] = copy
end
env.string.dump = nil
env.os = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time }

local strings = getmetatable("")
strings.__index = env.string
strings.__metatable = "string"

env._G = env
env.__include = include
env.require = require_module

function env.print(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = raw_tostring((select(i, ...))) end
  settle(host.print(concat(parts, "\t")))
end

function env.pcall(...) return guard(raw_pcall(...)) end

function env.xpcall(f, handler, ...) return guard(raw_xpcall(f, handler, ...)) end

function env.rawset(t, key, value)
  if locked[t] or faults[t] then raise("UsageError", "rawset cannot change an object of the host") end
  return raw_rawset(t, key, value)
end

function env.setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    raise("UsageError", "__gc is not available to scripts")
  end
  return raw_setmetatable(t, meta)
end

function env.load(chunk, name, _, ...)
  if type(chunk) == "function" then
    local parts, piece = {}, chunk()
    while piece ~= nil and piece ~= "" do
      parts[#parts + 1] = piece
      piece = chunk()
    end
    chunk = concat(parts)
  end
  local globals = env
  if select("#", ...) > 0 then globals = ... end
  return raw_load(chunk, type(name) == "string" and name or "=(load)", "t", globals)
end

-- Running -----------------------------------------------------------------------------------

-- Turns an error into data: what happened, the user's line, and the user's frames.
local function diagnose(value)
  local facts = faults[value] or { type = "LuaError", message = raw_tostring(value) }
  local file, line
  local frames = {}
  for level = 2, 250 do
    local info = getinfo(level, "Sln")
    if not info then break end
    local shown = sources[info.source]
    if shown and info.currentline > 0 then
      local where = info.what == "main" and "main chunk" or ("function '" .. (info.name or "?") .. "'")
      frames[#frames + 1] = shown .. ":" .. info.currentline .. ": in " .. where
      if not file then file, line = shown, info.currentline end
    end
  end
  local message = facts.message
  if type(value) == "string" or facts.type == "SyntaxError" then
    -- Lua puts "script.lua:12: " before its messages; what follows is the message.
    for source, shown in pairs(sources) do
      local short = source:sub(2)
      local at, text = message:match("^" .. short:gsub("%p", "%%%0") .. ":(%d+): (.*)$")
      if at then
        file, line, message = shown, tonumber(at), text
        break
      end
    end
  end
  return { facts.type, message, facts.hint or "", file or "", line or 0, frames, facts.cause or 0 }
end

local driver = {}

driver.new = facade

function driver.identity(value) return identity[value] end

function driver.global(name, value) env[name] = value end

function driver.abort(why) aborted = why end

-- Runs a chunk; returns true, or false and what `diagnose` found.
function driver.run(code, source, shown, folder)
  if shown ~= "" then sources[source] = shown end
  folders[source], main_folder = folder, folder
  sethook(function()
    if aborted or host.tick() then raw_error(ABORT, 0) end
  end, "", 10000)
  local ok, problem = raw_xpcall(function() compile(code, source)() end, diagnose)
  sethook()
  if aborted or not ok then
    if type(problem) ~= "table" then problem = diagnose(problem) end
    return false, unpack(problem, 1, 7)
  end
  return true
end

return driver
