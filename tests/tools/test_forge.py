"""What the repository's host is told: workflows, updates and forms."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import yaml

from tools.chapters import conventions, repository

ROOT = conventions.ROOT
WORKFLOWS = ROOT / ".github" / "workflows"


def targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.M))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_commands_that_the_pages_name_exist(name):
    code = re.findall(r"(?m)(?:^|`)make ([a-z-]+)", (ROOT / name).read_text("utf-8"))
    assert code
    assert set(code) <= targets((ROOT / "Makefile").read_text("utf-8"))


def test_every_phase_runs_on_every_change():
    jobs = yaml.safe_load((WORKFLOWS / "test.yml").read_text("utf-8"))["jobs"]
    matrix = jobs["phase"]["strategy"]["matrix"]
    alone = {each["target"] for each in matrix["include"]}
    phases = {"lint", "unit", "nbval", "refute", "site-test"}
    assert {*matrix["target"], *alone} == phases
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


@pytest.mark.parametrize(("owner", "stops"), [("", False), ("somebody-else", True)])
def test_only_the_books_own_repository_publishes(owner, stops):
    jobs = yaml.safe_load((WORKFLOWS / "publish.yml").read_text("utf-8"))["jobs"]
    steps = jobs["build"]["steps"]
    step = next(s["run"] for s in steps if "does not name" in s.get("run", ""))
    address = repository.read()
    place = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": f"{owner or address.owner}/{address.name}",
    }
    command = ["bash", "-e", "-c", step]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | place, capture_output=True, text=True
    )
    assert done.returncode == stops
    assert done.stdout.count("\n") == stops


def test_actions_are_pinned():
    for path in WORKFLOWS.glob("*.yml"):
        used = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
        for action, version in used:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), path
            assert re.fullmatch(r" # v[\d.]+", version), path
