-- The names of values as the handbook has them, and help on these.

local host, env, locked, errors, objects, modules = ...

local contents, loaded = objects.contents, modules.loaded
local type, select, next, rawequal = type, select, next, rawequal

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
    local module = modules.name_of(path)
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
    errors.raise(
      "UsageError",
      "help explains objects, functions and topics, got " .. (value == nil and "nothing" or "a " .. type(value)),
      'help() lists what there is; help "name" looks a name up'
    )
  end
  objects.settle(host.help(subject or ""))
end

env.help = help

return { help = help, name_of = name_of }
