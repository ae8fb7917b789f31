"""The list of licences and the bill of materials hold what an installation brings along."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from scripts.sbom import LOCK, listed
from tests.conftest import PROJECT
from vessel_activity import __version__

if TYPE_CHECKING:
    from pathlib import Path

LOCKED = dict(re.findall(r"^([\w.-]+)==([\w.]+)", LOCK.read_text("utf-8"), re.MULTILINE))
# Packages without an SPDX expression: what they say instead.
_IN_WORDS = {
    "babel": "BSD-3-Clause",
    "h11": "MIT",
    "psutil": "BSD-3-Clause",
    "pyais": "MIT License",
    "sqlparse": "BSD License",
    "tqdm": "MPL-2.0 AND MIT",
    "uvloop": "MIT License",
    "yoyo-migrations": "Apache",
}


def of_the_lock(listed: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in listed.items() if name != "uPlot"}


def test_the_list_has_every_locked_package_in_its_version() -> None:
    assert len(LOCKED) > 20
    assert {name: row[0] for name, row in of_the_lock(listed()).items()} == LOCKED
    script = (PROJECT / "dashboard" / "uplot" / "uPlot.iife.min.js").read_text(encoding="utf-8")
    assert f"uPlot (v{listed()['uPlot'][0]})" in script[:100]


def test_the_licences_are_those_that_the_packages_name() -> None:
    for name, (_, licence, _) in of_the_lock(listed()).items():
        about = importlib.metadata.metadata(name)
        if "License-Expression" in about:
            assert about["License-Expression"] == licence, name
        else:
            names = [*(about.get_all("License") or []), *(about.get_all("Classifier") or [])]
            said = " ".join(names)
            assert _IN_WORDS[name] in said


def test_the_list_says_who_needs_a_package() -> None:
    needed: dict[str, list[str]] = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([\w.-]+)==", line):
            users = needed.setdefault(found[1], [])
        elif found := re.match(r" +# +(?:via )?(\w.*)", line):
            users.append(found[1].replace("vessel-activity (pyproject.toml)", "vessel activity"))
    needed = {name: [user for user in users if user != "via"] for name, users in needed.items()}
    assert {name: row[2] for name, row in of_the_lock(listed()).items()} == needed


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give the bill of materials. The script has checked it against the schema."""
    file: Path = tmp_path_factory.mktemp("bill") / "bill.json"
    subprocess.run([sys.executable, "scripts/sbom.py", str(file)], cwd=PROJECT, check=True)
    made: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return made


def test_the_bill_of_materials_has_each_package_with_its_licence_and_hashes(
    bill: dict[str, Any],
) -> None:
    assert bill["metadata"]["component"]["version"] == __version__
    components = {component["name"]: component for component in bill["components"]}
    assert {name: found["version"] for name, found in components.items()} == {
        name: row[0] for name, row in listed().items()
    }
    assert components["psycopg"]["licenses"] == [{"expression": "LGPL-3.0-only"}]
    assert components["uPlot"]["purl"] == "pkg:npm/uplot@1.6.32"
    for name in LOCKED:
        (source,) = components[name]["externalReferences"]
        hashes = {found["content"] for found in source["hashes"]}
        text = LOCK.read_text(encoding="utf-8")
        locked = text.partition(f"\n{name}==")[2].partition("\n    # via")[0]
        assert hashes == set(re.findall(r"sha256:(\w+)", locked)) != set()


def test_the_bill_of_materials_tells_nothing_of_the_machine(bill: dict[str, Any]) -> None:
    for component in bill["components"]:
        assert "description" not in component
        for source in component.get("externalReferences", []):
            address = urlsplit(source["url"])
            assert address.scheme == "https"
            assert address.netloc == address.hostname
            assert address.hostname.endswith(".org")


def test_the_bill_of_materials_says_what_needs_what(bill: dict[str, Any]) -> None:
    needs = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    names = {component["bom-ref"]: component["name"] for component in bill["components"]}
    assert {"psycopg", "starlette", "uPlot"} <= {names[needed] for needed in needs[root]}
    reachable, found = {root}, [root]
    while found:
        new = set(needs[found.pop()]) - reachable
        reachable |= new
        found += new
    assert reachable == {root, *names}
