"""Write docs/functions.md: what each SQL function is for, and who calls it.

Run it with `python scripts/function_map.py`. It reads the files as text and needs no database. A
test compares the result with the catalog of a migrated database.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs" / "functions.md"
COMMAND = "python scripts/function_map.py"

# Functions whose caller makes the name of the function while it runs, with this caller.
MADE_NAMES = {
    "vessel_activity_demo.remove": "sql/functions/operating/remove_simulation.sql",
    "vessel_activity.scaled": "sql/functions/sources/actual_value.sql",
}
_HEAD = f"""\
# The SQL functions

`{COMMAND}` writes this file from the code. Do not edit it.

The description is the first sentence of the COMMENT of the function. In psql,
`\\df+ vessel_activity.*` shows the whole COMMENT. A name without a schema belongs to schema
`vessel_activity`.

- The functions in schema `public` are the interface. People and their programs call them. All other
  functions are private.
- `entry_points` lists the functions that other roles than the owner may execute, by purpose.
- `install_triggers` makes the triggers that run the trigger functions.
- `cron_jobs` writes the commands of the pg_cron jobs.
- `fit_to_sources` makes two more functions for the triggers, `noted_id` and `noted_speed`. They fit
  the types of the source columns.
"""
_NAME = r"((?:public|vessel_activity|vessel_activity_demo)\.\w+)"
_CREATE = re.compile(
    rf"^create or replace (function|procedure|view) {_NAME}(?:\(.*?\)\s*returns (trigger)\b)?",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(
    rf"^comment on (?:function|procedure|view) {_NAME}[^']*? is\s+'((?:[^']|'')*)'", re.MULTILINE
)
# Comments and strings. The text between dollar quotes is SQL, and stays.
_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_NO_CALL = re.compile(
    r"(create or replace|comment on) (function|procedure) [\w.]+|drop (function|procedure) [^;]*"
)
_CALL = re.compile(rf"\b{_NAME}\s*\(")
_READ = re.compile(rf"\b(?:from|join) {_NAME}(?!\w|\s*\()")
_COMMAND_IN_A_STRING = re.compile(rf"'call {_NAME}\(")
_QUESTION_IN_A_STRING = re.compile(r"'select (vessel_activity\.member_\w+)\(")
_SQL = re.compile(r"^\s*(select|call|perform)\b", re.MULTILINE)


@dataclass(frozen=True)
class Routine:
    """A function, procedure or view, as its file says it.

    Attributes:
        name: with its schema.
        path: of its file, from the root of the checkout.
        kind: function, procedure, view or trigger.
        about: first sentence of its COMMENT.

    """

    name: str
    path: str
    kind: str
    about: str


def main() -> None:
    """Write the map."""
    MAP.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the text of the map."""
    found = routines()
    called_by = callers(found)
    by_folder = defaultdict(list)
    for routine in found.values():
        by_folder[str(Path(routine.path).parent)].append(routine)
    parts = [_HEAD]
    for folder in sorted(by_folder):
        parts.append(f"\n## {folder}\n\n| function | what it is for | called by |\n|---|---|---|\n")
        parts += [_row(one, called_by[one.name], found) for one in by_folder[folder]]
    return "".join(parts)


def routines() -> dict[str, Routine]:
    """Find every function, procedure and view that a file creates, by its name."""
    found = {}
    for path in sorted([*ROOT.glob("sql/functions/*/*.sql"), *ROOT.glob("sql/demo/*.sql")]):
        content = path.read_text(encoding="utf-8")
        comments = dict(reversed(_COMMENT.findall(content)))  # the first of several overloads
        for kind, name, is_trigger in _CREATE.findall(content):
            if name not in found:
                about = comments[name].replace("''", "'")
                sentence = re.split(r"(?<=\.)\s", about, maxsplit=1)[0]
                found[name] = Routine(name, _from_root(path), is_trigger or kind, sentence)
    return found


def callers(found: dict[str, Routine]) -> dict[str, set[str]]:
    """Find who uses each routine: paths of files from the root, or words.

    A routine that nobody in the project uses has an empty set.
    """
    called_by: dict[str, set[str]] = {name: set() for name in found}
    for name, user in [*_uses_in_sql(found), *_uses_in_python(found)]:
        if user != found[name].path:
            called_by[name].add(user)
    for name, routine in found.items():
        if routine.kind == "trigger":
            called_by[name].add(f"triggers on {_tables(name)}")
    for name, user in MADE_NAMES.items():
        called_by[name].add(user)
    return called_by


def _uses_in_sql(found: dict[str, Routine]) -> Iterator[tuple[str, str]]:
    for pattern in ("sql/*/*.sql", "sql/*/*/*.sql", "migrations/*.sql"):
        for path in ROOT.glob(pattern):
            content = path.read_text(encoding="utf-8")
            for name in used(content, found):
                yield name, _from_root(path)
            for name in _COMMAND_IN_A_STRING.findall(content):
                yield name, "a pg_cron job"
            for name in _QUESTION_IN_A_STRING.findall(content):
                yield name, _from_root(path)


def _uses_in_python(found: dict[str, Routine]) -> Iterator[tuple[str, str]]:
    for path in [ROOT / "server.py", *ROOT.glob("vessel_activity/**/*.py")]:
        for statement in _statements(path):
            for name in used(statement, found):
                yield name, _from_root(path)


def used(sql: str, found: dict[str, Routine]) -> set[str]:
    """Name the routines that a piece of SQL calls, and the views that it reads."""
    code = _NO_CALL.sub("", _NOT_CODE.sub("''", sql))
    return {name for name in _CALL.findall(code) + _READ.findall(code) if name in found}


def _statements(path: Path) -> list[str]:
    """Return the SQL among the strings of a Python file; `{}` stands for what f-strings insert."""
    statements = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            pieces = [
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            ]
            statements.append("".join(pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            statements.append(node.value)
    return [statement for statement in statements if _SQL.search(statement)]


def _tables(trigger_function: str) -> str:
    for word, table in (("note_vessels_", "vessels"), ("note_positions_", "vessel_positions")):
        if word in trigger_function:
            return f"`public.{table}`"
    return "source tables that have partitions or children"


def _row(routine: Routine, called_by: set[str], found: dict[str, Routine]) -> str:
    name = f"[`{routine.name.removeprefix('vessel_activity.')}`](../{routine.path})"
    kind = {"procedure": " (procedure)", "view": " (view)", "trigger": " (trigger)"}
    by_path = {one.path: one.name.rpartition(".")[2] for one in found.values()}
    users = [
        f"[{by_path.get(user, user)}](../{user})" if "/" in user or user == "server.py" else user
        for user in sorted(called_by, key=lambda user: (user.endswith(".py"), user))
    ]
    if routine.name.startswith("public."):
        users.insert(0, "people")
    about = re.sub(r"([|*_<])", r"\\\1", routine.about)
    return f"| {name}{kind.get(routine.kind, '')} | {about} | {', '.join(users)} |\n"


def _from_root(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    main()
