-- Mean %ID/g of organs for every SPECT/CT study of a project, with pictures of each organ.
--
--   vqscript run percent_id_per_gram.lua --repo lab.repo --project /oncology/pilot --output out
--
-- For each study: load CT and In-111 SPECT, convert the SPECT to %ID/g by the injected dose,
-- take the newest ROI of each organ, measure, and save a picture with and without its outline.
-- Arguments (--arg key=value): rois=Heart,Liver   nm=*In-111 *   max=60   unit=uCi

local ipacs = require "ipacs"
local csv = require "csv"

local ORGANS = args.rois or "Heart,Liver,Kidneys,Muscle,Tumor"
local NM_DESCRIPTION = args.nm or "*In-111 *"
local PIDG_MIN, PIDG_MAX = 0, tonumber(args.max or 60)
if not PIDG_MAX then VQ.fail('max takes a number, got "' .. args.max .. '"', "--arg max=60") end

local CT, NM = 0, 1 -- the inputs

local dm, mw = VQ.dataManager(), VQ.mainWin()
local mm, ctl = VQ.minMaxTool(), VQ.controler()
local repo = ipacs.iPACS(args.repo, args.project)

local organs = {}
for name in ORGANS:gmatch("[^,]+") do organs[#organs + 1] = name:match("^%s*(.-)%s*$") end

-- What no file name can hold, and "+", "^" and spaces, become "_" ("S1+M01" becomes "S1_M01").
local function plain(text)
  return (text:gsub('[+^%s/\\:*?"<>|]', "_"))
end

-- A file name from patient name, ID and study date, which keeps two time points of one animal apart;
-- of several studies on one day the later ones say their time and, if need be, a number as well.
local used = {}
local function file_name(study)
  local day = plain(study.PatientsName) .. "-" .. plain(study.PatientID) .. "-" .. study.StudyDate
  local name, number = day, 1
  while used[name] do
    name = day .. "-" .. study.StudyTime:sub(1, 6) .. (number > 1 and "-" .. number or "")
    number = number + 1
  end
  used[name] = true
  return name
end

-- Runs a step that not every study allows; returns what it returns, or nil and why it cannot be done.
local function try(step, ...)
  local ok, result, more = pcall(step, ...)
  if ok then return result, more end
  if type(result) ~= "table" then error(result, 0) end -- a mistake in this script, not in the study
  return nil, result.message .. (result.hint ~= "" and " (" .. result.hint .. ")" or "")
end

-- Converts the SPECT, in uCi per voxel, to %ID/g. Returns a remark for the table, or nil if it cannot be done.
local function to_percent_id_per_gram()
  local dose, source = repo:getInjectedDose(NM)
  if dose == 0 then return nil, "no injected dose is entered" end
  if dm:unit(NM) == "counts" and args.unit then dm:setUnit(NM, args.unit) end
  if dm:unit(NM) ~= "uCi" then
    return nil, "the voxels are in " .. dm:unit(NM) .. ", not in uCi (say --arg unit=uCi if they are)"
  end

  local status = dm:decayCorrection(NM)
  if status ~= "ADMIN" then
    -- 100/dose relates to the injection; these voxels hold what was there at the scan.
    dm:convertUnit(NM, "%ID/g")
    if status == "" then return "decay correction is not known, convertUnit was used" end
    return "decay correction is " .. status .. ", not to injection: 100/dose would be wrong, convertUnit was used"
  end

  -- One gram is one cm3; the voxel is that of the SPECT.
  local voxel_ml = dm:voxelSizeX(NM) * dm:voxelSizeY(NM) * dm:voxelSizeZ(NM) / 1000
  mw:setViewMode("Slice View", "Arithmetics")
  local op = VQ.currentOp()
  op:scalarMult(NM, 100 / dose, "%ID")
  op:scalarDiv(NM, voxel_ml, "%ID/g")
  return "100/dose, dose from " .. source
end

-- Loads the newest ROI of each organ and no others; returns the tool that has them.
local function load_rois()
  repo:mergeROIs("-names", organs)
  mw:setViewMode("Slice View", "3D ROI Tool")
  return VQ.currentOp()
end

-- Saves each organ twice, centred on it: with its outline and without.
local function save_pictures(roi, base)
  for j = 1, roi:numROIs() - 1 do roi:setVisible(j, false) end
  for j = 1, roi:numROIs() - 1 do
    local name = roi:getROIDetails(j)[1]
    local x, y, z = roi:getROICenterOfMass(j):match("%((%S+) (%S+) (%S+)%)")
    ctl:setPos(0, x)
    ctl:setPos(1, y)
    ctl:setPos(2, z)
    roi:setVisible(j, true)
    mw:saveImage(base .. "-" .. plain(name) .. "-roi", 5)
    roi:setVisible(j, false)
    mw:saveImage(base .. "-" .. plain(name) .. "-noroi", 5)
  end
end

local rows = {
  { "patient_id", "patient_name", "study_date", "study_time", "roi", "unit", "mean", "sd", "voxels", "note" },
}
local studies = repo:getStudies("-sort", "PatientID")

for i, study in ipairs(studies) do
  VQ.progress(i - 1, #studies)
  local shown = study.PatientsName .. " " .. study.StudyDate
  local ct = repo:getSeries(study, "-modality", "CT")
  local nm = repo:getSeries(study, "-modality", "NM", "-seriesdescription", NM_DESCRIPTION)

  if #ct ~= 1 or #nm ~= 1 then
    print(shown .. ": skipped, it has " .. #ct .. " CT and " .. #nm .. " matching NM series")
  else
    repo:load(study, ct[1], CT)
    repo:load(study, nm[1], NM)

    local note, problem = try(to_percent_id_per_gram)
    local roi
    if note then
      roi, problem = try(load_rois)
    end
    if not roi then
      print(shown .. ": skipped, " .. problem)
    else
      dm:setPalette(NM, "nih_fire2")
      dm:setMinMaxCache(NM, PIDG_MIN, PIDG_MAX)
      mm:updateMIP()

      for j = 1, roi:numROIs() - 1 do
        local s = roi:statistics(j, NM)
        rows[#rows + 1] = {
          study.PatientID, study.PatientsName, study.StudyDate, study.StudyTime,
          s.name, s.unit, s.mean, s.sd, s.voxels, note,
        }
      end
      save_pictures(roi, file_name(study))
      print(shown .. ": " .. roi:numROIs() - 1 .. " ROIs, " .. note)

      while roi:numROIs() > 1 do roi:removeROI(1) end
    end
  end
end
VQ.progress(#studies, #studies)

print("table: " .. csv.write("results.csv", rows))
