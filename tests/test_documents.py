"""The documents name what exists: files, headings, folders, and the parts in the pictures."""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import PROJECT
from tests.test_layout import MAY_IMPORT

DOCS = PROJECT / "docs"
PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.glob("*.md")),
]
_MAP = (DOCS / "architecture.md").read_text(encoding="utf-8")
_SVG = "{http://www.w3.org/2000/svg}"


def anchors(page: Path) -> set[str]:
    """Return the fragments of the headings of a page, as GitHub makes them."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    headings = re.findall(r"^#+ +(.+?)\s*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def problem(page: Path, link: str) -> str | None:
    """Say what is wrong with a relative link of a page; None if it leads somewhere."""
    path, _, fragment = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(PROJECT) or not target.exists():
        return f"{link}: no such file"
    if fragment and fragment not in anchors(target):
        return f"{link}: no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [link for link in links if not re.match(r"\w+:", link)]
    assert [found for link in relative if (found := problem(page, link))] == []


def test_a_link_to_nothing_is_found() -> None:
    page = DOCS / "architecture.md"
    assert problem(page, "engine.md#why-it-is-exact") is None
    assert problem(page, "#where-things-are") is None
    assert problem(page, "motor.md") == "motor.md: no such file"
    assert problem(page, "engine.md#motor") == "engine.md#motor: no such heading"


def test_the_map_has_every_folder() -> None:
    ignored = (PROJECT / ".gitignore").read_text(encoding="utf-8").replace("/", "").split()
    folders = set()
    for root, inside, files in os.walk(PROJECT):
        inside[:] = [name for name in inside if name not in {*ignored, ".git"}]
        if files and Path(root) != PROJECT:
            folders.add(Path(root).relative_to(PROJECT).as_posix() + "/")
    rows = re.findall(r"^\| (`[^|]*/`) \|", _MAP, re.MULTILINE)
    named = re.findall(r"`([^`]+)`", " ".join(rows))

    assert sorted(set(named)) == sorted(named)
    # sql/functions/ holds only folders.
    assert set(named) - {"sql/functions/"} == folders


def test_the_map_has_more_than_25_places_for_a_change() -> None:
    table = _MAP.partition("## I want to change")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\| (?!to change|-)", table, re.MULTILINE)) > 25


@pytest.mark.parametrize("name", ["flow", "imports"])
def test_a_picture_has_a_title_and_a_description(name: str) -> None:
    root = ET.parse(DOCS / f"{name}.svg").getroot()  # noqa: S314 - a file of the project
    for tag in ("title", "desc"):
        found = root.find(_SVG + tag)
        assert found is not None
        assert len(found.text or "") > 20


def test_the_picture_of_the_flow_names_files_that_exist() -> None:
    root = ET.parse(DOCS / "flow.svg").getroot()  # noqa: S314 - a file of the project
    named = {element.text or "" for element in root.iter() if element.get("class") == "where"}
    assert len(named) > 10
    places = (PROJECT, PROJECT / "vessel_activity")
    assert {name for name in named if not any((place / name).exists() for place in places)} == set()


def test_the_picture_of_the_imports_shows_the_rules() -> None:
    root = ET.parse(DOCS / "imports.svg").getroot()  # noqa: S314 - a file of the project
    parts = {element.text for element in root.iter(_SVG + "text") if element.get("class") == "name"}
    assert parts == MAY_IMPORT.keys()

    arrows = {(path.get("data-from"), path.get("data-to")) for path in root.iter(_SVG + "path")}
    # The picture says in words that the parts may import database and base.
    below = {"database", "base"}
    rules = {(part, other) for part, others in MAY_IMPORT.items() for other in others - below} | {
        ("database", "base")
    }
    assert arrows - {(None, None)} == rules
    without = {part for part, others in MAY_IMPORT.items() if not below <= others}
    assert without == {"__main__", *below}
