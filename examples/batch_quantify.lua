-- Uptake in every ROI of every study of a project: %ID/g of SPECT, SUV of PET; with a picture of each study.
--
--   vqscript batch batch_quantify.lua --repo lab.repo --project /oncology/pilot --output out
--
-- For each study: take its SPECT (NM) or its PET, and the newest ROI of each name that was drawn on it; if none was,
-- load the CT as well and take those that were drawn there. out/results.csv has a row per ROI, out/summary.csv the
-- mean of each ROI over all studies, out/report.html both with the pictures.
-- Arguments (--arg key=value): rois=Heart,Liver (otherwise all)   max=40 (upper end of the colours)

local stats = require "stats"

local UNITS = { NM = "%ID/g", PT = "SUVbw" }
local COLORS_TO = { NM = 40, PT = 10 }

local dm, mw = VQ.dataManager(), VQ.mainWin()
local wanted -- name to true; nil for all ROIs

function setup(batch)
  if batch.args.max and not tonumber(batch.args.max) then
    VQ.fail('max takes a number, got "' .. batch.args.max .. '"', "--arg max=40")
  end
  if batch.args.rois then
    wanted = {}
    for name in batch.args.rois:gmatch("[^,]+") do wanted[name:match("^%s*(.-)%s*$")] = true end
  end
end

-- Returns the only series of one of some modalities.
local function only_series(repo, study, ...)
  local found = {}
  for _, modality in ipairs { ... } do
    for _, series in ipairs(repo:getSeries(study, "-modality", modality)) do found[#found + 1] = series end
  end
  if #found ~= 1 then
    VQ.fail(("one series of %s is needed, the study has %d"):format(table.concat({ ... }, " or "), #found))
  end
  return found[1]
end

-- Returns the names of the ROIs that were drawn on a series, as far as they are wanted.
local function drawn_on(repo, study, series)
  local names, known = {}, {}
  for _, object in ipairs(repo.dcmRep:dataPoints(study, "roi")) do
    for _, uid in ipairs(object.referencedSeries) do
      for _, name in ipairs(uid == series.SeriesInstanceUID and object.names or {}) do
        if not known[name] and (not wanted or wanted[name]) then names[#names + 1] = name end
        known[name] = true
      end
    end
  end
  table.sort(names)
  return names
end

function process(repo, study, batch)
  local emission = only_series(repo, study, "NM", "PT")
  local names, input = drawn_on(repo, study, emission), 0
  if #names == 0 then
    local ct = only_series(repo, study, "CT")
    names, input = drawn_on(repo, study, ct), 1
    repo:load(study, ct, 0)
  end
  if #names == 0 then VQ.fail("no such ROI was drawn on " .. emission.Modality .. " or CT of this study") end
  repo:load(study, emission, input)
  dm:convertUnit(input, UNITS[emission.Modality])
  repo:mergeROIs("-names", names)

  mw:setViewMode("Slice View", "3D ROI Tool")
  local roi, rows = VQ.currentOp(), {}
  for j = 1, roi:numROIs() - 1 do
    local s = roi:statistics(j, input)
    rows[j] = {
      roi = s.name, voxels = s.voxels, volume_ml = s.volumeML, unit = s.unit, sampling = s.sampling,
      mean = s.mean, sd = s.sd, min = s.min, median = s.median, max = s.max,
    }
  end

  local x, y, z = roi:getROICenterOfMass(1):match("%((%S+) (%S+) (%S+)%)")
  VQ.controler():setPos(0, x)
  VQ.controler():setPos(1, y)
  VQ.controler():setPos(2, z)
  dm:setPalette(input, "hot")
  dm:setMinMaxCache(input, 0, tonumber(batch.args.max) or COLORS_TO[emission.Modality])
  mw:saveImage(emission.Modality, 5)
  return rows
end

-- One row per ROI and unit, over all studies.
function summary(rows)
  local found, means = {}, {}
  for _, row in ipairs(rows) do
    local key = row.roi .. " " .. row.unit
    if not means[key] then
      means[key] = {}
      found[#found + 1] = { roi = row.roi, unit = row.unit }
    end
    table.insert(means[key], row.mean)
  end
  for _, each in ipairs(found) do
    local values = means[each.roi .. " " .. each.unit]
    each.studies, each.mean = #values, stats.mean(values)
    if #values > 1 then each.sd = stats.sd(values) end
  end
  return found
end
