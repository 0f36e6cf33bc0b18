-- Objects of the host, and calls into Python: an object is an empty table behind a locked metatable.

local host, locked, errors, watch = ...

local ABORT, raise, stopped = errors.ABORT, errors.raise, watch.stopped
local raw_error, raw_setmetatable, raw_tostring = error, setmetatable, tostring
local type, select, next, pairs = type, select, next, pairs
local concat, sub = table.concat, string.sub

-- Results -----------------------------------------------------------------------------------

-- Values that come back from a call into Python: ok, then results; or false and an error as data.
local function settle(ok, ...)
  if ok then return ... end
  if stopped() then raw_error(ABORT, 0) end
  raise(...)
end

-- The same for a method with one result, which comes back alone: only an error has a second value.
local function result_of(value, kind, message, hint, cause)
  if kind == nil then return value end
  return settle(value, kind, message, hint, cause)
end

-- Methods -----------------------------------------------------------------------------------

-- A function of an object drops its first argument if that is the object itself, so that
-- dm.size() and dm:size() both work.
local function method(self, call)
  return function(first, ...)
    if first == self then return call(...) end
    return call(first, ...)
  end
end

local MOST = 250 -- arguments of a call; Python would take seconds over hundreds of thousands
local FEW, LONG = 4, 2 ^ 28 -- more than a few may not be longer than that together: the same text may be all of them

local function refuse_too_much(...)
  local count, size = select("#", ...), 0
  if count > MOST then raise("UsageError", "a call takes at most " .. MOST .. " arguments") end
  for i = 1, count do
    local value = select(i, ...)
    if type(value) == "string" then size = size + #value end
  end
  if size > LONG then raise("UsageError", "a call takes less at a time: its texts are above 256 MB") end
end

-- The same for a call into Python that returns errors as data; `answer` makes results of what it returns.
local function host_method(answer)
  return function(self, call)
    return function(first, ...)
      if select("#", ...) > FEW then refuse_too_much(...) end
      if first == self then return answer(call(...)) end
      return answer(call(first, ...))
    end
  end
end

-- How methods are made, by their number of parameters. With up to two, as most have, without varargs and a further
-- call; one argument more than there are parameters is handed on, so that it is refused.
local methods = {
  several_results = host_method(settle),
  any = host_method(result_of),
  [0] = function(self, call)
    return function(first, second)
      if first == self then first = second end
      if first ~= nil then return result_of(call(first)) end
      local value, kind, message, hint, cause = call()
      if kind == nil then return value end
      return settle(value, kind, message, hint, cause)
    end
  end,
  function(self, call)
    return function(first, second, third)
      if first == self then first, second = second, third end
      if second ~= nil then return result_of(call(first, second)) end
      local value, kind, message, hint, cause = call(first)
      if kind == nil then return value end
      return settle(value, kind, message, hint, cause)
    end
  end,
  function(self, call)
    return function(first, second, third, fourth)
      if first == self then first, second, third = second, third, fourth end
      if third ~= nil then return result_of(call(first, second, third)) end
      local value, kind, message, hint, cause = call(first, second)
      if kind == nil then return value end
      return settle(value, kind, message, hint, cause)
    end
  end,
}

-- Objects -----------------------------------------------------------------------------------

local identity = raw_setmetatable({}, { __mode = "k" }) -- facade -> number of its host object
local contents = raw_setmetatable({}, { __mode = "k" }) -- object -> its members, for help and completion

-- Lets a misspelled key of a table be told, with those that are like it.
local function refuse_unknown(name, members)
  raw_setmetatable(members, {
    __index = function(_, key)
      local names = {}
      for known in next, members do names[#names + 1] = raw_tostring(known) end
      settle(host.unknown(name, sub(raw_tostring(key), 1, 100), concat(names, "\n")))
    end,
  })
end

-- Makes an empty table whose members sit behind a locked metatable; `fields` are read as they are.
local function object(name, functions, fields, bind)
  local self, members = {}, {}
  for key, value in pairs(fields or {}) do members[key] = value end
  for key, call in pairs(functions) do
    members[key] = bind(self, call, key)
  end
  refuse_unknown(name, members)
  locked[self], contents[self] = name, members
  return raw_setmetatable(self, {
    __index = members,
    __newindex = function(_, key)
      local what = name .. "." .. raw_tostring(key)
      raise("UsageError", what .. " cannot be assigned: the members of " .. name .. " are fixed")
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

local function facade(name, calls, shapes, number, fields)
  local self = object(name, calls, fields, function(self, call, key) return methods[shapes[key]](self, call) end)
  identity[self] = number
  return self
end

-- For the standard library: objects in Lua that behave as the host's do.
local function make_object(name, functions, fields)
  return object(name, functions, fields, method)
end

return {
  identity = identity,
  contents = contents,
  settle = settle,
  facade = facade,
  make_object = make_object,
  refuse_unknown = refuse_unknown,
}
