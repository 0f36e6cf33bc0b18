-- The run of a script, and calls of functions that it defined.

local host, env, errors, sources, watch, diagnosis = ...

local ABORT, NO_MEMORY, NO_KEY = errors.ABORT, errors.NO_MEMORY, {}
local stopped, diagnose = watch.stopped, diagnosis.diagnose
local raw_pcall, raw_xpcall, raw_get, rawequal = pcall, xpcall, rawget, rawequal
local type, pack, unpack, memory = type, table.pack, table.unpack, collectgarbage

local supervised = false

-- What an error value is found by in a table; nil and NaN are no keys.
local function key_of(value)
  if value == nil or value ~= value then return NO_KEY end
  return value
end

-- Runs a function under the hook; returns true and its results, packed, or false and what `diagnose` found.
local function supervise(f)
  local outermost, results, told = not supervised, nil, {}
  if outermost then
    supervised = true
    watch.begin()
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
    if outermost then watch.finish() end
    return done, what
  end)
  if outermost then -- the hook itself may have raised, between the two; it does not come again so soon
    watch.finish()
    supervised = false
  end
  local aborted = stopped()
  if not aborted and ok == true then return true, results end
  host.relieve() -- there may be nothing left to tell it with
  if problem == NO_MEMORY then
    watch.exhausted(memory("count"), true)
    aborted = true
  end
  if aborted then problem = ABORT end
  return false, unpack(told[key_of(problem)] or diagnose(problem), 1, 7)
end

local function run(code, source, shown, folder)
  sources.register_main(source, shown, folder)
  return supervise(function() sources.compile(code, source, env)() end)
end

local function defines(name) return type(raw_get(env, name)) == "function" end

-- Calls a function that the script defined for its host.
local function call(name, ...)
  local arguments = pack(...)
  return supervise(function()
    local results = pack(env[name](unpack(arguments, 1, arguments.n)))
    return unpack(results, 1, results.n)
  end)
end

-- Returns what a function of a module of the standard library returns.
local function from_module(name, member, ...)
  local arguments = pack(...)
  return supervise(function() return env.require(name)[member](unpack(arguments, 1, arguments.n)) end)
end

return {
  supervise = supervise,
  run = run,
  defines = defines,
  call = call,
  from_module = from_module,
}
