"""`make release`, on a copy of the checkout."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

_NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".data", ".hypothesis", ".*_cache", "__pycache__", "node_modules", "dist")
)
# As from a shell: the make that runs the tests must not tell its options to the make in them.
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}
}
_NEXT = "9.8.7"
_SQL_FILE = "vessel_activity/install/sql_file.py"


def git(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a clean checkout of what is here now, on the branch main."""
    copy = tmp_path / "copy"
    shutil.copytree(PROJECT, copy, ignore=_NOT_COPIED)
    git(copy, "init", "--quiet", "--initial-branch=main")
    for name, value in (("user.name", "Test"), ("user.email", "test@example.org")):
        git(copy, "config", name, value)
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message=All")
    return copy


def release(checkout: Path, version: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/release.py", version, *options],
        cwd=checkout,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(checkout: Path, version: str = _NEXT) -> str:
    """Try a release that must be refused, and return what it says; nothing may change."""
    before = git(checkout, "status", "--porcelain"), git(checkout, "log", "--all")
    done = release(checkout, version)
    assert done.returncode == 1
    assert (git(checkout, "status", "--porcelain"), git(checkout, "log", "--all")) == before
    assert git(checkout, "tag") == ""
    return done.stderr


def commit_file(checkout: Path, name: str, text: str) -> None:
    (checkout / name).write_text(text, encoding="utf-8")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--allow-empty", f"--message={name}")


@pytest.mark.slow
def test_a_release_is_a_commit_a_tag_and_five_files(checkout: Path) -> None:
    done = release(checkout, _NEXT, "--without-tests")

    assert done.returncode == 0, done.stderr
    assert git(checkout, "log", "-1", "--format=%s %D").strip() == (
        f"Release {_NEXT} HEAD -> main, tag: v{_NEXT}"
    )
    assert git(checkout, "cat-file", "-t", f"v{_NEXT}").strip() == "tag"
    assert git(checkout, "status", "--porcelain") == ""
    assert sorted(git(checkout, "diff", "--name-only", "HEAD~1").split()) == [
        "CHANGELOG.md",
        "openapi.json",
        f"tests/data/releases/{_NEXT}.sql.gz",
        "vessel_activity/__init__.py",
    ]
    kept = gzip.decompress((checkout / f"tests/data/releases/{_NEXT}.sql.gz").read_bytes())
    assert kept.decode() == (checkout / f"dist/vessel-activity-{_NEXT}-install.sql").read_text()
    said = subprocess.run(
        [sys.executable, "-m", "vessel_activity", "--version"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"vessel-activity {_NEXT}\n"
    description = json.loads((checkout / "openapi.json").read_text(encoding="utf-8"))
    assert description["info"]["version"] == _NEXT
    changelog = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^##+ .*", changelog, re.MULTILINE)
    today = dt.datetime.now(dt.UTC).date()
    assert headings[:3] == ["## [Unreleased]", f"## [{_NEXT}] - {today}", "### Added"]

    dist = checkout / "dist"
    assert sorted(file.name for file in dist.iterdir()) == [
        f"vessel-activity-{_NEXT}-install.sql",
        f"vessel-activity-{_NEXT}-rollback.sql",
        f"vessel_activity-{_NEXT}-py3-none-any.whl",
        f"vessel_activity-{_NEXT}.cdx.json",
        f"vessel_activity-{_NEXT}.tar.gz",
    ]
    assert all(file.stat().st_size for file in dist.iterdir())

    # The section Unreleased is empty now.
    again = release(checkout, "9.8.8", "--without-tests")
    assert "CHANGELOG.md has no changes under ## [Unreleased]" in again.stderr


def test_a_release_is_refused_before_anything_changes(checkout: Path) -> None:
    assert "the version must have the form x.y.z, not 'v1'" in refusal(checkout, "v1")
    git(checkout, "switch", "--quiet", "--create", "other")
    assert "a release is made on the branch main; this is 'other'" in refusal(checkout)
    git(checkout, "switch", "--quiet", "main")
    (checkout / "new.py").write_text("")
    assert "these files are not committed:\n?? new.py" in refusal(checkout)
    (checkout / "new.py").unlink()
    changelog = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = changelog.replace(
        "## [Unreleased]\n",
        "## [Unreleased]\n\n### Fixed\n\n- It.\n\n## [10.0.0] - 2026-01-31\n",
        1,
    )
    commit_file(checkout, "CHANGELOG.md", dated)
    assert f"{_NEXT} must be newer than the released 10.0.0" in refusal(checkout)


def test_a_release_whose_checks_fail_changes_nothing(checkout: Path) -> None:
    commit_file(checkout, "Makefile", "lint:\n\t@echo linted\ntest:\n\t@echo tested; exit 3\n")
    done = release(checkout, _NEXT)
    assert (done.returncode, done.stdout) == (1, "linted\ntested\n")
    assert "make test failed with exit code 2" in done.stderr
    assert git(checkout, "status", "--porcelain", "--ignored") == ""
    assert git(checkout, "tag") == ""


def test_a_release_whose_build_fails_changes_nothing(checkout: Path) -> None:
    commit_file(checkout, _SQL_FILE, "raise SystemExit('no SQL file')\n")
    before = git(checkout, "rev-parse", "HEAD")
    done = release(checkout, _NEXT, "--without-tests")
    assert done.returncode == 1
    assert "vessel_activity sql failed with exit code 1:\nno SQL file" in done.stderr
    assert git(checkout, "rev-parse", "HEAD") == before
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "tag") == ""


def test_make_release_passes_the_version_on() -> None:
    def steps(*variables: str) -> str:
        done = subprocess.run(
            ["make", "--dry-run", "release", *variables],
            cwd=PROJECT,
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.rstrip().splitlines()[-1]

    assert re.fullmatch(r'\S*python scripts/release.py +"1\.2\.3"', steps("VERSION=1.2.3"))
    assert steps("VERSION=1.2.3", "TESTS=no").endswith('release.py --without-tests "1.2.3"')
