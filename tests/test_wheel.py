"""The wheel holds everything, and works in an environment that knows no checkout."""

from __future__ import annotations

import importlib.metadata
import json
import re
import signal
import subprocess
import sys
import venv
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, PROJECT, folder_for_servers
from tests.support.webserver import STATS, eventually, fetch
from tests.test_load import OLD, line
from vessel_activity import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

_BESIDE_THE_PACKAGE = ("server.py", "openapi.json", "migrations", "sql", "dashboard")


def build(folder: Path, into: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(into)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder outside the checkout that the embedded server's user may enter."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture(scope="module")
def dist(folder: Path) -> Path:
    """Build the wheel and the source archive."""
    build(PROJECT, folder / "dist")
    return folder / "dist"


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_inside_the_package(dist: Path) -> None:
    wheel = dist / f"vessel_activity-{__version__}-py3-none-any.whl"
    sources = [
        file.relative_to(PROJECT)
        for name in ("vessel_activity", *_BESIDE_THE_PACKAGE)
        for file in (PROJECT / name, *(PROJECT / name).rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
    ]
    inside = {
        str(file if file.parts[0] == "vessel_activity" else "vessel_activity" / file)
        for file in sources
    }
    assert {"vessel_activity/server.py", "vessel_activity/cli.py"} <= inside
    about = f"vessel_activity-{__version__}.dist-info/"
    found = contents(wheel)
    assert {name for name in found if not name.startswith(about)} == inside
    assert f"{about}licenses/LICENSE" in found
    assert f"{about}licenses/dashboard/uplot/LICENSE.txt" in found


def test_the_source_archive_builds_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    name = f"vessel_activity-{__version__}"
    # By tar: Python 3.11.2 has no safe way, and later versions warn of the other.
    archive = dist / f"{name}.tar.gz"
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(tmp_path)], check=True)
    build(tmp_path / name, tmp_path / "dist")
    wheel = f"{name}-py3-none-any.whl"
    assert contents(tmp_path / "dist" / wheel) == contents(dist / wheel)


@dataclass(frozen=True)
class Installation:
    """The wheel, installed into a virtual environment with only the locked requirements.

    Attributes:
        folder: where the commands run.
        bin: the folder of the environment's programs.

    """

    folder: Path
    bin: Path

    def environment(self, data: str, **changes: str) -> dict[str, str]:
        """Return the environment of a command whose embedded server is in the folder `data`."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / data),
            **changes,
        }

    def run(self, program: str, *arguments: str, data: str = "share") -> str:
        """Run a program of the environment and return its output; a failure is the test's."""
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env=self.environment(data),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, *arguments: str, data: str = "share") -> Iterator[str]:
        """Run a command that serves, give its address, and stop it with Ctrl-C."""
        with subprocess.Popen(
            [self.bin / "vessel-activity", *arguments],
            cwd=self.folder,
            env=self.environment(data, PORT="0"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            told = ""
            try:
                for said in process.stdout:
                    told += said
                    if found := re.search(r"(http://\S+)/dashboard/vessels", said):
                        yield found[1]
                        break
                else:
                    raise AssertionError("it ended before it served: " + told)
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)
        assert process.returncode == 0, told


def link_locked_requirements(site_packages: Path) -> None:
    """Link each package of requirements.lock from the environment of the tests."""
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        found = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site_packages / top).exists():
                (site_packages / top).symlink_to(str(found.locate_file(top)))


@pytest.fixture(scope="module")
def installed(folder: Path, dist: Path) -> Installation:
    """Install the wheel with pip, without network."""
    environment = folder / "environment"
    venv.create(environment)
    programs = environment / "bin"
    (site_packages,) = (environment / "lib").glob("python*/site-packages")
    link_locked_requirements(site_packages)
    (wheel,) = dist.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
    for arguments in (["install", "--quiet", "--no-index", "--no-deps", str(wheel)], ["check"]):
        done = subprocess.run(
            [*pip, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return Installation(folder, programs)


def test_the_installation_adds_one_top_level_module(installed: Installation) -> None:
    told = installed.run(
        "python",
        "-c",
        "import importlib.util as u, json, sys, vessel_activity;"
        " names = ['server', 'tests', 'bench', 'pytest', 'pkg_resources'];"
        " print(json.dumps([vessel_activity.__file__, [n for n in names if u.find_spec(n)]]))",
    )
    file, importable = json.loads(told)
    assert Path(file).is_relative_to(installed.bin.parent)
    assert importable == []
    assert installed.run("vessel-activity", "--version") == f"vessel-activity {__version__}\n"


def test_the_installed_demo_serves_the_page_and_the_figures(installed: Installation) -> None:
    with installed.serving("demo", "--vessels", "300", data="demo") as address:
        page = fetch(f"{address}/dashboard/vessels", timeout=10)
        assert page.status_code == 200
        script = re.search(r'src="([^"]*app[^"]*\.js[^"]*)"', page.text)
        assert script is not None
        assert fetch(f"{address}/dashboard/{script[1]}", timeout=10).status_code == 200
        description = fetch(f"{address}/openapi.json", timeout=10).json()
        assert description["info"]["version"] == __version__
        eventually(lambda: fetch(f"{address}/readyz", timeout=10).status_code == 200)
        assert fetch(f"{address}{STATS}", timeout=10).json()["totalVessels"] == 300
    data = installed.folder / "demo" / "vessel-activity" / "postgresql-18"
    assert (data / "PG_VERSION").exists()
    assert not (data / "postmaster.pid").exists()


def test_the_installed_commands_work_one_after_another(installed: Installation) -> None:
    file = installed.folder / "ais.csv"
    file.write_text("\n".join([OLD, line("219000001"), line("219000002")]) + "\n")

    installed.run("vessel-activity", "migrate")
    assert "loaded                  2" in installed.run("vessel-activity", "load", str(file))
    figures = json.loads(installed.run("vessel-activity", "refresh"))
    assert figures["totalVessels"] == 2
    assert re.findall(r"^fail", installed.run("vessel-activity", "status"), re.MULTILINE) == []
    with installed.serving("serve") as address:
        served = eventually(lambda: fetch(f"{address}{STATS}", timeout=10)).json()
        assert served["totalVessels"] == 2
    for arguments in (["sql"], ["sql", "--rollback"]):
        printed = subprocess.run(
            [*COMMAND, *arguments], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        assert installed.run("vessel-activity", *arguments) == printed.stdout
    installed.run("vessel-activity", "rollback")
    installed.run("vessel-activity", "migrate")
    assert json.loads(installed.run("vessel-activity", "refresh"))["totalVessels"] == 2
