"""Make a release of this checkout: check, write the version, build, commit, tag.

Run it with `make release VERSION=x.y.z`. It pushes nothing. If a step fails, the branch and
all tracked files are as they were before.

A release keeps its SQL file in tests/data/releases/, so that every later version is tested to
upgrade it. `make release-sql` writes that file alone, for the version of this checkout.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = ROOT / "CHANGELOG.md"
DIST = ROOT / "dist"
CHECKS = (["make", "lint"], ["make", "test"])
# The files that contain the version, each with a pattern that matches only the version.
PLACES = (
    (ROOT / "vessel_activity" / "__init__.py", r'(?<=^__version__ = ")[^"]*(?="$)'),
    (ROOT / "openapi.json", r'(?<="version": ")[^"]*(?=")'),
)
RELEASES = ROOT / "tests" / "data" / "releases"
UNRELEASED = "## [Unreleased]"


class ReleaseError(Exception):
    """The release can't be made; the message says why."""


def main() -> None:
    """Make the release that the command line names."""
    parser = argparse.ArgumentParser(description="Make a release of this checkout.")
    parser.add_argument("version", metavar="VERSION", nargs="?", default="", help="x.y.z")
    parser.add_argument(
        "--without-tests", action="store_true", help="run neither make lint nor make test"
    )
    parser.add_argument(
        "--only-sql", action="store_true", help="only keep the SQL file of the present version"
    )
    arguments = parser.parse_args()
    try:
        if arguments.only_sql:
            print(f"kept {keep_sql().relative_to(ROOT)}")
            return
        release(arguments.version, with_tests=not arguments.without_tests)
    except ReleaseError as error:
        sys.exit(f"error: {error}")


def release(version: str, *, with_tests: bool) -> None:
    """Make one release.

    Raises:
        ReleaseError: a check or a step failed.

    """
    check_checkout(version)
    if with_tests:
        for command in CHECKS:
            run(*command, show=True)
        check_checkout(version)
    else:
        print("make lint and make test were not run")
    before = run("git", "rev-parse", "HEAD").strip()
    try:
        write_version(version)
        build(version)
        run("git", "add", str(keep_sql()))
        run("git", "commit", "--quiet", "--all", f"--message=Release {version}")
        run("git", "tag", "--annotate", f"--message=Release {version}", f"v{version}")
    except BaseException:
        run("git", "reset", "--quiet", "--hard", before)
        raise
    print(f"released {version}: a commit, the tag v{version}, and in dist/:")
    for file in sorted(DIST.iterdir()):
        print(f"  {file.name}")
    print(f"publish it with: git push --atomic origin main v{version}")


def check_checkout(version: str) -> None:
    """Check that the checkout can become this release.

    Raises:
        ReleaseError: the checkout can't become this release.

    """
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise ReleaseError(f"the version must have the form x.y.z, not {version!r}")
    branch = run("git", "branch", "--show-current").strip()
    if branch != "main":
        raise ReleaseError(f"a release is made on the branch main; this is {branch!r}")
    if changed := run("git", "status", "--porcelain"):
        raise ReleaseError(f"these files are not committed:\n{changed.rstrip()}")
    if run("git", "tag", "--list", f"v{version}"):
        raise ReleaseError(f"the tag v{version} exists")
    changelog = CHANGELOG.read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    if newest and numbers(newest[1]) >= numbers(version):
        raise ReleaseError(f"{version} must be newer than the released {newest[1]}")
    _, found, after = changelog.partition(f"\n{UNRELEASED}\n")
    if not found or not re.match(r"\s*### .*\s+- ", after):
        raise ReleaseError(f"CHANGELOG.md has no changes under {UNRELEASED}")


def numbers(version: str) -> list[int]:
    """Return the numbers of a version, so that versions can be compared."""
    return [int(part) for part in version.split(".")]


def write_version(version: str) -> None:
    """Write the version into its files, and add version and date to the changelog."""
    for file, pattern in PLACES:
        replace(file, pattern, version)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    replace(CHANGELOG, rf"^{re.escape(UNRELEASED)}$", f"{UNRELEASED}\n\n## [{version}] - {today}")


def replace(file: Path, pattern: str, new: str) -> None:
    """Replace the only match of a pattern in a file.

    Raises:
        ReleaseError: the pattern has no match, or more than one.

    """
    text = file.read_text(encoding="utf-8")
    text, count = re.subn(pattern, lambda _: new, text, flags=re.MULTILINE)
    if count != 1:
        raise ReleaseError(
            f"{file.name} has {count} places of the form {pattern}; it must have one"
        )
    file.write_text(text, encoding="utf-8")


def build(version: str) -> None:
    """Build the wheel, its bill of materials, the source archive and the SQL files into dist/."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build")
    run(sys.executable, "scripts/sbom.py", str(DIST / f"vessel_activity-{version}.cdx.json"))
    for name, options in (("install", []), ("rollback", ["--rollback"])):
        text = run(sys.executable, "-m", "vessel_activity", "sql", *options)
        (DIST / f"vessel-activity-{version}-{name}.sql").write_text(text, encoding="utf-8")


def keep_sql() -> Path:
    """Keep the SQL file of the present version for the tests of later ones; return its path."""
    RELEASES.mkdir(exist_ok=True)
    version = run(sys.executable, "-m", "vessel_activity", "--version").split()[-1]
    text = run(sys.executable, "-m", "vessel_activity", "sql").encode()
    file = RELEASES / f"{version}.sql.gz"
    # The same bytes on every machine and day.
    file.write_bytes(gzip.compress(text, compresslevel=9, mtime=0))
    return file


def run(*command: str, show: bool = False) -> str:
    """Run a command in the checkout and return its output; `show` prints the output instead.

    Raises:
        ReleaseError: the command failed.

    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=None if show else subprocess.PIPE,
        stderr=None if show else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        told = f":\n{done.stderr.rstrip()}" if done.stderr else ""
        raise ReleaseError(f"{' '.join(command)} failed with exit code {done.returncode}{told}")
    return done.stdout or ""


if __name__ == "__main__":
    main()
