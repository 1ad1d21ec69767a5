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
modules, heavy, sys.path[:0] = map(json.loads, sys.argv[1:])
import global_state
found = {}
for module in modules:
    before, printed, loaded = global_state.snapshot(), io.StringIO(), set(sys.modules)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        importlib.import_module(module)
    changed = global_state.changed(before, global_state.snapshot())
    found[module] = [changed, sorted((set(sys.modules) - loaded) & set(heavy)),
                     printed.getvalue()]
print(json.dumps(found))
"""
MEDDLER = """
import random, pooch, torch
print("hello")
random.random()
torch.set_default_dtype(torch.float64)
"""


def import_afresh(modules: list[str], *folders: Path) -> dict[str, list]:
    """Import in a new process: what each module changed, loaded and printed."""
    roots = Path(lecture_code.__file__).parents[1], Path(global_state.__file__).parent
    paths = [str(path) for path in (*folders, *roots)]
    given = map(json.dumps, (modules, sorted(HEAVY), paths))
    code = [sys.executable, "-c", FRESH, *given]
    done = subprocess.run(code, capture_output=True, text=True, timeout=600, check=True)
    return json.loads(done.stdout)


def test_importing_the_package_has_no_side_effect_and_one_would_be_found(tmp_path):
    (tmp_path / "meddler.py").write_text(MEDDLER, encoding="utf-8")
    drawn = r".*[.](scenes|study)[.].*|.*__main__"
    walked = pkgutil.walk_packages(lecture_code.__path__, "lecture_code.")
    ours = [each.name for each in walked if not re.fullmatch(drawn, each.name)]
    found = import_afresh([*ours, "meddler"], tmp_path)
    changed, loaded, printed = found.pop("meddler")
    assert {"default dtype", "random state"} <= set(changed)
    assert ("pooch" in loaded, printed) == (True, "hello\n")
    assert found == {name: [[], [], ""] for name in ours}
