--- Projects of studies in a repository: find, load, ROIs, measurements, subject information.
---
--- `#include "ipacs.lua"` makes `iPACS` a global instead. Every method works with a colon or a dot:
--- `repo:getStudies()` and `repo.getStudies()` are the same.
--- ```lua
--- local ipacs = require "ipacs"
--- local repo = ipacs.iPACS(args.repo, args.project)
--- for _, study in ipairs(repo:getStudies()) do print(study.PatientsName, study.StudyDate) end
--- ```

local object = require "object"
local options = require "options"

---@class GetROIsOptions
---@field creator? string who submitted the object, spelled exactly so
---@field names? string[]|string the object has to hold at least these
---@field savepath? path where to leave the ROIs as .rmha: a file, or a folder if it ends in a slash

---@class MergeROIsOptions
---@field names string[]|string ROIs to load
---@field creator? string who submitted the objects, spelled exactly so
---@field exactlist? boolean true (the default): the named ROIs alone; false: the others of the same objects as well
---@field savepath? path where to leave the ROIs as .rmha: a file, or a folder if it ends in a slash

--- Hands on what a method of the host returned. A mistake in its arguments is told under the name that the script used.
local function told_as(name, host_name, ok, ...)
  if ok then return ... end
  local problem = ...
  local rest = problem.message:match("^" .. host_name .. "([ :].*)$")
  if rest then VQ.fail(name .. rest, (problem.hint:gsub(host_name, name))) end
  error(problem, 0)
end

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
-- Those drawn in another frame of reference than the reference's, or in none, are no candidates: they cannot be placed.
local function roi_objects(repository, creator)
  local all = repository:dataPoints(study_of(0), "roi")
  local frame = VQ.dataManager():getDcmString(0, "FrameOfReferenceUID")
  local found, creators = {}, {}
  for _, each in ipairs(all) do
    local placed = each.frameOfReference ~= "" and (frame == "" or each.frameOfReference == frame)
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

--- Numbers of the inputs that hold a series.
local function inputs_of(series)
  local dm, found = VQ.dataManager(), {}
  for i = 0, dm:size() - 1 do
    local ok, uid = pcall(dm.getDcmString, i, "SeriesInstanceUID") -- numbers of inputs may have gaps
    if ok and uid == series then found[#found + 1] = i end
  end
  return found
end

--- Tells of an ROI object that was drawn on an image which is not loaded: on one that is loaded it may lie elsewhere.
local function tell_origin(each)
  if #each.referencedSeries == 0 then return end
  for _, series in ipairs(each.referencedSeries) do
    if #inputs_of(series) > 0 then return end
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

--- Open a project of a repository.
--- ```lua
--- local repo = ipacs.iPACS(args.repo, args.project)
--- ```
---@param url url where the repository is: a folder, a server's URL, or a name of the configuration
---@param project? string project, as in "/oncology/pilot"; a trailing slash does not matter, "/*" includes sub-projects
---@return iPACS the project
---@raise NotARepository there is no repository
---@since 0.1
local function iPACS(url, project)
  project = project or ""
  if type(url) ~= "string" then
    VQ.fail("iPACS needs the url of a repository", "as in ipacs.iPACS(args.repo, args.project)")
  end
  local repository = VQ.dicomRepository(url)
  -- What is stored belongs to a study, which is in its project already; "/*" names many.
  local target = project:find("/%*%s*$") and "" or project

  --- A project of a repository.
  ---@class iPACS
  ---@field dcmRep DicomRepository the repository itself
  ---@field repository_url string where the repository is, as it was given
  ---@field project string the project, as it was given
  local methods = {}

  --- Find the studies of the project.
  --- ```lua
  --- local studies = repo:getStudies("-namefilter", "*", "-sort", "StudyDate")
  --- ```
  ---@param ... StudyOptions
  ---@return Study[] the studies, by what `-sort` says; an empty list if there are none
  ---@raise UsageError an option is unknown, or a date is none
  ---@since 0.1
  function methods.getStudies(...)
    return told_as("getStudies", "findStudies", pcall(repository.findStudies, project, ...))
  end

  --- Find the series of a study.
  --- ```lua
  --- local ct = repo:getSeries(study, "-modality", "CT")
  --- if #ct ~= 1 then print(study.PatientsName .. " has " .. #ct .. " CT series") end
  --- ```
  ---@param study Study|string a study of `getStudies`, or its StudyInstanceUID
  ---@param ... SeriesOptions
  ---@return Series[] the series, by number; an empty list if there are none
  ---@raise NotFound the repository has no such study
  ---@since 0.1
  function methods.getSeries(study, ...)
    return told_as("getSeries", "findSeries", pcall(repository.findSeries, study, ...))
  end

  --- Fetch a series and load it into an input.
  ---
  --- Separate images of the series fill the following inputs.
  --- ```lua
  --- repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
  --- ```
  ---@param study Study|string the study, or its StudyInstanceUID
  ---@param series Series|string a series of `getSeries`, or its SeriesInstanceUID
  ---@param input? integer number of the input, from 0; default 0
  ---@return integer how many inputs were filled
  ---@raise NotFound no series matched what `getSeries` was asked; the error says what there is
  ---@since 0.1
  function methods.load(study, series, input)
    local fetched = told_as("load", "fetch", pcall(repository.fetch, study, series))
    return told_as("load", "open", pcall(VQ.dataManager().open, fetched, input or 0))
  end

  --- Store the data at an input as a new series of its study, or a radiotherapy plan with what belongs to it.
  ---
  --- A package goes in the order that radiotherapy systems need: images, structure set, plan, doses.
  --- ```lua
  --- repo:store(1)
  --- ```
  ---@param what integer|PlanPackage number of the input, or what `getPlanPackage` returned
  ---@return integer how many instances were stored
  ---@raise UsageError the input belongs to no study
  ---@raise PermissionDenied the repository is named neither on the command line nor in the configuration
  ---@since 0.1
  function methods.store(what)
    return repository:store(type(what) == "table" and what.files or what, target)
  end

  --- Load a radiotherapy plan: its images into input 0, its doses into the following ones, its structures as ROIs.
  ---
  --- The doses are those that refer to the plan, in Gy. What is in the ROI tool is replaced.
  --- ```lua
  --- local package = repo:getPlanPackage(plan)
  --- ```
  ---@param plan string SOPInstanceUID of the plan
  ---@param study? Study|string its study, for a server that cannot find the plan without
  ---@return PlanPackage names of the structures, inputs of the doses, files
  ---@raise NotFound the plan is not there, or the structure set or images that it refers to
  ---@raise UsageError the UID is of something else, or the plan refers to no structure set
  ---@since 0.1
  function methods.getPlanPackage(plan, study)
    return told_as("getPlanPackage", "planPackage", pcall(repository.planPackage, plan, study))
  end

  --- Load the most recent ROI object of the loaded study, replacing what is in the ROI tool.
  ---
  --- Most recent is by date and time of the object. Objects that were drawn in another frame of reference than that of
  --- input 0 are left out.
  --- ```lua
  --- local names = repo:getROIs("-names", { "Heart", "Liver" })
  --- ```
  ---@param ... GetROIsOptions
  ---@return string[] names of the ROIs
  ---@raise UsageError no object is there, or none holds the names; the error lists those there, and nothing changes
  ---@since 0.1
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

  --- Load, for each name, the most recent object that holds it, and merge them, replacing what is in the ROI tool.
  --- ```lua
  --- local names = repo:mergeROIs("-names", { "Heart", "Muscle" })
  --- ```
  ---@param ... MergeROIsOptions
  ---@return string[] names of the ROIs
  ---@raise UsageError no object holds one of the names; the error lists those there, and nothing changes
  ---@since 0.1
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

  --- Store all ROIs as one object, and one measurement per ROI and loaded input that is on.
  ---
  --- The creator is `--user`, else the configuration's, else the login name. What was submitted before stays.
  --- ```lua
  --- print(repo:submitROIs() .. " measurements")
  --- ```
  ---@return integer how many measurements were stored
  ---@raise UsageError there are no ROIs, or input 0 belongs to no study
  ---@raise PermissionDenied the repository is named neither on the command line nor in the configuration
  ---@since 0.1
  function methods.submitROIs()
    return repository:submitROIs(target)
  end

  --- Return the dose at injection of an input's study.
  --- ```lua
  --- local dose, source = repo:getInjectedDose(1)
  --- ```
  ---@param input integer number of the input
  ---@return number uCi; 0 if nothing is entered
  ---@return string where it is from: "subject" (subject information), "header" (RadionuclideTotalDose) or "none"
  ---@since 0.1
  function methods.getInjectedDose(input)
    return VQ.dataManager():injectedDose(input)
  end

  --- Return all measurements of an input.
  ---
  --- They are those of its series, whatever input that was in when it was measured. Where several inputs hold
  --- that series now (its energy windows, say), they are those measured in the input of this number.
  --- ```lua
  --- for _, point in ipairs(repo:getQuantification(1)) do print(point.name, point.mean, point.unit) end
  --- ```
  ---@param input integer number of the input
  ---@return DataPoint[] the measurements, newest first
  ---@since 0.1
  function methods.getQuantification(input)
    local series = VQ.dataManager():getDcmString(input, "SeriesInstanceUID")
    local alone, found = #inputs_of(series) == 1, {}
    for _, point in ipairs(repository:dataPoints(study_of(input), "quantification")) do
      local here = alone or point.input == input or point.input == -1
      if point.seriesInstanceUID == series and here then found[#found + 1] = point end
    end
    return found
  end

  --- Write subject information; what is left out stays as it was.
  --- ```lua
  --- repo:setSubject(study, { injectedDose = "250 uCi", weight = "24 g" })
  --- ```
  ---@param study Study|string the study, or its StudyInstanceUID
  ---@param fields SubjectFields what is known; numbers are uCi and g, text carries its unit
  ---@raise UsageError a field is unknown, or a dose or weight cannot be read
  ---@raise PermissionDenied the repository is named neither on the command line nor in the configuration
  ---@since 0.1
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
