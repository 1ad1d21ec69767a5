"""What makes a build quick: less to clean up, less done twice, pages written together.

A Sphinx extension. It changes how long a build takes, and nothing of what it makes.
"""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from typing import Any

from numpydoc import docscrape_sphinx
from sphinx.application import Sphinx
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer

#: At so many new objects Python looks for garbage that refers to itself. The trees of
#: all pages refer to themselves and are kept; at the usual number they would be walked
#: through again and again.
THRESHOLD = 1_000_000


def leave_torch_alone() -> None:
    """Keep autodoc from importing torch, where there is one, to read its source.

    It mocks torch, but looks for overloaded signatures in what our classes extend.
    """
    ModuleAnalyzer.cache["module", "torch.nn"] = PycodeError("torch is mocked")


def compile_once() -> None:
    """Keep numpydoc from compiling its one template anew for each docstring."""
    make, made = docscrape_sphinx.SandboxedEnvironment, []

    def shared(**options: Any) -> Any:
        if not made:
            made.append(make(**options))
        return made[0]

    docscrape_sphinx.SandboxedEnvironment = shared


def write_together(app: Sphinx, _env: Any) -> None:
    """Let other processes write pages while this one resolves their references.

    Jupyter Book has no option for it. By now all pages have been read, one by one:
    sphinx-proof cannot put together what several processes have read.
    """
    app.parallel = max(2, os.cpu_count() or 1)


def sort_sitemap(app: Sphinx, error: Exception | None) -> None:
    """List the pages by name, whichever was written first."""
    path = Path(app.outdir, "sitemap.xml")
    if error is None and path.exists():
        text = path.read_text(encoding="utf-8")
        urls = "".join(sorted(re.findall("<url>.*?</url>", text)))
        path.write_text(re.sub("<url>.*</url>", urls, text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    gc.set_threshold(THRESHOLD)
    leave_torch_alone()
    compile_once()
    app.connect("env-updated", write_together)
    app.connect("build-finished", sort_sitemap, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
