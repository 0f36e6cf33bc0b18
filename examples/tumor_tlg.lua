-- Total lesion glycolysis (TLG) of a tumour over the time points of each patient, by an isocontour in the PET.
--
--   vqscript run tumor_tlg.lua --repo lab.repo --project /oncology/trial --output out
--
-- For each study with one PET and an ROI "Tumor", drawn roughly around the lesion: convert the PET to SUV, shrink the
-- ROI to what reaches 41 % of its maximum and is connected with it, measure, and save the contour as an RTSTRUCT.
-- TLG is mean SUV times volume in mL; its change is to the patient's first study.
-- Arguments (--arg key=value): roi=Lesion   percent=50   suv=SUVlbm

local csv = require "csv"
local dates = require "dates"
local ipacs = require "ipacs"
local names = require "names"

local ROI, SUV = args.roi or "Tumor", args.suv or "SUVbw"
local PERCENT = tonumber(args.percent or 41)
if not PERCENT then VQ.fail('percent takes a number, got "' .. args.percent .. '"', "--arg percent=41") end

local dm = VQ.dataManager()
local repo = ipacs.iPACS(args.repo, args.project)
VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
local roi = VQ.currentOp()

local function holds_roi(study)
  for _, point in ipairs(repo.dcmRep:dataPoints(study, "roi")) do
    for _, name in ipairs(point.names) do
      if name == ROI then return true end
    end
  end
  return false
end

-- The PET of the study in input 0, its tumour as ROI 1; returns the statistics, nil if the rough ROI is empty.
local function measure(study, pet)
  repo:load(study, pet, 0)
  dm:convertUnit(0, SUV)
  repo:mergeROIs("-names", { ROI })
  if roi:statistics(1, 0).voxels == 0 then return nil end -- an empty ROI would look at the whole image
  roi:isocontour(1, 0, PERCENT, "-connected", true)
  return roi:statistics(1, 0)
end

local rows, baseline, taken = {}, {}, {}
for _, study in ipairs(repo:getStudies("-sort", "StudyDate")) do
  local title = study.PatientID .. " " .. study.StudyDate
  local pet = repo:getSeries(study, "-modality", "PT")
  local drawn = holds_roi(study)
  local s = #pet == 1 and drawn and measure(study, pet[1])
  if not s then
    local which = not drawn and "no" or s == nil and "an empty" or "an"
    print(("%s: skipped, it has %d PET series and %s ROI %q"):format(title, #pet, which, ROI))
  else
    local first = baseline[study.PatientID] or { date = study.StudyDate, tlg = s.tlg }
    baseline[study.PatientID] = first
    local day, change = dates.daysBetween(first.date, study.StudyDate), 100 * (s.tlg / first.tlg - 1)
    rows[#rows + 1] = {
      patient_id = study.PatientID, study_date = study.StudyDate, day = day, volume_ml = s.volumeML,
      suv_mean = s.mean, suv_max = s.max, tlg = s.tlg, tlg_change_percent = change, unit = SUV,
    }
    print(("%s, day %d: %.1f mL, TLG %.1f (%+.0f %%)"):format(title, day, s.volumeML, s.tlg, change))
    local file = names.unique(names.join(study.PatientID, study.StudyDate, ROI), taken)
    roi:save(file, "rtstruct")
  end
  dm:clear()
end

if #rows == 0 then VQ.fail(('no study has one PET and an ROI "%s"'):format(ROI), "--arg roi=NAME names another one") end
print("table: " .. csv.write("tlg.csv", rows, {
  columns = {
    "patient_id", "study_date", "day", "volume_ml", "suv_mean", "suv_max", "tlg", "tlg_change_percent", "unit",
  },
}))
