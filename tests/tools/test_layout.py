"""The contributor's map is true of the tree."""

from __future__ import annotations

import re
import subprocess

from tools.chapters import conventions

ROOT = conventions.ROOT
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PACKAGE = "lecture_code"
NAMED = set(re.findall(r"`([\w./-]+)`", PAGE))


def test_every_path_that_the_map_names_exists():
    endings = (".py", ".md", ".csv", ".toml", ".yml", ".js", "/")
    paths = {name for name in NAMED if name.endswith(endings)}
    assert len(paths) > 30
    for path in paths:
        assert list(ROOT.glob(path.replace("NN", "[0-9][0-9]").rstrip("/"))), path


def test_the_map_names_every_module_and_folder():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    files = [line.split("/") for line in told.splitlines()]
    package = {parts[1].removesuffix(".py") for parts in files if parts[0] == PACKAGE}
    assert package - {"__init__"} <= NAMED
    folders = {f"{parts[0]}/{parts[1]}/" for parts in files if len(parts) > 2}
    assert {f for f in folders if f.startswith(("tests/", "tools/"))} <= NAMED


def test_a_name_in_the_map_leads_to_its_code():
    for path, name in re.findall(r"`(lecture_code/[\w/]+\.py)`, `([\w.]+)`", PAGE):
        code = (ROOT / path).read_text("utf-8")
        assert re.search(rf"def {name.rpartition('.')[2]}\(", code), name
