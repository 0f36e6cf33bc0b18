-- The newest ROIs of every study, measured on all its loaded images: one CSV per study.
--
--   vqscript run roi_table.lua --repo lab.repo --project /oncology/pilot --output out

local ipacs = require "ipacs"

local repo = ipacs.iPACS(args.repo, args.project)
local tables = 0

for _, study in ipairs(repo:getStudies()) do
  local inputs = 0
  for _, modality in ipairs { "CT", "NM", "PT" } do
    for _, series in ipairs(repo:getSeries(study, "-modality", modality)) do
      inputs = inputs + repo:load(study, series, inputs)
    end
  end

  local objects = #repo.dcmRep:dataPoints(study, "roi")
  if inputs == 0 or objects == 0 then
    local found = inputs .. " CT, NM or PET images and " .. objects .. " ROI objects"
    print(study.PatientID .. " " .. study.StudyDate .. ": skipped, it has " .. found)
  else
    repo:getROIs()
    VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
    -- The number keeps studies of one patient on one day apart.
    tables = tables + 1
    local name = (study.PatientID .. "-" .. study.StudyDate):gsub("[^%w_-]", "_")
    print(VQ.currentOp():exportTable(("%s-%03d"):format(name, tables), "-layout", "wide"))
  end
  VQ.dataManager():clear()
end
