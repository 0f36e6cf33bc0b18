--- Projects of studies in a repository: find, load, ROIs, measurements, subject information.
--
-- local ipacs = require "ipacs"            or            #include "ipacs.lua"
-- local repo = ipacs.iPACS("lab.repo", "/oncology/pilot")
--
-- Every method works with a colon or a dot: repo:getStudies() and repo.getStudies() are the same.

local object = require "object"
local options = require "options"

local function roi_tool()
  VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
  return VQ.currentOp()
end

--- StudyInstanceUID of an input.
local function study_of(input)
  local uid = VQ.dataManager():getDcmString(input, "StudyInstanceUID")
  if uid == "" then
    VQ.fail("input " .. input .. " belongs to no study", "load it with repo:load(study, series, input)")
  end
  return uid
end

local function contains(list, item)
  for _, each in ipairs(list) do
    if each == item then return true end
  end
  return false
end

local function holds_all(object_names, names)
  for _, name in ipairs(names) do
    if not contains(object_names, name) then return false end
  end
  return true
end

--- All names that a list of ROI objects holds, each once, as one line.
local function known_names(objects)
  local names = {}
  for _, each in ipairs(objects) do
    for _, name in ipairs(each.names) do
      if not contains(names, name) then names[#names + 1] = name end
    end
  end
  table.sort(names)
  return #names > 0 and table.concat(names, ", ") or "none"
end

--- ROI objects of the loaded study, newest first, of one creator if one is named.
-- Those drawn in another frame of reference than the reference's are no candidates: they cannot be placed on it.
local function roi_objects(repository, creator)
  local all = repository:dataPoints(study_of(0), "roi")
  local frame = VQ.dataManager():getDcmString(0, "FrameOfReferenceUID")
  local found, creators = {}, {}
  for _, each in ipairs(all) do
    local placed = frame == "" or each.frameOfReference == "" or each.frameOfReference == frame
    if placed and (not creator or each.creator == creator) then found[#found + 1] = each end
    if not contains(creators, each.creator) then creators[#creators + 1] = each.creator end
  end
  if creator and not contains(creators, creator) and #all > 0 then
    VQ.fail('no ROI object of this study is by "' .. creator .. '"', "creators here: " .. table.concat(creators, ", "))
  end
  if #found == 0 and #all > 0 then
    VQ.fail(
      "the ROI objects of this study were drawn in another frame of reference than the image in input 0",
      "load the image they were drawn on into input 0"
    )
  end
  return found
end

--- Tells of an ROI object that was drawn on an image which is not loaded: on one that is loaded it may lie elsewhere.
local function tell_origin(each)
  local dm = VQ.dataManager()
  if #each.referencedSeries == 0 then return end
  for i = 0, dm:size() - 1 do
    local ok, series = pcall(dm.getDcmString, i, "SeriesInstanceUID") -- numbers of inputs may have gaps
    if ok and contains(each.referencedSeries, series) then return end
  end
  local by = each.creator ~= "" and " by " .. each.creator or ""
  local which = table.concat(each.names, ", ") .. by .. " of " .. each.date
  VQ.log("the ROIs " .. which .. " were drawn on an image that is not loaded: check that they fit")
end

--- Leaves the .rmha where the script asked for it: a file, or a folder.
local function leave_copy(tool, path)
  if not path then return end
  if path:find("[/\\]$") then path = path .. "rois.rmha" end
  tool:save(path)
end

---@param url string path or URL of the repository
---@param project? string project path; a trailing slash does not matter, "/*" includes sub-projects
local function iPACS(url, project)
  project = project or ""
  local repository = VQ.dicomRepository(url)
  -- What is stored belongs to a study, which is in its project already; "/*" names many.
  local target = project:find("/%*%s*$") and "" or project
  local methods = {}

  --- Studies of the project.
  -- Options: -namefilter, -idfilter (* and ?), -sort (PatientsName, PatientID, StudyDate),
  -- -datestart, -dateend (YYYYMMDD, inclusive).
  function methods.getStudies(...)
    return repository:findStudies(project, ...)
  end

  --- Series of a study. Options: -modality, -seriesdescription.
  function methods.getSeries(study, ...)
    return repository:findSeries(study, ...)
  end

  --- Fetches a series and loads it into an input; separate images of it fill the following inputs.
  ---@return integer how many inputs were filled
  function methods.load(study, series, input)
    return VQ.dataManager():open(repository:fetch(study, series), input or 0)
  end

  --- Stores the data at an input as a new series of its study.
  ---@return integer how many instances were stored
  function methods.store(input)
    return repository:store(input, target)
  end

  --- Loads the most recent ROI object of the loaded study, replacing what is in the ROI tool.
  -- Options: -creator (exact), -names (one that holds at least these), -savepath (leaves the .rmha).
  ---@return string[] names of the ROIs
  function methods.getROIs(...)
    local given = options.read("getROIs", { creator = "text", names = "list", savepath = "text" }, ...)
    local objects = roi_objects(repository, given.creator)
    for _, each in ipairs(objects) do
      if holds_all(each.names, given.names or {}) then
        local tool = roi_tool()
        local names = tool:loadObjects { { path = each.path } }
        tell_origin(each)
        leave_copy(tool, given.savepath)
        return names
      end
    end
    local wanted = given.names and (" that holds " .. table.concat(given.names, ", ")) or ""
    VQ.fail("the study has no ROI object" .. wanted, "ROIs there: " .. known_names(objects))
  end

  --- Loads, for each name, the most recent object that holds it, and merges them.
  -- Options: -names (required), -creator (exact), -savepath,
  -- -exactlist (default true: only the named ROIs; false: the others of these objects as well).
  ---@return string[] names of the ROIs
  function methods.mergeROIs(...)
    local declared = { names = "list", creator = "text", savepath = "text", exactlist = "boolean" }
    local given = options.read("mergeROIs", declared, ...)
    if not given.names then
      VQ.fail("mergeROIs needs the names of the ROIs", "repo:mergeROIs('-names', {'Heart', 'Muscle'})")
    end
    local objects = roi_objects(repository, given.creator)
    local selections, taken, chosen = {}, {}, {}
    local function take(each, name)
      if taken[name] then return end
      taken[name], chosen[each.sopInstanceUID] = true, true
      selections[#selections + 1] = { path = each.path, names = { name } }
    end
    for _, name in ipairs(given.names) do
      local newest
      for _, each in ipairs(objects) do
        newest = newest or (contains(each.names, name) and each)
      end
      if not newest then
        VQ.fail('no ROI object of this study holds "' .. name .. '"', "ROIs there: " .. known_names(objects))
      end
      take(newest, name)
    end
    if given.exactlist == false then
      for _, each in ipairs(objects) do
        for _, name in ipairs(chosen[each.sopInstanceUID] and each.names or {}) do take(each, name) end
      end
    end
    local tool = roi_tool()
    local names = tool:loadObjects(selections)
    for _, each in ipairs(objects) do
      if chosen[each.sopInstanceUID] then tell_origin(each) end
    end
    leave_copy(tool, given.savepath)
    return names
  end

  --- Stores all ROIs as one object, and one measurement per ROI and loaded input that is on.
  ---@return integer how many measurements were stored
  function methods.submitROIs()
    return repository:submitROIs(target)
  end

  --- The dose at injection of an input's study.
  ---@return number dose uCi; 0 if nothing is entered
  ---@return string source "subject", "header" or "none"
  function methods.getInjectedDose(input)
    return VQ.dataManager():injectedDose(input)
  end

  --- All measurements of an input's series, newest first: quant[1].name, quant[1].mean ...
  function methods.getQuantification(input)
    local series = VQ.dataManager():getDcmString(input, "SeriesInstanceUID")
    local found = {}
    for _, point in ipairs(repository:dataPoints(study_of(input), "quantification")) do
      if point.seriesInstanceUID == series then found[#found + 1] = point end
    end
    return found
  end

  --- Writes subject information; what is left out stays as it was.
  ---@param study table|string
  ---@param fields table injectedDose (uCi), weight (g), injectionTime, nuclide
  function methods.setSubject(study, fields)
    repository:setSubject(study, fields)
  end

  return object("iPACS", methods, {
    dcmRep = repository,
    repository_url = url,
    project = project,
  })
end

return { iPACS = iPACS }
