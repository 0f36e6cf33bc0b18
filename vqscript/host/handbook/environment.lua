-- luacheck: ignore
--- What scripts find without including anything: Lua's library as far as it is there, and the host's own functions.
---
--- This file is never run: its comments are read into the handbook.

local globals = {}

--- Arguments of the run: `args.repo`, `args.project`, and each `--arg name=value` of the command line.
---@class args
---@field repo string the repository of `--repo`, "" if none was given
---@field project string the project of `--project`, "" if none was given

--- Print its arguments, separated by tabs.
--- ```lua
--- print("inputs:", VQ.dataManager():size())
--- ```
---@param ... any values of any type
function globals.print(...) end

--- Explain an object, a function or a topic.
---
--- Without an argument it gives an overview. Names of methods, options ("-namefilter"), modules, operators and units
--- are topics.
--- ```lua
--- help(VQ.dataManager().convertUnit)
--- ```
---@param subject? any an object as in help(dm), a function as in help(dm.save), or the name of a topic
---@since 0.1
function globals.help(subject) end

--- Run a module, once, and return what it returned.
---
--- Modules are files beside the script, then those of the standard library. `#include "name.lua"` on a line of its own
--- runs a file in the same globals instead.
--- ```lua
--- local ipacs = require "ipacs"
--- ```
---@param name string name of a module, without `.lua`
---@return any what the module returned, or true
---@raise UsageError no such module, or one that includes itself
function globals.require(name) end

--- End the script with an error unless a value is true.
--- ```lua
--- local dose = assert(tonumber("7.4"), "no dose")
--- ```
---@param v any value to test; false and nil are errors
---@param message? any what the error says
---@param ... any passed on
---@return any the value, and whatever came with it
function globals.assert(v, message, ...) end

--- Raise an error.
--- ```lua
--- local ok, e = pcall(error, "no dose")
--- ```
---@param message any what it says; a table is passed on as it is
---@param level? integer whose line it names: 1 (the default) this one, 2 that of the caller, 0 none
function globals.error(message, level) end

--- Call a function and catch its errors.
---
--- An error of the host is a value with `.message`, `.type` and `.hint`. A script that was stopped (Ctrl-C, a limit,
--- `VQ.abort()`) cannot be caught.
--- ```lua
--- local ok, e = pcall(VQ.dataManager().unit, 7)
--- if not ok then print(e.type, e.message) end
--- ```
---@param f function function to call
---@param ... any its arguments
---@return boolean whether it succeeded
---@return any its results, or the error
function globals.pcall(f, ...) end

--- Call a function, and another one with the error if there is one.
--- ```lua
--- local ok, text = xpcall(error, function(e) return "caught " .. tostring(e) end, "this")
--- ```
---@param f function function to call
---@param handler function gets the error; what it returns is returned
---@param ... any arguments of `f`
---@return boolean whether it succeeded
---@return any its results, or what the handler returned
function globals.xpcall(f, handler, ...) end

--- Compile a text of Lua.
--- ```lua
--- local f = load("return 6 * 7")
--- ```
---@param chunk string|function text, or a function that returns it piece by piece
---@param name? string name in error messages
---@param mode? string ignored: text only, never bytecode
---@param env? table the globals of the code; default those of the script
---@return function? the compiled code, nil if it is no Lua
---@return string? what is wrong with it
function globals.load(chunk, name, mode, env) end

--- Iterate over the entries 1, 2 ... of a list, up to the first that is nil.
--- ```lua
--- for i, name in ipairs { "Heart", "Liver" } do print(i, name) end
--- ```
---@param list table list to go through
---@return function # for the loop
function globals.ipairs(list) end

--- Iterate over all entries of a table, in no order.
--- ```lua
--- for name, value in pairs(args) do print(name, value) end
--- ```
---@param t table table to go through
---@return function # for the loop
function globals.pairs(t) end

--- Return the entry of a table after a key, in no order.
--- ```lua
--- local empty = next({}) == nil
--- ```
---@param t table table to look into
---@param key? any key to go on from; nil for the first
---@return any nil at the end
---@return any value of that key
function globals.next(t, key) end

--- Turn a value into text.
--- ```lua
--- print("unit " .. tostring(nil))
--- ```
---@param v any value
---@return string the text
function globals.tostring(v) end

--- Turn text into a number.
--- ```lua
--- local dose = tonumber("7.4")
--- ```
---@param v any text or number
---@param base? integer base of a whole number, 2 to 36; default 10
---@return number? nil if it is none
function globals.tonumber(v, base) end

--- Return the type of a value as text.
--- ```lua
--- if type(args.day) == "string" then print(args.day) end
--- ```
---@param v any value
---@return string "nil", "boolean", "number", "string", "table" or "function"
function globals.type(v) end

--- Return the arguments from a position on, or their number.
--- ```lua
--- local count = select("#", "a", "b")
--- ```
---@param n integer|"#" position, from the end if negative, or "#" for the number
---@param ... any arguments
---@return any the rest of the arguments
function globals.select(n, ...) end

--- Compare two values without their metamethods.
--- ```lua
--- local same = rawequal("a", "a")
--- ```
---@param a any value
---@param b any value
---@return boolean whether they are the same
function globals.rawequal(a, b) end

--- Read a table without its metamethods.
--- ```lua
--- local v = rawget({ a = 1 }, "a")
--- ```
---@param t table table to read
---@param key any key to read
---@return any value of that key
function globals.rawget(t, key) end

--- Return the length of a table or text without metamethods.
--- ```lua
--- local n = rawlen { 1, 2, 3 }
--- ```
---@param v table|string table or text
---@return integer the length
function globals.rawlen(v) end

--- Write into a table without its metamethods; objects of the host are refused.
--- ```lua
--- rawset({}, "a", 1)
--- ```
---@param t table table to write into
---@param key any key to set
---@param value any value to put there
---@return table the table
function globals.rawset(t, key, value) end

--- Return the metatable of a value.
--- ```lua
--- local meta = getmetatable({})
--- ```
---@param v any value
---@return any metatable nil if it has none
function globals.getmetatable(v) end

--- Set the metatable of a table; `__gc` is refused.
--- ```lua
--- local counts = setmetatable({}, { __index = function() return 0 end })
--- ```
---@param t table table
---@param meta? table metatable; nil takes it away
---@return table the table
function globals.setmetatable(t, meta) end

--- The version of the language.
---@type string
globals._VERSION = "Lua 5.4"

--- The table of all globals.
---@type table
globals._G = {}

--- Text: Lua's functions for it, which are methods of every text as well: `name:upper()`.
---@class string
local string = {}

--- Return the codes of the bytes of a text.
--- ```lua
--- print(("A"):byte())
--- ```
---@param s string text
---@param i? integer first position; default 1
---@param j? integer last position; default `i`
---@return integer codes
function string.byte(s, i, j) end

--- Make a text of byte codes.
--- ```lua
--- print(string.char(72, 105))
--- ```
---@param ... integer codes, 0 to 255
---@return string the text
function string.char(...) end

--- Find a pattern in a text.
--- ```lua
--- local from, to = ("SPECT 24 h"):find("%d+")
--- ```
---@param s string text to search
---@param pattern string pattern to find
---@param init? integer position to begin at; default 1
---@param plain? boolean true takes the pattern as it stands
---@return integer? position of its first character, nil if it is not there
---@return integer? position of its last character
---@return any captures
function string.find(s, pattern, init, plain) end

--- Format values as C's printf does.
--- ```lua
--- print(string.format("%.2f %%ID/g", 3.14159))
--- ```
---@param format string text with `%d`, `%.2f`, `%s`, `%q` ...
---@param ... any values for it
---@return string the text
function string.format(format, ...) end

--- Iterate over the places where a pattern matches.
--- ```lua
--- for word in ("Heart Liver"):gmatch("%a+") do print(word) end
--- ```
---@param s string text to search
---@param pattern string pattern to find
---@param init? integer position to begin at; default 1
---@return function for the loop; it gives the captures, or the match
function string.gmatch(s, pattern, init) end

--- Replace what a pattern matches.
--- ```lua
--- local safe = ("a b+c"):gsub("[ +]", "_")
--- ```
---@param s string text
---@param pattern string what to replace
---@param repl string|table|function by what: text (`%1` is the first capture), a table, or a function of the match
---@param n? integer how many at most
---@return string the new text
---@return integer how many were replaced
function string.gsub(s, pattern, repl, n) end

--- Return the length in bytes.
--- ```lua
--- print(("Heart"):len())
--- ```
---@param s string text
---@return integer how many bytes; utf8.len counts characters
function string.len(s) end

--- Return the text in lower case (letters of ASCII).
--- ```lua
--- print(("CT"):lower())
--- ```
---@param s string text
---@return string the text in lower case
function string.lower(s) end

--- Return what a pattern matches.
--- ```lua
--- local x, y, z = ("(12 34.5 7)"):match("%((%S+) (%S+) (%S+)%)")
--- ```
---@param s string text to search
---@param pattern string pattern with captures in brackets
---@param init? integer position to begin at; default 1
---@return any captures, or the match; nil if there is none
function string.match(s, pattern, init) end

--- Pack values into bytes.
--- ```lua
--- local bytes = string.pack("<i4", 7)
--- ```
---@param format string layout of the bytes
---@param ... any values
---@return string packed values
function string.pack(format, ...) end

--- Return how many bytes a layout takes.
--- ```lua
--- print(string.packsize("<i4"))
--- ```
---@param format string layout of the bytes
---@return integer how many bytes
function string.packsize(format) end

--- Repeat a text.
--- ```lua
--- print(("-"):rep(20))
--- ```
---@param s string text
---@param n integer how often
---@param sep? string text between; default ""
---@return string the repeated text
function string.rep(s, n, sep) end

--- Reverse the bytes of a text.
--- ```lua
--- print(("abc"):reverse())
--- ```
---@param s string text
---@return string the bytes backwards
function string.reverse(s) end

--- Split a text at a separator, which is text and no pattern; empty parts are kept.
---
--- Without a separator the parts are what stands between white space.
--- ```lua
--- local names = ("Heart,Liver"):split(",")
--- ```
---@param s string text to split
---@param separator? string what stands between the parts; default white space
---@return string[] the parts
---@raise UsageError the separator is empty
---@since 0.1
function string.split(s, separator) end

--- Return a part of a text.
--- ```lua
--- print(("20240304"):sub(1, 4))
--- ```
---@param s string text
---@param i integer first position; negative ones count from the end
---@param j? integer last position; default the end
---@return string the part
function string.sub(s, i, j) end

--- Take white space from both ends of a text.
--- ```lua
--- print((" Heart "):trim())
--- ```
---@param s string text
---@return string the text without it
---@since 0.1
function string.trim(s) end

--- Unpack values from bytes.
--- ```lua
--- print(string.unpack("<i4", string.pack("<i4", 7)))
--- ```
---@param format string layout of the bytes
---@param s string bytes
---@param pos? integer position to begin at; default 1
---@return any values, and the position behind them
function string.unpack(format, s, pos) end

--- Return the text in upper case (letters of ASCII).
--- ```lua
--- print(("ct"):upper())
--- ```
---@param s string text
---@return string the text in upper case
function string.upper(s) end

--- Tables and lists.
---@class table
local table = {}

--- Join the entries of a list to a text.
--- ```lua
--- print(table.concat({ "Heart", "Liver" }, ", "))
--- ```
---@param list table list of texts and numbers
---@param sep? string text between; default ""
---@param i? integer first entry; default 1
---@param j? integer last entry; default the end
---@return string the text
function table.concat(list, sep, i, j) end

--- Put a value into a list.
--- ```lua
--- local names = { "Heart" }
--- table.insert(names, "Liver")
--- ```
---@param list table list to put it into
---@param position any where; left out, the value goes to the end
---@param value? any value
function table.insert(list, position, value) end

--- Copy entries of one list to another place.
--- ```lua
--- local copy = table.move({ 1, 2, 3 }, 1, 3, 1, {})
--- ```
---@param from table list to copy from
---@param first integer first entry
---@param last integer last entry
---@param at integer where the first one goes
---@param to? table list to copy to; default `from`
---@return table the list copied to
function table.move(from, first, last, at, to) end

--- Make a list of its arguments, with their number as `n`.
--- ```lua
--- print(table.pack(1, nil, 3).n)
--- ```
---@param ... any values
---@return table the values, and `n`
function table.pack(...) end

--- Take an entry out of a list.
--- ```lua
--- local last = table.remove { "Heart", "Liver" }
--- ```
---@param list table list to take it from
---@param position? integer which; default the last
---@return any the entry
function table.remove(list, position) end

--- Sort a list in place.
--- ```lua
--- local doses = { 3, 1, 2 }
--- table.sort(doses, function(a, b) return a > b end)
--- ```
---@param list table list to sort
---@param before? function whether its first argument comes before its second; default `<`
function table.sort(list, before) end

--- Return the entries of a list as several values.
--- ```lua
--- local name, color = table.unpack { "Heart", "#ff0000" }
--- ```
---@param list table list
---@param i? integer first entry; default 1
---@param j? integer last entry; default the end
---@return any entries
function table.unpack(list, i, j) end

--- Numbers.
---@class math
---@field huge number infinity
---@field maxinteger integer the largest whole number
---@field mininteger integer the smallest whole number
---@field pi number 3.14159...
local math = {}

--- Return the absolute value.
--- ```lua
--- print(math.abs(-3))
--- ```
---@param x number number
---@return number its absolute value
function math.abs(x) end

--- Return the angle whose cosine is given.
--- ```lua
--- print(math.acos(1))
--- ```
---@param x number cosine
---@return number radians
function math.acos(x) end

--- Return the angle whose sine is given.
--- ```lua
--- print(math.asin(0))
--- ```
---@param x number sine
---@return number radians
function math.asin(x) end

--- Return the angle of a point, in the right quadrant.
--- ```lua
--- print(math.atan(1, 1))
--- ```
---@param y number y of the point, or the tangent
---@param x? number x of the point; default 1
---@return number radians
function math.atan(y, x) end

--- Round up.
--- ```lua
--- print(math.ceil(1.2))
--- ```
---@param x number number
---@return integer whole number
function math.ceil(x) end

--- Return the cosine.
--- ```lua
--- print(math.cos(math.pi))
--- ```
---@param x number radians
---@return number cosine
function math.cos(x) end

--- Turn radians into degrees.
--- ```lua
--- print(math.deg(math.pi))
--- ```
---@param x number radians
---@return number degrees
function math.deg(x) end

--- Return e to a power: `math.exp(-math.log(2) * t / halfLife)` is what is left after `t`.
--- ```lua
--- print(math.exp(-math.log(2) * 6 / 67.3))
--- ```
---@param x number exponent
---@return number e^x
function math.exp(x) end

--- Round down.
--- ```lua
--- local nearest = math.floor(1.7 + 0.5)
--- ```
---@param x number number
---@return integer whole number
function math.floor(x) end

--- Return the remainder of a division, with the sign of the dividend.
--- ```lua
--- print(math.fmod(7, 3))
--- ```
---@param x number dividend
---@param y number divisor
---@return number remainder
function math.fmod(x, y) end

--- Return the logarithm.
--- ```lua
--- print(math.log(8, 2))
--- ```
---@param x number number
---@param base? number base; default e
---@return number logarithm
function math.log(x, base) end

--- Return the largest of several numbers.
--- ```lua
--- print(math.max(1, 3, 2))
--- ```
---@param x number number
---@param ... number further ones
---@return number largest
function math.max(x, ...) end

--- Return the smallest of several numbers.
--- ```lua
--- print(math.min(1, 3, 2))
--- ```
---@param x number number
---@param ... number further ones
---@return number smallest
function math.min(x, ...) end

--- Split a number into its whole and its fractional part.
--- ```lua
--- local whole, rest = math.modf(3.25)
--- ```
---@param x number number
---@return number whole part
---@return number fractional part
function math.modf(x) end

--- Turn degrees into radians.
--- ```lua
--- print(math.rad(180))
--- ```
---@param x number degrees
---@return number radians
function math.rad(x) end

--- Return a random number.
--- ```lua
--- local die = math.random(6)
--- ```
---@param m? integer smallest whole number, or the largest if it stands alone; without it 0 to 1
---@param n? integer largest whole number
---@return number random number
function math.random(m, n) end

--- Set where random numbers begin, so that a script can repeat them.
--- ```lua
--- math.randomseed(1)
--- ```
---@param x? number seed; default a random one
---@param y? integer further seed
function math.randomseed(x, y) end

--- Return the sine.
--- ```lua
--- print(math.sin(math.pi / 2))
--- ```
---@param x number radians
---@return number sine
function math.sin(x) end

--- Return the square root.
--- ```lua
--- print(math.sqrt(2))
--- ```
---@param x number number
---@return number square root
function math.sqrt(x) end

--- Return the tangent.
--- ```lua
--- print(math.tan(0))
--- ```
---@param x number radians
---@return number tangent
function math.tan(x) end

--- Turn a number without fraction into an integer.
--- ```lua
--- print(math.tointeger(3.0))
--- ```
---@param x any number
---@return integer? nil if it has a fraction
function math.tointeger(x) end

--- Tell integers from other numbers.
--- ```lua
--- print(math.type(3.0))
--- ```
---@param x any value
---@return string? "integer", "float", or nil for what is no number
function math.type(x) end

--- Compare two integers as unsigned.
--- ```lua
--- print(math.ult(1, -1))
--- ```
---@param m integer number
---@param n integer number
---@return boolean whether `m` is below `n`
function math.ult(m, n) end

--- Text in UTF-8: characters instead of bytes.
---@class utf8
---@field charpattern string pattern that matches one character
local utf8 = {}

--- Make a text of code points.
--- ```lua
--- print(utf8.char(181))
--- ```
---@param ... integer code points
---@return string the text
function utf8.char(...) end

--- Return the code points of a text.
--- ```lua
--- print(utf8.codepoint("µ"))
--- ```
---@param s string text
---@param i? integer first byte; default 1
---@param j? integer last byte; default `i`
---@param lax? boolean true takes code points beyond Unicode
---@return integer code points
function utf8.codepoint(s, i, j, lax) end

--- Iterate over the characters of a text: position and code point.
--- ```lua
--- for at, code in utf8.codes("5 µCi") do print(at, code) end
--- ```
---@param s string text
---@param lax? boolean true takes code points beyond Unicode
---@return function # for the loop
function utf8.codes(s, lax) end

--- Return how many characters a text has.
--- ```lua
--- print(utf8.len("µCi"))
--- ```
---@param s string text
---@param i? integer first byte; default 1
---@param j? integer last byte; default the end
---@param lax? boolean true takes code points beyond Unicode
---@return integer? nil if it is no UTF-8
---@return integer? position of the byte that is none
function utf8.len(s, i, j, lax) end

--- Return the byte where a character begins.
--- ```lua
--- print(utf8.offset("µCi", 2))
--- ```
---@param s string text
---@param n integer which character, from `i`
---@param i? integer byte to count from; default 1
---@return integer? position of its first byte
function utf8.offset(s, n, i) end

--- Time: all of Lua's `os` that scripts have.
---@class os
local os = {}

--- Return the processor time that the script has used, in seconds.
--- ```lua
--- local before = os.clock()
--- ```
---@return number seconds of processor time
function os.clock() end

--- Format a time.
--- ```lua
--- print(os.date("%Y-%m-%d"))
--- ```
---@param format? string as in C's strftime; "*t" gives a table
---@param time? integer seconds since 1970; default now
---@return string|table the text or table
function os.date(format, time) end

--- Return the seconds between two times.
--- ```lua
--- print(os.difftime(os.time(), os.time()))
--- ```
---@param later integer seconds since 1970
---@param earlier integer seconds since 1970
---@return number seconds between them
function os.difftime(later, earlier) end

--- Return a time in seconds since 1970.
--- ```lua
--- local day = os.time { year = 2024, month = 3, day = 4 }
--- ```
---@param t? table with `year`, `month`, `day` and, if wanted, `hour`, `min`, `sec`; default now
---@return integer seconds since 1970
function os.time(t) end

return globals
