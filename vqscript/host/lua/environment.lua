-- The globals of scripts that come with Lua, and what this host does differently about them.

local host, env, locked, errors, sources, watch, objects = ...

local own, raise, settle = errors.own, errors.raise, objects.settle
local stopped, guard = watch.stopped, watch.guard
local raw_load, raw_pcall, raw_xpcall = load, pcall, xpcall
local raw_get, raw_rawset, raw_setmetatable, raw_tostring = rawget, rawset, setmetatable, tostring
local type, select, pairs, ipairs, concat = type, select, pairs, ipairs, table.concat
local match, gmatch, find, sub = string.match, string.gmatch, string.find, string.sub

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

local function subject(name, value)
  if type(value) == "number" then return raw_tostring(value) end
  if type(value) ~= "string" then raise("UsageError", name .. " takes text, got " .. type(value)) end
  return value
end

-- VivoScript's habits: the separator is text, not a pattern; without one, parts are what stands between white space.
function env.string.split(text, separator)
  local whole, parts, first = subject("split", text), {}, 1
  if separator == nil then
    for part in gmatch(whole, "%S+") do parts[#parts + 1] = part end
    return parts
  end
  if subject("split", separator) == "" then
    raise("UsageError", "split takes a separator that is not empty", "leave it out to split at white space")
  end
  local start, stop = find(whole, separator, 1, true)
  while start do
    parts[#parts + 1] = sub(whole, first, start - 1)
    first = stop + 1
    start, stop = find(whole, separator, first, true)
  end
  parts[#parts + 1] = sub(whole, first)
  return parts
end

function env.string.trim(text)
  local whole = subject("trim", text)
  local start = find(whole, "%S")
  return start and match(whole, ".*%S", start) or ""
end

env.os = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time }

local strings = getmetatable("")
strings.__index = env.string
strings.__metatable = "string"

env._G = env

function env.print(...)
  local parts = { ... }
  for i = 1, select("#", ...) do parts[i] = raw_tostring(parts[i]) end
  settle(host.print(concat(parts, "\t")))
end

function env.pcall(...) return guard(raw_pcall(...)) end

-- The handler does not see an abort: it could hold the script for as long as it likes.
function env.xpcall(f, handler, ...)
  local function handle(value)
    if stopped() then return value end
    return handler(own(value))
  end
  return guard(raw_xpcall(f, handle, ...))
end

function env.rawset(t, key, value)
  if t ~= nil and locked[t] then raise("UsageError", "rawset cannot change an object of the host") end
  return raw_rawset(t, key, value)
end

function env.setmetatable(t, meta)
  if type(meta) == "table" and raw_get(meta, "__gc") ~= nil then
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
  if type(name) ~= "string" or sources.taken(name) then name = "=(load)" end
  local globals = env
  if select("#", ...) > 0 then globals = ... end
  return raw_load(chunk, name, "t", globals)
end
