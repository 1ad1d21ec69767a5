"""Set the repository's address everywhere: `python -m tools.chapters.repository`.

The address stands in ``_config.yml`` and is repeated in the README, the citation, the
package's metadata and every notebook. Arguments: the URL, or git's ``origin`` if it is
empty; the tag of the release that readers get, or the old one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml
from nbformat import v4

from tools.chapters import conventions

ROOT = conventions.ROOT
COLAB = "https://colab.research.google.com"

#: Files that may name the repository; the one that decides comes last.
NAMING = ("*.md", "*.cff", "*.toml", "book/*.md", "book/*.ipynb", "_config.yml")

#: An address as people paste it, and as git writes it.
GIVEN = re.compile(
    r"(?:https://|ssh://git@|git@)github\.com[/:]([\w-]+)/([\w.-]+?)(?:\.git)?/?"
)

SETUP = """\
import importlib.util
import sys

PACKAGE = "git+{url}@{tag}"
if importlib.util.find_spec("lecture_code") is None:
    if "google.colab" not in sys.modules:
        needed = f'first run: %pip install "{{PACKAGE}}"'
        raise ModuleNotFoundError(needed)
    %pip install -q --no-deps "{{PACKAGE}}\""""

LINKS = (
    "[Open this chapter in Colab]({colab}) or take the [student notebook]({student}), "
    "in which the solutions are left out."
)
#: That sentence with any addresses, and the blank before it, which is kept.
LINKED = re.compile(r"(\s*)" + re.sub(r"\\\{\w+\\\}", "[^)]*", re.escape(LINKS)))


class Address(NamedTuple):
    """A repository on GitHub, and the tag of the release that readers get."""

    owner: str
    name: str
    tag: str

    @property
    def url(self) -> str:
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def pages(self) -> str:
        """Where GitHub Pages serves the site, with a last slash."""
        host = f"{self.owner.lower()}.github.io"
        folder = "" if self.name.lower() == host else f"{self.name}/"
        return f"https://{host}/{folder}"

    @property
    def setup(self) -> str:
        """Source of the set-up cell: on Colab install what is missing, else say how."""
        return SETUP.format(url=self.url, tag=self.tag)

    def student(self, stem: str) -> str:
        return f"{self.pages}_downloads/student/{stem}-student.ipynb"

    def colab(self, stem: str) -> str:
        place = f"{self.owner}/{self.name}/blob/{self.tag}/book/{stem}.ipynb"
        return f"{COLAB}/github/{place}"

    def links(self, stem: str) -> str:
        """Write the sentence of links in a chapter's title cell."""
        return LINKS.format(colab=self.colab(stem), student=self.student(stem))


def parse(url: str, tag: str) -> Address:
    """Read an address, or raise ValueError with what is wrong."""
    found = GIVEN.fullmatch(url.strip())
    if not found:
        raise ValueError(
            f"URL: expected https://github.com/OWNER/REPOSITORY, got {url!r} "
            "(Colab and the site's publication both need GitHub)"
        )
    if not re.fullmatch(r"\w[\w.+-]*", tag):
        raise ValueError(f"TAG: expected a release tag such as v0.1.0, got {tag!r}")
    return Address(found[1], found[2], tag)


def origin(root: Path = ROOT) -> str:
    """Ask git where this checkout came from; nothing if it does not know."""
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def read(root: Path = ROOT) -> Address:
    """Read the address that ``_config.yml`` states."""
    text = (root / "_config.yml").read_text(encoding="utf-8")
    stated = yaml.safe_load(text)["repository"]
    return parse(stated["url"], str(stated["branch"]))


def files(root: Path = ROOT) -> list[Path]:
    """List the files that may name the repository; ``_config.yml`` is the last."""
    return [path for pattern in NAMING for path in sorted(root.glob(pattern))]


def renamed(text: str, old: Address, new: Address) -> str:
    """Replace one address by another wherever a text names it."""
    end = r"(?![\w-]|\.\w)"  # a name that only begins like ours is somebody else's
    name, tag = re.escape(f"{old.owner}/{old.name}"), re.escape(old.tag)
    place = rf"(github(?:\.com)?/){name}{end}(?:(@|/(?:blob|tree)/){tag}{end})?"

    def swap(found: re.Match) -> str:
        start = f"{found[1]}{new.owner}/{new.name}"
        return f"{start}{found[2]}{new.tag}" if found[2] else start

    pages = re.escape(old.pages.rstrip("/")) + end
    text = re.sub(pages, new.pages.rstrip("/"), re.sub(place, swap, text))
    return text.replace(f"\n  branch: {old.tag}\n", f"\n  branch: {new.tag}\n")


def aligned(text: str, stem: str, address: Address) -> str:
    """Give a notebook its set-up cell and its line of links, made from the address."""
    notebook = v4.reads(text)
    for cell in filter(conventions.is_setup, notebook.cells):
        cell.source = address.setup
    title = next(filter(conventions.is_markdown, notebook.cells))
    links = address.links(stem)
    source, found = LINKED.subn(lambda old: old[1] + links, title.source)
    title.source = source if found else f"{source}\n\n{links}"
    return conventions.written(notebook)


def assign(new: Address, root: Path = ROOT) -> list[Path]:
    """Set the address everywhere; list the files that changed.

    The configuration comes last: after an interruption the old address is known.
    """
    old, changed, chapters = read(root), [], conventions.chapters(root)
    for path in files(root):
        before = path.read_text(encoding="utf-8")
        after = renamed(before, old, new)
        if path in chapters:
            after = aligned(after, path.stem, new)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    url, tag = (*sys.argv[1:], "", "")[:2]
    try:
        changed = assign(new := parse(url or origin(), tag or read().tag))
    except (OSError, ValueError) as error:
        sys.exit(f"repository: {error}")
    for path in changed:
        print(f"changed {path.relative_to(ROOT).as_posix()}")
    print(f"The repository is {new.url} at {new.tag}; the site is {new.pages}")
