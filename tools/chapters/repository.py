"""Set the repository's address everywhere: `python -m tools.chapters.repository [URL]`.

The address stands in ``_config.yml`` and is repeated in the README, the citation, the
package's metadata and every notebook. Without URL it is the one of git's ``origin``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml

from tools.chapters import conventions

ROOT = conventions.ROOT
COLAB = "https://colab.research.google.com"

#: Files that may name the repository, but for ``_config.yml``.
NAMING = ("*.md", "*.cff", "*.toml", "book/*.md", "book/*.ipynb")

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
        raise ModuleNotFoundError(f'first run: %pip install "{{PACKAGE}}"')
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
        """The repository's own page."""
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

    def page(self, stem: str) -> str:
        """Where a chapter stands on the site."""
        return f"{self.pages}book/{stem}.html"

    def student(self, stem: str) -> str:
        """Where the site keeps a chapter's notebook without solutions."""
        return f"{self.pages}_downloads/student/{stem}-student.ipynb"

    def colab(self, stem: str) -> str:
        """Where Colab opens a chapter."""
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
    return Address(*found.groups(), tag)


def origin(root: Path = ROOT) -> str:
    """Ask git where this checkout came from."""
    command = ["git", "remote", "get-url", "origin"]
    try:
        asked = subprocess.run(command, cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        asked = None
    if asked is None or asked.returncode:
        raise ValueError(
            "git knows no origin of this checkout: name the address, "
            "make repository URL=https://github.com/OWNER/REPOSITORY"
        )
    return asked.stdout.strip()


def read(root: Path = ROOT) -> Address:
    """Read the address that ``_config.yml`` states."""
    text = (root / "_config.yml").read_text(encoding="utf-8")
    stated = yaml.safe_load(text)["repository"]
    return parse(stated["url"], str(stated["branch"]))


def files(root: Path = ROOT) -> list[Path]:
    """List the files that may name the repository, but for ``_config.yml``."""
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
    return re.sub(pages, new.pages.rstrip("/"), re.sub(place, swap, text))


def aligned(text: str, stem: str, address: Address) -> str:
    """Give a notebook its set-up cell and its line of links, made from the address."""
    notebook = conventions.parsed(text)
    for cell in notebook.cells:
        if conventions.is_setup(cell):
            cell.source = address.setup
    title = next((c for c in notebook.cells if conventions.is_markdown(c)), None)
    if title is not None:
        links = address.links(stem)
        source, found = LINKED.subn(lambda old: old[1] + links, title.source)
        title.source = source if found else f"{source}\n\n{links}"
    return conventions.written(notebook)


def change(path: Path, edit: Callable[[str], str]) -> bool:
    """Rewrite a file through a function, and say whether that changed it."""
    before = path.read_text(encoding="utf-8")
    after = edit(before)
    if after != before:
        conventions.replace(path, after)
    return after != before


def align(root: Path = ROOT) -> list[Path]:
    """Bring every chapter in line with ``_config.yml``; list those that changed."""
    address = read(root)
    return [
        path
        for path in conventions.chapters(root)
        if change(path, lambda text, at=path: aligned(text, at.stem, address))
    ]


def assign(new: Address, root: Path = ROOT) -> list[Path]:
    """Set the address everywhere; list the files that changed."""
    old = read(root)
    # The configuration last, so that after an interruption the old address is known.
    configuration = root / "_config.yml"
    changed = [
        path
        for path in [*files(root), configuration]
        if change(path, lambda text: renamed(text, old, new))
    ]
    branch = (f"branch: {old.tag}\n", f"branch: {new.tag}\n")
    if change(configuration, lambda text: text.replace(*branch)):
        changed.append(configuration)
    return list(dict.fromkeys([*changed, *align(root)]))


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and set the address."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("url", nargs="?", metavar="URL", default="")
    parser.add_argument("--tag", default="", help="the release that readers get")
    chosen = parser.parse_args(arguments)
    try:
        old = read()
        new = parse(chosen.url or origin(), chosen.tag or old.tag)
        changed = assign(new)
    except (OSError, ValueError) as error:
        sys.exit(f"repository: {error}")
    for path in changed:
        print(f"changed {path.relative_to(ROOT).as_posix()}")
    print(f"The repository is {new.url} at {new.tag}; the site is {new.pages}")


if __name__ == "__main__":
    main()
