--- Names of files that every system takes, made from names of patients, studies and ROIs.
---
--- Letters of all languages stay. What Windows, macOS or Linux refuse, and what a shell would read as a command,
--- becomes an underscore; names of devices of Windows (`CON`, `aux.csv`) get one in front.
--- ```lua
--- local names = require "names"
--- print(names.safe("Müller^Jörg: PET/CT")) -- Müller_Jörg_PET_CT
--- print(names.join("S1+M01", "20240304", "left kidney") .. ".png") -- S1+M01_20240304_left_kidney.png
--- ```

local names = {}

local LONGEST = 120 -- bytes; file systems take 255, and folders, endings and numbers come on top
local DEVICES = { con = true, prn = true, aux = true, nul = true }
for number = 1, 9 do DEVICES["com" .. number], DEVICES["lpt" .. number] = true, true end
for _, number in ipairs { "¹", "²", "³" } do DEVICES["com" .. number], DEVICES["lpt" .. number] = true, true end

--- Letters that are written with ASCII ones where nothing else is taken.
local ASCII = {
  ["À"] = "A", ["Á"] = "A", ["Â"] = "A", ["Ã"] = "A", ["Ä"] = "Ae", ["Å"] = "A", ["Æ"] = "AE", ["Ç"] = "C",
  ["È"] = "E", ["É"] = "E", ["Ê"] = "E", ["Ë"] = "E", ["Ì"] = "I", ["Í"] = "I", ["Î"] = "I", ["Ï"] = "I",
  ["Ð"] = "D", ["Ñ"] = "N", ["Ò"] = "O", ["Ó"] = "O", ["Ô"] = "O", ["Õ"] = "O", ["Ö"] = "Oe", ["Ø"] = "O",
  ["Ù"] = "U", ["Ú"] = "U", ["Û"] = "U", ["Ü"] = "Ue", ["Ý"] = "Y", ["Þ"] = "Th", ["ß"] = "ss",
  ["à"] = "a", ["á"] = "a", ["â"] = "a", ["ã"] = "a", ["ä"] = "ae", ["å"] = "a", ["æ"] = "ae", ["ç"] = "c",
  ["è"] = "e", ["é"] = "e", ["ê"] = "e", ["ë"] = "e", ["ì"] = "i", ["í"] = "i", ["î"] = "i", ["ï"] = "i",
  ["ð"] = "d", ["ñ"] = "n", ["ò"] = "o", ["ó"] = "o", ["ô"] = "o", ["õ"] = "o", ["ö"] = "oe", ["ø"] = "o",
  ["ù"] = "u", ["ú"] = "u", ["û"] = "u", ["ü"] = "ue", ["ý"] = "y", ["þ"] = "th", ["ÿ"] = "y",
  ["Ą"] = "A", ["ą"] = "a", ["Ć"] = "C", ["ć"] = "c", ["Č"] = "C", ["č"] = "c", ["Ď"] = "D", ["ď"] = "d",
  ["Đ"] = "D", ["đ"] = "d", ["Ę"] = "E", ["ę"] = "e", ["Ě"] = "E", ["ě"] = "e", ["Ğ"] = "G", ["ğ"] = "g",
  ["İ"] = "I", ["ı"] = "i", ["Ł"] = "L", ["ł"] = "l", ["Ń"] = "N", ["ń"] = "n", ["Ň"] = "N", ["ň"] = "n",
  ["Ő"] = "O", ["ő"] = "o", ["Œ"] = "OE", ["œ"] = "oe", ["Ř"] = "R", ["ř"] = "r", ["Ś"] = "S", ["ś"] = "s",
  ["Ş"] = "S", ["ş"] = "s", ["Š"] = "S", ["š"] = "s", ["Ť"] = "T", ["ť"] = "t", ["Ů"] = "U", ["ů"] = "u",
  ["Ű"] = "U", ["ű"] = "u", ["Ź"] = "Z", ["ź"] = "z", ["Ż"] = "Z", ["ż"] = "z", ["Ž"] = "Z", ["ž"] = "z",
  ["µ"] = "u", ["μ"] = "u",
}

--- Ranges of characters that cannot be seen, or turn the direction of writing; spaces other than ASCII's.
local HIDDEN = {
  { 0x80, 0xA0 }, { 0xAD, 0xAD }, { 0x1680, 0x1680 }, { 0x2000, 0x200F }, { 0x2028, 0x202F }, { 0x205F, 0x206F },
  { 0x3000, 0x3000 }, { 0xD800, 0xF8FF }, { 0xFEFF, 0xFEFF }, { 0xFFF0, 0xFFFF }, { 0xE0000, 0x10FFFF },
}

local function shown(value)
  return type(value) == "string" and ('"%s"'):format(value) or tostring(value)
end

local function check_text(name, value)
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "string" then VQ.fail(("names.%s takes text, got %s"):format(name, shown(value))) end
  return value
end

local function hidden(code)
  for _, range in ipairs(HIDDEN) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

local function ascii_of(char)
  local code = utf8.codepoint(char)
  local accent = code >= 0x300 and code <= 0x36F -- of the letter before it
  return ASCII[char] or (accent and "" or "_")
end

--- Replaces what may not stay, character by character; bytes that are no UTF-8 do not stay either.
local function cleaned(text, ascii)
  local out, i = {}, 1
  while i <= #text do
    local stop = utf8.len(text, i, i) and utf8.offset(text, 2, i) - 1 or i
    local char = text:sub(i, stop)
    if #char == 1 then
      out[#out + 1] = char:find("^[%w._+-]$") and char or "_"
    else
      out[#out + 1] = ascii and ascii_of(char) or (hidden(utf8.codepoint(char)) and "_" or char)
    end
    i = stop + 1
  end
  return table.concat(out)
end

--- Six letters that nearly always differ where two texts do (FNV-1a).
local function mark(text)
  local hash = 2166136261
  for i = 1, #text do hash = ((hash ~ text:byte(i)) * 16777619) & 0xFFFFFFFF end
  return ("%06x"):format(hash & 0xFFFFFF)
end

--- Cuts a text to so many bytes, between characters.
local function cut(text, bytes)
  if #text <= bytes then return text end
  local stop = bytes
  while stop > 0 and (text:byte(stop + 1) & 0xC0) == 0x80 do stop = stop - 1 end
  return text:sub(1, stop)
end

--- The ending of a name with its dot, "" without one: short, after the last dot, and not all of the name.
local function ending(text)
  return text:match("^.+(%.%w%w?%w?%w?%w?)$") or ""
end

--- Return a name that can be that of a file or folder, on every system.
---
--- A name that is too long is cut before its ending, and marked so that two of them stay different. The same text
--- always gives the same name; two texts may give one name (`a/b` and `a:b`), which `names.unique` tells apart.
--- ```lua
--- print(require("names").safe("ROI 1: µ-map?.csv"), require("names").safe("Łódź", { ascii = true }))
--- ```
---@param text string|number what the name is made of
---@param options? { ascii?: boolean, longest?: integer } ascii: letters of ASCII only; longest: in bytes, default 120
---@return string "unnamed" where nothing is left
---@raise UsageError there is no text
---@since 0.1
function names.safe(text, options)
  local given = check_text("safe", text)
  local wanted = options or {}
  if type(wanted) ~= "table" then VQ.fail("names.safe: options takes a table, got " .. shown(options)) end
  local longest = wanted.longest or LONGEST
  if math.type(longest) ~= "integer" or longest < 16 or longest > 250 then
    VQ.fail("names.safe: longest takes a whole number from 16 to 250, got " .. shown(longest))
  end
  -- One underscore for several; none at either end; no dot in front (hidden files) or behind, no dash (options).
  local name = cleaned(given, wanted.ascii):gsub("__+", "_"):gsub("^[_.-]+", ""):gsub("_+(%.%w+)$", "%1")
  name = name:gsub("[_.]+$", "")
  if name == "" then return "unnamed" end
  if DEVICES[name:lower():match("^[^.]*")] then name = "_" .. name end
  if #name > longest then
    local last = ending(name)
    local tail = "-" .. mark(given) .. last
    name = cut(name, longest - #tail):gsub("[_.]+$", "") .. tail
  end
  return name
end

--- Return a name made of several parts with underscores between them; nil and "" are left out.
--- ```lua
--- local study = { PatientsName = "S1+M01", StudyDate = "20240304" }
--- print(require("names").join(study.PatientsName, study.StudyDate, "Heart") .. ".png")
--- ```
---@param ... string|number parts
---@return string
---@raise UsageError a part is no text
---@since 0.1
function names.join(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local part = (select(i, ...))
    if part ~= nil and part ~= "" then parts[#parts + 1] = check_text("join", part) end
  end
  return names.safe(table.concat(parts, "_"))
end

--- Return a name that was not taken before, with a number before its ending where it is needed, and take it.
---
--- Names that differ in upper and lower case only are the same to Windows and macOS, and so here.
--- ```lua
--- local names, taken = require "names", {}
--- print(names.unique("heart.png", taken), names.unique("Heart.png", taken)) -- heart.png  Heart_2.png
--- ```
---@param name string wanted name
---@param taken table remembers the names; an empty table to begin with
---@return string
---@raise UsageError there is no name or no table
---@since 0.1
function names.unique(name, taken)
  local given = check_text("unique", name)
  if type(taken) ~= "table" then
    VQ.fail("names.unique: taken takes a table, got " .. shown(taken), "local taken = {}, once, before the loop")
  end
  local last = ending(given)
  local stem, number, found = given:sub(1, #given - #last), 1, given
  while taken[found:lower()] do
    number = number + 1
    found = ("%s_%d%s"):format(stem, number, last)
  end
  taken[found:lower()] = true
  return found
end

return names
