"""Write the bill of materials of the wheel, in the format CycloneDX.

`make wheel` and `make release` run it. cyclonedx-py reads the lock file, which has the versions and
the hashes. docs/licences.md has the licences, and what does not come from a package.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
LICENCES = ROOT / "docs" / "licences.md"
_ROW = re.compile(r"^\| ([\w.-]+) \| ([\w.]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def main() -> None:
    """Write the file that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and one argument
        sys.exit("usage: python scripts/sbom.py FILE")
    # The validator takes seconds to import. Tests import this file for `listed` alone.
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    text = json.dumps(bill(), indent=2) + "\n"
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        sys.exit(f"error: the bill of materials is not valid: {problem}")
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


def listed() -> dict[str, tuple[str, str, list[str]]]:
    """Return version, licence and users of each package of docs/licences.md."""
    rows = _ROW.findall(LICENCES.read_text(encoding="utf-8"))
    return {
        name: (version, licence.strip(), re.sub(r"\(.*\)", "", users).strip().split(", "))
        for name, version, licence, users in rows
        if name != "package"
    }


def bill() -> dict[str, Any]:
    """Return the bill of materials."""
    command = ["-m", "cyclonedx_py", "requirements", "--pyproject", "pyproject.toml"]
    command += ["--output-reproducible", "--sv", "1.6", str(LOCK)]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    made: dict[str, Any] = json.loads(done.stdout)
    root = made["metadata"]["component"]
    root["version"] = version()
    root["purl"] = f"pkg:pypi/vessel-activity@{version()}"
    packages = listed()
    for component in made["components"]:
        # cyclonedx-py puts the line of the lock file here, and a number of a line as reference.
        del component["description"]
        component["bom-ref"] = component["purl"]
    made["components"] += [
        {
            "type": "library",
            "name": name,
            "version": number,
            "purl": f"pkg:npm/{name.lower()}@{number}",
            "bom-ref": f"pkg:npm/{name.lower()}@{number}",
        }
        for name, (number, _, _) in packages.items()
        if name not in {component["name"] for component in made["components"]}
    ]
    references = {component["name"]: component["bom-ref"] for component in made["components"]}
    needs: dict[str, list[str]] = {}
    for component in made["components"]:
        _, licence, users = packages[component["name"]]
        component["licenses"] = [{"expression": licence}]
        for user in users:
            by = root["bom-ref"] if user == "vessel activity" else references[user]
            needs.setdefault(by, []).append(component["bom-ref"])
    made["dependencies"] = [
        {"ref": reference, "dependsOn": sorted(needs.get(reference, []))}
        for reference in [root["bom-ref"], *references.values()]
    ]
    return made


def version() -> str:
    """Return the version of vessel activity."""
    text = (ROOT / "vessel_activity" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]*)"$', text, re.MULTILINE)
    if found is None:
        sys.exit("error: vessel_activity/__init__.py names no version")
    return found[1]


if __name__ == "__main__":
    main()
