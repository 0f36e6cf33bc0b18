local names = require "names"

local tests = {}

local function equal(found, expected)
  if found ~= expected then error(("%q is not %q"):format(tostring(found), tostring(expected)), 2) end
end

local function refused(what, f, ...)
  local ok, problem = pcall(f, ...)
  if ok then error("was not refused", 2) end
  if not problem.message:find(what, 1, true) then error(problem.message .. ' does not say "' .. what .. '"', 2) end
end

function tests.what_systems_refuse_becomes_an_underscore()
  for text, expected in pairs {
    ["S1+M01"] = "S1+M01",
    ["Müller^Jörg: PET/CT"] = "Müller_Jörg_PET_CT",
    ["a/b\\c"] = "a_b_c",
    ['what? "this" <is> |it|*'] = "what_this_is_it",
    ["a:b"] = "a_b",
    ["line\nend\0tab\t"] = "line_end_tab",
    ["../../etc/passwd"] = "etc_passwd",
    ["$(rm -rf ~);&`x`'"] = "rm_-rf_x",
    ["left kidney.png"] = "left_kidney.png",
    ["日本語"] = "日本語",
    ["a\u{202e}gpj.b"] = "a_gpj.b",
    ["a\u{a0}b\u{200b}c"] = "a_b_c",
    ["\xff\xfea"] = "a",
    ["a.b.c"] = "a.b.c",
    [12] = "12",
  } do
    equal(names.safe(text), expected)
    equal(names.safe(expected), expected)
  end
end

function tests.ends_are_what_every_system_takes()
  equal(names.safe("ends in a dot."), "ends_in_a_dot")
  equal(names.safe("ends in a space "), "ends_in_a_space")
  equal(names.safe(".hidden"), "hidden")
  equal(names.safe("-rf"), "rf")
  equal(names.safe("note: .txt"), "note.txt")
  for _, nothing in ipairs { "", "  ", ".", "..", "///", "\0" } do equal(names.safe(nothing), "unnamed") end
end

function tests.devices_of_windows_are_no_names()
  equal(names.safe("CON"), "_CON")
  equal(names.safe("aux.csv"), "_aux.csv")
  equal(names.safe("Com1.tar.gz"), "_Com1.tar.gz")
  equal(names.safe("lpt³"), "_lpt³")
  equal(names.safe("console"), "console")
  equal(names.safe("_CON"), "_CON")
end

function tests.long_names_are_cut_between_characters_and_stay_different()
  local long = ("ü"):rep(200)
  local one, other = names.safe(long .. "1.png"), names.safe(long .. "2.png")
  assert(#one <= 120 and utf8.len(one) and one:find("%.png$"))
  assert(one ~= other)
  equal(names.safe(long .. "1.png"), one)
  equal(#names.safe(("x"):rep(300), { longest = 20 }), 20)
  equal(names.safe(("x"):rep(120)), ("x"):rep(120))
end

function tests.ascii_where_it_is_asked_for()
  equal(names.safe("Łódź, Straße: Ærø µm", { ascii = true }), "Lodz_Strasse_AEro_um")
  equal(names.safe("Ju\u{308}rgen", { ascii = true }), "Jurgen")
  equal(names.safe("M 日本", { ascii = true }), "M")
end

function tests.join_leaves_out_what_is_not_there()
  equal(names.join("S1+M01", nil, "20240304", "", "left kidney"), "S1+M01_20240304_left_kidney")
  equal(names.join("a", 3), "a_3")
  equal(names.join(), "unnamed")
end

function tests.unique_counts_on_whatever_the_case()
  local taken = {}
  equal(names.unique("heart.png", taken), "heart.png")
  equal(names.unique("Heart.png", taken), "Heart_2.png")
  equal(names.unique("heart_2.png", taken), "heart_2_2.png")
  equal(names.unique("heart.png", taken), "heart_3.png")
  equal(names.unique("M.01", taken), "M.01")
  equal(names.unique("heart", taken), "heart")
end

function tests.the_host_writes_every_name()
  for _, text in ipairs { "Müller^Jörg: PET/CT", "CON", "aux.csv", "a:b", "..", ("日"):rep(100), "a\tb ." } do
    VQ.writeFile(names.safe(text), text)
    equal(VQ.readFile(names.safe(text)), text)
  end
end

function tests.what_is_no_text_is_refused()
  refused("names.safe takes text, got nil", names.safe)
  refused("names.join takes text, got table", names.join, "a", {})
  refused("longest takes a whole number from 16 to 250, got 5", names.safe, "a", { longest = 5 })
  refused("options takes a table, got true", names.safe, "a", true)
  refused("taken takes a table, got nil", names.unique, "a")
end

return tests
