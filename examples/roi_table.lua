-- The newest ROIs of every study, measured on all its loaded images: one CSV per study.
--
--   vqscript run roi_table.lua --repo lab.repo --project /oncology/pilot --output out

local ipacs = require "ipacs"

local repo = ipacs.iPACS(args.repo, args.project)

for _, study in ipairs(repo:getStudies()) do
  local inputs = 0
  for _, modality in ipairs { "CT", "NM", "PT" } do
    for _, series in ipairs(repo:getSeries(study, "-modality", modality)) do
      inputs = inputs + repo:load(study, series, inputs)
    end
  end

  repo:getROIs()
  VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
  local name = (study.PatientID .. "-" .. study.StudyDate):gsub("[^%w-]", "_")
  print(VQ.currentOp():exportTable(name))

  VQ.dataManager():clear()
end
