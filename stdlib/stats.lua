--- Statistics of lists of numbers: of animals, of time points, of repeated measurements.
---
--- Sums are compensated, so that a long list loses no digits. A list that is empty, has a gap, or holds something
--- that is no number (NaN too) is an error at the line that called.
--- ```lua
--- local stats = require "stats"
--- local uptake = { 4.1, 3.8, 4.6, 4.3 }
--- print(("%.2f +- %.2f"):format(stats.mean(uptake), stats.sem(uptake)))
--- ```

local stats = {}

local function shown(value)
  return type(value) == "string" and ('"%s"'):format(value) or tostring(value)
end

--- Refuses what is no list of numbers; returns how many there are.
local function check(name, values, what)
  what = what or "values"
  if type(values) ~= "table" then
    VQ.fail(("stats.%s: %s takes a list of numbers, got %s"):format(name, what, shown(values)))
  end
  local count, highest = 0, 0
  for key, value in pairs(values) do
    if math.type(key) ~= "integer" or key < 1 then
      VQ.fail(
        ("stats.%s: %s takes a list, got a table with %s"):format(name, what, shown(key)),
        "tables.map takes one field out of a list of records"
      )
    end
    if type(value) ~= "number" or value ~= value then
      VQ.fail(("stats.%s: %s[%d] is no number but %s"):format(name, what, key, shown(value)))
    end
    count, highest = count + 1, math.max(highest, key)
  end
  if count == 0 then
    VQ.fail(("stats.%s: %s is an empty list"):format(name, what), "test #" .. what .. " before")
  end
  if highest ~= count then
    VQ.fail(("stats.%s: %s has a gap: %d numbers up to %d"):format(name, what, count, highest))
  end
  return count
end

--- Refuses two lists that do not belong together; returns how many pairs there are.
local function check_pairs(name, x, y, least)
  local count, other = check(name, x, "x"), check(name, y, "y")
  if count ~= other then
    VQ.fail(("stats.%s: x has %d numbers, y has %d"):format(name, count, other))
  end
  if count < least then
    VQ.fail(("stats.%s needs %d points or more, got %d"):format(name, least, count))
  end
  return count
end

--- Neumaier's sum: what each addition rounds off is kept beside.
local function sum_of(count, term)
  local sum, lost = 0.0, 0.0
  for i = 1, count do
    local value = term(i)
    local next_sum = sum + value
    if math.abs(sum) >= math.abs(value) then
      lost = lost + ((sum - next_sum) + value)
    else
      lost = lost + ((value - next_sum) + sum)
    end
    sum = next_sum
  end
  -- Beyond the largest number there is nothing left to mend (inf - inf would be NaN).
  return lost == lost and sum + lost or sum
end

local function mean_of(values, count)
  return sum_of(count, function(i) return values[i] end) / count
end

--- Sum of the products of the deviations of two lists from their means.
local function deviations(x, mean_x, y, mean_y, count)
  return sum_of(count, function(i) return (x[i] - mean_x) * (y[i] - mean_y) end)
end

local function sorted(values)
  local copy = table.move(values, 1, #values, 1, {})
  table.sort(copy)
  return copy
end

local function quantile(ordered, fraction)
  local place = 1 + (#ordered - 1) * fraction
  local below = math.floor(place)
  local low, high = ordered[below], ordered[math.min(below + 1, #ordered)]
  return low + (high - low) * (place - below)
end

--- Return the sum.
--- ```lua
--- print(require("stats").sum { 1, 2, 3.5 })
--- ```
---@param values number[] numbers to add
---@return number the sum
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.sum(values)
  local count = check("sum", values)
  return sum_of(count, function(i) return values[i] end)
end

--- Return the mean.
--- ```lua
--- print(require("stats").mean { 1, 2, 3.5 })
--- ```
---@param values number[] numbers
---@return number the arithmetic mean
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.mean(values)
  return mean_of(values, check("mean", values))
end

--- Return the variance of a sample (divided by n - 1).
--- ```lua
--- print(require("stats").variance { 1, 2, 3.5 })
--- ```
---@param values number[] numbers
---@return number? the variance; nil for a single number, whose spread is not known
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.variance(values)
  local count = check("variance", values)
  if count == 1 then return nil end
  local mean = mean_of(values, count)
  return deviations(values, mean, values, mean, count) / (count - 1)
end

--- Return the standard deviation of a sample (divided by n - 1).
--- ```lua
--- print(require("stats").sd { 1, 2, 3.5 })
--- ```
---@param values number[] numbers
---@return number? the standard deviation; nil for a single number, whose spread is not known
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.sd(values)
  check("sd", values)
  local variance = stats.variance(values)
  return variance and math.sqrt(variance)
end

--- Return the standard error of the mean: the standard deviation divided by the root of how many.
--- ```lua
--- print(require("stats").sem { 1, 2, 3.5 })
--- ```
---@param values number[] numbers
---@return number? the standard error; nil for a single number, whose spread is not known
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.sem(values)
  local count = check("sem", values)
  local sd = stats.sd(values)
  return sd and sd / math.sqrt(count)
end

--- Return the smallest number.
--- ```lua
--- print(require("stats").min { 2, 1, 3.5 })
--- ```
---@param values number[] numbers
---@return number the smallest
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.min(values)
  check("min", values)
  local found = values[1]
  for _, value in ipairs(values) do found = math.min(found, value) end
  return found
end

--- Return the largest number.
--- ```lua
--- print(require("stats").max { 2, 1, 3.5 })
--- ```
---@param values number[] numbers
---@return number the largest
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.max(values)
  check("max", values)
  local found = values[1]
  for _, value in ipairs(values) do found = math.max(found, value) end
  return found
end

--- Return the median; of an even count, the mean of the two in the middle.
--- ```lua
--- print(require("stats").median { 2, 1, 3.5 })
--- ```
---@param values number[] numbers
---@return number the median
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.median(values)
  check("median", values)
  return quantile(sorted(values), 0.5)
end

--- Return a percentile, linearly between the two numbers next to it.
--- ```lua
--- print(require("stats").percentile({ 2, 1, 3.5 }, 90))
--- ```
---@param values number[] numbers
---@param percent number 0 to 100; 50 is the median
---@return number the percentile
---@raise UsageError the list is empty or holds something else, or percent is out of range
---@since 0.1
function stats.percentile(values, percent)
  check("percentile", values)
  if type(percent) ~= "number" or not (percent >= 0 and percent <= 100) then
    VQ.fail("stats.percentile: percent takes a number from 0 to 100, got " .. shown(percent))
  end
  return quantile(sorted(values), percent / 100)
end

--- What is said of a list at once.
---@class StatsSummary
---@field n integer how many
---@field mean number arithmetic mean
---@field sd? number sample standard deviation; absent for a single number
---@field sem? number standard error of the mean; absent for a single number
---@field min number smallest number
---@field median number median
---@field max number largest number

--- Return number, mean, spread and range at once, as a row of a table.
--- ```lua
--- local s = require("stats").summary { 2, 1, 3.5 }
--- print(s.n, s.mean, s.sd, s.sem, s.min, s.median, s.max)
--- ```
---@param values number[] numbers
---@return StatsSummary
---@raise UsageError the list is empty or holds something else
---@since 0.1
function stats.summary(values)
  local count = check("summary", values)
  local ordered = sorted(values)
  return {
    n = count,
    mean = mean_of(values, count),
    sd = stats.sd(values),
    sem = stats.sem(values),
    min = ordered[1],
    median = quantile(ordered, 0.5),
    max = ordered[count],
  }
end

--- A line through points.
---@class LinearFit
---@field slope number in units of y per unit of x
---@field intercept number y at x = 0
---@field r2? number share of the variance of y that the line explains; absent where all y are the same
---@field n integer how many points
---@field slopeError? number standard error of the slope; absent for two points
---@field interceptError? number standard error of the intercept; absent for two points

--- Fit a straight line by least squares.
--- ```lua
--- local fit = require("stats").linearFit({ 0, 1, 2 }, { 1.0, 3.1, 4.9 })
--- print(("y = %.2f x + %.2f, r2 = %.3f"):format(fit.slope, fit.intercept, fit.r2))
--- ```
---@param x number[] where, as times
---@param y number[] what was measured there
---@return LinearFit
---@raise UsageError the lists are of different lengths, there are fewer than two points, or all x are the same
---@since 0.1
function stats.linearFit(x, y)
  local count = check_pairs("linearFit", x, y, 2)
  local mean_x, mean_y = mean_of(x, count), mean_of(y, count)
  local xx = deviations(x, mean_x, x, mean_x, count)
  if xx == 0 then VQ.fail("stats.linearFit: all x are " .. shown(x[1]) .. ", no line goes through them") end
  local slope = deviations(x, mean_x, y, mean_y, count) / xx
  local fit = { slope = slope, intercept = mean_y - slope * mean_x, n = count }
  local left = sum_of(count, function(i) return (y[i] - mean_y - slope * (x[i] - mean_x)) ^ 2 end)
  local yy = deviations(y, mean_y, y, mean_y, count)
  if yy > 0 then fit.r2 = 1 - left / yy end
  if count > 2 then
    local spread = math.sqrt(left / (count - 2))
    fit.slopeError = spread / math.sqrt(xx)
    fit.interceptError = spread * math.sqrt(1 / count + mean_x ^ 2 / xx)
  end
  return fit
end

--- Return the area under a curve, by trapezoids between the points.
---
--- Nothing is added before the first or after the last point.
--- ```lua
--- print(require("stats").auc({ 0, 1, 4, 24 }, { 0, 8.2, 6.1, 1.3 })) -- hours and %ID/g give %ID/g h
--- ```
---@param x number[] where, as times, in ascending order
---@param y number[] height of the curve there
---@return number the area, in the unit of x times that of y
---@raise UsageError the lists are of different lengths, there are fewer than two points, or x is not in order
---@since 0.1
function stats.auc(x, y)
  local count = check_pairs("auc", x, y, 2)
  for i = 2, count do
    if x[i] < x[i - 1] then
      VQ.fail(
        ("stats.auc: x is not in order: x[%d] is %s, after %s"):format(i, shown(x[i]), shown(x[i - 1])),
        "tables.sortBy sorts a list of points by a field"
      )
    end
  end
  return sum_of(count - 1, function(i) return (x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2 end)
end

return stats
