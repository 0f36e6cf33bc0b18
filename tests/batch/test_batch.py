"""``vqscript batch`` as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys

import pytest

from vqscript.repository.local import LocalRepository


def test_every_study_gives_its_rows_and_is_named_in_them(bench, mice):
    bench.write()
    ended = bench.run()
    assert ended.code == 0, ended.err
    assert ended.out.startswith("3 done; ")
    rows = bench.rows()
    assert list(rows[0]) == ["study_uid", "patient_id", "patient_name", "study_date", "roi", "max", "unit"]
    assert [row["study_uid"] for row in rows] == [study["key"] for study in bench.run_json["studies"]]
    assert {row["study_uid"] for row in rows} == {mice.uid(n) for n in range(3)}
    assert all(float(row["max"]) > 0 and row["unit"] == "uCi" for row in rows)


def test_a_plain_line_per_study_when_piped(bench):
    bench.write()
    lines = bench.run("--jobs", "1").err.splitlines()
    assert lines[0] == "3 studies, 1 at a time"
    assert [line.split()[:2] for line in lines[1:]] == [["1/3", "done"], ["2/3", "done"], ["3/3", "done"]]


def test_the_log_of_a_study_holds_what_it_printed_and_was_warned_of(bench):
    bench.write("""
        function process(repo, study, batch)
          print("study " .. batch.index .. " of " .. batch.size, batch.last, batch.args.colour, args.colour)
          repo:getSeries(study)
          VQ.dicomRepository(args.repo):findStudies("/nowhere")
        end
    """)
    assert bench.run("--arg", "colour=red").code == 0
    assert [bench.log(n).splitlines()[0] for n in range(3)] == [
        f"study {n} of 3\t{'true' if n == 3 else 'false'}\tred\tred" for n in (1, 2, 3)
    ]
    assert "warning: no study is in project" in bench.log(0)
    assert "no study is in project" in bench.result(0)["warnings"][0]


def test_what_a_study_writes_lies_in_its_folder_and_is_listed(bench):
    bench.write("""
        function process(repo, study, batch)
          repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
          VQ.mainWin():saveImage("planes", 5)
          VQ.writeFile("notes/remark.txt", study.PatientID)
        end
    """)
    assert bench.run().code == 0
    for n in range(3):
        assert bench.result(n)["files"] == ["notes/remark.txt", "planes.png"]
        assert (bench.study(n) / "planes.png").stat().st_size > 1000
    assert bench.rows() == []


def test_a_number_can_be_traced_to_series_roi_object_and_script(bench, mice):
    script = bench.write("""
        function process(repo, study, batch)
          local dm = VQ.dataManager()
          repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
          repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
          dm:setUnit(1, "uCi")
          dm:convertUnit(1, "%ID/g")
          repo:mergeROIs("-names", {"Heart"})
          return VQ.currentOp():table(1)
        end
    """)
    assert bench.run().code == 0
    result = bench.result(0)
    study = bench.run_json["studies"][0]["study_uid"]
    with LocalRepository.open(mice.path) as repository:
        series = {each.modality: each.series_uid for each in repository.find_series(study)}
        objects = [point.sop_uid for point in repository.data_points(study, "roi")]
    ct, nm, rois = result["trace"]
    assert (ct["input"], ct["series_uid"], ct["study_uid"]) == (0, series["CT"], study)
    assert (nm["input"], nm["series_uid"]) == (1, series["NM"])
    assert any("%ID/g" in step for step in nm["provenance"])
    assert rois["sop_uid"] in objects
    assert rois["rois"] == ["Heart"]
    assert list(result["sources"]) == [str(script)]
    assert bench.run_json["sources"] == result["sources"]
    row = bench.rows()[0]
    assert (row["name"], row["unit"]) == ("Heart", "%ID/g")
    assert {"com_x", "com_y", "com_z"} <= set(row)


def test_parquet_has_the_same_rows_with_numbers_as_numbers(bench):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    bench.write("function process(repo, study, batch) return {roi = 'a', n = batch.index, note = '007'} end")
    assert bench.run("--parquet").code == 0
    table = parquet.read_table(bench.output / "results.parquet").to_pylist()
    assert [row["n"] for row in table] == [1, 2, 3]
    assert [row["note"] for row in table] == ["007"] * 3
    assert [row["study_uid"] for row in table] == [row["study_uid"] for row in bench.rows()]


def test_run_json_says_how_it_was_made(bench):
    bench.write()
    bench.run("--arg", "day=2", "--user", "anovicki", "--where", "-idfilter M*")
    run = bench.run_json
    assert (run["state"], run["args"], run["creator"], run["where"]) == (
        "done",
        {"day": "2"},
        "anovicki",
        "-idfilter M*",
    )
    assert run["started"] <= run["finished"]
    assert {"vqscript", "python", "numpy", "pydicom", "lupa"} <= set(run["versions"])
    assert [study["state"] for study in run["studies"]] == ["done"] * 3


# Failures -----------------------------------------------------------------------------------


def test_a_script_error_costs_its_study_only(bench):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 2 then local x = nil; return x.y end
          return {index = batch.index}
        end
    """)
    ended = bench.run()
    assert ended.code == 1
    assert "2 done, 1 failed" in ended.out
    assert [row["index"] for row in bench.rows()] == ["1", "3"]
    failure = bench.result(1)["failure"]
    assert failure["message"].startswith(f"{bench.script}:3: attempt to index a nil value")
    assert failure["message"] in bench.log(1)
    assert [study["state"] for study in bench.run_json["studies"]] == ["done", "failed", "done"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_worker_that_is_killed_costs_its_study_only(bench, until):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 1 then
            VQ.writeFile("working", "1")
            while true do end
          end
          return {index = batch.index}
        end
    """)
    process = bench.start("--jobs", "1")
    until(lambda: any(bench.output.glob("studies/*/working")))
    os.kill(_child_of(process.pid), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "SIGKILL" in err
    assert [row["index"] for row in bench.rows()] == ["2", "3"]
    assert bench.result(0)["failure"]["kind"] == "WorkerLost"


def test_a_hang_ends_at_the_time_limit(bench):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 1 then while true do pcall(function() end) end end
          return {index = batch.index}
        end
    """)
    assert bench.run("--time-limit", "2").code == 1
    assert "time limit" in bench.result(0)["failure"]["message"]
    assert [row["index"] for row in bench.rows()] == ["2", "3"]


def test_too_much_memory_costs_its_study_only(bench):
    bench.write("""
        function process(repo, study, batch)
          local all = {}
          while batch.index == 1 do all[#all + 1] = ("x"):rep(1000000) .. #all end
          return {index = batch.index}
        end
    """)
    assert bench.run("--memory-limit", "64M").code == 1
    assert "memory" in bench.result(0)["failure"]["message"]
    assert [row["index"] for row in bench.rows()] == ["2", "3"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits a process's memory")
def test_too_many_voxels_cost_their_study_only(bench):
    bench.write("""
        function process(repo, study, batch)
          repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
          while batch.index == 1 do VQ.dataManager():duplicate(0) end
          return {index = batch.index}
        end
    """)
    assert bench.run("--memory-limit", "128M").code == 1
    assert bench.result(0)["failure"]["kind"] == "MemoryError"
    assert [row["index"] for row in bench.rows()] == ["2", "3"]


def test_a_hang_that_lua_cannot_hear_of_ends_with_its_worker(bench):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 1 then (("a"):rep(100)):find((".-"):rep(50) .. "b") end
          return {index = batch.index}
        end
    """)
    assert bench.run("--time-limit", "1").code == 1
    assert bench.result(0)["failure"]["kind"] == "WorkerLost"
    assert "did not stop at its time limit" in bench.result(0)["failure"]["message"]
    assert "time limit" in bench.log(0)
    assert [row["index"] for row in bench.rows()] == ["2", "3"]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("{study_uid = 'mine'}", 'the field "study_uid" is a column that is added to every row'),
        ("{{roi = 'a'}, {patient_id = 1}}", 'row 2 of what process returned: the field "patient_id"'),
        ("5", "row 1 of what process returned is 5"),
        ("{{1, 2}, {3}}", "row 1 of what process returned is a list"),
        ("{nested = {a = {b = 1}}}", 'the field "nested" is a table of fields'),
        ("{com = {1, 2, 3}, com_x = 1}", 'the field "com_x" is there twice'),
        ("{f = print}", "what process returned takes a plain value, got a function"),
    ],
)
def test_rows_that_cannot_be_are_refused(bench, returned, said):
    bench.write(f"function process() return {returned} end")
    assert bench.run().code == 1
    assert said in bench.result(0)["failure"]["message"] + bench.result(0)["failure"]["hint"]


def test_what_is_wrong_with_the_script_is_told_before_any_study(bench):
    bench.write("function process( end")
    ended = bench.run()
    assert ended.code == 1
    assert "quantify.lua:1:" in ended.err
    assert not (bench.output / "studies").exists()


def test_a_script_that_loops_itself_is_refused_without_being_run(bench):
    bench.write('VQ.writeFile("ran", "1")')
    ended = bench.run()
    assert ended.code == 2
    assert "defines no function process(repo, study, batch)" in ended.err
    assert "vqscript run" in ended.err
    assert not list(bench.output.rglob("ran"))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--where", "-nmefilter x"], 'did you mean "-namefilter"?'),
        (["--where", "-namefilter M* -idfilter"], "-idfilter has no value"),
        (["--where", "-datestart 2024"], 'datestart "2024" is no date'),
        (["--project", "/nowhere"], "the projects are: /demo/mice"),
        (["--jobs", "0"], "no number of processes"),
        (["--time-limit", "soon"], '--time-limit takes a time, got "soon"'),
        (["--resume", "--fresh"], "not allowed with"),
    ],
)
def test_wrong_flags_are_told_and_nothing_is_done(bench, flags, said):
    bench.write()
    ended = bench.run(*flags)
    assert ended.code in (1, 2)
    assert said in ended.err
    assert not (bench.output / "studies").exists()


def test_a_folder_that_is_none_of_a_batch_is_left_alone(bench):
    bench.write()
    bench.output.mkdir()
    (bench.output / "thesis.doc").write_text("years of work")
    for flags in ((), ("--fresh",)):
        ended = bench.run(*flags)
        assert ended.code == 2
        assert "no folder of a batch" in ended.err
    assert [path.name for path in bench.output.iterdir()] == ["thesis.doc"]


def test_a_folder_whose_batch_was_killed_while_it_was_made_can_be_used(bench):
    (bench.output / ".batch").mkdir(parents=True)
    (bench.output / ".batch" / ".id.1234.part").touch()
    bench.write()
    assert _runs(bench)["done"] == 3


def test_output_inside_a_repository_is_refused(own_bench):
    own_bench.write()
    own_bench.output = own_bench.repo / "out"
    assert "lies in the repository" in own_bench.run().err
    assert not own_bench.output.exists()


# setup, summary, patients -------------------------------------------------------------------


def test_setup_runs_before_process_and_its_error_ends_the_batch(bench):
    bench.write("""
        function setup(batch) factor = tonumber(batch.args.factor) or VQ.fail("no factor", "--arg factor=2") end
        function process(repo, study, batch) return {value = 10 * factor} end
    """)
    ended = bench.run()
    assert ended.code == 1
    assert "no factor" in ended.err
    assert "hint: --arg factor=2" in ended.err
    assert bench.run("--arg", "factor=2").code == 0
    assert [row["value"] for row in bench.rows()] == ["20"] * 3


def test_summary_gets_all_rows_and_makes_a_table_of_its_own(bench):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 2 then VQ.fail("not this one") end
          return {value = batch.index}
        end
        function summary(rows, batch)
          local sum = 0
          for _, row in ipairs(rows) do sum = sum + row.value end
          VQ.writeFile("sum.txt", tostring(sum))
          return {sum = sum, of = #rows, studies = batch.size}
        end
    """)
    assert bench.run().code == 1
    assert bench.rows("summary.csv") == [{"of": "2", "studies": "3", "sum": "4"}]
    assert (bench.output / "summary" / "sum.txt").read_text() == "4"
    bench.write()
    assert bench.run().code == 0
    assert not (bench.output / "summary").exists() and not (bench.output / "summary.csv").exists()


def test_an_error_in_summary_is_told_and_costs_no_row(bench):
    bench.write("function process(r, s, batch) return {n = batch.index} end function summary() VQ.fail('no sum') end")
    ended = bench.run()
    assert ended.code == 1 and "no sum" in ended.err
    assert len(bench.rows()) == 3
    assert bench.run_json["state"] == "failed" and "no sum" in bench.run_json["failure"]


def test_by_patient_a_task_has_all_studies_of_one(bench, mice):
    bench.write("""
        function process(repo, studies, batch)
          local rows = {{roi = "both", n = #studies}}
          for _, study in ipairs(studies) do rows[#rows + 1] = {roi = "one", study = study, n = batch.size} end
          return rows
        end
    """)
    ended = bench.run("--by", "patient", "--jobs", "1")
    assert ended.code == 0
    assert ended.err.startswith("2 patients with 3 studies, 1 at a time\n")
    rows = bench.rows()
    both = next(row for row in rows if row["n"] == "2" and row["roi"] == "both")
    assert set(both["study_uid"].split(";")) == {mice.uid(0), mice.uid(1)}
    assert both["patient_id"].count(";") == 0
    assert {row["study_uid"] for row in rows if row["roi"] == "one"} == {mice.uid(n) for n in range(3)}


# Going on -----------------------------------------------------------------------------------


def _runs(bench, *flags) -> dict[str, int]:
    ended = bench.run("--json", *flags)
    assert ended.code in (0, 1), ended.err
    found = json.loads(ended.out)
    return {name: found[name] for name in ("kept", "done", "failed")}


def test_a_rerun_does_nothing_where_nothing_changed(bench):
    bench.write()
    assert _runs(bench) == {"kept": 0, "done": 3, "failed": 0}
    before = (bench.output / "results.csv").read_bytes()
    assert _runs(bench) == {"kept": 3, "done": 0, "failed": 0}
    assert (bench.output / "results.csv").read_bytes() == before


@pytest.mark.parametrize("what", ["script", "include", "text", "argument", "answer", "user"])
def test_a_rerun_does_all_again_where_that_changed(bench, what):
    (bench.folder / "tools.lua").write_text("function tool() return 1 end")
    (bench.folder / "doses.csv").write_text("a,1")
    code = """#include "tools.lua"
        function process() return {value = tool(), dose = #VQ.readFile("doses.csv")} end
    """
    bench.write(code)
    assert _runs(bench)["done"] == 3
    flags: tuple[str, ...] = ()
    if what == "script":
        bench.write(code + "-- remark")
    elif what == "include":
        (bench.folder / "tools.lua").write_text("function tool() return 2 end")
    elif what == "text":
        (bench.folder / "doses.csv").write_text("a,1000")
    else:
        flags = {"argument": ("--arg", "a=1"), "answer": ("--answer", "a=1"), "user": ("--user", "else")}[what]
    assert _runs(bench, *flags) == {"kept": 0, "done": 3, "failed": 0}
    if what == "include":
        assert [row["value"] for row in bench.rows()] == ["2"] * 3


def test_a_new_instance_or_data_point_has_its_study_done_again(own_bench, mice):
    from vqscript.session.subject import set_subject

    own_bench.write()
    assert _runs(own_bench)["done"] == 3
    with LocalRepository.open(own_bench.repo) as repository:
        set_subject(repository, mice.uid(1), creator="somebody", dose="200 uCi")
    assert _runs(own_bench) == {"kept": 2, "done": 1, "failed": 0}


def test_another_study_that_the_script_looks_into_counts_too(own_bench, mice):
    from vqscript.session.subject import set_subject

    own_bench.write("""
        function process(repo, study, batch)
          local all = repo:getStudies()
          return {points = batch.index == 3 and #repo.dcmRep:dataPoints(all[1], "subject") or 0}
        end
    """)
    assert _runs(own_bench)["done"] == 3
    assert _runs(own_bench)["kept"] == 3
    with LocalRepository.open(own_bench.repo) as repository:
        set_subject(repository, mice.uid(0), creator="somebody", dose="200 uCi")
    points = int(own_bench.rows()[2]["points"])
    assert _runs(own_bench) == {"kept": 1, "done": 2, "failed": 0}
    assert int(own_bench.rows()[2]["points"]) == points + 1


@pytest.mark.parametrize("form", ["file", "folder"])
def test_an_image_that_is_opened_by_its_path_counts_too(own_bench, mice, form):
    source = own_bench.folder / ("atlas.nii.gz" if form == "file" else "atlas")
    own_bench.write(f"""
        function process(repo, study, batch)
          if batch.index == 2 then VQ.dataManager():open("{source.name}", 0) end
          return {{n = batch.index}}
        end
    """)
    _save_ct(own_bench.repo, mice, source)
    assert _runs(own_bench)["done"] == 3
    assert _runs(own_bench)["kept"] == 3
    if form == "file":
        source.unlink()
    else:
        shutil.rmtree(source)
    _save_ct(own_bench.repo, mice, source, times=2.0)
    assert _runs(own_bench) == {"kept": 2, "done": 1, "failed": 0}


def _save_ct(repo, mice, target, times: float = 1.0) -> None:
    """Save the CT of a mouse outside its repository."""
    from vqscript.session import Session

    session = Session()
    with LocalRepository.open(repo) as repository:
        uid = mice.uid(0)
        (series,) = (each for each in repository.find_series(uid) if each.modality == "CT")
        session.open(repository.fetch(uid, series.series_uid), 0, repository)
        session.arithmetics.scalar("mult", 0, times)
        session.save(0, target)


def test_what_changes_while_it_is_read_is_read_again(bench, until):
    (bench.folder / "doses.csv").write_text("a,1")
    bench.write("""
        function process(repo, study, batch)
          local read = VQ.readFile("doses.csv")
          if batch.index == 2 then VQ.writeFile("working", "1") while not VQ.fileExists("go") do end end
          return {n = #read}
        end
    """)
    process = bench.start("--jobs", "1")
    until(lambda: any(bench.output.glob("studies/*/working")))
    (bench.folder / "doses.csv").write_text("a,1000")
    (bench.folder / "go").touch()
    process.communicate(timeout=240)
    assert [row["n"] for row in bench.rows()] == ["3", "3", "6"]
    assert _runs(bench) == {"kept": 1, "done": 2, "failed": 0}
    assert [row["n"] for row in bench.rows()] == ["6"] * 3


@pytest.mark.parametrize("lost", ["planes.png", "result.json", "all"])
def test_a_result_that_is_not_complete_is_made_again(bench, lost):
    bench.write("""
        function process(repo, study, batch)
          repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
          VQ.mainWin():saveImage("planes", 1)
          return {n = batch.index}
        end
    """)
    _runs(bench)
    if lost == "all":
        shutil.rmtree(bench.study(1))
    else:
        (bench.study(1) / lost).unlink()
    assert _runs(bench) == {"kept": 2, "done": 1, "failed": 0}
    assert [row["n"] for row in bench.rows()] == ["1", "2", "3"]


def test_a_failed_study_is_tried_again_and_what_it_left_is_gone(bench):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 2 and not VQ.fileExists("mended") then VQ.writeFile("half.txt", "") VQ.fail("broken") end
          return {n = batch.index}
        end
    """)
    assert _runs(bench) == {"kept": 0, "done": 2, "failed": 1}
    assert (bench.study(1) / "half.txt").exists()
    (bench.folder / "mended").touch()
    assert _runs(bench) == {"kept": 2, "done": 1, "failed": 0}
    assert not (bench.study(1) / "half.txt").exists()
    assert [row["n"] for row in bench.rows()] == ["1", "2", "3"]


def test_fresh_forgets_what_was_there_and_nothing_else(bench):
    bench.write()
    _runs(bench)
    (bench.output / "mine.txt").write_text("keep")
    assert _runs(bench, "--fresh") == {"kept": 0, "done": 3, "failed": 0}
    assert (bench.output / "mine.txt").read_text() == "keep"


def test_two_batches_in_one_folder_do_not_mix(bench, until):
    bench.write("""
        function process(repo, study, batch)
          VQ.writeFile("working", "1")
          while not VQ.fileExists("go") do end
        end
    """)
    first = bench.start("--jobs", "1")
    until(lambda: any(bench.output.glob("studies/*/working")))
    second = bench.run("--jobs", "1")
    assert second.code == 2
    assert "another batch is at work" in second.err
    (bench.folder / "go").touch()
    first.communicate(timeout=120)
    assert first.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_kill_end_with_130_and_keep_what_is_done(bench, until, told):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 2 then VQ.writeFile("working", "1") while not VQ.fileExists("go") do end end
          return {n = batch.index}
        end
    """)
    process = bench.start("--jobs", "1")
    until(lambda: any(bench.output.glob("studies/*/working")))
    process.send_signal(told)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert [row["n"] for row in bench.rows()] == ["1"]
    assert bench.run_json["state"] == "interrupted"
    (bench.folder / "go").touch()
    assert _runs(bench) == {"kept": 1, "done": 2, "failed": 0}
    assert [row["n"] for row in bench.rows()] == ["1", "2", "3"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_after_kill_9_of_the_parent_a_rerun_finishes_the_rest(bench, until):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 2 then VQ.writeFile("working", "1") while not VQ.fileExists("go") do end end
          return {n = batch.index}
        end
    """)
    process = bench.start("--jobs", "1")
    until(lambda: any(bench.output.glob("studies/*/working")))
    child = _child_of(process.pid)
    process.kill()
    process.communicate()
    status = bench.ask("status", str(bench.output))
    assert "1 done, 0 failed, 2 waiting of 3; stopped before its end" in status.out
    assert status.code == 130
    until(lambda: not _alive(child))
    (bench.folder / "go").touch()
    assert _runs(bench) == {"kept": 1, "done": 2, "failed": 0}
    assert [row["n"] for row in bench.rows()] == ["1", "2", "3"]


# Writing into the repository ----------------------------------------------------------------

SUBMITS = """
function process(repo, study, batch)
  local dm = VQ.dataManager()
  repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
  repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
  local before = #repo.dcmRep:dataPoints(study, "roi")
  local names = repo:mergeROIs("-names", {"Heart"})
  repo:submitROIs()
  repo:store(1)
  if batch.index == 2 and not VQ.fileExists("mended") then VQ.fail("after sending") end
  return {before = before, after = #repo.dcmRep:dataPoints(study, "roi"), series = #repo:getSeries(study)}
end
"""


def test_what_a_batch_stores_is_no_input_of_it_and_is_stored_once(own_bench, mice):
    def count() -> list[int]:
        with LocalRepository.open(own_bench.repo) as repository:
            return [len(repository.instances(mice.uid(n))) for n in range(3)]

    before = count()
    own_bench.write(SUBMITS)
    assert _runs(own_bench) == {"kept": 0, "done": 2, "failed": 1}
    after = count()
    assert [b - a for a, b in zip(before, after, strict=True)] == [4] * 3  # SEG, two SRs, one NM series
    (own_bench.folder / "mended").touch()
    assert _runs(own_bench) == {"kept": 2, "done": 1, "failed": 0}
    assert count() == after
    rows = own_bench.rows()
    assert len({(int(row["after"]) - int(row["before"])) for row in rows}) == 1
    assert _runs(own_bench) == {"kept": 3, "done": 0, "failed": 0}


def test_files_that_a_script_makes_and_stores_are_stored_once(own_bench, mice):
    own_bench.write("""
        function process(repo, study, batch)
          repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 0)
          VQ.dataManager():save(0, "derived")
          local stored = repo.dcmRep:store("derived")
          if batch.index == 2 and not VQ.fileExists("mended") then VQ.fail("after sending") end
          return {stored = stored, series = #repo:getSeries(study)}
        end
    """)
    assert _runs(own_bench) == {"kept": 0, "done": 2, "failed": 1}
    with LocalRepository.open(own_bench.repo) as repository:
        held = set(repository.instances(mice.uid(1)))
    (own_bench.folder / "mended").touch()
    assert _runs(own_bench) == {"kept": 2, "done": 1, "failed": 0}
    with LocalRepository.open(own_bench.repo) as repository:
        assert set(repository.instances(mice.uid(1))) == held
    assert [row["stored"] for row in own_bench.rows()] == ["1"] * 3


def test_a_fresh_batch_stores_anew(own_bench, mice):
    own_bench.write(SUBMITS)
    (own_bench.folder / "mended").touch()
    _runs(own_bench)
    with LocalRepository.open(own_bench.repo) as repository:
        first = len(repository.instances(mice.uid(0)))
    _runs(own_bench, "--fresh")
    with LocalRepository.open(own_bench.repo) as repository:
        assert len(repository.instances(mice.uid(0))) == first + 4


# status and report --------------------------------------------------------------------------


def test_status_says_how_far_it_is_and_why_studies_failed(bench):
    bench.write("function process(repo, study, batch) if batch.index == 2 then VQ.fail('no dose') end end")
    bench.run()
    ended = bench.ask("status", str(bench.output))
    assert ended.code == 1
    assert ended.out.startswith("2 done, 1 failed, 0 waiting of 3\n")
    assert "no dose" in ended.out
    found = json.loads(bench.ask("status", str(bench.output), "--json").out)
    assert [study["state"] for study in found["studies"]] == ["done", "failed", "done"]


def test_report_makes_tables_again_from_the_records(bench):
    bench.write()
    bench.run()
    before = (bench.output / "results.csv").read_bytes()
    (bench.output / "results.csv").unlink()
    (bench.output / "report.html").unlink()
    assert bench.ask("report", str(bench.output)).code == 0
    assert (bench.output / "results.csv").read_bytes() == before
    assert (bench.output / "report.html").exists()


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_folder_without_a_batch_is_told(bench, verb):
    ended = bench.ask(verb, str(bench.folder))
    assert ended.code == 1
    assert "holds no batch" in ended.err
    assert f"batch {verb} needs the folder" in bench.ask(verb).err


def _child_of(pid: int) -> int:
    """Return the worker of a batch with one: the other child is the resource tracker of multiprocessing."""
    from pathlib import Path

    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and b"spawn_main" in command:
            children.append(int(stat.parent.name))
    (child,) = children
    return child


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
