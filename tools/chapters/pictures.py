"""Compare the pictures that a run draws with those that the notebook stores.

nbval compares text alone. ``book/conftest.py`` hands the pictures of its run to this
module, so that no chapter runs twice. Two pictures are the same if they have one size
and no patch of them looks different: a patch is the mean of a few pixels, so that the
edge of a line may fall a little differently, but no line, bar or word may be missing.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from nbformat import NotebookNode
from PIL import Image, ImageChops

from tools.chapters import conventions

#: The tag of a figure that shows what a training ended in, and whose lines another
#: processor moves: only size and presence of such a picture are compared.
VARIES = "picture-varies"

PATCH = 4  # pixels
#: A patch differs if a colour of it is this far off, of 255; a picture differs if more
#: than this share of its patches do.
VISIBLE = 40
SHARE = 0.0005


def frames(pages: Iterable[str]) -> list[str]:
    """List the pictures, as base64 text, that the HTML of widgets holds."""
    return [picture for page in pages for picture in conventions.DATA.findall(page)]


def sentences(pages: Iterable[str]) -> list[str]:
    """List what the frames in the HTML of widgets say."""
    return [said for page in pages for said in conventions.ALT.findall(page)]


def stored_pages(notebook: NotebookNode, cells: list[NotebookNode]) -> list[str]:
    """List the HTML of the figures with sliders that cells show, as created."""
    models = conventions.widgets(notebook)
    shown = list(conventions.views(cells))
    found: set[str] = set()
    while shown:
        name = shown.pop()
        found.add(name)
        shown += set(re.findall(r"IPY_MODEL_(\w+)", str(models.get(name)))) - found
    states = (models.get(name, {}).get("state", {}) for name in sorted(found))
    return [page for state in states for page in pages(state)]


def pages(state: dict) -> list[str]:
    """List the HTML with frames in the state of a widget."""
    texts = (value for value in state.values() if isinstance(value, str))
    return [text for text in texts if conventions.DATA.search(text)]


def decoded(picture: str) -> Image.Image:
    """Read a picture from its base64 text."""
    content = base64.b64decode(picture.replace("\n", ""))
    return Image.open(io.BytesIO(content)).convert("RGB")


def looks_different(stored: Image.Image, fresh: Image.Image) -> float:
    """Share of the patches of two pictures of one size that look different."""
    patches = ImageChops.difference(stored, fresh).reduce(PATCH)
    off = patches.point(lambda value: 255 * (value >= VISIBLE))
    colours = off.split()
    seen = ImageChops.lighter(ImageChops.lighter(*colours[:2]), colours[2])
    return seen.histogram()[255] / (seen.width * seen.height)


def differences(
    stored: Sequence[str], fresh: Sequence[str], *, varies: bool = False
) -> Iterator[str]:
    """Say how the pictures of a run differ from the stored ones."""
    if len(stored) != len(fresh):
        yield f"{len(stored)} pictures are stored, and {len(fresh)} were drawn"
        return
    for place, (old, new) in enumerate(zip(stored, fresh, strict=True), start=1):
        if old.replace("\n", "") != new.replace("\n", ""):
            said = _difference(decoded(old), decoded(new), varies)
            yield from (f"picture {place}: {each}" for each in said)


def _difference(old: Image.Image, new: Image.Image, varies: bool) -> Iterator[str]:
    if old.size != new.size:
        yield f"stored with {old.size} pixels, drawn with {new.size}"
    elif not varies and (share := looks_different(old, new)) > SHARE:
        yield f"{share:.2%} of it look different"
