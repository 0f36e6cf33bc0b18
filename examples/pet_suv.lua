-- SUV of every PET of a project: its range, how it was calculated, and a projection.
--
--   vqscript run pet_suv.lua --repo lab.repo --project /oncology/patients --output out

local ipacs = require "ipacs"

local dm, mw = VQ.dataManager(), VQ.mainWin()
local repo = ipacs.iPACS(args.repo, args.project)
local pictures = 0

for _, study in ipairs(repo:getStudies()) do
  for _, pet in ipairs(repo:getSeries(study, "-modality", "PT")) do
    repo:load(study, pet, 0)
    dm:convertUnit(0, "SUVbw")
    dm:setPalette(0, "hot")
    VQ.minMaxTool():setMinMax(0, 0, 10)

    print(study.PatientID, pet.SeriesDescription, ("SUV %.2f to %.2f"):format(dm:getMin(0), dm:getMax(0)))
    for _, line in ipairs(dm:provenance(0)) do print("  " .. line) end
    -- Several series may have one number: the picture's own number keeps them apart.
    pictures = pictures + 1
    local name = (study.PatientID .. "-" .. study.StudyDate):gsub("[^%w_-]", "_")
    mw:saveImage(("%s-%03d"):format(name, pictures), "mip")
  end
end
