-- The files that code came from, by the name that Lua knows their chunks by.

local errors = ...

local raise, without_place = errors.raise, errors.without_place
local raw_load, tonumber, next = load, tonumber, next
local match, gsub, sub = string.match, string.gsub, string.sub

local shown = {}    -- chunk source -> how it is shown; the standard library's are absent
local patterns = {} -- chunk source -> pattern for the place that Lua puts before its messages
local folders = {}  -- chunk source -> folder, for include and require
local main_folder   -- the folder of the script itself

local function register(source, name, folder)
  folders[source] = folder
  if name ~= "" then
    shown[source] = name
    patterns[source] = "^" .. gsub(sub(source, 2), "%p", "%%%0") .. ":(%d+): (.*)$"
  end
end

-- The same for the script or a line of a prompt, beside which code that comes from no file is taken to lie.
local function register_main(source, name, folder)
  register(source, name, folder)
  main_folder = folder
end

local function folder_of(source) return folders[source] or main_folder end

-- Whether the code of a chunk comes from a file of the standard library.
local function is_library(source) return folders[source] and not shown[source] end

-- Whether a chunk may not be called so: what is known of a file is known by its name.
local function taken(name) return folders[name] or match(name, "^@%[vqscript%]/") end

local function compile(code, source, globals)
  local chunk, problem = raw_load(code, source, "t", globals)
  if not chunk then raise("SyntaxError", problem) end
  return chunk
end

-- Lua puts "script.lua:12: " before its messages: returns the file as it is shown, the line and the message.
local function place_of(message)
  for source, pattern in next, patterns do
    local line, text = match(message, pattern)
    if line then return shown[source], tonumber(line), text end
  end
  local library, text = match(message, "^%[vqscript%]/([^:]+:%d+): (.*)$")
  if library then return nil, nil, text .. " (in the standard library, " .. library .. ")" end
  return nil, nil, without_place(message)
end

return {
  shown = shown,
  register = register,
  register_main = register_main,
  folder_of = folder_of,
  is_library = is_library,
  taken = taken,
  compile = compile,
  place_of = place_of,
}
