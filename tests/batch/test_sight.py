"""Which repositories several machines can use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vqscript.batch.sight import Sight, file_system, mounted, problem, sight
from vqscript.batch.versions import differences, versions

ROOT = Path("/data/lab.repo")
HEAD = Sight("head", "boot-1", there=True, writable=True, pending=False, file_system="ext4")
FAR = Sight("node7", "boot-2", there=True, writable=True, pending=False, file_system="nfs4")


def test_a_repository_of_this_machine_is_seen(mice):
    seen = sight(mice.path)
    assert seen.there
    assert seen.writable
    assert not sight(mice.path.parent).there
    assert problem(mice.path, seen, sight(mice.path), "tcp://a:1") is None


def test_workers_of_one_machine_may_write():
    assert problem(ROOT, HEAD, replace(HEAD, host="a container of it"), "tcp://a:1") is None


def test_another_machine_may_not_write():
    found = problem(ROOT, HEAD, FAR, "tcp://a:1")
    assert found is not None
    assert "worker tcp://a:1 on node7" in found.message
    assert "(nfs4)" in found.message
    assert "read-only" in found.hint


def test_another_machine_may_read_what_nobody_is_writing():
    reader = replace(FAR, writable=False)
    assert problem(ROOT, HEAD, reader, "tcp://a:1") is None
    found = problem(ROOT, HEAD, replace(reader, pending=True), "tcp://a:1")
    assert found is not None
    assert "cannot read all" in found.message


def test_a_worker_has_to_see_it():
    found = problem(ROOT, HEAD, replace(FAR, there=False), "tcp://a:1")
    assert found is not None
    assert "sees no repository /data/lab.repo" in found.message.replace("\\", "/")


MOUNTS = """\
/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /mnt/lab\\040data nfs4 rw,vers=4.2 0 0
/dev/vdb1 /mnt/lab\\040data/fast xfs rw 0 0
//nas/share /mnt/nas cifs rw 0 0
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="paths of Linux")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/lab data/lab.repo", "nfs4"),
        ("/mnt/lab data/fast/lab.repo", "xfs"),
        ("/mnt/lab datax", "ext4"),
        ("/mnt/nas/lab.repo", "cifs"),
        ("/home", "ext4"),
    ],
)
def test_the_deepest_mount_counts(path, kind):
    assert mounted(Path(path), MOUNTS) == kind


@pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="needs /proc")
def test_the_file_system_of_this_machine_is_known(tmp_path):
    assert file_system(tmp_path)
    assert file_system(Path("/proc/self")) == "proc"


def test_versions_are_compared_as_far_as_results_depend_on_them():
    ours = versions()
    assert differences(ours, ours) == []
    major, minor, *_ = ours["python"].split(".")
    assert differences(ours, {**ours, "python": f"{major}.{minor}.99", "scipy": "0.1"}) == []
    assert differences(ours, {**ours, "python": f"{major}.{int(minor) + 1}.0"}) == [
        f"python {major}.{int(minor) + 1}.0 there, {ours['python']} here"
    ]
    without = {name: version for name, version in ours.items() if name != "numpy"}
    assert differences(ours, without) == [f"numpy none there, {ours['numpy']} here"]
