"""Set the repository's address everywhere: `python -m tools.chapters.repository URL`.

The address stands in ``_config.yml`` and is repeated in the README, the citation, the
package's metadata and in every notebook, whose set-up cell installs the package from
it. This tool changes all of them in one step and can be run again at any time; without
an address it only brings the notebooks in line with ``_config.yml``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import yaml

from tools.chapters import conventions

ROOT = conventions.ROOT
COLAB = "https://colab.research.google.com"

#: Files that may name the repository: text, and ours.
TEXT = {".cff", ".css", ".html", ".ipynb", ".js", ".json", ".md", ".py", ".svg"}
TEXT |= {".toml", ".txt", ".xml", ".yaml", ".yml"}
FOLDERS = ("book", "lecture_code", "tools", "assets", ".github", ".ci")

SETUP = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q --no-deps "git+{url}@{tag}\""""


LINKS = (
    "[Open this chapter in Colab]({colab}) or take the [student notebook]({student}), "
    "in which the solutions are left out."
)
#: That sentence with any addresses, and the blank before it, which is kept.
LINKED = re.compile(r"(\s*)" + re.sub(r"\\\{\w+\\\}", "[^)]*", re.escape(LINKS)))


class Address(NamedTuple):
    """A repository on GitHub and the release that readers get.

    Parameters
    ----------
    owner, name : str
        As in ``https://github.com/owner/name``.
    tag : str
        The release tag that set-up cells and Colab links use.
    """

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
        """Source of the set-up cell: on Colab, install the package of the release."""
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
    """Read an address as people paste it, or raise ValueError with what is wrong."""
    parts = urlsplit(url.strip())
    names = parts.path.strip("/").removesuffix(".git").split("/")
    sound = all(re.fullmatch(r"[\w-][\w.-]*", name) for name in names)
    if (parts.scheme, parts.netloc, len(names), sound) != (
        "https",
        "github.com",
        2,
        True,
    ):
        raise ValueError(
            f"URL: expected https://github.com/OWNER/REPOSITORY, got {url!r} "
            "(Colab and the site's publication both need GitHub)"
        )
    if not re.fullmatch(r"\w[\w.+-]*", tag):
        raise ValueError(f"TAG: expected a release tag such as v0.1.0, got {tag!r}")
    return Address(*names, tag)


def read(root: Path = ROOT) -> Address:
    """Read the address that ``_config.yml`` states."""
    text = (root / "_config.yml").read_text(encoding="utf-8")
    stated = yaml.safe_load(text)["repository"]
    return parse(stated["url"], str(stated["branch"]))


def files(root: Path = ROOT) -> Iterator[Path]:
    """List the text files that may name the repository, but for ``_config.yml``."""
    inside = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*"))]
    hidden = (".ipynb_checkpoints", "__pycache__")
    for path in [*sorted(root.iterdir()), *inside]:
        known = path.suffix in TEXT and not set(path.parts) & set(hidden)
        if path.is_file() and known and path.name != "_config.yml":
            yield path


def renamed(text: str, old: Address, new: Address) -> str:
    """Replace one address by another wherever a text names it."""
    end = r"(?![\w-]|\.\w)"  # a name that only begins like ours is somebody else's
    git = r"(?![\w-]|\.(?!git\b)\w)"
    repository = re.compile(
        rf"(?<![\w-])(github(?:\.com)?/){re.escape(f'{old.owner}/{old.name}')}{git}"
        rf"(?:((?:\.git)?(?:/(?:blob|tree|raw|releases/tag)/|@)){re.escape(old.tag)}{end})?"
    )

    def swap(found: re.Match) -> str:
        place = f"{found[1]}{new.owner}/{new.name}"
        return f"{place}{found[2]}{new.tag}" if found[2] else place

    text = repository.sub(swap, text)
    pages = re.escape(old.pages.rstrip("/")) + r"(/|(?![\w.-]))"
    return re.sub(pages, lambda found: new.pages.rstrip("/") + found[1], text)


def configured(text: str, new: Address) -> str:
    """Set url and branch in the text of ``_config.yml``, comments untouched."""
    for key, value in (("url", new.url), ("branch", new.tag)):
        pattern = rf"(?m)(^repository:\n(?:[ #].*\n|\n)*?  {key}: *)[^\s#]+"
        text, count = re.subn(pattern, lambda m, v=value: m[1] + v, text)
        if count != 1:
            raise ValueError(f"_config.yml: expected one repository.{key}")
    return text


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

    def edit(text: str) -> str:
        return renamed(text, old, new)

    def edit_configuration(text: str) -> str:
        return configured(edit(text), new)

    changed = [path for path in files(root) if change(path, edit)]
    # Last, so that after an interruption the old address is still known.
    configuration = root / "_config.yml"
    changed += [configuration] if change(configuration, edit_configuration) else []
    return list(dict.fromkeys([*changed, *align(root)]))


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and set the address."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("url", nargs="?", metavar="URL", default="")
    parser.add_argument("--tag", default="", help="the release that readers get")
    chosen = parser.parse_args(arguments)
    try:
        old = read()
        new = parse(chosen.url or old.url, chosen.tag or old.tag)
        changed = assign(new)
    except (OSError, ValueError) as error:
        sys.exit(f"repository: {error}")
    for path in changed:
        print(f"changed {path.relative_to(ROOT).as_posix()}")
    print(f"The repository is {new.url} at {new.tag}; the site is {new.pages}")


if __name__ == "__main__":
    main()
