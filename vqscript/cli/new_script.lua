-- NAME: measures the ROIs of every study of a project.
--
--   vqscript run NAME.lua --repo REPOSITORY --project /PROJECT --arg modality=NM
--
-- The table and the pictures appear in vq-output, or where --output says.
-- help(VQ), help(repo), help "convertUnit": put one into a line of its own, or ask at the prompt (vqscript repl).

local ipacs = require "ipacs"
local csv = require "csv"

local modality = args.modality or "NM" -- or "PT"

local repo = ipacs.iPACS(args.repo, args.project)
local dm, mw, ctl = VQ.dataManager(), VQ.mainWin(), VQ.controler()

--- The one series of a modality; nil, and a line in the log, where a study has none or several.
local function only_series(study, wanted)
  local found = repo:getSeries(study, "-modality", wanted)
  if #found == 1 then return found[1] end
  VQ.log(study.PatientsName .. " of " .. study.StudyDate .. ": " .. #found .. " series of " .. wanted .. ", skipped")
end

--- Loads CT and image of a study into inputs 0 and 1; returns whether both are there.
local function load_study(study)
  local ct, image = only_series(study, "CT"), only_series(study, modality)
  if not (ct and image) then return false end
  dm:clear()
  repo:load(study, ct, 0) -- input 0 is the reference: ROIs lie on its grid
  repo:load(study, image, 1)
  return true
end

--- Loads the latest ROIs that were submitted for the study; returns whether there are any.
local function load_rois(study)
  local ok, problem = pcall(repo.getROIs) -- pcall: a study without ROIs is no reason to stop
  if not ok then VQ.log(study.PatientsName .. " of " .. study.StudyDate .. ": " .. problem.message) end
  return ok
end

local rows = { { "patient", "date", "roi", "volume_ml", "mean", "sd", "max", "unit" } }

local studies = repo:getStudies("-sort", "StudyDate") -- "-namefilter", "*S1*" takes some of them
for n, study in ipairs(studies) do
  VQ.progress(n, #studies)
  if load_study(study) and load_rois(study) then
    -- dm:convertUnit(1, "%ID/g")   dose, weight and half-life come from the study, or are given as options

    mw:setViewMode("Slice View", "3D ROI Tool")
    for _, roi in ipairs(VQ.currentOp():table(1)) do
      rows[#rows + 1] = {
        study.PatientsName, study.StudyDate, roi.name, roi.volumeML, roi.mean, roi.sd, roi.max, roi.unit,
      }
    end

    ctl:setPal(1, "hot")
    mw:saveImage(study.PatientID .. "-" .. study.StudyDate, "composite")
  end
end

csv.write("rois.csv", rows)
print(#rows - 1 .. " measurements of " .. #studies .. " studies are in " .. VQ.output)
