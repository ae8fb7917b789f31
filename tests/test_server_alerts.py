"""The server delivers alerts to a webhook, watches between refreshes, and shows what is open."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.description import flaws
from tests.support.history import one
from tests.support.receiver import Receiver
from tests.support.webserver import ACTIVITY, WebServer, eventually
from tests.test_server_metrics import samples
from tests.test_server_stream import Events
from vessel_activity.errors import SettingsError
from vessel_activity.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

WEBHOOK = "VESSEL_ACTIVITY_WEBHOOK_URL"
# How long a test waits: the server looks every five seconds.
PATIENT = 60
RAISED = ("raised", "Some: 0 vessels are active now, below 1")
CLEARED = ("cleared", "Some is over: its rule was removed")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def serving(url: str, receiver: Receiver) -> WebServer:
    return WebServer(url, {WEBHOOK: receiver.url})


def begin(db: psycopg.Connection) -> None:
    """Leave one rule, which is true as soon as somebody looks."""
    db.execute("delete from vessel_activity.watch")
    db.execute("select public.vessel_activity_schedule('1 hour')")
    db.execute("select public.refresh_vessel_activity()")
    db.execute("select public.vessel_activity_watch('Some', 'active_now', 'below', 1)")


def next_activity(events: Events) -> dict[str, Any]:
    told = next(event for event in events if event.get("event") == "activity")
    document: dict[str, Any] = json.loads(told["data"])
    return document


def wait_for(receiver: Receiver, *expected: tuple[str, str]) -> None:
    eventually(lambda: len(receiver.accepted) >= len(expected), within_seconds=PATIENT)
    assert receiver.accepted == list(expected)


def is_put_off(db: psycopg.Connection, error: str) -> bool:
    """Tell whether it is noted that an attempt has failed, and that the next one is far away."""
    query = (
        "select error, due_at > clock_timestamp() + interval '50 minutes'"
        " from vessel_activity.alert_event"
    )
    return db.execute(query).fetchone() == (error, True)


def counted(web: WebServer, failures: int) -> bool:
    """Tell whether the metrics have the failures, and the one event that waits."""
    expected: dict[tuple[str, ...], float] = {
        ("alert_delivery_failures_total",): failures,
        ("alert_deliveries_waiting",): 1,
        ("alert_open", "Some"): 1,
    }
    return expected.items() <= samples(web).items()


def hurry(db: psycopg.Connection) -> None:
    """Let the next attempt be due at once, and the servers know."""
    db.execute(
        "update vessel_activity.alert_event set due_at = clock_timestamp()"
        " where settled_at is null; notify vessel_activity_alert"
    )


def test_an_alert_is_delivered_when_raised_and_when_cleared(
    db: psycopg.Connection, url: str, receiver: Receiver
) -> None:
    begin(db)
    with serving(url, receiver) as web:
        wait_for(receiver, RAISED)
        (posted,) = receiver.received
        assert posted.path == "/hooks/a-secret?key=another"
        assert posted.headers["content-type"] == "application/json"
        key = one(db, "select key::text from vessel_activity.alert_event")
        assert posted.headers["idempotency-key"] == posted.body["id"] == key
        assert list(posted.body) == ["text", "id", "event", "alert"]
        assert flaws(posted.body, "AlertEvent") == []
        assert posted.body["alert"]["name"] == "Some"
        assert posted.body["alert"]["clearedAt"] is None
        document = eventually(
            lambda: (got := web.get(ACTIVITY)).status_code == 200 and got.json()["alerts"] and got
        ).json()
        assert [alert["text"] for alert in document["alerts"]] == [RAISED[1]]
        events = Events(web.address)
        db.execute(
            "select public.vessel_activity_unwatch('Some'); select vessel_activity.announce()"
        )
        while next_activity(events)["alerts"]:
            pass
        events.close()
        wait_for(receiver, RAISED, CLEARED)
        assert receiver.received[1].body["alert"]["clearedAt"] is not None
        eventually(lambda: samples(web).get(("alert_deliveries_total",)) == 2)
        assert "a-secret" not in web.log + str(Settings.from_env({WEBHOOK: receiver.url}))


def test_failures_are_tried_again_across_restarts_until_one_is_accepted(
    db: psycopg.Connection, url: str, receiver: Receiver
) -> None:
    begin(db)
    # So no attempt comes before the test says so.
    later = {"retry-after": "3600"}
    answers = {
        "the receiver answered 500": (500, later),
        "the receiver answered 302 (redirects are not followed)": (
            302,
            {"location": receiver.url, **later},
        ),
        "the receiver answered 429": (429, later),
    }
    receiver.answers.extend(answers.values())
    with serving(url, receiver) as web:
        for number, error in enumerate(answers, 1):
            eventually(partial(is_put_off, db, error), within_seconds=PATIENT)
            assert len(receiver.received) == number
            eventually(partial(counted, web, number), within_seconds=PATIENT)
            if number < len(answers):
                # A server that is stopped while it claims the event would keep it for a minute.
                web.stop()
                hurry(db)
                web.start()
        hurry(db)
        wait_for(receiver, RAISED)
        # It is one event to the receiver.
        assert len({each.body["id"] for each in receiver.received}) == 1
        for error in answers:
            assert f"alerts can't be delivered: {error}; trying again" in web.log
        eventually(lambda: "alerts are delivered again" in web.log, within_seconds=PATIENT)
        assert "a-secret" not in web.log


def test_two_servers_deliver_each_event_once(
    db: psycopg.Connection, url: str, receiver: Receiver
) -> None:
    begin(db)
    slow = threading.Event()
    receiver.answers.append(slow)
    with serving(url, receiver), serving(url, receiver):
        assert receiver.arrived.acquire(timeout=PATIENT)
        # While the receiver is slow, both servers are asked to look again.
        for number in range(5):
            name = f"More {number}"
            db.execute("select public.vessel_activity_watch(%s, 'active_now', 'below', 1)", (name,))
        db.execute("select vessel_activity.evaluate_watch(clock_timestamp(), false)")
        db.execute("select vessel_activity.announce()")
        slow.set()  # soon, since the server waits for ten seconds at most
        eventually(
            lambda: one(db, "select bool_and(is_delivered) from vessel_activity.alert_event"),
            within_seconds=PATIENT,
        )
    assert sorted(each.body["alert"]["name"] for each in receiver.received) == [
        *(f"More {number}" for number in range(5)),
        "Some",
    ]
    assert one(db, "select delivered from vessel_activity.watching") == 6


def test_a_server_that_is_killed_leaves_its_claim_to_others(
    db: psycopg.Connection, url: str, receiver: Receiver
) -> None:
    begin(db)
    never = threading.Event()
    receiver.answers.append(never)
    with serving(url, receiver) as web:
        assert receiver.arrived.acquire(timeout=PATIENT)
        web.kill()
        never.set()
        assert one(db, "select attempts from vessel_activity.alert_event") == 1
        web.start()
        hurry(db)  # instead of a minute
        # Nobody knows whether the first was accepted. It comes again, under the same id.
        wait_for(receiver, RAISED, RAISED)
        assert receiver.received[0].body["id"] == receiver.received[1].body["id"]


def test_a_server_that_stops_notes_what_became_of_a_delivery(
    db: psycopg.Connection, url: str, receiver: Receiver
) -> None:
    begin(db)
    slow = threading.Event()
    receiver.answers.append(slow)
    with serving(url, receiver) as web:
        assert receiver.arrived.acquire(timeout=PATIENT)
        threading.Timer(0.5, slow.set).start()
        assert web.stop() == 0
    assert one(db, "select is_delivered from vessel_activity.alert_event") is True


def test_a_certificate_that_is_not_valid_gets_no_alert(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    begin(db)
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=receiver"
        " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Receiver(tls) as receiver:
        with serving(url, receiver) as web:
            eventually(lambda: "its certificate is not valid: self-signed" in web.log)
            assert receiver.received == []
        web.environment["SSL_CERT_FILE"] = str(tmp_path / "cert.pem")
        with web:
            hurry(db)
            wait_for(receiver, RAISED)


def test_a_server_tells_that_refreshing_has_stopped(
    db: psycopg.Connection, url: str, receiver: Receiver
) -> None:
    db.execute("select public.refresh_vessel_activity()")
    db.execute("delete from vessel_activity.watch where name <> 'Row stale'")
    db.execute("update vessel_activity.watch set for_at_least = '2 seconds'")
    db.execute(
        "update public.vessel_activity_realtime set updated_at = now() - interval '35 seconds'"
    )
    with serving(url, receiver) as web:
        eventually(lambda: receiver.accepted, within_seconds=PATIENT)
        assert receiver.accepted[0][1].startswith("Row stale: the figures have been out of date")
        assert eventually(lambda: web.get(ACTIVITY).json()["alerts"])[0]["name"] == "Row stale"


def test_without_a_webhook_nothing_is_claimed(db: psycopg.Connection, url: str) -> None:
    begin(db)
    with WebServer(url) as web:
        eventually(lambda: samples(web).get(("alert_open", "Some")) == 1, within_seconds=PATIENT)
        assert samples(web)["alert_rules_evaluated",] == 1
    assert one(db, "select attempts from vessel_activity.alert_event") == 0


@pytest.mark.parametrize(
    "text",
    [
        "chat.example.org/hooks/top-secret",
        "ftp://chat.example.org/top-secret",
        "https:///top-secret",
        "https://user:top-secret@chat.example.org/",
        "https://chat.example.org/#top-secret",
        "https://chat.example.org:99999/top-secret",
        "https://chat.example.org/top-secret\r\nx: y",
        "https://chat.example.org/top-secret/é",
    ],
)
def test_an_address_that_is_no_webhook_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({WEBHOOK: text})
    assert WEBHOOK in str(refused.value)
    assert "top-secret" not in str(refused.value)
