-- luacheck: ignore
-- Scripts that are right, or of which it cannot be told whether they are: each begins below a line with its title.

--- both ways to call
local dm = VQ.dataManager()
dm:unit(0) dm.unit(0) dm.unit(dm, 0) print(dm:size(), dm.size())

--- a method as a value
local dm = VQ.dataManager()
local unit = dm.unit
print(pcall(unit, 0), unit(dm, 0), unit(0))

--- a parameter may be the object
local function f(x) return VQ.dataManager().unit(x, 0) end
f(VQ.dataManager())

--- trailing nil
VQ.dataManager():unit(0, nil, nil)

--- nil for a default
VQ.currentOp()
local ipacs = require "ipacs"
ipacs.iPACS("a"):load("1", "2", nil)

--- several values
local dm = VQ.dataManager()
local function f() return 0, 1 end
print(dm:value(f()), dm:value(0, f()))

--- one value in brackets
local dm = VQ.dataManager()
local function f() return 0, 1 end
print(dm:unit((f())))

--- varargs
local dm = VQ.dataManager()
local function f(...) return dm:value(...), dm.value(...) end
f(0, 1, 2, 3)

--- options from elsewhere
local o, k = args, "-sort"
local r = require("ipacs").iPACS("a")
r:getStudies(o) r:getStudies(k, "PatientID") r:getStudies(table.unpack { k, "x" }) r:getStudies(nil)

--- options in any case
require("ipacs").iPACS("a"):getStudies("-NameFilter", "*", "sort", "PatientID", "-idfilter", nil)

--- options as a table
require("ipacs").iPACS("a"):getStudies { namefilter = "*", ["-sort"] = "PatientID" }

--- words in any case
VQ.mainWin():setViewMode("slice view", "3d roi tool")
VQ.currentOp():numROIs()

--- units as people write them
VQ.dataManager():convertUnit(0, "suv")
VQ.dataManager():setUnit(1, "µCi")

--- a unit of one's own
VQ.mainWin():setViewMode("Slice View", "Arithmetics")
VQ.currentOp():scalarMult(0, 2, "1/min")

--- kinds of pictures
local mw = VQ.mainWin()
mw:saveImage("a", 5) mw:saveImage("b", "MIP") mw:saveImage("c")

--- switches
local mw = VQ.mainWin()
mw:switchCrosshair(0) mw:switchCrosshair(true) mw:switchCrosshair(1.0)

--- names of one or several ROIs
local r = require("ipacs").iPACS("a")
r:mergeROIs("-names", "Heart") r:mergeROIs { names = { "Heart" } }

--- an operator in two branches
local mw = VQ.mainWin()
if args.a then mw:setViewMode('Slice View', 'Arithmetics')
else mw:setViewMode('Slice View', '3D ROI Tool') end
VQ.currentOp():addROI('a') VQ.currentOp():scalarMult(0, 2)

--- an operator chosen elsewhere
local op
local function use() op:scalarMult(0, 2) end
VQ.mainWin():setViewMode('Slice View', 'Arithmetics')
op = VQ.currentOp()
use()

--- an operator by a variable
local name = args.op
VQ.mainWin():setViewMode('Slice View', name)
VQ.currentOp():addROI('x')

--- an operator chosen in a loop
for i = 1, 2 do
  if i == 2 then VQ.currentOp():scalarMult(0, 2) end
  VQ.mainWin():setViewMode('Slice View', 'Arithmetics')
end

--- an operator chosen by the project
local r = require("ipacs").iPACS("a")
r:getROIs()
VQ.currentOp():numROIs()

--- a variable of two kinds
local x = VQ.dataManager()
x:size()
x = VQ.mainWin()
x:saveImage('a')

--- a variable of an unknown kind
local x = VQ.dataManager()
x:size()
x = args.thing
x:anything()

--- own functions and tables
local t = { dm = VQ.dataManager() }
function t:f() return self.dm:anything() end
t:f() t.g = 3 t.g = t.h

--- own additions to a library
function string.trimmed(s) return s end
local a = ('x'):trimmed()
local csv = require 'csv'
csv.mine = print
csv.mine(a)
math.tau = 6.28
print(math.tau)

--- own fields of a study
for _, s in ipairs(require("ipacs").iPACS("a"):getStudies()) do s.note = 1
print(s.note) end

--- globals anywhere
function f() return g(), later end
function g() later = 1 end
f()
_G.h = 1
print(h, _G.nothing)

--- globals by name
for _, n in ipairs { 'a', 'b' } do _G[n] = 1 end
print(a, b)

--- globals by load
load('c = 1')()
print(c)

--- tested globals
if type(x) == 'nil' and x == nil then x = 1 end

--- _ENV
local print = print
local _ENV = { y = 1 }
print(y, anything)

--- a name that is redefined
local VQ = { dataManager = function() return {} end }
VQ.dataManager().anything()
print(VQ.nothing)

--- a global that is redefined
VQ = {}
VQ.anything()

--- shadowed require
local function require(x) return { f = x } end
require('nothing at all').f()

--- goto, attributes, integers
local x <const>, y <close> = 7 // 2, nil
goto done
print(x & 3, ~x, y, 0x1p4, 0xA, 1e3)
::done::

--- strings and comments
--[==[ print(x) ]==]
local s = [[
foo(
]] .. 'a\n\x41\u{b5}' --x
print(#s, s:len(), ('%d'):format(3))

--- a field of a call
print(VQ.dataManager().size(), (VQ.dataManager()):size(), VQ.output:upper(), #VQ.output)

--- an item of a list
local r = require("ipacs").iPACS("a")
local list = r:getStudies()
for i = 1, #list do print(list[i].PatientID, r:getSeries(list[i])[1].Modality) end
print(#list, next(list), list[#list])

--- a choice of objects
local x = args.a and VQ.dataManager() or VQ.mainWin()
x:size() x:saveImage('a')

--- a default
function f(dm) dm = dm or VQ.dataManager()
  dm:anything() end
f()

--- a list that grows
local names = require("ipacs").iPACS("a"):getROIs()
names[#names + 1] = "x"
names.count = 3
print(names.count)

--- methods of values
local s = args.repo:lower():gsub('a', 'b')
print(s:upper(), tostring(1):rep(2), ('x'):split(','))

--- metatables
local m = setmetatable({}, { __call = print, __index = function() return 1 end })
m() m.x()

--- help
help() help(VQ) help('units') VQ.help(VQ.dataManager())

--- abort and the end
VQ.abort() return

--- an operator chosen before a leap back
local again = args.again
::top::
if again then VQ.currentOp():scalarMult(0, 2) end
VQ.mainWin():setViewMode("Slice View", "Arithmetics")
if again then goto top end

--- options where a parameter is left out
VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
local roi, how, inputs = VQ.currentOp(), "-full", args.inputs
roi:statistics(1, "-full", true, "-sampling", "native") roi:table(how, true) roi:statistics(1, 0, how, true)
roi:exportTable("a", "-layout", "wide") roi:exportTable("a", inputs, "-full", true) roi:load("a.dcm", "-anyframe", 1)
VQ.dicomRepository(args.repo):findStudies("-sort", "StudyDate")
