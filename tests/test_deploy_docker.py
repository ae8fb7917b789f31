"""The Dockerfiles and the compose file are valid, and their steps work, without Docker.

The steps of the Dockerfile run in a plain folder instead of an image. They run as an ordinary user,
without network: the locked packages come from the environment of the tests.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml

from tests.conftest import PROJECT, folder_for_servers
from tests.support import builds
from tests.support.webserver import STATS, eventually, fetch
from vessel_activity import __version__
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

DOCKER = PROJECT / "deploy" / "docker"
DOCKERFILE = DOCKER / "Dockerfile"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
_PROGRAMS = Path(sys.executable).parent


def passes(*command: str) -> None:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(DOCKER.glob("*Dockerfile")), ids=lambda path: path.name)
def test_the_linter_has_nothing_to_say_about_a_dockerfile(path: Path) -> None:
    passes(str(_PROGRAMS / "hadolint"), str(path))


def test_the_compose_file_follows_the_schema_of_compose_files() -> None:
    checker = str(_PROGRAMS / "check-jsonschema")
    passes(checker, "--builtin-schema", "vendor.compose-spec", str(DOCKER / "compose.yaml"))


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with its arguments."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def ordinary_user(server: LocalServer) -> tuple[dict[str, Any], str]:
    """Return how a program is run as an ordinary user, and a Python that this user may run.

    It is the user of the database server, whose socket is closed to others.
    """
    user = server.account.user
    if os.geteuid() != 0:
        return {}, sys.executable
    if user is None:
        pytest.skip("no ordinary user can work here")
    identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    wanted = "{}.{}".format(*sys.version_info)
    for python in (getattr(sys, "_base_executable", sys.executable), "/usr/bin/python3"):
        try:
            told = subprocess.run(
                [python, "--version"],
                capture_output=True,
                text=True,
                cwd="/",
                check=True,
                **identity,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.stdout.startswith(f"Python {wanted}."):
            return identity, python
    pytest.skip(f"an ordinary user can run no Python {wanted} here")


@dataclass
class Image:
    """A plain folder in which the steps of a Dockerfile have run.

    Attributes:
        root: stands for the root of the image.
        environment: the variables that ENV has set.
        words: the arguments of ENTRYPOINT, CMD, HEALTHCHECK and USER.

    """

    root: Path
    python: str
    identity: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    _folder: str = "/"

    def inside(self, text: str) -> str:
        """Put the folder in front of the paths of the image."""
        return re.sub(r"(?<![\w.*])/(opt|src)\b", rf"{self.root}/\1", text)

    def build(self, context: Path) -> None:
        """Run every instruction."""
        (self.root / "python").mkdir(parents=True)
        (self.root / "python" / "python").symlink_to(self.python)
        for name, arguments in instructions(DOCKERFILE):
            if name == "WORKDIR":
                self._folder = arguments
                (self.root / arguments.strip("/")).mkdir(parents=True, exist_ok=True)
                self._give(self.root)
            elif name == "COPY" and not arguments.startswith("--from"):
                self._copy(context, arguments.split())
            elif name == "RUN" and not arguments.startswith("useradd"):
                self._run(arguments)
            elif name == "ENV":
                for variable in shlex.split(arguments):
                    key, _, value = variable.partition("=")
                    self.environment[key] = self.inside(value).replace("$PATH", "/usr/bin:/bin")
            else:
                self.words[name] = arguments

    def _give(self, folder: Path) -> None:
        if self.identity:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self.identity["user"], self.identity["group"], follow_symlinks=False)

    def _copy(self, context: Path, names: list[str]) -> None:
        *sources, target = names
        place = self.root / self._folder.strip("/")
        for source in sources:
            if (context / source).is_dir():
                shutil.copytree(
                    context / source, place / target, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(context / source, place)
        self._give(place)

    def _run(self, line: str) -> None:
        for part in line.split(" && "):
            done = subprocess.run(
                ["sh", "-euc", self.inside(part)],
                cwd=self.root / self._folder.strip("/"),
                env={
                    "PATH": f"{self.root}/python:/usr/bin:/bin",
                    "HOME": str(self.root),
                    "PIP_NO_INDEX": "1",
                    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                },
                capture_output=True,
                text=True,
                check=False,
                **self.identity,
            )
            assert done.returncode == 0, f"{part}\n{done.stdout}{done.stderr}"
            for name, lock in (("vessel-activity", ""), ("build", "-build")):
                if re.search(rf"-m venv .*/opt/{name}$", part):
                    link_packages(self.root / "opt" / name, PROJECT / f"requirements{lock}.lock")

    def run(self, words: list[str], **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a command as in a container of the image."""
        return subprocess.run(
            words,
            cwd=self.root,
            env={**self.environment, **changes},
            capture_output=True,
            text=True,
            check=False,
            **self.identity,
        )

    @contextmanager
    def started(self, **changes: str) -> Iterator[tuple[str, int]]:
        """Start a container without a command, give its address and its process, and stop it."""
        words = [*json.loads(self.words["ENTRYPOINT"]), *json.loads(self.words["CMD"])]
        with subprocess.Popen(
            words,
            cwd=self.root,
            env={**self.environment, "HOST": "127.0.0.1", **changes},
            stderr=subprocess.PIPE,
            text=True,
            **self.identity,
        ) as process:
            assert process.stderr is not None
            said = ""
            try:
                for line in process.stderr:
                    said += line
                    if found := re.search(r"http://\S+:(\d+)/dashboard/vessels", line):
                        yield f"http://127.0.0.1:{found[1]}", process.pid
                        break
                else:
                    raise AssertionError("it ended before it served: " + said)
            finally:
                process.send_signal(getattr(signal, self.words["STOPSIGNAL"]))
                process.communicate(timeout=60)
        assert process.returncode == 0, said


def link_packages(environment: Path, lock: Path) -> None:
    """Link each package of a lock file from the environment of the tests, as if installed."""
    (site_packages,) = (environment / "lib").glob("python*/site-packages")
    for name in re.findall(r"^([\w.-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE):
        found = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site_packages / top).exists():
                (site_packages / top).symlink_to(str(found.locate_file(top)))


@pytest.fixture(scope="module")
def image(server: LocalServer) -> Iterator[Image]:
    """Give the folder in which the steps of the Dockerfile have run."""
    identity, python = ordinary_user(server)
    with folder_for_servers() as folder:
        image = Image(folder / "image", python, identity)
        image.root.mkdir()
        image.build(PROJECT)
        yield image


@pytest.mark.slow
def test_the_image_has_the_command_and_runs_it_as_an_ordinary_user(image: Image, url: str) -> None:
    user = image.words["USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)  # not root, which a name would not show
    words = json.loads(image.words["ENTRYPOINT"])
    assert image.run([*words, "--version"]).stdout == f"vessel-activity {__version__}\n"
    with image.started(DATABASE_URL=url, PORT="0") as (address, process):
        assert eventually(lambda: fetch(address + STATS, timeout=10)).status_code == 200
        assert Path(f"/proc/{process}").stat().st_uid != 0
        command = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8").split("\0")
        assert str(image.root / "opt/vessel-activity/bin/vessel-activity") in command
    assert json.loads(image.words["EXPOSE"]) == int(image.environment["PORT"])


@pytest.mark.slow
def test_the_health_check_passes_while_the_server_answers(image: Image, url: str) -> None:
    check = json.loads(image.words["HEALTHCHECK"].partition(" CMD ")[2])
    with image.started(DATABASE_URL=url, PORT="0") as (address, _):
        port = address.rpartition(":")[2]
        eventually(lambda: fetch(address + STATS, timeout=10).status_code == 200)
        assert image.run(check, PORT=port).returncode == 0
    assert image.run(check, PORT=port).returncode == 1


def test_the_context_of_the_image_is_what_the_dockerfile_copies() -> None:
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    copied = [
        name
        for instruction, arguments in instructions(DOCKERFILE)
        if instruction == "COPY" and not arguments.startswith("--from")
        for name in arguments.split()[:-1]
    ]
    assert sorted(name[1:] for name in ignored if name.startswith("!")) == sorted(copied)


def test_every_service_of_the_compose_file_is_confined() -> None:
    services = COMPOSE["services"]
    for name in ("migrate", "grant", "server"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert services["server"]["read_only"]
    assert services["server"]["mem_limit"] == "256m"
    # Nothing listens beyond this machine.
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]


@pytest.mark.slow
@pytest.mark.needs("pg_cron")
def test_the_services_of_the_compose_file_install_grant_and_refresh(
    new_server: Callable[..., LocalServer], tmp_path: Path
) -> None:
    services = COMPOSE["services"]
    options = dict(
        option.removeprefix("-c").split("=") for option in services["database"]["command"][1:]
    )
    server = new_server(**options)
    server.start()
    try:
        name = services["database"]["environment"]["POSTGRES_DB"]
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        made = subprocess.run(
            ["sh", str(DOCKER / "roles.sh")],
            env={
                "PATH": f"{builds.postgresql_binaries()}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "PGHOST": str(server.socket_folder),
                "POSTGRES_USER": "postgres",
                "POSTGRES_DB": name,
                "OWNER_PASSWORD": "it's $mine",
                "SERVER_PASSWORD": 'a"b',
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        owner = server.url(name).replace("postgres@", "fleet_owner@")
        migrate.migrate(owner)
        (statement,) = (
            word.removeprefix("--command=")
            for word in services["grant"]["command"]
            if word.startswith("--command=")
        )
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(statement.encode())
            connection.execute("delete from public.vessel_activity_realtime")
            states = {
                str(check): str(state)
                for check, state in connection.execute(
                    "select check_name, state from public.vessel_activity_status()"
                )
            }
            assert states["pg_cron"] == "ok"
        # The role of the web server reads, and may refresh.
        role = owner.replace("fleet_owner@", "vessel_activity_server@")
        with psycopg.connect(role, autocommit=True) as connection:
            row = connection.execute(
                "select refreshed from vessel_activity.refresh_if_due('fallback')"
            ).fetchone()
            assert row == (True,)
            row = connection.execute("select present from vessel_activity.serving()").fetchone()
            assert row == (True,)
    finally:
        server.stop("immediate")
