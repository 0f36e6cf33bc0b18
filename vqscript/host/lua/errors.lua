-- Errors as values: those of the host, and what becomes of all others before a script sees them.

local host, locked = ...

local raw_error, raw_setmetatable, raw_tostring = error, setmetatable, tostring
local type, next = type, next
-- As functions, here as in the other chunks: the methods of strings are the script's to replace.
local match, gsub = string.match, string.gsub

local NO_MEMORY = "not enough memory" -- what Lua itself raises where its hard limit is reached

-- A host error is an empty table: its facts sit behind a locked metatable, beyond tampering.
local faults = raw_setmetatable({}, { __mode = "k" })

local function fault(kind, message, hint, cause)
  local facts = { type = kind, message = message, hint = hint, cause = cause }
  local value = {}
  faults[value], locked[value] = facts, "error"
  return raw_setmetatable(value, {
    __index = { type = kind, message = message, hint = hint },
    __newindex = function() raw_error("an error value cannot be changed", 2) end,
    __pairs = function() return next, { type = kind, message = message, hint = hint }, nil end,
    __tostring = function() return message end,
    __concat = function(left, right) return raw_tostring(left) .. raw_tostring(right) end,
    __metatable = "error",
    __name = "error",
  })
end

local function raise(kind, message, hint, cause)
  raw_error(fault(kind, message, hint, cause), 0)
end

-- What Lua's own functions say of their arguments where the host called them for a script.
local function without_place(message)
  local text = match(message, "^host:%d+: (.*)$")
  return text and gsub(text, "'raw_(%a+)'", "'%1'") or message
end

-- An exception that came past the border (there should be none) is never handed to a script, and a request that
-- Lua could not meet says so in the host's words.
local function own(value)
  if value == NO_MEMORY then return fault("MemoryError", host.no_memory) end
  if type(value) == "string" then return without_place(value) end
  if type(value) == "userdata" then return fault("InternalError", raw_tostring(value)) end
  return value
end

return {
  ABORT = fault("Aborted", "the script was stopped"),
  NO_MEMORY = NO_MEMORY,
  faults = faults,
  raise = raise,
  without_place = without_place,
  own = own,
}
