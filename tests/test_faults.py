"""No network, no right to write, a full disk, a sudden end: nothing stored is lost."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import conventions
import namespaces
import psutil
from nbformat.v4 import new_code_cell, new_notebook

ROOT = conventions.ROOT
TOOL = ROOT / "tools" / "notebooks.py"

#: What chapters do: draw, use the bundled data, load a stored table, make a claim.
LESSON = """\
import errno, socket

from lecture_code import claims, datasets, plotting, session, trained

session.start(seed=0)
train = datasets.digits().pixels
plotting.bars([0.5, 0.5])
claims.claim("the digits are there", len(train) == 1000)
claims.claim("a table is there", len(trained.table("coverage")["images"]) > 0)"""
ALONE = """\
answer = socket.socket().connect_ex(("192.0.2.1", 80))
claims.claim("the network is cut off", answer == errno.ENETUNREACH)"""


def write(path: Path, *sources: str) -> Path:
    """Write a notebook with the given code cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_code_cell(source) for source in sources]
    path.write_text(conventions.written(new_notebook(cells=cells)), encoding="utf-8")
    return path


def command(action: str, path: Path, root: Path = ROOT) -> str:
    """Write a call of the tool as a line of a script."""
    words = [sys.executable, root / "tools" / "notebooks.py", action, path]
    return f"PYTHONPATH={shlex.quote(str(root))} {shlex.join(map(str, words))}\n"


def test_a_chapter_runs_offline_from_a_read_only_checkout(tmp_path):
    namespaces.needed(net=True)
    kept = shutil.ignore_patterns("__pycache__")
    for name in ("lecture_code", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=kept)
    path = write(tmp_path / "book" / "01-sample.ipynb", LESSON, ALONE)
    before = sorted(tmp_path.rglob("*"))
    script = namespaces.read_only(tmp_path) + command("time", path, tmp_path)
    done = namespaces.unshare(script, net=True)
    assert done.returncode == 0, done.stderr
    assert "01-sample" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


def test_a_checkout_that_cannot_be_written_is_one_sentence(tmp_path):
    namespaces.needed()
    path = write(tmp_path / "01-sample.ipynb", "print('new')")
    script = namespaces.read_only(tmp_path) + command("store", path)
    done = namespaces.unshare(script)
    assert done.returncode == 1
    assert "left as it was, for it cannot be written: 01-sample" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_leaves_the_notebook_as_it_was(tmp_path):
    namespaces.needed()
    disk = tmp_path / "disk"
    disk.mkdir()
    path = write(tmp_path / "01-sample.ipynb", "print('x' * 10**6)")
    there = shlex.quote(str(disk / path.name))
    script = namespaces.small(disk, "256k") + f"cp {shlex.quote(str(path))} {there}\n"
    script += f"! {command('store', disk / path.name)}"
    script += f"cmp {shlex.quote(str(path))} {there}\nls -A {shlex.quote(str(disk))}\n"
    done = namespaces.unshare(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [path.name]
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tool_that_is_killed_leaves_notebook_and_folder_as_they_were(tmp_path):
    mark = tmp_path / "mark"
    path = write(
        tmp_path / "book" / "01-sample.ipynb",
        f"import os, pathlib; pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))",
        "import time; time.sleep(60)",
    )
    before = path.read_bytes()
    running = subprocess.Popen(
        [sys.executable, TOOL, "store", path], stderr=subprocess.PIPE
    )
    assert within(60, lambda: mark.exists() and mark.read_text())
    running.kill()
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    kernel = int(mark.read_text())
    assert within(30, lambda: not psutil.pid_exists(kernel))


def within(seconds: float, condition) -> bool:
    """Wait until a condition holds, and say whether it did in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(condition())
