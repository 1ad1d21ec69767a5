"""The package keeps the rules of the house, and each rule can be broken."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import warnings
from pathlib import Path

import house_rules as rules
import pytest
from numpydoc.validate import validate as numpydoc_check

from tools.chapters import conventions

SOURCES = rules.sources()
FILES = [(room, path) for room, paths in SOURCES.items() for path in paths]
ROOMS = sorted(set(SOURCES) - {""})

each_room_file = pytest.mark.parametrize(
    ("room", "path"),
    [
        pytest.param(room, path, id=path.relative_to(rules.ROOT).as_posix())
        for room, path in FILES
        if room
    ],
)
each_file = pytest.mark.parametrize(
    "path",
    [pytest.param(p, id=p.relative_to(rules.ROOT).as_posix()) for _, p in FILES],
)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# -------------------------------------------------------------------- the package keeps


@each_room_file
@pytest.mark.parametrize(
    "rule", [rules.import_law, rules.third_parties, rules.heavy_imports]
)
def test_a_room_imports_what_it_may(rule, room, path):
    assert rule(_read(path), room) == []


@each_file
@pytest.mark.parametrize(
    "rule",
    [
        rules.unsafe,
        rules.asserts,
        rules.long_module,
        rules.missing_docstrings,
        rules.missing_hints,
        rules.missing_raises,
    ],
)
def test_a_file_keeps_the_rule(rule, path):
    assert rule(_read(path)) == []


@pytest.mark.parametrize("path", conventions.chapters(), ids=lambda path: path.stem)
def test_a_chapter_runs_nothing_that_arrives_as_data(path):
    cells = filter(conventions.is_code, conventions.read(path).cells)
    plain = [cell.source for cell in cells if not conventions.is_setup(cell)]
    assert rules.unsafe("\n".join(plain)) == []


def test_a_tool_runs_nothing_that_arrives_as_data():
    for path in (rules.ROOT / "tools").rglob("*.py"):
        assert rules.unsafe(_read(path)) == [], path


def test_the_package_itself_re_exports_nothing():
    assert rules.bare_init(_read(SOURCES[""][0])) == []


@each_room_file
def test_a_room_hands_nothing_on(room, path):
    assert path.name != "__init__.py" or rules.no_reexport(_read(path)) == []


@each_file
def test_no_file_is_a_drawer(path):
    assert rules.vague_name(path.stem) == rules.vague_name(path.parent.name) == []


def test_functions_are_short():
    lengths = {}
    for _, path in FILES:
        for name, lines in rules.function_lengths(_read(path)).items():
            lengths[f"{path.name} {name}"] = lines
    assert rules.long_functions(lengths) == []


def test_nothing_is_written_twice():
    assert rules.twins({path.stem: _read(path) for _, path in FILES}) == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_test_file_and_its_page(room):
    for mirror in (f"tests/test_{room}.py", f"book/api/{room}.md"):
        assert (rules.ROOT / mirror).is_file(), f"{mirror} is missing"


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_have_numpydoc_shape(room):
    complaints = []
    for path in SOURCES[room]:
        inside = path.relative_to(rules.ROOT).with_suffix("").parts
        module = ".".join(inside).removesuffix(".__init__")
        complaints += _shape_complaints(module)
    assert complaints == []


def test_importing_the_package_has_no_side_effect():
    report = _imports_in_a_fresh_process([f"{rules.PACKAGE}.{r}" for r in ROOMS])
    assert report == {"changed": {}, "loaded": [], "printed": ""}


# ---------------------------------------------------------- what stands behind the two

#: numpydoc's codes: unknown or disordered or missing sections, a missing, unknown or
#: disordered parameter or type, a result without its section or description, and a
#: summary that is no sentence.
SHAPE = {
    *("GL05", "GL06", "GL07", "GL08", "SS01", "SS02", "SS03", "SS04"),
    *("PR01", "PR02", "PR03", "PR04", "PR07", "RT01", "RT03", "YD01"),
}


def _shape_complaints(module: str) -> list[str]:
    loaded = importlib.import_module(module)
    tree = rules.ast.parse(inspect.getsource(loaded))
    classes = [n.name for n in tree.body if isinstance(n, rules.ast.ClassDef)]
    names = [name for name, _ in rules.public_functions(tree)]
    names += [name for name in classes if not name.startswith("_")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown section is among the errors too
        return [
            f"{module}.{name}: {code} {message}"
            for name in names
            if not name.endswith(".__init__")
            for code, message in numpydoc_check(f"{module}.{name}")["errors"]
            if code in SHAPE
        ]


_FRESH = """
import contextlib, io, json, sys
import matplotlib, numpy, torch
sys.path[:0] = json.loads(sys.argv[2])
import global_state
before, loaded, heavy = global_state.snapshot(), set(sys.modules), sys.argv[3:]
printed, changed = io.StringIO(), {}
for module in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        __import__(module)
    if parts := global_state.changed(before, global_state.snapshot()):
        changed[module] = parts
new = sorted(set(heavy) & (set(sys.modules) - loaded))
print(json.dumps({"changed": changed, "loaded": new, "printed": printed.getvalue()}))
"""


def _imports_in_a_fresh_process(modules: list[str], *folders: Path) -> dict:
    folders = [str(f) for f in (*folders, rules.ROOT, rules.ROOT / "tests")]
    arguments = [json.dumps(modules), json.dumps(folders), *rules.HEAVY]
    done = subprocess.run(
        [sys.executable, "-c", _FRESH, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


# ------------------------------------------------------------------ each rule can fail


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("densities", "from lecture_code import datasets"),
        ("datasets", "import lecture_code.divergences"),
        ("histograms", "from lecture_code import trained"),
        ("vae", "from lecture_code.flows import Flow"),
        ("vae", "from lecture_code import training"),
        ("session", "from lecture_code import claims"),
        ("training", "from lecture_code import densities"),
        ("training", "from lecture_code import widgets"),
        ("plotting", "from lecture_code import widgets"),
        ("exercises", "from lecture_code import training"),
        ("exercises", "from lecture_code import study"),
        ("plotting", "def f():\n    from lecture_code import datasets"),
        ("vae", "from . import flows"),
        ("vae", "from .flows import Flow"),
        ("vae", "import lecture_code"),
        ("vae", "from lecture_code import nowhere"),
        ("stray", "x = 1"),
        ("validate", "from lecture_code import validate"),
    ],
)
def test_the_import_law_can_be_broken(room, line):
    assert rules.import_law(line, room) != []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("vae", "from lecture_code import densities, validate"),
        ("session", "from lecture_code import validate"),
        ("trained", "from lecture_code import vae"),
        ("widgets", "from lecture_code import plotting"),
        ("exercises", "from lecture_code import trained, vae"),
        ("exercises", "from lecture_code.exercises import chapter01"),
        ("study", "from lecture_code import exercises, training, vae"),
    ],
)
def test_the_import_law_lets_through_what_is_lawful(room, line):
    assert rules.import_law(line, room) == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (rules.third_parties, "import pandas"),
        (rules.third_parties, "from IPython import display"),
        (rules.heavy_imports, "import scipy.stats"),
        (rules.heavy_imports, "from scipy import stats"),
        (rules.heavy_imports, "from sklearn.datasets import load_digits"),
        (rules.heavy_imports, "try:\n    import pooch\nexcept ImportError: ..."),
    ],
)
def test_the_rules_for_libraries_can_be_broken(rule, source):
    assert rule(source, "densities") != []


def test_a_heavy_library_may_be_imported_late():
    late = "def f():\n    from scipy import stats\n"
    typed = "if TYPE_CHECKING:\n    import ipywidgets\n"
    assert rules.heavy_imports(late + typed, "densities") == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (rules.bare_init, '"""Doc."""\nfrom lecture_code import vae\n'),
        (rules.bare_init, '__version__ = "1"\n'),
        (rules.no_reexport, "from lecture_code.exercises.chapter01 import grade_1"),
        (rules.no_reexport, "from a import b\n__all__ = ['b']\nprint(b, __all__)"),
        (rules.asserts, "def f(x):\n    assert x > 0"),
        (rules.unsafe, "import pickle"),
        (rules.unsafe, "from pickle import loads"),
        (rules.unsafe, "x = torch.load('weights.pt')"),
        (rules.unsafe, "x = eval('1 + 1')"),
        (rules.unsafe, "exec(text)"),
        (rules.unsafe, "subprocess.run(text, shell=True)"),
        (rules.unsafe, "numpy.load(path, allow_pickle=True)"),
        (rules.long_module, "x = 1\n" * 201),
        (rules.missing_docstrings, '"""Doc."""\ndef f():\n    return 1'),
        (rules.missing_docstrings, '"""Doc."""\nclass C:\n    x = 1'),
        (rules.missing_docstrings, "x = 1"),
        (
            rules.missing_docstrings,
            '"""D."""\nclass C:\n    """D."""\n    def f(self): ...',
        ),
        (rules.missing_hints, "def f(x) -> int: ..."),
        (rules.missing_hints, "def f(*x, **y: int) -> int: ..."),
        (rules.missing_hints, "def f(x: int): ..."),
        (rules.missing_hints, "class C:\n    def __init__(self, x) -> None: ..."),
        (rules.missing_raises, 'def f():\n    """D."""\n    raise ValueError("x")'),
        (
            rules.missing_raises,
            'def f(x):\n    """D."""\n    return validate.real("x", x)',
        ),
        (
            rules.missing_raises,
            'class C:\n    """D."""\n    def __init__(self):\n        raise ValueError',
        ),
    ],
)
def test_the_rules_for_a_file_can_be_broken(rule, source):
    assert rule(source) != []


def test_a_model_may_be_set_to_evaluation():
    assert rules.unsafe("model.eval()\nnumpy.load(path, allow_pickle=False)") == []


@pytest.mark.parametrize("name", ["utils", "test_helpers", "common", "plot_utils"])
def test_a_vague_name_is_found(name):
    assert rules.vague_name(name) != []


def test_lines_of_code_are_those_that_hold_code():
    source = (
        '"""Doc."""\n\n# why\ndef f(x):\n    """Doc\n\n    more."""\n    return (\n'
    )
    source += "        x\n    )  # result\n\n\ndef g():\n    # why\n\n    return 1\n"
    assert rules.function_lengths(source) == {"f (line 4)": 3, "g (line 13)": 1}
    assert len(rules.code_lines(source)) == 6


@pytest.mark.parametrize(
    "lengths",
    [
        {"a": 1, "b": 1, "c": 41},  # one that is too long
        {"a": 7, "b": 7, "c": 1},  # by median
        {**dict.fromkeys("abcdefg", 1), "h": 16},  # by ninth decile: one in eight
    ],
)
def test_long_functions_are_found(lengths):
    assert rules.long_functions(lengths) != []


def test_twins_are_found():
    body = "(x):\n    y = x + 1\n    return y\n"
    apart = {"one": "def _f" + body, "two": "def _g" + body}
    assert rules.twins(apart) == ["same body: one._f, two._g"]
    assert rules.twins({"one": "def f(): return 1", "two": "def g(): return 1"}) == []


@pytest.mark.parametrize(
    ("code", "docstring"),
    [
        ("PR01", "Add."),
        ("PR02", "Add.\n\n    Parameters\n    ----------\n    y : int\n        It."),
        ("SS03", "Add"),
        ("GL06", "Add.\n\n    Argumente\n    ---------\n    x : int\n        It."),
        ("RT01", "Add.\n\n    Parameters\n    ----------\n    x : int\n        It."),
    ],
)
def test_a_shapeless_docstring_is_found(code, docstring, tmp_path, monkeypatch):
    module = f"shapeless_{code.lower()}"
    source = f'def f(x: int) -> int:\n    """{docstring}\n    """\n    return x\n'
    (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert any(code in complaint for complaint in _shape_complaints(module))


def test_side_effects_of_an_import_are_found(tmp_path):
    source = "import random, sklearn, torch\nprint('hello')\nrandom.random()\n"
    source += "torch.set_default_dtype(torch.float64)\n"
    (tmp_path / "meddler.py").write_text(source, encoding="utf-8")
    report = _imports_in_a_fresh_process(["meddler"], tmp_path)
    assert {"default dtype", "random state"} <= set(report["changed"]["meddler"])
    assert "sklearn" in report["loaded"]
    assert report["printed"] == "hello\n"
