"""pg_cron stops, in four ways. The web server then refreshes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from chaos.fault import TAKEN_OVER_WITHIN_SECONDS, Setup, fault

if TYPE_CHECKING:
    from chaos.lab import Lab

_ANSWER = (
    "The web server refreshes once pg_cron is late. The check pg_cron of the status tells why."
)
_NEEDS = ("pg_cron",)
_SETUP = Setup(pg_cron=True)
# A run of pg_cron 1.4 lasts a minute. That the next one is missing is known after that.
_MISSED_WITHIN = 95.0


@fault(
    "the extension pg_cron is dropped",
    _ANSWER,
    healed_within=TAKEN_OVER_WITHIN_SECONDS,
    needs=_NEEDS,
    setup=_SETUP,
)
def cron_dropped(lab: Lab) -> None:
    lab.begin()
    lab.as_superuser("drop extension pg_cron")
    lab.end()


@fault(
    "the job of pg_cron is switched off",
    _ANSWER,
    healed_within=TAKEN_OVER_WITHIN_SECONDS,
    needs=_NEEDS,
    setup=_SETUP,
)
def cron_job_off(lab: Lab) -> None:
    lab.begin()
    lab.as_superuser("update cron.job set active = false")
    lab.end()


@fault(
    "the launcher of pg_cron is frozen for 100 s",
    _ANSWER,
    flagged_within=_MISSED_WITHIN,
    needs=_NEEDS,
    setup=_SETUP,
)
def cron_launcher_frozen(lab: Lab) -> None:
    pid = lab.pg.child("pg_cron")
    os.kill(pid, signal.SIGSTOP)
    lab.begin()
    lab.hold(100)
    # It stays frozen: the figures must be fresh without it.
    lab.end()


@fault(
    "pg_hba.conf refuses the connections of pg_cron",
    _ANSWER,
    flagged_within=_MISSED_WITHIN,
    needs=_NEEDS,
    setup=_SETUP,
)
def cron_refused(lab: Lab) -> None:
    lab.begin()
    lab.pg.open_to_roles("local all owner reject")
    lab.as_superuser(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'owner'",
    )
    lab.hold(_MISSED_WITHIN)
    lab.end()
