"""The alert rules and the Grafana dashboard work, and ask for metrics that /metrics gives."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import PROJECT
from tests.support.feed_batches import Feed, Report
from tests.support.webserver import STATS, WebServer, eventually
from tests.test_areas import PUT, square
from tests.test_usual import HOUR, fill, habit
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

PROMETHEUS = PROJECT / "deploy" / "prometheus"
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"][0][
    "rules"
]
DASHBOARD = json.loads((PROJECT / "deploy" / "grafana" / "vessel-activity.json").read_text("utf-8"))
_ALERTS = {rule["alert"]: rule["expr"] for rule in RULES}
# Labels that Prometheus adds, and the metric that it writes itself.
_OF_PROMETHEUS = {"instance", "job"}


def promtool(*arguments: str, folder: Path = PROMETHEUS) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed; run scripts/install-packages")
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def targets() -> Iterator[dict[str, Any]]:
    """Yield each query of the dashboard."""
    for panel in DASHBOARD["panels"]:
        yield from panel.get("targets", [])


def queries() -> dict[str, str]:
    """Return every query of the alerts and of the dashboard, by a name."""
    shown = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    }
    (choice,) = (
        variable for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"
    )
    shown["instances"] = re.sub(r"label_values\((\w+), instance\)", r"\1", choice["definition"])
    return {**_ALERTS, **shown}


def test_prometheus_accepts_its_configuration_and_the_rules() -> None:
    promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_on_its_fault_and_none_on_a_healthy_server() -> None:
    promtool("test", "rules", "alerts_test.yml")
    tested = (PROMETHEUS / "alerts_test.yml").read_text(encoding="utf-8")
    fired = set(re.findall(r'alertname="(\w+)"', tested))
    assert fired == set(_ALERTS)


def test_each_alert_says_how_urgent_it_is_and_where_its_runbook_is() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["runbook"] == f"docs/operating.md#{rule['alert'].lower()}"


def test_prometheus_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {
            "record": f"query_{number}",
            "expr": target["expr"].replace("$__rate_interval", "5m"),
        }
        for number, target in enumerate(targets())
    ]
    assert len(rules) > 20
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(file), folder=tmp_path)


def test_the_panels_of_the_dashboard_are_explained_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in DASHBOARD["panels"]:
        assert panel["type"] == "row" or len(panel["description"]) > 10
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    # Each query asks the data source that the reader has chosen.
    assert {target["datasource"]["uid"] for target in targets()} == {"${datasource}"}


@pytest.fixture(scope="module")
def answered(new_server: Callable[..., LocalServer]) -> dict[str, set[str]]:
    """Give the names of all metrics, each with its labels, of a server where each is known.

    There pg_cron has run, a refresh has failed, a feed has rejected a message, a report came late,
    an area is watched, the history tells what is usual, and a member has answered.
    """
    server = new_server(shared_preload_libraries="pg_cron")
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create extension pg_cron")
        migrate.migrate(server.url())
        connection.execute("insert into public.vessels (mmsi, flag) values ('219000001', 'DK')")
        # The refresh of migrate has counted the reports of the seconds that were a minute old.
        connection.execute(
            'insert into public.vessel_positions ("vesselId", timestamp, latitude, longitude)'
            " select v.id, t.as_of - interval '90 seconds', 51.5, 4.5"
            " from public.vessels as v, vessel_activity.feed_truth as t"
        )
        connection.execute(PUT, ["Port", square(4, 51, 1)])
        connection.execute(
            "insert into cron.job_run_details (jobid, runid, status, start_time, end_time)"
            " select jobid, 1000000, 'succeeded', now(), now() from cron.job"
            " where jobname like 'vessel_activity refresh %'"
        )
        connection.execute(
            "select vessel_activity.log_failure('manual', now(), '57014', 'canceled by a test')"
        )
        connection.execute("select * from public.vessel_activity_verify()")
        now = datetime.now(UTC)
        Feed(connection).send(Report(at=now), rejected={"checksum": 1}, newest_arrival_at=str(now))
        for hours in (-1, 0, 1):
            habit(connection, now.replace(minute=0, second=0, microsecond=0) + hours * HOUR)
        fill(connection, now, [1000] * 13)
        connection.execute("insert into vessel_activity.member (name) values ('north')")
        connection.execute(
            "insert into vessel_activity.member_state (name, answered_at, round_trip_ms, clashes)"
            " values ('north', now(), 1, 0)"
        )
    with WebServer(server.url()) as web:
        eventually(lambda: web.get(STATS).status_code == 200)
        # The measures may be read a moment later than the row.
        text = eventually(lambda: complete(web.get("/metrics").text), within_seconds=30)
    server.stop("immediate")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def described() -> dict[str, set[str]]:
    """Return the metrics of the tables in docs/serving.md, each with its labels."""
    page = (PROJECT / "docs" / "serving.md").read_text(encoding="utf-8")
    tables = page.partition("\n## Metrics\n")[2]
    found: dict[str, set[str]] = {}
    prefix = "vessel_activity_"
    for line in tables.splitlines():
        if names := re.search(r"these names begin with `(\w+)`", line):
            prefix = names[1]
        elif line.startswith("**"):
            prefix = "vessel_activity_"
        cell = line.split("|")[1] if line.startswith("| `") else ""
        for name, labels in re.findall(r"`(\w+)(?:\{([\w,]+)\})?`", cell):
            found[prefix + name] = set(labels.split(",")) - {""}
    return found


@pytest.mark.needs("pg_cron")
def test_the_documents_describe_every_metric(answered: dict[str, set[str]]) -> None:
    ours = {name: labels for name, labels in answered.items() if not name.startswith("process_")}
    assert described() == ours


def complete(text: str) -> str | None:
    """Return the metrics once they hold those of the database."""
    return text if "vessel_activity_measures_up 1" in text else None


@pytest.mark.needs("pg_cron")
def test_every_metric_of_the_alerts_and_of_the_dashboard_is_answered(
    answered: dict[str, set[str]],
) -> None:
    asked = {
        name
        for query in queries().values()
        for name in re.findall(r"\b(?:vessel_activity|process)_\w+", query)
    }
    assert len(asked) > 25
    assert asked - answered.keys() == set()


@pytest.mark.needs("pg_cron")
def test_every_label_of_the_alerts_and_of_the_dashboard_is_answered(
    answered: dict[str, set[str]],
) -> None:
    legends = {target["expr"]: target["legendFormat"] for target in targets()}
    for query in queries().values():
        labels = {
            label
            for group in re.findall(r"\bby \(([^)]*)\)", query)
            for label in re.split(r", *", group)
        }
        labels |= set(re.findall(r"[{,] *(\w+)=", query))
        labels |= set(re.findall(r"{{(\w+)}}", legends.get(query, "")))
        known = set().union(
            *(answered.get(name, set()) for name in re.findall(r"\b[a-z]+_\w+", query))
        )
        assert labels - known - _OF_PROMETHEUS == set(), query
