-- Files that scripts include, and modules that they require.

local host, env, errors, sources, objects = ...

local raise, settle, refuse_unknown = errors.raise, objects.settle, objects.refuse_unknown
local register, compile = sources.register, sources.compile
local raw_setmetatable = setmetatable
local type, next, getinfo = type, next, debug.getinfo
local match, lower = string.match, string.lower

local loaded = {}  -- path -> what require returned
local running = {} -- path -> true while its file runs

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
  local code, chunk, shown, folder, path = settle(host.source(name, sources.folder_of(source)))
  register(chunk, shown, folder)
  return compile(code, chunk, env), path, shown == ""
end

local function run_file(chunk, name, path)
  if running[path] then
    raise("UsageError", '"' .. name .. '" includes itself', "break the circle: move what both need into a third file")
  end
  running[path] = true
  local _ <close> = raw_setmetatable({}, { __close = function() running[path] = nil end })
  return (chunk(name))
end

local function name_of(path) return match(path, "([^/\\]+)%.%w+$") or path end

-- A misspelled function of a module of the standard library is told as the members of objects are.
local function run_once(chunk, name, path, library)
  if loaded[path] == nil then
    local result = run_file(chunk, name, path)
    if result == nil then result = true end
    if library and type(result) == "table" then refuse_unknown(name_of(path), result) end
    loaded[path] = result
  end
  return loaded[path]
end

function env.require(name)
  local source, top = caller()
  if name == "object" and top and sources.is_library(source) then return objects.make_object end
  local chunk, path, library = load_file(name, source)
  return run_once(chunk, name, path, library)
end

-- An included file shares the script's globals. A module of the standard library becomes global by its name, and
-- so does what it exports under that name whatever the case: ipacs is the module, iPACS what VivoScripts call.
function env.__include(name)
  local chunk, path, library = load_file(name, caller())
  if not library then
    run_file(chunk, name, path)
    return
  end
  local exported, module = run_once(chunk, name, path, library), name_of(path)
  for key, value in next, exported do
    if lower(key) == module then env[key] = value end
  end
  env[module] = exported
end

return {
  loaded = loaded,
  name_of = name_of,
  -- After an abort, which may have left files in the middle.
  forget_running = function() running = {} end,
}
