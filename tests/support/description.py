"""The schemas of openapi.json, for what no client asks for by a path: events, and alerts."""

from __future__ import annotations

import json

import jsonschema_rs

from tests.support.webserver import PROJECT


def flaws(value: object, schema: str) -> list[str]:
    """Say where a value differs from the schema of this name; [] if nowhere."""
    described = json.loads((PROJECT / "openapi.json").read_text(encoding="utf-8"))
    checked = {
        "$ref": f"#/components/schemas/{schema}",
        "components": {"schemas": described["components"]["schemas"]},
    }
    validator = jsonschema_rs.Draft202012Validator(checked, validate_formats=True)
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator.iter_errors(value)
    ]
