"""The command `vessel-activity`: one sub-command for each thing a person does with it.

Exit codes: 0 done, or a demo, server or loop was stopped; 1 a check of `status` fails, or a part of
the server broke; 2 the command can't be done, and standard error says why; 130 another command was
stopped by Ctrl-C, load and replay also by SIGTERM; 141 the reader of the output has gone.
"""

from __future__ import annotations

import argparse
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vessel_activity import __version__, logs, paths, running
from vessel_activity.errors import VesselActivityError
from vessel_activity.settings import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Each command imports its part only when it runs, so that --help and migrate start at once.


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command, and end the process with its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["feed"] and any(one.startswith("-?") for one in given):
        given.insert(1, "--")  # standard input with a name is no option
    arguments = _parser().parse_args(given)
    try:
        arguments.run(arguments)
    except BrokenPipeError:
        # The reader of the output, such as head, has gone. Python must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vessel-activity",
        description="Live vessel activity figures from AIS position reports in PostgreSQL.",
        epilog=_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, about: str, run: Callable[[argparse.Namespace], None], more: str = ""
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=about, description=f"{_sentence(about)} {more}")
        one.set_defaults(run=run)
        return one

    demo = command(
        "demo",
        "show a live dashboard of a simulated fleet",
        _demo,
        "It needs no database: an embedded PostgreSQL is started, filled and served. "
        "Ctrl-C stops it.",
    )
    demo.add_argument(
        "--vessels",
        type=_vessels,
        default=30_567,
        metavar="N",
        help="size of a new fleet (default: 30567)",
    )
    demo.add_argument(
        "--incident",
        action="store_true",
        help="lose the reports of a region for ten minutes, a minute after the start",
    )
    migrate = command(
        "migrate",
        "install vessel activity in the database, or upgrade it",
        _migrate,
        "It can be repeated at any time. Run it as the owner of the source tables.",
    )
    migrate.add_argument(
        "--create",
        action="store_true",
        help="create missing source tables even if the database has similar tables",
    )
    migrate.add_argument(
        "--vessels",
        metavar="TABLE",
        help="the table of vessels, if it is not public.vessels, as in --vessels 'ais.\"Vessel\"'. "
        "A later migrate keeps it",
    )
    migrate.add_argument(
        "--positions",
        metavar="TABLE",
        help="the table of positions, if it is not public.vessel_positions",
    )
    migrate.add_argument(
        "--map",
        metavar="NAME=COLUMN,...",
        help="the columns that have other names: id, mmsi, name, vesselType, flag and active of "
        "vessels, vesselId, timestamp, latitude, longitude, speed and course of positions. Numbers "
        "may be converted to knots and degrees, as in speed=sog/10",
    )
    migrate.add_argument(
        "--nodes",
        action="store_true",
        help="on the coordinator of Citus: also install on the other nodes, so that they follow "
        "their shards. A later migrate reaches them again",
    )
    command(
        "rollback",
        "remove vessel activity from the database",
        _rollback,
        "The source tables, their rows and their other indexes stay as they were.",
    )
    command("refresh", "bring the figures up to date now, and print them as JSON", _refresh)
    command(
        "status",
        "check the database, and say what to do about each problem",
        _status,
        "It exits with 1 if a check fails.",
    )
    command(
        "serve",
        "serve the dashboard and the JSON",
        _serve,
        "HOST and PORT say where; the default is 127.0.0.1:8000.",
    )
    command(
        "refresh-loop",
        "refresh the figures whenever nobody else does, until stopped",
        _refresh_loop,
    )
    load = command(
        "load",
        "load a file of AIS reports into the source tables",
        _load,
        "It may be a MarineCadastre CSV, the Danish one, NMEA lines, or messages in JSON: plain, "
        ".gz, .zst or .zip. Loading it twice adds nothing.",
    )
    load.add_argument("file", type=Path, metavar="FILE")
    load.add_argument(
        "--map",
        metavar="FIELD=COLUMN,...",
        help="the columns of a CSV of any other form: mmsi, time, latitude and longitude, and if "
        "there are any speed, course, name and type. Times are ISO, or as in time=COLUMN:epoch, "
        "time=COLUMN:epoch_ms, time=COLUMN:%%d/%%m/%%Y %%H:%%M:%%S. Numbers may be converted to "
        "degrees and knots, as in speed=COLUMN/10",
    )
    replay = command(
        "replay",
        "play a file of AIS reports as if it were live, until stopped",
        _replay,
        "The file has one of the forms that `load` knows by themselves.",
    )
    replay.add_argument("file", type=Path, metavar="FILE")
    feed = command(
        "feed",
        "take AIS messages from live sources into the source tables, until stopped",
        _feed,
        "Several sources fit in one process. Lost connections and an absent database are its care.",
    )
    feed.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="tcp://host:port, udp://host:port (datagrams sent to this address), file:PATH, - for "
        "standard input, or aisstream: with its key in AISSTREAM_API_KEY. Each takes the options "
        "name=... and silence=SECONDS, as in 'tcp://host:port?name=coast&silence=120'; tcp also "
        "hello=VARIABLE, whose text is sent first; aisstream: also box=south,west,north,east and "
        "mmsi=..., each several times",
    )
    sql = command(
        "sql",
        "print the whole installation as one SQL file for psql",
        _sql,
        "Use it if psql can reach the database but Python can't: "
        "vessel-activity sql | psql DATABASE.",
    )
    sql.add_argument(
        "--rollback", action="store_true", help="print the SQL file that removes vessel activity"
    )
    return parser


def _settings() -> str:
    """Return the part of the help about environment variables."""
    width = max(len(name) for name in VARIABLES)
    lines = [f"  {name:<{width}}  {about}" for name, about in VARIABLES.items()]
    return "\n".join(["settings, all of them environment variables:", *lines])


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _vessels(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:  # noqa: PLR2004 - the MMSIs of the demo hold six digits
        raise argparse.ArgumentTypeError("it must be from 1 to 1000000")
    return number


def _demo(arguments: argparse.Namespace) -> None:
    from vessel_activity import demo  # noqa: PLC0415

    running.stop_on_signals(signal.SIGINT, signal.SIGTERM)
    try:
        running.on_settings(
            lambda settings: demo.run(settings, arguments.vessels, incident=arguments.incident)
        )
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)


def _migrate(arguments: argparse.Namespace) -> None:
    from vessel_activity.install import migrate  # noqa: PLC0415
    from vessel_activity.install.source_names import Names  # noqa: PLC0415

    names = Names(arguments.vessels, arguments.positions, arguments.map)
    running.on_database(
        lambda url: migrate.migrate(
            url, create=arguments.create, names=names, follow_shards=arguments.nodes
        )
    )


def _rollback(_: argparse.Namespace) -> None:
    from vessel_activity.install import rollback  # noqa: PLC0415

    running.on_database(rollback.rollback)


def _refresh(_: argparse.Namespace) -> None:
    from vessel_activity import operate  # noqa: PLC0415

    running.on_database(operate.refresh)


def _status(_: argparse.Namespace) -> None:
    from vessel_activity import operate  # noqa: PLC0415

    results: list[bool] = []
    running.on_database(lambda url: results.append(operate.status(url)))
    if not all(results):
        sys.exit(1)


def _serve(_: argparse.Namespace) -> None:
    # By its path, since server.py is inside the package in a wheel and beside it in a checkout.
    runpy.run_path(str(paths.SERVER), run_name="__main__")


def _refresh_loop(_: argparse.Namespace) -> None:
    from vessel_activity import refresh_loop  # noqa: PLC0415

    logs.to_standard_error()
    running.on_database(refresh_loop.run_until_stopped)


def _load(arguments: argparse.Namespace) -> None:
    from vessel_activity.ais.layouts import read_map  # noqa: PLC0415
    from vessel_activity.ais.load import load_file, summary  # noqa: PLC0415

    try:
        named = None if arguments.map is None else read_map(arguments.map)
    except VesselActivityError as error:
        running.fail(error)
    running.on_file(
        arguments.file, lambda url, file: print(summary(load_file(url, file, named=named)))
    )


def _replay(arguments: argparse.Namespace) -> None:
    from vessel_activity.ais.replay import replay  # noqa: PLC0415

    running.on_file(arguments.file, replay)


def _feed(arguments: argparse.Namespace) -> None:
    from vessel_activity.feed.run import feed  # noqa: PLC0415
    from vessel_activity.feed.source import sources  # noqa: PLC0415

    logs.to_standard_error()
    try:
        found = sources(arguments.sources)
    except VesselActivityError as error:
        running.fail(error)
    running.on_settings_and_database(lambda settings, url: feed(settings, url, found))


def _sql(arguments: argparse.Namespace) -> None:
    from vessel_activity.install import sql_file  # noqa: PLC0415

    text = sql_file.rollback() if arguments.rollback else sql_file.migrate()
    print(text, end="", flush=True)
