"""The rules of the house, read off the source: each returns a list of complaints.

A rule takes the source text of a room (and its name where it matters), so that
``test_house_rules.py`` can hold it against the package and against small bad samples.
"""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "lecture_code"
ROOT = Path(__file__).resolve().parent.parent

#: DESIGN.md, section 2. A room imports from lower ranks only.
RANKS = {
    **dict.fromkeys(["session", "validate", "claims"], 0),
    **dict.fromkeys(["densities", "networks", "normal_scores"], 1),
    **dict.fromkeys(["conditioned", "idx"], 1),
    **dict.fromkeys(["datasets", "divergences", "metrics", "noising"], 2),
    **dict.fromkeys(["crossings", "half_lines", "lattice", "routes", "transport"], 2),
    "likelihoods": 1,
    "chains": 2,
    **dict.fromkeys(["histograms", "autoregressive", "autoencoders", "vae"], 3),
    **dict.fromkeys(["flows", "gan", "diffusion"], 3),
    **dict.fromkeys(["inpainting", "coding", "lipschitz", "saddles"], 3),
    **dict.fromkeys(["pushforward", "trained"], 4),
}
#: Side rooms import rank 0, and what is named here ("*" is every rank).
SIDE_ROOMS = {
    "training": (),
    "plotting": (),
    "scenes": (),
    "frontiers": ("scenes",),
    "widgets": ("plotting",),
    "exercises": ("*",),
}
#: The command line on top of everything: it may import every room.
TOP_ROOMS = ("study",)
#: The floor under rank 0: to refuse a wrong argument is every room's business.
FLOOR = "validate"

THIRD_PARTIES = {
    *("numpy", "scipy", "torch", "matplotlib", "sklearn", "ipywidgets", "tqdm"),
    *("joblib", "pooch"),
    "PIL",  # comes with matplotlib
    "cycler",  # comes with matplotlib
}
#: Third parties that only the named rooms may use.
RESERVED = {"IPython": ("widgets",), "dask": ("study",), "distributed": ("study",)}
HEAVY = (
    "scipy.stats",
    "sklearn",
    "matplotlib.pyplot",
    "pooch",
    "dask",
    "distributed",
    "ipywidgets",
)

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
UNSAFE_NAMES = {"eval", "exec", "compile", "__import__"}
UNSAFE_CALLS = {"torch.load", "torch.save", "joblib.load", "joblib.dump", "os.system"}
UNSAFE_KEYWORDS = {("shell", True), ("allow_pickle", True), ("weights_only", False)}

MEDIAN_LINES, MOST_LINES, ALL_LINES, MODULE_LINES = 6, 15, 40, 200


# ---------------------------------------------------------------- the package's files


def sources() -> dict[str, list[Path]]:
    """List the files of each room, the package's own ``__init__`` under ""."""
    rooms: dict[str, list[Path]] = defaultdict(list)
    top = ROOT / PACKAGE
    for path in sorted(top.rglob("*.py")):
        inside = path.relative_to(top).with_suffix("").parts
        rooms["" if inside == ("__init__",) else inside[0]].append(path)
    return dict(rooms)


# ------------------------------------------------------------------- the import law


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every dotted name that is imported, with ``from a import b`` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                yield f"{base}.{alias.name}" if node.module else base + alias.name, node


def rooms_imported(tree: ast.AST) -> Iterator[str]:
    """Yield the rooms of the package that a module imports."""
    for name, _ in imports(tree):
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            yield f"{name}.".split(".")[1]


def may_import(importer: str, imported: str) -> bool:
    """Say whether the import law lets one room import another."""
    if imported in (importer, FLOOR):
        return imported != importer or importer in {"exercises", "trained", "study"}
    if importer in TOP_ROOMS:
        return imported in {**RANKS, **SIDE_ROOMS}
    if importer in SIDE_ROOMS:
        allowed = SIDE_ROOMS[importer]
        low = RANKS.get(imported) == 0 or ("*" in allowed and imported in RANKS)
        return low or imported in allowed
    return RANKS.get(imported, 99) < RANKS[importer]


def import_law(source: str, room: str) -> list[str]:
    """A room imports from lower ranks only, and never by a relative path."""
    if room not in {*RANKS, *SIDE_ROOMS, *TOP_ROOMS}:
        return [f"{room}: a room without a rank in DESIGN.md's table"]
    tree = ast.parse(source)
    found = [
        f"{room} imports {other or 'the whole package'}"
        for other in rooms_imported(tree)
        if not may_import(room, other)
    ]
    relative = [name for name, _ in imports(tree) if name.startswith(".")]
    return found + [f"{room} imports {name} by a relative path" for name in relative]


def third_parties(source: str, room: str) -> list[str]:
    """Only the libraries that the package declares are imported."""
    complaints = []
    for name, _ in imports(ast.parse(source)):
        top = name.split(".")[0]
        known = {PACKAGE, "__future__"} | sys.stdlib_module_names | THIRD_PARTIES
        if top not in known and room not in RESERVED.get(top, ()):
            complaints.append(f"{room} imports {top}")
    return complaints


def heavy_imports(source: str, room: str) -> list[str]:
    """Slow or optional libraries are imported inside the functions that use them."""
    tree = ast.parse(source)
    late = [node for node in ast.walk(tree) if _runs_late(node)]
    inside = {node for block in late for node in ast.walk(block)}
    return [
        f"{room} imports {name} when it is imported itself (line {node.lineno})"
        for name, node in imports(tree)
        if node not in inside and _is_heavy(name)
    ]


def _runs_late(node: ast.AST) -> bool:
    for_types = isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING"
    return for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def _is_heavy(name: str) -> bool:
    return any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)


def bare_init(source: str) -> list[str]:
    """The package's ``__init__`` holds its sentence and its version, nothing else."""
    docstring, *rest = ast.parse(source).body
    complaints = [] if _is_docstring(docstring) else ["no docstring"]
    for node in rest:
        if not (
            isinstance(node, ast.Assign) and _name(node.targets[0]) == "__version__"
        ):
            complaints.append(f"line {node.lineno}: more than the version")
    return complaints


def no_reexport(source: str) -> list[str]:
    """What an ``__init__`` imports it uses itself; it hands nothing on."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        if getattr(node, "module", None) != "__future__"
        for alias in node.names
    }
    listed = ["lists names in __all__"] if "__all__" in used else []
    return listed + [f"hands on {name}" for name in sorted(bound - used)]


def vague_name(room: str) -> list[str]:
    """No room or file is a drawer for leftovers."""
    return [f"{room}: says nothing"] if set(room.split("_")) & VAGUE_NAMES else []


# -------------------------------------------------------------------- sizes and safety


def code_lines(source: str) -> set[int]:
    """Return the numbers of the lines that hold code: no blank, comment, docstring."""
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER)
    blank = (*skipped, tokenize.INDENT, tokenize.DEDENT)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if _is_docstring(node):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return lines


def function_lengths(source: str) -> dict[str, int]:
    """Count the code lines in the body of every function and method."""
    lines = code_lines(source)
    return {
        f"{node.name} (line {node.lineno})": len(
            lines & set(range(node.body[0].lineno, node.end_lineno + 1))
        )
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def long_functions(lengths: dict[str, int]) -> list[str]:
    """Functions are short: by median, by their ninth decile, and every one of them."""
    sizes = sorted(lengths.values())
    if not sizes:
        return []
    complaints = [f"{name}: {n} lines" for name, n in lengths.items() if n > ALL_LINES]
    short = sum(n <= MOST_LINES for n in sizes) / len(sizes)
    if statistics.median(sizes) > MEDIAN_LINES:
        complaints.append(f"the median function has {statistics.median(sizes)} lines")
    if short < 0.9:
        complaints.append(f"only {short:.0%} have at most {MOST_LINES} lines")
    return complaints


def long_module(source: str) -> list[str]:
    """A module is read in one sitting."""
    size = len(code_lines(source))
    return [f"{size} lines of code"] if size > MODULE_LINES else []


def unsafe(source: str) -> list[str]:
    """Nothing runs code that arrives as data."""
    tree = ast.parse(source)
    modules = {name.split(".")[0] for name, _ in imports(tree)} & UNSAFE_MODULES
    complaints = [f"imports {name}" for name in sorted(modules)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            complaints += [f"line {node.lineno}: {said}" for said in _unsafe_call(node)]
    return complaints


def _unsafe_call(call: ast.Call) -> Iterator[str]:
    called = _name(call.func)
    if called in UNSAFE_NAMES | UNSAFE_CALLS:
        yield f"calls {called}"
    for keyword in call.keywords:
        value = getattr(keyword.value, "value", None)
        if (keyword.arg, value) in UNSAFE_KEYWORDS:
            yield f"passes {keyword.arg}={value}"


def asserts(source: str) -> list[str]:
    """Errors of the user are exceptions that say what was expected, never asserts."""
    return [
        f"line {node.lineno}: assert"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assert)
    ]


# ------------------------------------------------------------- docstrings, hints, twins


def public_functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions and the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_public(node):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and _is_public(node):
            for method in node.body:
                known = isinstance(method, ast.FunctionDef)
                if known and (_is_public(method) or method.name == "__init__"):
                    yield f"{node.name}.{method.name}", method


def missing_docstrings(source: str) -> list[str]:
    """A module, its public classes and their public functions say what they are."""
    tree = ast.parse(source)
    classes = [(n.name, n) for n in tree.body if isinstance(n, ast.ClassDef)]
    functions = [
        (name, node)
        for name, node in public_functions(tree)
        if node.name != "__init__"  # described with its class
    ]
    public = [(name, node) for name, node in classes if _is_public(node)]
    named = [("the module", tree), *public, *functions]
    return [f"{name}: no docstring" for name, n in named if not ast.get_docstring(n)]


def missing_raises(source: str) -> list[str]:
    """A public function that raises or checks its arguments says so under Raises."""
    tree = ast.parse(source)
    complaints = []
    for name, node in public_functions(tree):
        said = ast.get_docstring(node) or ""
        if node.name == "__init__":
            owner = name.split(".")[0]
            said = next(
                ast.get_docstring(n) or "" for n in tree.body if _named(n, owner)
            )
        if _refuses(node) and "Raises\n------" not in said:
            complaints.append(f"{name}: no Raises section")
    return complaints


def _refuses(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if isinstance(node, ast.Call):
            room, _, check = _name(node.func).partition(".")
            if room == "validate" and check != "describe":
                return True
    return False


def missing_hints(source: str) -> list[str]:
    """Every argument and every result of a public function has its type."""
    complaints = []
    for name, node in public_functions(ast.parse(source)):
        given = node.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        arguments += [given.vararg] if given.vararg else []
        arguments += [given.kwarg] if given.kwarg else []
        bare = [each.arg for each in arguments if each.annotation is None]
        complaints += [f"{name}: {a}" for a in bare if a not in {"self", "cls"}]
        if node.returns is None:
            complaints.append(f"{name}: the result")
    return complaints


def twins(modules: dict[str, str]) -> list[str]:
    """No function's body of more than one statement stands in two places."""
    bodies: dict[str, list[str]] = defaultdict(list)
    for module, source in modules.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and len(_statements(node)) > 1:
                body = "\n".join(ast.dump(each) for each in _statements(node))
                bodies[body].append(f"{module}.{node.name}")
    return [f"same body: {', '.join(w)}" for w in bodies.values() if len(w) > 1]


# -------------------------------------------------------------------------- small parts


def _statements(function: ast.FunctionDef) -> list[ast.stmt]:
    return function.body[1:] if _is_docstring(function.body[0]) else function.body


def _is_docstring(node: ast.AST) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text and isinstance(node.value.value, str)


def _is_public(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return not node.name.startswith("_")


def _named(node: ast.AST, name: str) -> bool:
    return getattr(node, "name", None) == name


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"
