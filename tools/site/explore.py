"""Figures that move. A Sphinx extension.

It turns the stored output of ``lecture_code.widgets.explore`` into plain HTML with
pictures beside it, so that no page loads a widget manager.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator

from tools.chapters import conventions


class explore(nodes.General, nodes.Element):
    """A figure with sliders: triples of a name, its labels and where it starts.

    The children are its frames, the last slider running fastest. They are image nodes,
    so that Sphinx itself copies the files and knows their address from each page.
    """


class FindExplorers(SphinxTransform):
    """Replace each stored widget by an ``explore`` node within a figure."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        models = self._take_models()
        for bundle in list(self.document.findall(_is_bundle)):
            views = [c for c in bundle if c.get("mime_type") == conventions.VIEW]
            if views:
                (identity,) = re.findall(r'"model_id": "(\w+)"', views[0].astext())
                self._replace(bundle, _explorer(self.env, models, identity))

    def _take_models(self) -> dict[str, dict]:
        """Take the widgets' state from myst-nb, which would load a manager for it."""
        data = getattr(self.env, "nb_metadata", {}).get(self.env.docname, {})
        scripts = data.get("js_files", {})
        taken = [scripts.pop(key) for key in list(scripts) if "ipywidgets" in key]
        bodies = [options["body"] for _, options in taken if "body" in options]
        return json.loads(bodies[0])["state"] if bodies else {}

    def _replace(self, bundle: nodes.Element, node: explore) -> None:
        if not isinstance(bundle.parent, nodes.figure):
            raise ExtensionError(
                f"{self.env.docname}: an interactive figure has no caption; the cell "
                "needs the metadata mystnb.figure with caption and name."
            )
        bundle.parent["classes"].append("explore")
        bundle.replace_self(node)


def _is_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element) and node.get("nb_element") == "mime_bundle"


def _explorer(env: Any, models: dict, identity: str) -> explore:
    box = models.get(identity, {"model_name": "not stored", "state": {}})
    if "explore" not in box["state"].get("_dom_classes", ()):
        raise ExtensionError(
            f"{env.docname}: a cell shows a widget ({box['model_name']}) that "
            "cannot move on the site; show the result of lecture_code.widgets.explore "
            "and run `make notebooks`."
        )
    *controls, picture = _children(models, box)
    states = [control["state"] for control in controls]
    sliders = [(s["description"], s["_options_labels"], s["index"]) for s in states]
    node = explore(sliders=sliders)
    node.extend(_image(env, frame) for frame in _frames(models, picture))
    return node


def _children(models: dict, model: dict) -> list[dict]:
    names = model["state"]["children"]
    return [models[name.removeprefix("IPY_MODEL_")] for name in names]


def _frames(models: dict, model: dict) -> Iterator[str]:
    if "children" not in model["state"]:
        yield model["state"]["value"]
        return
    for child in _children(models, model):
        yield from _frames(models, child)


def _image(env: Any, frame: str) -> nodes.image:
    """Write a frame where myst-nb keeps pictures, under the hash of its content."""
    (picture,), (said,) = (
        k.findall(frame) for k in (conventions.DATA, conventions.ALT)
    )
    content = base64.b64decode(picture)
    name = f"{hashlib.sha256(content).hexdigest()}.png"
    path = Path(env.mystnb_config.output_folder).resolve() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    uri = "/" + os.path.relpath(path, env.srcdir)
    return nodes.image(uri=uri, alt=html.unescape(said))


def visit_explore(translator: HTML5Translator, node: explore) -> None:
    """Write the first frame, the sliders, and a list of all frames for the script.

    The sliders are hidden until the script takes them up; without it, the first frame
    is a picture like others.
    """
    builder = translator.builder
    frames = [
        (posixpath.join(builder.imgpath, builder.images[i["uri"]]), i["alt"])
        for i in node
    ]
    first = 0
    for _, labels, at in node["sliders"]:
        first = first * len(labels) + at
    context = {
        "sliders": node["sliders"],
        "serial": builder.env.new_serialno("explore"),
        "frames": frames,
        "first": frames[first],
        # so that the page does not jump when the picture arrives
        "size": get_image_size(str(Path(builder.srcdir, node[0]["uri"]))),
    }
    translator.body.append(builder.templates.render("explore.html", context))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(explore, html=(visit_explore, None))
    app.add_transform(FindExplorers)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
