-- The watch over a script: whether it has to stop, and the hook that looks while it runs.

local host, errors, sources = ...

local ABORT, NO_MEMORY, own = errors.ABORT, errors.NO_MEMORY, errors.own
local shown = sources.shown
local raw_error = error
local getinfo, sethook = debug.getinfo, debug.sethook
local memory = collectgarbage

-- Aborts ------------------------------------------------------------------------------------

local aborted -- whether the script has to stop; only the next line of a prompt clears it

-- An abort (Ctrl-C, a limit, VQ.abort()) is state of the host. pcall, xpcall and __close may hold the error
-- that brings a script to an end, but each of them, each call into the host and the hook ask here.
local function stopped()
  if not aborted and host.stopped() then aborted = true end
  return aborted
end

local function exhausted(used, asked)
  host.exhausted(used, asked)
  aborted = true
end

local function forgive() aborted = false end

-- Memory ------------------------------------------------------------------------------------

local LARGE = 32 * 1024 -- KB in use from where a single instruction may take long

local look_at = host.memory -- KB in use from where garbage is collected to see what is left
local full_at = host.memory -- KB left from where the script is stopped

-- Returns whether the script uses more than it may. Between two calls memory that was not freed may grow by
-- a quarter, so that a script just below its limit does not spend its time on collecting.
local function too_much()
  memory("collect")
  local used = memory("count")
  if used > full_at then
    exhausted(used)
    return true
  end
  look_at = used * 1.25
  if look_at < full_at then look_at = full_at end
  return false
end

-- What pcall and xpcall return of what they caught: everything but an abort.
local function guard(ok, ...)
  if aborted or not ok and (stopped() or (...) == NO_MEMORY and too_much()) then raw_error(ABORT, 0) end
  if ok then return true, ... end
  return false, own((...))
end

-- The hook ----------------------------------------------------------------------------------

local OFTEN, SELDOM = 50, 1000 -- instructions between two looks

local looks = 0
local paused = false -- whether it does not look

-- Tells the host where the script is, for the case that it is never heard of again.
local function report_place()
  for level = 4, 9 do
    local info = getinfo(level, "Sl")
    if not info then return end
    local name = shown[info.source]
    if name and info.currentline > 0 then return host.at(name, info.currentline) end
  end
end

-- Looks whether the script has to stop.
local function look(used)
  if paused then return end
  if stopped() then raw_error(ABORT, 0) end
  if used > look_at and too_much() then raw_error(ABORT, 0) end
  looks = looks + 1
  if looks % 8 == 1 then report_place() end
end

local watch_often

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

local function begin()
  looks, paused = 0, false
  sethook(watch_often, "", OFTEN)
end

local function finish() sethook() end

local function pause() paused = true end

local function resume() paused = false end

return {
  stopped = stopped,
  exhausted = exhausted,
  forgive = forgive,
  guard = guard,
  begin = begin,
  finish = finish,
  pause = pause,
  resume = resume,
}
