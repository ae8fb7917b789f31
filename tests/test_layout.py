"""The code lies where its purpose says, and imports run one way."""

from __future__ import annotations

import ast
import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from vessel_activity.install import sql_file

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "vessel_activity"
# Part of the code -> the parts it may import. Each may import itself.
MAY_IMPORT = {
    "base": set(),
    "database": {"base"},
    "install": {"database", "base"},
    "ais": {"database", "base"},
    "feed": {"ais", "database", "base"},
    "web": {"database", "base"},
    "refresh_loop": {"database", "base"},
    "operate": {"database", "base"},
    "running": {"database", "base"},
    "demo": {"install", "database", "base"},
    # The command starts the server by its path, so that it needs nothing of the web.
    "cli": {
        "demo", "running", "operate", "refresh_loop", "feed", "ais", "install", "database", "base"
    },
    "__main__": {"cli"},
    "server": {"web", "refresh_loop", "running", "database", "base"},
}  # fmt: skip
BASE = {
    PACKAGE,
    *(f"{PACKAGE}.{name}" for name in ("paths", "errors", "logs", "settings", "supervision")),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(path): path
    for path in [PROJECT / "server.py", *sorted((PROJECT / PACKAGE).rglob("*.py"))]
}


def part_of(module: str) -> str:
    """Name the part of the code that a module belongs to."""
    if module in BASE:
        return "base"
    return module.removeprefix(f"{PACKAGE}.").partition(".")[0]


def imported_by(module: str) -> set[str]:
    """Name the modules of the project that a module imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            # A name is a module of the package, or something in the package itself.
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else str(node.module) for name in names}
    return {name for name in found if name.partition(".")[0] in {PACKAGE, "server"}}


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_what_its_part_may_import(module: str) -> None:
    part = part_of(module)
    imported = {name: part_of(name) for name in imported_by(module)}
    allowed = MAY_IMPORT[part] | {part}
    assert {name: other for name, other in imported.items() if other not in allowed} == {}


def test_no_module_imports_itself_through_others() -> None:
    graph = {module: imported_by(module) for module in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_every_imported_module_of_the_project_exists() -> None:
    assert {name for module in FILES for name in imported_by(module)} <= FILES.keys()


def test_the_root_holds_no_python_file_but_the_server() -> None:
    assert [path.name for path in PROJECT.glob("*.py")] == ["server.py"]


SQL_FILES = sorted((PROJECT / "sql" / "functions").rglob("*.sql"))
_CREATE = re.compile(
    r"^create (?:or replace )?(?:function|procedure|view|materialized view)"
    r" (?:public|vessel_activity)\.(\w+)",
    re.MULTILINE,
)


def test_no_two_sql_files_have_the_same_name() -> None:
    names = Counter(path.name for path in SQL_FILES)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_an_sql_file_creates_what_its_name_says(path: Path) -> None:
    assert set(_CREATE.findall(path.read_text())) == {path.stem}


def test_every_sql_text_is_ascii_so_that_any_database_can_read_it() -> None:
    folders = [PROJECT / "sql", PROJECT / "migrations"]
    files = [path for folder in folders for path in folder.rglob("*.sql")]
    assert len(files) > 100
    assert [path.name for path in files if not path.read_bytes().isascii()] == []
    assert (sql_file.migrate() + sql_file.rollback()).isascii()


def test_every_script_of_the_page_imports_files_that_are_there() -> None:
    for script in sorted((PROJECT / "dashboard").glob("*.js")):
        code = script.read_text(encoding="utf-8")
        imported = re.findall(r'(?:from|import\() ?["`](\./[\w-]+\.js)', code)
        missing = [name for name in imported if not (script.parent / name).exists()]
        assert missing == [], script.name
