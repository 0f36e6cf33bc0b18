-- The Lua half of the host: the whitelisted environment, objects, errors and the run itself.
-- It is the only chunk that sees Lua's own library; what it does not put into the environment
-- does not exist for scripts. `host` holds functions of the Python half.

local host = ...

local raw_error, raw_load, raw_pcall, raw_xpcall = error, load, pcall, xpcall
local raw_get, raw_rawset, raw_setmetatable, raw_tostring = rawget, rawset, setmetatable, tostring
local getinfo, sethook, raw_getmetatable = debug.getinfo, debug.sethook, debug.getmetatable
local memory = collectgarbage
local type, select, next, pairs, ipairs = type, select, next, pairs, ipairs
local concat, pack, unpack = table.concat, table.pack, table.unpack
-- As functions: the methods of strings are the script's to replace.
local match, gsub, find, sub, format = string.match, string.gsub, string.find, string.sub, string.format

local env = {}          -- the globals of the script
local sources = {}      -- chunk source -> how it is shown; the standard library's are absent
local patterns = {}     -- chunk source -> pattern for the place that Lua puts before its messages
local folders = {}      -- chunk source -> folder, for include and require
local main_folder       -- the folder of the script itself
local loaded = {}       -- what require returned
local aborted           -- whether the script has to stop; only the next line of a prompt clears it

-- Aborts ------------------------------------------------------------------------------------

-- An abort (Ctrl-C, a limit, VQ.abort()) is state of the host. pcall, xpcall and __close may hold the error
-- that brings a script to an end, but each of them, each call into the host and the hook ask here.
local function stopped()
  if not aborted and host.stopped() then aborted = true end
  return aborted
end

-- Errors ------------------------------------------------------------------------------------

local locked = raw_setmetatable({}, { __mode = "k" }) -- object or error -> name; rawset must not touch them

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

local ABORT = fault("Aborted", "the script was stopped")

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

-- Limits ------------------------------------------------------------------------------------

local NO_MEMORY = "not enough memory" -- what Lua itself raises where its hard limit is reached

local OFTEN, SELDOM = 50, 1000 -- instructions between two looks
local LARGE = 32 * 1024        -- KB in use from where a single instruction may take long

local look_at = host.memory -- KB in use from where garbage is collected to see what is left
local full_at = host.memory -- KB left from where the script is stopped
local looks = 0
local telling = false          -- whether the place of an error is sought; an abort must not cut that short

-- Returns whether the script uses more than it may. Between two calls memory that was not freed may grow by
-- a quarter, so that a script just below its limit does not spend its time on collecting.
local function too_much()
  memory("collect")
  local used = memory("count")
  if used > full_at then
    host.exhausted(used)
    aborted = true
    return true
  end
  look_at = used * 1.25
  if look_at < full_at then look_at = full_at end
  return false
end

-- Tells the host where the script is, for the case that it is never heard of again.
local function report_place()
  for level = 4, 9 do
    local info = getinfo(level, "Sl")
    if not info then return end
    local shown = sources[info.source]
    if shown and info.currentline > 0 then return host.at(shown, info.currentline) end
  end
end

local watch_often

-- The hook: looks whether the script has to stop.
local function look(used)
  if telling then return end
  if stopped() then raw_error(ABORT, 0) end
  if used > look_at and too_much() then raw_error(ABORT, 0) end
  looks = looks + 1
  if looks % 8 == 1 then report_place() end
end

local function watch()
  local used = memory("count")
  if used > LARGE then sethook(watch_often, "", OFTEN) end
  look(used)
end

-- Where much is in use, because one instruction joins texts of a GB; and at the beginning, so that there is a place
-- to tell.
function watch_often()
  local used = memory("count")
  if used <= LARGE and looks >= 32 then sethook(watch, "", SELDOM) end
  look(used)
end

-- What Lua's own functions say of their arguments where this file called them for a script.
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

local function guard(ok, ...)
  if aborted or not ok and (stopped() or (...) == NO_MEMORY and too_much()) then raw_error(ABORT, 0) end
  if ok then return true, ... end
  return false, own((...))
end

-- Objects -----------------------------------------------------------------------------------

local identity = raw_setmetatable({}, { __mode = "k" }) -- facade -> number of its host object
local contents = raw_setmetatable({}, { __mode = "k" }) -- object -> its members, for help and completion

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

-- Makes an empty table whose members sit behind a locked metatable; `fields` are read as they are.
local function object(name, functions, fields, bind)
  local self, members = {}, {}
  for key, value in pairs(fields or {}) do members[key] = value end
  for key, call in pairs(functions) do
    members[key] = bind(self, call, key)
  end
  raw_setmetatable(members, {
    __index = function(_, key)
      local names = {}
      for known in next, members do names[#names + 1] = raw_tostring(known) end
      settle(host.unknown(name, sub(raw_tostring(key), 1, 100), concat(names, "\n")))
    end,
  })
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

-- Loading -----------------------------------------------------------------------------------

local function compile(code, source, globals)
  local chunk, problem = raw_load(code, source, "t", globals or env)
  if not chunk then raise("SyntaxError", problem) end
  return chunk
end

local function register(source, shown, folder)
  folders[source] = folder
  if shown ~= "" then
    sources[source] = shown
    patterns[source] = "^" .. gsub(sub(source, 2), "%p", "%%%0") .. ":(%d+): (.*)$"
  end
end

-- The chunk source of the code that called the function that asks, and whether that is a file's own code: a function
-- of a module may be one that calls what it is given.
local function caller()
  local info = getinfo(3, "S")
  if info then return info.source, info.what == "main" end
end

local function load_file(name, source)
  if type(name) ~= "string" or #name > 200 then
    raise("UsageError", "a module name is a text of up to 200 characters", 'as in require "ipacs"')
  end
  local code, chunk, shown, folder, path = settle(host.source(name, folders[source] or main_folder))
  register(chunk, shown, folder)
  return compile(code, chunk), path, shown == ""
end

local loading = {} -- path -> true while its file runs

local function run_file(chunk, name, path)
  if loading[path] then
    raise("UsageError", '"' .. name .. '" includes itself', "break the circle: move what both need into a third file")
  end
  loading[path] = true
  local _ <close> = raw_setmetatable({}, { __close = function() loading[path] = nil end })
  return (chunk(name))
end

-- A misspelled function of a module is told as the members of objects are.
local function refuse_unknown(name, exported)
  raw_setmetatable(exported, {
    __index = function(_, key)
      local names = {}
      for known in next, exported do names[#names + 1] = raw_tostring(known) end
      settle(host.unknown(name, sub(raw_tostring(key), 1, 100), concat(names, "\n")))
    end,
  })
end

local function module_of(path) return match(path, "([^/\\]+)%.%w+$") or path end

local function run_once(chunk, name, path, library)
  if loaded[path] == nil then
    local result = run_file(chunk, name, path)
    if result == nil then result = true end
    if library and type(result) == "table" then refuse_unknown(module_of(path), result) end
    loaded[path] = result
  end
  return loaded[path]
end

local function make_object(name, functions, fields)
  return object(name, functions, fields, method)
end

local function require_module(name)
  local source, top = caller()
  -- For the standard library: objects in Lua that behave as the host's do.
  if name == "object" and top and folders[source] and not sources[source] then return make_object end
  local chunk, path, library = load_file(name, source)
  return run_once(chunk, name, path, library)
end

-- An included file shares the script's globals. A module of the standard library becomes global by its name, and
-- so does what it exports under that name whatever the case: ipacs is the module, iPACS what VivoScripts call.
local function include(name)
  local chunk, path, library = load_file(name, caller())
  if not library then
    run_file(chunk, name, path)
    return
  end
  local exported, module = run_once(chunk, name, path, library), module_of(path)
  for key, value in next, exported do
    if string.lower(key) == module then env[key] = value end
  end
  env[module] = exported
end

-- Help --------------------------------------------------------------------------------------

-- The key of a function in a table, behind a prefix.
local function key_in(container, prefix, value)
  for key, each in next, container do
    if rawequal(each, value) and type(key) == "string" then return prefix .. key end
  end
end

-- What the handbook calls an object, a module or a function; nil for other values. A name is sought only when
-- somebody asks, so that no call pays for it.
local function name_of(value)
  if locked[value] then return locked[value] end
  local global = key_in(env, "", value)
  if global then return global end
  for self, members in next, contents do
    local name = key_in(members, locked[self] .. ".", value)
    if name then return name end
  end
  for path, exported in next, loaded do
    local module = module_of(path)
    if rawequal(exported, value) then return module end
    local name = type(exported) == "table" and key_in(exported, module .. ".", value)
    if name then return name end
  end
  for name, each in next, env do
    local member = type(each) == "table" and each ~= env and not locked[each] and type(name) == "string"
      and key_in(each, name .. ".", value)
    if member then return member end
  end
end

-- The last argument is the subject, so that VQ:help(dm) and VQ.help(dm) both work.
local function help(...)
  local count = select("#", ...)
  local value = select(count > 0 and count or 1, ...)
  local subject = type(value) == "string" and value or value ~= nil and name_of(value) or nil
  if count > 0 and subject == nil then
    raise(
      "UsageError",
      "help explains objects, functions and topics, got " .. (value == nil and "nothing" or "a " .. type(value)),
      'help() lists what there is; help "name" looks a name up'
    )
  end
  settle(host.help(subject or ""))
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

local function subject(name, value)
  if type(value) == "number" then return raw_tostring(value) end
  if type(value) ~= "string" then raise("UsageError", name .. " takes text, got " .. type(value)) end
  return value
end

-- VivoScript's habits: the separator is text, not a pattern; without one, parts are what stands between white space.
function env.string.split(text, separator)
  local whole, parts, first = subject("split", text), {}, 1
  if separator == nil then
    for part in string.gmatch(whole, "%S+") do parts[#parts + 1] = part end
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
env.__include = include
env.require = require_module
env.help = help

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
  -- The names of files are taken: what is known of a file is known by its name.
  if type(name) ~= "string" or folders[name] or match(name, "^@%[vqscript%]/") then name = "=(load)" end
  local globals = env
  if select("#", ...) > 0 then globals = ... end
  return raw_load(chunk, name, "t", globals)
end

-- Running -----------------------------------------------------------------------------------

local FRAMES_SHOWN = 12

-- What an error value says; whatever a script raised, this raises nothing.
local function message_of(value)
  if type(value) == "string" then return value end
  if type(value) == "table" then
    local message = raw_get(value, "message")
    if type(message) == "string" then return message end
  end
  telling = false -- this is the script's own code
  local ok, text = raw_pcall(raw_tostring, value)
  telling = true
  if not ok or type(value) == "table" and find(text, "^table: ") then
    return "the script raised a table as its error"
  end
  if value == nil then return "the script raised nil as its error" end
  return text
end

-- Lua puts "script.lua:12: " before its messages: returns the file as it is shown, the line and the message.
local function place_of(message)
  for source, pattern in next, patterns do
    local line, text = match(message, pattern)
    if line then return sources[source], tonumber(line), text end
  end
  local library, text = match(message, "^%[vqscript%]/([^:]+:%d+): (.*)$")
  if library then return nil, nil, text .. " (in the standard library, " .. library .. ")" end
  return nil, nil, without_place(message)
end

-- The user's frames, innermost first, with the file and line of the first.
local function frames_now()
  local frames, file, line = {}, nil, nil
  for level = 3, 250 do
    local info = getinfo(level, "Sln")
    if not info then break end
    local shown = sources[info.source]
    if shown and info.currentline > 0 then
      if #frames == FRAMES_SHOWN then
        frames[#frames + 1] = "..."
        break
      end
      local where = "main chunk"
      if info.what ~= "main" then where = info.name and "function '" .. info.name .. "'" or "a function" end
      frames[#frames + 1] = shown .. ":" .. info.currentline .. ": in " .. where
      if not file then file, line = shown, info.currentline end
    end
  end
  return frames, file, line
end

-- Turns an error into data: what happened, the user's line, and the user's frames.
local function diagnose(value)
  telling = true
  local facts = faults[value] or { type = "LuaError", message = message_of(value) }
  local frames, file, line = frames_now()
  local message = facts.message
  if not faults[value] or facts.type == "SyntaxError" then
    local named_file, named_line, text = place_of(message)
    file, line, message = named_file or file, named_line or line, text
  end
  local found = { facts.type, message, facts.hint or "", file or "", line or 0, frames, facts.cause or 0 }
  telling = false -- variables to be closed come next
  return found
end

local driver = {}

driver.new, driver.help = facade, help

driver.identities, driver.names = identity, locked

function driver.global(name, value) env[name] = value end

local supervised = false

-- What an error value is found by in a table; nil and NaN are no keys.
local function key_of(value)
  if value == nil or value ~= value then return faults end
  return value
end

-- Runs a function under the hook; returns true and its results, packed, or false and what `diagnose` found.
local function supervise(f)
  local outermost, results, told = not supervised, nil, {}
  if outermost then
    supervised, looks, telling = true, 0, false
    sethook(watch_often, "", OFTEN)
  end
  -- An error on its way out is seen by variables that it closes: the diagnosis is none of their business. It may be
  -- one of several, of a text that load refused, or raised by what was closed.
  local function tell(value)
    local key = key_of(value)
    told[key] = rawequal(value, ABORT) and told[key] or diagnose(value) -- of an abort, the first is where it came
    return value
  end
  local _, ok, problem = raw_pcall(function()
    local done, what = raw_xpcall(function() results = pack(f()) end, tell)
    if outermost then sethook() end
    return done, what
  end)
  if outermost then -- the hook itself may have raised, between the two; it does not come again so soon
    sethook()
    supervised = false
  end
  if not stopped() and ok == true then return true, results end
  host.relieve() -- there may be nothing left to tell it with
  if problem == NO_MEMORY then
    host.exhausted(memory("count"), true)
    aborted = true
  end
  if aborted then problem = ABORT end
  return false, unpack(told[key_of(problem)] or diagnose(problem), 1, 7)
end

-- Runs a script.
function driver.run(code, source, shown, folder)
  register(source, shown, folder)
  main_folder = folder
  return supervise(function() compile(code, source)() end)
end

-- Functions that a script defined for its host ---------------------------------------------------

function driver.defines(name) return type(raw_get(env, name)) == "function" end

-- Calls one of them under the hook.
function driver.call(name, ...)
  local arguments = pack(...)
  return supervise(function()
    local results = pack(env[name](unpack(arguments, 1, arguments.n)))
    return unpack(results, 1, results.n)
  end)
end

-- Returns what a function of a module of the standard library returns.
function driver.from_module(name, member, ...)
  local arguments = pack(...)
  return supervise(function() return env.require(name)[member](unpack(arguments, 1, arguments.n)) end)
end

-- Lines typed one after another -----------------------------------------------------------------

-- What was declared local at a prompt is known to the lines that follow, and to nothing else: a line
-- `local table = ...` must not take the library from the modules.
local kept, declared = {}, {}
local prompt = raw_setmetatable({}, {
  __index = raw_setmetatable(kept, { __index = env, __metatable = "locals" }),
  __newindex = function(_, key, value)
    if declared[key] then kept[key] = value else env[key] = value end
  end,
  __metatable = "prompt",
})

driver.kept, driver.env = kept, env

-- Runs one line; `names` are those it declares, nil for a file that is not to see the names of others.
-- An abort ended the line before, not this one.
function driver.line(code, source, shown, folder, names)
  aborted, loading = false, {}
  register(source, shown, folder)
  main_folder = folder
  for _, name in ipairs(names or {}) do declared[name] = true end
  return supervise(function() return compile(code, source, names and prompt)() end)
end

-- What is wrong with a piece of Lua, nil if nothing is.
function driver.syntax(code)
  local chunk, problem = raw_load(code, "=", "t")
  return not chunk and problem or nil
end

-- For showing and completing values: nothing here runs a metamethod.
driver.get = raw_get

driver.name_of = name_of

function driver.address(value) return format("%p", value) end

function driver.members(value) return contents[value] or faults[value] end

-- How a table of the user's wants to be shown: packed text, nil if it has no wish; or false and the diagnosis.
function driver.wish(value)
  local meta = raw_getmetatable(value)
  if type(meta) ~= "table" or raw_get(meta, "__tostring") == nil then return true end
  return supervise(function() return raw_tostring(value) end)
end

return driver
