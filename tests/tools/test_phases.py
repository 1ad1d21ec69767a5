"""All phases run, whatever fails, and the table says what became of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tools.chapters import conventions

PHASES = conventions.ROOT / "tools" / "checks" / "phases.py"
MAKEFILE = """\
FILE = $(patsubst --junitxml=%,%,$(REPORT))
bad:
	exit 3
mixed:
	{python} -m pytest -q -p no:cacheprovider sample.py $(REPORT)
stopped:
	@echo '<testsuite tests="3" failures="0" errors="0" skipped="0"/>' > $(FILE)
	@exit 2
good:
	@touch reached
slow:
	@echo started; sleep 60
"""
SAMPLE = """\
import pytest
def test_good(): pass
def test_better(): pass
def test_bad(): assert False
@pytest.fixture
def broken(): raise OSError
def test_broken(broken): pass
@pytest.mark.skip
def test_skipped(): pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "Makefile").write_text(MAKEFILE.format(python=sys.executable))
    (tmp_path / "sample.py").write_text(SAMPLE)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a second less
    return tmp_path


def start(folder, *phases: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, PHASES, *phases],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_every_phase_runs_and_is_counted(folder):
    process = start(folder, "bad", "mixed", "stopped", "good")
    told = process.communicate()[0].splitlines()
    place = max(i for i, line in enumerate(told) if line.startswith("phase"))
    rows = {row[0]: row[1:4] for row in map(str.split, told[place:])}
    assert rows == {
        "phase": ["passed", "failed", "skipped"],
        "bad": ["0", "1", "0"],
        "mixed": ["2", "2", "1"],
        "stopped": ["3", "1", "0"],
        "good": ["1", "0", "0"],
    }
    assert process.returncode == 1


def test_after_an_interrupt_no_other_phase_begins(folder):
    process = start(folder, "slow", "good")
    while process.stdout.readline() != "started\n":
        pass
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert not (folder / "reached").exists()
    process = start(folder, "good")
    process.communicate()
    assert process.returncode == 0
