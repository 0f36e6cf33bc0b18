-- The diagnosis of an error that ended a script: what happened, and where in the user's files.

local errors, sources, watch = ...

local faults, shown, place_of = errors.faults, sources.shown, sources.place_of
local pause, resume = watch.pause, watch.resume
local raw_pcall, raw_get, raw_tostring = pcall, rawget, tostring
local type, find, getinfo = type, string.find, debug.getinfo

local FRAMES_SHOWN = 12

-- What an error value says; whatever a script raised, this raises nothing.
local function message_of(value)
  if type(value) == "string" then return value end
  if type(value) == "table" then
    local message = raw_get(value, "message")
    if type(message) == "string" then return message end
  end
  resume() -- this is the script's own code
  local ok, text = raw_pcall(raw_tostring, value)
  pause()
  if not ok or type(value) == "table" and find(text, "^table: ") then
    return "the script raised a table as its error"
  end
  if value == nil then return "the script raised nil as its error" end
  return text
end

-- The user's frames, innermost first, with the file and line of the first.
local function frames_now()
  local frames, file, line = {}, nil, nil
  for level = 3, 250 do
    local info = getinfo(level, "Sln")
    if not info then break end
    local name = shown[info.source]
    if name and info.currentline > 0 then
      if #frames == FRAMES_SHOWN then
        frames[#frames + 1] = "..."
        break
      end
      local where = "main chunk"
      if info.what ~= "main" then where = info.name and "function '" .. info.name .. "'" or "a function" end
      frames[#frames + 1] = name .. ":" .. info.currentline .. ": in " .. where
      if not file then file, line = name, info.currentline end
    end
  end
  return frames, file, line
end

-- Turns an error into data: its type, message and hint, the user's file, line and frames, and its cause. An abort
-- must not cut that short.
local function diagnose(value)
  pause()
  local facts = faults[value] or { type = "LuaError", message = message_of(value) }
  local frames, file, line = frames_now()
  local message = facts.message
  if not faults[value] or facts.type == "SyntaxError" then
    local named_file, named_line, text = place_of(message)
    file, line, message = named_file or file, named_line or line, text
  end
  local found = { facts.type, message, facts.hint or "", file or "", line or 0, frames, facts.cause or 0 }
  resume() -- variables to be closed come next
  return found
end

return { diagnose = diagnose }
