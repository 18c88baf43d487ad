from __future__ import annotations

import subprocess
import time

import pytest

from captools.lab.netns import python

pytestmark = pytest.mark.lab


def start(*paths: str) -> tuple[subprocess.Popen[str], int]:
    argv = ["unshare", "--pid", "--fork", "--kill-child", "--", *python("init", "test", *paths)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def inside(pid: int, *argv: str) -> None:
    subprocess.run(["nsenter", "--target", str(pid), "--pid", "--", "setsid", "--fork", *argv], check=True)


def test_when_the_pipe_ends_all_processes_and_files_go(needs_root, tmp_path):
    folder, link = tmp_path / "lab", tmp_path / "link"
    folder.mkdir()
    (folder / "file").write_text("x")
    link.symlink_to(folder)
    process, pid = start(str(link), str(folder))
    marker = f"3{pid}"
    inside(pid, "sleep", marker)
    assert process.stdin is not None
    with process:
        process.stdin.close()
        process.wait(5)
    assert not folder.exists() and not link.is_symlink()
    assert not subprocess.run(["pgrep", "-f", f"^sleep {marker}$"], capture_output=True, text=True).stdout


def test_a_kept_lab_goes_on_and_collects_its_orphans(needs_root, tmp_path):
    process, pid = start(str(tmp_path))
    assert process.stdin is not None
    with process:
        process.stdin.write("k")
        process.stdin.close()
        inside(pid, "true")
        time.sleep(0.2)
        assert process.poll() is None and tmp_path.exists()
        children = subprocess.run(["ps", "--ppid", str(pid), "-o", "stat="], capture_output=True, text=True).stdout
        assert "Z" not in children
        process.kill()
        process.wait(5)
