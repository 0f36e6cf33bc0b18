local stats = require "stats"

local tests = {}

local function close(found, expected)
  if type(found) ~= "number" or math.abs(found - expected) > 1e-12 * math.max(1, math.abs(expected)) then
    error(("%s is not %s"):format(found, expected), 2)
  end
end

local function refused(what, f, ...)
  local ok, problem = pcall(f, ...)
  if ok then error("was not refused", 2) end
  local text = problem.message .. " | " .. problem.hint
  if not text:find(what, 1, true) then error(text .. ' does not say "' .. what .. '"', 2) end
end

function tests.of_a_known_sample()
  local values = { 2, 4, 4, 4, 5, 5, 7, 9 } -- mean 5, population sd 2
  close(stats.sum(values), 40)
  close(stats.mean(values), 5)
  close(stats.variance(values), 32 / 7)
  close(stats.sd(values), math.sqrt(32 / 7))
  close(stats.sem(values), math.sqrt(32 / 7 / 8))
  close(stats.median(values), 4.5)
  close(stats.min(values), 2)
  close(stats.max(values), 9)
end

function tests.percentiles_lie_between_the_numbers()
  local values = { 40, 10, 20, 30 }
  close(stats.percentile(values, 0), 10)
  close(stats.percentile(values, 100), 40)
  close(stats.percentile(values, 50), 25)
  close(stats.percentile(values, 90), 37)
  close(stats.percentile({ 7 }, 90), 7)
  assert(values[1] == 40, "the list was sorted in place")
  refused("percent takes a number from 0 to 100, got 101", stats.percentile, values, 101)
  refused("percent takes a number from 0 to 100, got nil", stats.percentile, values)
end

function tests.a_single_number_has_no_known_spread()
  assert(stats.sd { 3 } == nil and stats.variance { 3 } == nil and stats.sem { 3 } == nil)
  close(stats.mean { 3 }, 3)
  close(stats.median { 3 }, 3)
  local summary = stats.summary { 3 }
  assert(summary.n == 1 and summary.sd == nil and summary.min == 3 and summary.max == 3)
end

function tests.a_summary_says_the_same_as_the_functions()
  local values = { 4.1, 3.8, 4.6, 4.3 }
  local summary = stats.summary(values)
  for _, name in ipairs { "mean", "sd", "sem", "min", "median", "max" } do close(summary[name], stats[name](values)) end
end

function tests.sums_lose_no_digits()
  local values = { 1e16 }
  for _ = 1, 1000 do values[#values + 1] = 1 end
  close(stats.sum(values), 1e16 + 1000)
  local far = {}
  for i = 1, 1000 do far[i] = 1e9 + i % 2 end -- deviations of 0.5 on top of 1e9
  close(stats.variance(far), 250 / 999)
  assert(stats.sum { math.huge, 1 } == math.huge)
end

function tests.a_line_through_points_on_a_line()
  local fit = stats.linearFit({ 0, 1, 2, 3 }, { 5, 3, 1, -1 })
  close(fit.slope, -2)
  close(fit.intercept, 5)
  close(fit.r2, 1)
  assert(fit.n == 4)
end

function tests.a_line_through_scattered_points()
  -- Anscombe's first set: slope 0.5001, intercept 3.0001, r2 0.6665, standard errors 0.1179 and 1.1247
  local x = { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 }
  local y = { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68 }
  local fit = stats.linearFit(x, y)
  assert(("%.4f %.4f %.4f"):format(fit.slope, fit.intercept, fit.r2) == "0.5001 3.0001 0.6665")
  assert(("%.4f %.4f"):format(fit.slopeError, fit.interceptError) == "0.1179 1.1247")
end

function tests.a_line_through_few_or_level_points()
  local two = stats.linearFit({ 1, 2 }, { 1, 3 })
  assert(two.slope == 2 and two.slopeError == nil)
  local level = stats.linearFit({ 1, 2, 3 }, { 4, 4, 4 })
  assert(level.slope == 0 and level.intercept == 4 and level.r2 == nil)
end

function tests.the_area_is_that_of_trapezoids()
  close(stats.auc({ 0, 1, 3 }, { 0, 2, 4 }), 1 + 6)
  close(stats.auc({ 0, 1, 1, 2 }, { 1, 1, 3, 3 }), 4) -- a step
  close(stats.auc({ -1, 1 }, { -1, 1 }), 0)
end

function tests.lists_that_are_none_are_refused()
  for _, name in ipairs { "sum", "mean", "variance", "sd", "sem", "min", "max", "median", "summary" } do
    refused("stats." .. name .. ": values is an empty list", stats[name], {})
    refused("stats." .. name .. ": values takes a list of numbers, got nil", stats[name])
    refused("values[2] is no number but ", stats[name], { 1, 0 / 0 })
    refused('values[1] is no number but "4"', stats[name], { "4" })
    refused("has a gap: 2 numbers up to 3", stats[name], { 1, nil, 3 })
    refused('got a table with "mean"', stats[name], { mean = 3 })
  end
end

function tests.pairs_that_do_not_fit_are_refused()
  for _, name in ipairs { "linearFit", "auc" } do
    refused("x has 2 numbers, y has 3", stats[name], { 1, 2 }, { 1, 2, 3 })
    refused("needs 2 points or more, got 1", stats[name], { 1 }, { 1 })
    refused("y[2] is no number", stats[name], { 1, 2 }, { 1, "2" })
    refused("y takes a list of numbers, got nil", stats[name], { 1, 2 })
  end
  refused("all x are 2", stats.linearFit, { 2, 2 }, { 1, 3 })
  refused("x is not in order: x[3] is 1, after 2", stats.auc, { 0, 2, 1 }, { 1, 1, 1 })
end

return tests
