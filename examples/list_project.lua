-- What a project holds: a line per study, with its series.
--
--   vqscript run list_project.lua --repo lab.repo --project /oncology/pilot

local ipacs = require "ipacs"

local repo = ipacs.iPACS(args.repo, args.project)

for _, study in ipairs(repo:getStudies("-sort", "StudyDate")) do
  print(study.StudyDate, study.PatientID, study.PatientsName)
  for _, series in ipairs(repo:getSeries(study)) do
    print("", series.Modality, series.SeriesDescription)
  end
end
