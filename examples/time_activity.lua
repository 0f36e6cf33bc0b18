-- Time-activity curves of dynamic PET: the mean of every ROI in every frame.
--
--   vqscript run time_activity.lua --repo lab.repo --project /brain/dynamic --output out
--
-- For each dynamic PET with ROIs in its study: one CSV with a row per frame, its start, duration and middle in
-- seconds after the first frame began, and a column per ROI; printed are each ROI's highest mean and the area under
-- its curve. Values are as they stand in the images: "decay" says to when the scanner corrected them.
-- Arguments (--arg key=value): unit=SUVbw   rois=Liver,Blood

local csv = require "csv"
local ipacs = require "ipacs"
local names = require "names"
local stats = require "stats"

local dm = VQ.dataManager()
local repo = ipacs.iPACS(args.repo, args.project)
VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
local roi = VQ.currentOp()

local wanted
if args.rois then
  wanted = {}
  for name in args.rois:gmatch("[^,]+") do wanted[#wanted + 1] = name:match("^%s*(.-)%s*$") end
end

-- One row per frame: its times, then the mean of each ROI.
local function curves()
  local columns, rows = { "frame", "start_s", "duration_s", "mid_s" }, {}
  for j = 1, roi:numROIs() - 1 do
    local name, mids, means = roi:getROIDetails(j)[1], {}, {}
    columns[#columns + 1] = name
    for t, at in ipairs(roi:curve(j, 0)) do
      rows[t] = rows[t] or { frame = t, start_s = at.start, duration_s = at.duration, mid_s = at.mid, decay = at.decay }
      rows[t][name] = at.mean
      mids[t], means[t] = at.mid, at.mean
    end
    -- Frames whose times no header tells, or an ROI without voxels, have no curve to integrate.
    if #mids == #rows and #means == #rows then
      local highest = stats.max(means)
      local line = "  %-16s highest mean %.4g %s, area under the curve %.5g %s s"
      print(line:format(name, highest, dm:unit(0), stats.auc(mids, means), dm:unit(0)))
    else
      print(("  %-16s has no values, or its frames have no times"):format(name))
    end
  end
  columns[#columns + 1] = "decay"
  return rows, columns
end

local taken, found = {}, 0
for _, study in ipairs(repo:getStudies("-sort", "StudyDate")) do
  for _, series in ipairs(repo:getSeries(study, "-modality", "PT")) do
    repo:load(study, series, 0)
    local _, _, _, frames = dm:dim(0)
    local title = ("%s %s %s"):format(study.PatientID, study.StudyDate, series.SeriesDescription)
    if frames == 1 then
      print(title .. ": skipped, it is not dynamic")
    elseif #repo.dcmRep:dataPoints(study, "roi") == 0 then
      print(title .. ": skipped, its study has no ROIs")
    else
      found = found + 1
      if args.unit then dm:convertUnit(0, args.unit) end
      if wanted then
        repo:mergeROIs("-names", wanted)
      else
        repo:getROIs()
      end
      print(("%s: %d frames"):format(title, frames))
      local rows, columns = curves()
      local file = names.unique(names.join(study.PatientID, study.StudyDate, "curves") .. ".csv", taken)
      print("  table: " .. csv.write(file, rows, { columns = columns }))
    end
    dm:clear()
  end
end
if found == 0 then VQ.fail("no study has a dynamic PET and ROIs") end
