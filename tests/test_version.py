"""The version is the same wherever it is shown."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import COMMAND, PROJECT
from tests.support.webserver import WebServer
from vessel_activity import __version__


def test_the_command_and_the_description_of_the_api_give_the_version() -> None:
    done = subprocess.run(
        [*COMMAND, "--version"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"vessel-activity {__version__}\n"
    description = json.loads((PROJECT / "openapi.json").read_text(encoding="utf-8"))
    assert description["info"]["version"] == __version__


def test_metrics_give_the_version(url: str) -> None:
    with WebServer(url) as web:
        text = web.get("/metrics").text
    build = [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "vessel_activity_build_info"
    ]
    assert build == [({"version": __version__}, 1)]


def test_the_changelog_begins_with_what_is_unreleased_and_then_has_the_version() -> None:
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *released = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert first == "[Unreleased]"
    for heading in released:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading), heading
    # Before the first release there is no heading with a version.
    assert [heading.partition("]")[0] for heading in released[:1]] in ([], [f"[{__version__}"])


def test_no_other_file_holds_a_version_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    # npm needs no version for what is never published.
    for file in PROJECT.glob("package*.json"):
        assert "version" not in json.loads(file.read_text(encoding="utf-8")), file.name
