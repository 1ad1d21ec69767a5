"""Importing a module of the package changes nothing else in the process."""

from __future__ import annotations

import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import global_state

import lecture_code

#: Slow or optional: imported inside the functions that use them.
HEAVY = {
    *("scipy.stats", "sklearn", "matplotlib.pyplot", "pooch", "dask", "distributed"),
    "ipywidgets",
}
FRESH = """
import contextlib, importlib, io, json, sys
import matplotlib, numpy, scipy.special, torch
modules, sys.path[:0] = map(json.loads, sys.argv[1:])
import global_state
before, printed, changed = global_state.snapshot(), io.StringIO(), {}
for module in modules:
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        importlib.import_module(module)
    if parts := global_state.changed(before, global_state.snapshot()):
        changed[module] = parts
print(json.dumps([changed, list(sys.modules), printed.getvalue()]))
"""


def import_afresh(modules: list[str], *folders: Path) -> tuple[dict, set[str], str]:
    """Import in a new process: what changed, what was loaded, what was printed."""
    roots = Path(lecture_code.__file__).parents[1], Path(global_state.__file__).parent
    paths = [str(path) for path in (*folders, *roots)]
    code = [sys.executable, "-c", FRESH, json.dumps(modules), json.dumps(paths)]
    done = subprocess.run(code, capture_output=True, text=True, timeout=120, check=True)
    changed, loaded, printed = json.loads(done.stdout)
    return changed, set(loaded), printed


def test_importing_the_package_has_no_side_effect():
    found = pkgutil.walk_packages(lecture_code.__path__, "lecture_code.")
    drawn = r".*[.](scenes|study)[.].*|.*__main__"
    changed, loaded, printed = import_afresh(
        [each.name for each in found if not re.fullmatch(drawn, each.name)]
    )
    assert (changed, loaded & HEAVY, printed) == ({}, set(), "")


def test_side_effects_of_an_import_are_found(tmp_path):
    source = "import random, sklearn, torch\nprint('hello')\nrandom.random()\n"
    source += "torch.set_default_dtype(torch.float64)\n"
    (tmp_path / "meddler.py").write_text(source, encoding="utf-8")
    changed, loaded, printed = import_afresh(["meddler"], tmp_path)
    assert {"default dtype", "random state"} <= set(changed["meddler"])
    assert "sklearn" in loaded
    assert printed == "hello\n"
