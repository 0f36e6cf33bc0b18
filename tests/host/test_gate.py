"""The one gate for paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vqscript import config
from vqscript.errors import PermissionDenied, UsageError
from vqscript.host import paths
from vqscript.host.gate import Gate
from vqscript.host.permits import make_gate
from vqscript.names import fault
from vqscript.repository.local import LocalRepository
from vqscript.session import Session


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    return folder


def test_relative_paths_that_are_written_land_in_the_output(home):
    home.run('VQ.writeFile("a/notes.txt", "µ") assert(VQ.readFile("a/notes.txt") == "µ")')
    assert (home.output / "a" / "notes.txt").read_text(encoding="utf-8") == "µ"


def test_the_output_is_made_only_when_something_is_written(home):
    home.run('assert(not VQ.fileExists("x.txt") and not VQ.folderExists("pictures")) print(VQ.output)')
    assert not home.output.exists()
    home.run('VQ.mkdir(".", "pictures")')
    assert (home.output / "pictures").is_dir()


WRITES = ["../out.txt", "a/../../out.txt", "{elsewhere}/x.txt", "link/x.txt", "~/x.txt", "{scripts}/main.lua"]


@pytest.mark.parametrize("target", WRITES)
def test_writing_outside_names_the_flag(home, refusal, elsewhere, target):
    home.output.mkdir()
    (home.output / "link").symlink_to(elsewhere)
    kind, message, hint = refusal(f"VQ.writeFile('{target.format(elsewhere=elsewhere, scripts=home.folder)}', 'x')")
    assert kind == "PermissionDenied"
    assert "the script may not write" in message
    assert "--allow-write" in hint
    assert [path.name for path in elsewhere.iterdir()] == ["secret.txt"]


@pytest.mark.parametrize("target", ["", "   ", "a\\0b", "//server/share/x", "\\\\\\\\server\\\\x", "/\\\\server/x"])
@pytest.mark.parametrize("call", ["VQ.writeFile('{}', 'x')", "VQ.readFile('{}')", "VQ.dataManager():open('{}')"])
def test_what_is_no_path_is_refused(refusal, call, target):
    kind, message, _ = refusal(call.format(target))
    assert kind in ("PermissionDenied", "UsageError")
    assert "path" in message


@pytest.mark.skipif(os.name == "nt", reason="there it is a path like any other")
@pytest.mark.parametrize("target", ["C:/path/to/local/folder/x", "d:\\\\pictures\\\\x"])
def test_a_path_of_windows_makes_no_folder_called_c(home, refusal, target):
    kind, message, hint = refusal(f"VQ.writeFile('{target}', 'x')")
    assert (kind, "path of Windows" in message, "relative" in hint) == ("UsageError", True, True)
    assert not home.output.exists()


def test_a_flag_allows_writing_elsewhere(home, elsewhere):
    home.run(f'VQ.writeFile("{elsewhere}/x.txt", "x")', write=[elsewhere])
    assert (elsewhere / "x.txt").read_text() == "x"


def test_the_scripts_own_folder_is_never_written(home):
    with pytest.raises(PermissionDenied, match="own folder"):
        Gate(home.folder, home.folder).write("main.lua")
    with pytest.raises(PermissionDenied, match="own folder"):
        Gate(home.output, home.folder, write=[home.folder]).write(str(home.folder / "main.lua"))
    assert Gate(home.output, home.folder).write("x.txt") == home.output / "x.txt"


BESIDE = {  # the name of the output folder with an ending, or something that is built beside it, is not in it
    "writeFile": "VQ.writeFile(path, 'x')",
    "saveImage": "mw:saveImage(path, 1)",
    "saveMovie": "mw:saveMovie(path)",
    "saveSession": "mw:saveSession(path)",
    "save NIfTI": "dm:save(0, path, 'NIfTI')",
    "save DICOM": "dm:save(0, path)",
    "exportTable": "roi:exportTable(path)",
}


@pytest.mark.parametrize("call", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("path", ["'.'", "'sub/..'", "VQ.output"])
def test_nothing_is_written_beside_the_output_folder_under_its_name(home, call, path):
    code = f"""
        local dm, mw, path = VQ.dataManager(), VQ.mainWin(), {path}
        mw:setViewMode("Slice View", "3D ROI Tool")
        local roi = VQ.currentOp()
        local ok, e = pcall(function() {call} end)
        print(ok, e.type, e.message)"""
    (line,) = home.run(code)
    assert line.startswith("false\tUsageError\t")
    assert line.endswith("is the folder to write into")
    assert sorted(entry.name for entry in home.folder.iterdir()) == ["main.lua"]


@pytest.mark.parametrize("path", ["'.'", "VQ.output"])
def test_rois_go_into_the_output_folder_itself(desk, mice, path):
    desk.load(mice, 0, "CT")
    desk.run(f"""
        VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
        VQ.currentOp():addROI("Box", "#ff0000")
        VQ.currentOp():save({path})""")
    assert [entry.name for entry in desk.output.iterdir()] == ["rois.rmha"]


def test_a_file_that_was_allowed_may_be_written_a_folder_only_in(home, elsewhere):
    home.run(f'VQ.writeFile("{elsewhere}/new.txt", "x")', write=[elsewhere / "new.txt"])
    for folder in (elsewhere, elsewhere / "new"):
        with pytest.raises(UsageError, match="is the folder to write into"):
            Gate(home.output, write=[folder]).write(str(folder))


@pytest.mark.parametrize("opened", [True, False])
def test_a_repository_is_never_written(home, lab, opened):
    """Neither one that the script opened nor one that it only knows of."""
    code = f"""
        {f'VQ.dicomRepository("{lab}")' if opened else ""}
        local ok, e = pcall(VQ.writeFile, "{home.folder / lab}/index.sqlite", "x")
        print(e.type, e.message:match("is a repository") ~= nil)"""
    assert home.run(code, write=[home.folder / lab]) == ["PermissionDenied\ttrue"]


def test_the_configuration_is_never_written(home):
    config = home.output / "vqscript.toml"
    with pytest.raises(PermissionDenied, match="the configuration"):
        Gate(home.output, home.folder, protected=[config]).write("vqscript.toml")


def test_text_is_read_in_the_scripts_folder_the_current_one_and_the_output(home, elsewhere, monkeypatch):
    home.write("beside.txt", "beside")
    work = home.folder.parent / "work"
    work.mkdir()
    (work / "here.txt").write_text("here")
    monkeypatch.chdir(work)
    code = 'VQ.writeFile("written.txt", "written") print(VQ.readFile("beside.txt"), VQ.readFile("here.txt"))'
    assert home.run(code + ' print(VQ.readFile("written.txt"))') == ["beside\there", "written"]


@pytest.mark.parametrize("call", ["readFile", "fileExists", "folderExists"])
def test_reading_elsewhere_names_the_flag(home, refusal, elsewhere, call):
    (home.folder / "link").symlink_to(elsewhere)
    for path in (elsewhere / "secret.txt", "link/secret.txt", "../elsewhere/secret.txt"):
        kind, message, hint = refusal(f"VQ.{call}('{path}')")
        assert kind == "PermissionDenied"
        assert str(path) in message
        assert f"--allow-read {elsewhere}" in hint


def test_a_flag_allows_reading_elsewhere(home, elsewhere):
    code = f'print(VQ.readFile("{elsewhere}/secret.txt"))'
    assert home.run(code, read=[elsewhere]) == ["secret"]
    assert home.run(code, read=[elsewhere / "secret.txt"]) == ["secret"]


def test_a_home_folder_that_is_not_there_is_no_crash(home):
    with pytest.raises(UsageError, match="is no path"):
        Gate(home.output).read("~no-such-user-here/x")


def test_images_are_read_anywhere(refusal, elsewhere):
    kind, message, _ = refusal(f"VQ.dataManager():open('{elsewhere}')")
    assert kind != "PermissionDenied"
    assert str(elsewhere) in message


def test_a_hard_link_in_the_output_is_replaced_not_written_through(home, elsewhere):
    home.output.mkdir()
    (home.output / "link.txt").hardlink_to(elsewhere / "secret.txt")
    home.run('VQ.writeFile("link.txt", "x")')
    assert (elsewhere / "secret.txt").read_text() == "secret"


def test_a_link_that_is_swapped_in_behind_the_check_is_replaced_not_followed(home, elsewhere):
    """What another process could do in the output folder between the check and the writing."""
    home.output.mkdir()
    path = Gate(home.output).write("x.txt")
    path.symlink_to(elsewhere / "secret.txt")
    from vqscript.session.files import write_text

    write_text(path, "x")
    assert (elsewhere / "secret.txt").read_text() == "secret"
    assert not path.is_symlink() and path.read_text() == "x"


def test_a_session_is_not_saved_through_a_link(home, mice, elsewhere):
    """The gate checks the name that is given; what the ending makes of it may be a link."""
    home.output.mkdir()
    (elsewhere / "session.json").write_text("{}")
    (home.output / "mine.vqsession").symlink_to(elsewhere)
    home.run(f"""
        local repository = VQ.dicomRepository("{mice.path}")
        local study = repository:findStudies()[1]
        VQ.dataManager():open(repository:fetch(study, repository:findSeries(study, "-modality", "CT")[1]), 0)
        VQ.mainWin():saveSession("mine")""")
    assert (elsewhere / "session.json").read_text() == "{}"
    assert not (home.output / "mine.vqsession").is_symlink()


@pytest.mark.parametrize("name", ["con", "NUL.txt", "Com1.png", "a.txt:b", "x.", "x ", "what?.png", "a\\nb", "dir./x"])
def test_names_that_only_some_systems_take_are_refused_on_all(home, refusal, name):
    kind, message, hint = refusal(f'VQ.writeFile("{name}", "x")')
    assert (kind, "no name for a file" in message) == ("UsageError", True)
    assert "names" in hint
    assert not home.output.exists()


def test_only_what_the_script_adds_to_an_allowed_folder_is_looked_at(home):
    """A user's own folder may be called what it likes."""
    output = home.folder / "run 10:30."
    assert Gate(output).write("x.txt") == output / "x.txt"


@pytest.mark.parametrize(
    ("name", "faulty"),
    [
        ("CONIN$", True),
        ("lpt³.log", True),
        ("con .txt", True),
        ("console", False),
        ("µ 日本.png", False),
        (".x", False),
    ],
)
def test_names_of_devices(name, faulty):
    assert bool(fault(name)) == faulty


@pytest.mark.skipif(os.name == "nt", reason="has no such files")
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin", "/proc/self/environ", "/proc/self/fd/0", "/sys", "pipe"])
@pytest.mark.parametrize("call", ["VQ.dataManager():open('{}')", "VQ.readFile('{}')"])
def test_devices_and_pipes_are_no_files(home, refusal, call, target):
    os.mkfifo(home.folder / "pipe")
    kind, message, _ = refusal(call.format(target))
    assert (kind, target in message) == ("PermissionDenied", True)


def test_what_is_protected_is_so_by_every_spelling(home, elsewhere):
    """As on disks where case does not matter: another name of the same folder is the same folder."""
    (home.folder / "same").symlink_to(elsewhere)
    assert paths.truly_inside(home.folder / "same" / "x" / "y", elsewhere)
    assert not paths.truly_inside(home.folder / "other", elsewhere)
    assert not paths.truly_inside(home.folder, home.folder / "absent")


# Repositories -----------------------------------------------------------------------------


STORING = """
    local repository = VQ.dicomRepository("{}")
    local study = repository:findStudies()[1]
    VQ.dataManager():open(repository:fetch(study, repository:findSeries(study, "-modality", "NM")[1]), 0)
    VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
    VQ.currentOp():addROI("Box", "#ff0000")
    VQ.currentOp():threshold(1, 0, -1, 1e9)
    """
WAYS = {
    "store": "repository:store(0)",
    "store files": 'repository:store("{}")',
    "submitROIs": "repository:submitROIs()",
    "setSubject": 'repository:setSubject(study, {{weight = "24 g"}})',
    "ipacs": 'require("ipacs").iPACS("{}"):submitROIs()',
    "preProcess": 'VQ.currentOp():clearAllROIs() VQ.preProcess("storeData=true")',
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_repository_that_only_the_script_names_is_read_but_not_stored_into(home, mice, tmp_path, way):
    lab = mice.copied(tmp_path / "lab.repo").path
    before = files(lab)
    code = (
        STORING.format(lab)
        + f"""
        VQ.mainWin():setViewMode("Slice View", "Arithmetics")
        VQ.currentOp():scalarMult(0, 2, "uCi")
        VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
        local ok, e = pcall(function() {way.format(lab)} end)
        print(ok, e and e.type, e and e.message, e and e.hint)"""
    )
    (line,) = home.run(code)
    assert line.startswith(f"false\tPermissionDenied\tthe script may not store into the repository {lab}\t")
    assert f"--allow-write {lab}" in line and "--repo" in line
    assert files(lab) == before
    for allowed in ({"repositories": [lab]}, {"write": [lab]}, {"write": [lab.parent]}):
        (line,) = home.run(code, **allowed)
        assert line.startswith("true"), line


def files(folder):
    return sorted(path for path in folder.rglob("*.dcm"))


def test_storing_is_not_allowed_because_the_repository_lies_in_the_output(home, mice):
    lab = mice.copied(home.output / "lab.repo").path
    (line,) = home.run(STORING.format(lab) + "print(select(2, pcall(repository.store, 0)).type)")
    assert line == "PermissionDenied"


@pytest.mark.parametrize(
    "url",
    [
        "https://pacs.example.org/dicom-web",
        "dimse://ARCHIVE@pacs.example.org:104",
        "HTTPS://user:secret@PACS.example.org./x",
        "https://allowed.example.org@pacs.example.org/",
        "orthanc://pacs.example.org:8042",
    ],
)
def test_a_host_that_nobody_named_is_not_reached(home, refusal, url):
    kind, message, hint = refusal(f"VQ.dicomRepository('{url}')")
    assert kind == "PermissionDenied"
    assert "may not reach pacs.example.org" in message
    assert "--allow-net pacs.example.org" in hint and "--repo" in hint
    assert "secret" not in message + hint


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ({"hosts": ["pacs.example.org"]}, "https://pacs.example.org:8443/x"),
        ({"hosts": ["pacs.example.org:104"]}, "dimse://A@pacs.example.org:104"),
        ({"hosts": ["[::1]:104"]}, "dimse://A@[::1]:104"),
        ({"repositories": ["https://pacs.example.org/dicom-web"]}, "https://pacs.example.org/other"),
    ],
)
def test_a_host_that_was_named_is_asked(home, allowed, url):
    """The gate lets it pass; what is wrong with the URL is told by who reads it next."""
    code = f"local ok, e = pcall(VQ.dicomRepository, '{url}') print(e.type, e.message:match('cannot be reached by'))"
    assert home.run(code, **allowed) == ["UsageError\tcannot be reached by"]


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("dicom://A@pacs.example.org", "dicom://B@PACS.example.org:104"),
        ("dicoms://A@pacs.example.org:2762", "dicoms://A@pacs.example.org"),
        ("orthanc+http://pacs.example.org", "dicomweb+http://pacs.example.org:80/x"),
        ("orthanc+https://pacs.example.org:443", "orthanc+https://pacs.example.org."),
    ],
)
def test_the_usual_port_is_the_same_written_or_not(home, named, url):
    gate = Gate(home.output, repositories=[named])
    gate.reach(url)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ({"hosts": ["pacs.example.org:104"]}, "dimse://A@pacs.example.org:105"),
        ({"hosts": ["example.org"]}, "https://pacs.example.org/"),
        ({"hosts": ["pacs.example.org"]}, "https://pacs.example.org.evil.net/"),
        ({"repositories": ["https://localhost/dicom-web"]}, "https://localhost:6379/"),
        ({"repositories": ["dicom://A@pacs.example.org"]}, "orthanc+http://pacs.example.org"),
        ({"repositories": ["dicom://A@pacs.example.org"]}, "dicoms://A@pacs.example.org"),
        ({"repositories": ["orthanc+https://pacs.example.org"]}, "orthanc+http://pacs.example.org"),
        ({"repositories": ["orthanc+https://pacs.example.org"]}, "dicomweb+https://pacs.example.org:8443/x"),
        ({"hosts": ["pacs.example.org:80"]}, "orthanc+https://pacs.example.org"),
    ],
)
def test_another_port_or_host_is_another_host(home, allowed, url):
    code = f"local ok, e = pcall(VQ.dicomRepository, '{url}') print(e.type)"
    assert home.run(code, **allowed) == ["PermissionDenied"]


@pytest.mark.parametrize(
    "url",
    [
        "https://allowed.org\\\\@evil.org/",
        "https://evil.org /",
        "https:///x",
        "https://[::1/",
        "dimse://a:b:c",
        "https://evil.org:port/",
        "ht\\ntps://evil.org",
    ],
)
def test_what_is_no_url_is_refused(refusal, url):
    kind, message, _ = refusal(f"VQ.dicomRepository('{url}')")
    assert kind in ("UsageError", "PermissionDenied")
    assert "no URL" in message or "may not reach" in message


@pytest.mark.parametrize("text", ["", "https://pacs.example.org", "pacs/x", "user@pacs", "a b"])
def test_allow_net_takes_a_host(home, text):
    with pytest.raises(UsageError):
        Gate(home.output, hosts=[text])


@pytest.mark.parametrize(
    "text", ["//server/share/lab.repo", "\\\\\\\\server\\\\share", "a\\0b", "ipacs:////server/x", "ipacss:////server/x"]
)
def test_shares_of_other_machines_are_no_repositories_of_a_script(refusal, text):
    kind, _, _ = refusal(f"VQ.dicomRepository('{text}')")
    assert kind in ("PermissionDenied", "UsageError")


def test_the_configuration_allows_its_repositories_and_is_itself_protected(home, mice, tmp_path, monkeypatch):
    lab = mice.copied(tmp_path / "lab.repo").path
    file = home.folder / "conf" / "vqscript.toml"
    file.parent.mkdir()
    file.write_text(
        f'[repositories]\nlab = "{lab}"\npacs = "orthanc+https://pacs.example.org/x"\n',
        encoding="utf-8",
    )
    settings = config.load(file)
    gate = make_gate(home.output, home.folder, settings, repositories=[""], allow_write=[file.parent])
    with LocalRepository.open(lab) as repository:
        gate.store(repository)
    gate.reach("ipacs://lab")
    gate.reach("orthanc+https://pacs.example.org/y")
    with pytest.raises(PermissionDenied, match=r"may not reach other\.org"):
        gate.reach("orthanc+https://other.org")
    with pytest.raises(PermissionDenied, match="the configuration"):
        gate.write(str(file))


def test_a_repository_of_the_command_line_may_be_a_name_a_folder_or_a_url(home, mice, tmp_path):
    settings = config.Config(repositories={"lab": str(mice.path)})
    for url in ("ipacs://lab", str(mice.path), f"ipacs://{mice.path}"):
        gate = make_gate(home.output, None, config.Config() if "lab" not in url else settings, repositories=[url])
        with LocalRepository.open(mice.path) as repository:
            gate.store(repository)
    with pytest.raises(UsageError, match='no repository is named "lba"'):
        make_gate(home.output, None, settings, repositories=["ipacs://lba"])


def test_a_saved_session_that_a_script_wrote_opens_nothing_past_the_gate(home):
    """It is JSON, and a script can write any."""
    entry = '"study":"1","series":"1","image":0,"paths":["{}"],"number":0'
    for fields, found in {
        '"repository":"https://evil.example.org/",' + entry: "may not reach evil.example.org",
        '"repository":"",' + entry.format("/dev/zero"): "part of the system",
        '"repository":"",' + entry.format("//host/share/x"): "network paths are refused",
    }.items():
        text = f'{{"format":1,"rois":[],"inputs":[{{{fields}}}]}}'
        (line,) = home.run(
            f"VQ.writeFile('s.vqsession/session.json', [[{text}]]) "
            "local ok, e = pcall(VQ.mainWin().loadSession, 's') print(e.type, e.message)"
        )
        assert line.startswith("PermissionDenied") and found in line


def test_python_programs_are_not_held(tmp_path, mice):
    session = Session(output=tmp_path)
    session.permissions.store(session.repository(mice.path))
    session.permissions.reach("https://pacs.example.org")
    assert session.permissions.image("/x") == Path("/x")
    session.close()
