-- The ROIs of two readers, merged into one set and compared: Dice coefficient, volume difference, distance.
--
--   vqscript run compare_readers.lua --repo lab.repo --project /trial --output out --arg a=anovicki --arg b=bsmith
--
-- For each study: take the newest ROI of each name by either reader, and compare those that both drew. The merged set
-- (every ROI twice, with its reader's name) is saved as NIfTI labels. Dice is twice the common volume over the sum
-- of both: 1 where they are the same, 0 where they have nothing in common.
-- Arguments (--arg key=value): a=READER b=READER (required)   modality=CT (what the ROIs were drawn on)

local csv = require "csv"
local ipacs = require "ipacs"
local names = require "names"
local stats = require "stats"

local A, B, MODALITY = args.a, args.b, args.modality or "CT"
if not A or not B or A == B then VQ.fail("two readers are needed", "--arg a=anovicki --arg b=bsmith") end

local dm = VQ.dataManager()
local repo = ipacs.iPACS(args.repo, args.project)
VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
local roi = VQ.currentOp()

-- ROI name to the file of the newest object of a reader that holds it.
local function newest(study, reader)
  local file_of = {}
  for _, point in ipairs(repo.dcmRep:dataPoints(study, "roi")) do -- newest first
    for _, name in ipairs(point.creator == reader and point.names or {}) do
      file_of[name] = file_of[name] or point.path
    end
  end
  return file_of
end

local function common_names(of_a, of_b)
  local common = {}
  for name in pairs(of_a) do
    if of_b[name] then common[#common + 1] = name end
  end
  table.sort(common)
  return common
end

-- Loads one ROI under its reader's name; returns its number.
local function take(file, name, reader)
  roi:load(file, { name })
  local j = roi:find(name)
  roi:editROI(j, name .. " (" .. reader .. ")")
  return j
end

-- What differs between two ROIs; nil if one of them is empty.
local function compare(a, b)
  local sa, sb = roi:statistics(a, 0), roi:statistics(b, 0)
  if sa.voxels == 0 or sb.voxels == 0 then return nil end
  local both = roi:copyROI(a)
  roi:intersect(both, b)
  local shared = roi:statistics(both, 0).voxels
  roi:removeROI(both)
  local row = {
    volume_a_ml = sa.volumeML, volume_b_ml = sb.volumeML,
    dice = 2 * shared / (sa.voxels + sb.voxels),
    difference_percent = 200 * (sb.volumeML - sa.volumeML) / (sa.volumeML + sb.volumeML),
  }
  local squares = 0
  for axis = 1, 3 do squares = squares + (sa.comMm[axis] - sb.comMm[axis]) ^ 2 end
  row.distance_mm = math.sqrt(squares)
  return row
end

local rows, dices, taken = {}, {}, {}
for _, study in ipairs(repo:getStudies("-sort", "StudyDate")) do
  local of_a, of_b = newest(study, A), newest(study, B)
  local common = common_names(of_a, of_b)
  local images = repo:getSeries(study, "-modality", MODALITY)
  if #common == 0 or #images ~= 1 then
    local why = ("%d ROIs by both readers and %d %s series"):format(#common, #images, MODALITY)
    print(study.PatientID .. " " .. study.StudyDate .. ": skipped, it has " .. why)
  else
    repo:load(study, images[1], 0)
    for _, name in ipairs(common) do
      local row = compare(take(of_a[name], name, A), take(of_b[name], name, B))
      local title = ("%s %s %-10s"):format(study.PatientID, study.StudyDate, name)
      if row then
        row.patient_id, row.study_date, row.roi = study.PatientID, study.StudyDate, name
        rows[#rows + 1], dices[#dices + 1] = row, row.dice
        local line = "%s Dice %.3f, volume %+.1f %%, centres %.2f mm apart"
        print(line:format(title, row.dice, row.difference_percent, row.distance_mm))
      else
        print(title .. " skipped, it is empty in one of the objects")
      end
    end
    roi:save(names.unique(names.join(study.PatientID, study.StudyDate, "readers"), taken), "nifti")
  end
  dm:clear()
end

if #rows == 0 then VQ.fail("no study has an ROI that both " .. A .. " and " .. B .. " drew") end
print(("mean Dice of %d ROIs: %.3f"):format(#dices, stats.mean(dices)))
print("table: " .. csv.write("readers.csv", rows, {
  columns = {
    "patient_id", "study_date", "roi", "volume_a_ml", "volume_b_ml", "dice", "difference_percent", "distance_mm",
  },
}))
