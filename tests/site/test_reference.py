"""The pages that are made from what the repository holds say what it holds."""

from __future__ import annotations

import html
import re
from types import ModuleType

from lecture_code import claims
from tools.chapters import conventions
from tools.checks import matrix
from tools.site import tables


def claims_of(builder: ModuleType) -> list[claims.Claim]:
    """Read the claims of all chapters as the package does, in the book's order."""
    paths = conventions.chapters(builder.ROOT)
    return [claim for path in paths for claim in claims.read(path)]


def listed(page: str) -> list[claims.Claim]:
    """Read the claims that the page of all claims lists, each linked to its place."""
    link = r'href="[\w-]+\.html#claim-(w?\d+)-(\d+)"><span[^>]*>Claim (W?\d+\.\d+)'
    found = re.findall(rf"{link}</span></a>: (.*?)</p>", page, flags=re.DOTALL)
    assert {f"{chapter.upper()}.{order}" for chapter, order, *_ in found} == {
        identity for *_, identity, _ in found
    }
    return [claims.Claim(each[2], html.unescape(each[3])) for each in found]


def test_every_claim_is_listed_in_order(builder, site):
    page = (site / "book" / "claims.html").read_text(encoding="utf-8")
    wanted = claims_of(builder)
    assert listed(page) == wanted
    chapters = {claim.identity.split(".")[0] for claim in wanted}
    assert f"{len(wanted)} claims in {len(chapters)} chapters" in page


def ran(result: str = "passed", **changes: str) -> dict[str, str]:
    """Make a row of the table of runs."""
    row = dict.fromkeys(matrix.COLUMNS, "1") | {"run": "as is", "result": result}
    return {**row, "chapter": "01-histograms", **changes}


def test_runs_are_summed_up_honestly():
    rows = [ran(), ran("failed", date="2"), ran(chapter="02"), ran(torch="9")]
    first, second = tables.runs(rows)
    assert (first[0], *first[2:]) == ("as is", "2", "2 of 3", "2")
    assert "torch 9" in second[1]


def test_the_cost_of_a_chapter_is_a_median_or_not_measured():
    rows = [ran(cpu_s=s, peak_mb="300") for s in ("3", "4", "9")]
    rows.append(ran(run="another", cpu_s="99"))
    found = {name: rest for name, *rest in tables.costs(rows)}
    assert found["01-histograms"] == ["4.0 s", "300 MB", "3"]
    assert found["02-curse-of-dimensionality"][0] == "not measured yet"


def test_the_status_page_shows_the_table(site):
    page = (site / "book" / "status.html").read_text(encoding="utf-8")
    rows = matrix.read()
    for cells in (*tables.runs(rows), *tables.costs(rows)):
        assert "</p></td>\n<td><p>".join(cells).replace("'", "\u2019") in page
