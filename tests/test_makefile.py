"""The Makefile: what it lists is what there is, and what the README names exists."""

from __future__ import annotations

import re
import subprocess

from tests.conftest import PROJECT

_MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
_PHONY = set(re.findall(r"^\.PHONY: (\S+)$", _MAKEFILE, re.MULTILINE))


def test_make_alone_lists_every_target() -> None:
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^ +make (\S+) +\S", done.stdout, re.MULTILINE)) == _PHONY


def test_every_command_of_the_readme_is_a_target() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", readme) + re.findall(
        r"^ *(.*make .*)$",
        "\n".join(re.findall(r"^```.*?$(.*?)^```", readme, re.MULTILINE | re.DOTALL)),
        re.MULTILINE,
    )
    named = {name for text in code for name in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", text)}
    assert {"demo", "test", "migrate"} <= named
    assert named <= _PHONY
