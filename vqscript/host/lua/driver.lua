-- The Lua half of the host, put together from the chunks beside this file. They alone see Lua's own library; what
-- none of them puts into `env` does not exist for scripts.
--
-- `host` holds functions of the Python half, `texts` the chunks by name. Each is given what it needs of those before
-- it, and returns a table of what it offers, which no script gets hold of.

local host, texts = ...

-- All have the one name by which they are left out of what users see; no file of a user's has it.
local function chunk(name, ...) return assert(load(texts[name], "=host", "t"))(...) end

local env = {} -- the globals of the script
local locked = setmetatable({}, { __mode = "k" }) -- object or error -> its name; rawset must not touch them

local errors = chunk("errors", host, locked)
local sources = chunk("sources", errors)
local watch = chunk("watch", host, errors, sources)
local objects = chunk("objects", host, locked, errors, watch)
chunk("environment", host, env, locked, errors, sources, watch, objects)
local modules = chunk("modules", host, env, errors, sources, objects)
local help = chunk("help", host, env, locked, errors, objects, modules)
local diagnosis = chunk("diagnosis", errors, sources, watch)
local running = chunk("running", host, env, errors, sources, watch, diagnosis)
local prompt = chunk("prompt", env, errors, sources, watch, objects, modules, running)

-- What the Python half calls and looks at.
return {
  new = objects.facade,
  identities = objects.identity,
  names = locked,
  env = env,
  global = function(name, value) env[name] = value end,
  help = help.help,
  name_of = help.name_of,
  run = running.run,
  defines = running.defines,
  call = running.call,
  from_module = running.from_module,
  line = prompt.line,
  syntax = prompt.syntax,
  kept = prompt.kept,
  get = prompt.get,
  members = prompt.members,
  address = prompt.address,
  wish = prompt.wish,
}
