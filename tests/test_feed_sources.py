"""The sources of a feed are read from the command line, and one that can't be read is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vessel_activity.errors import SourceError
from vessel_activity.feed.source import AISSTREAM_URL, Source, source, sources


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "tcp://153.44.253.27:5631",
            Source(
                "tcp", "153.44.253.27:5631", "tcp://153.44.253.27:5631", 60, "153.44.253.27", 5631
            ),
        ),
        (
            "tcp://[::1]:10110?name=north coast&silence=120",
            Source("tcp", "north coast", "tcp://[::1]:10110", 120, "::1", 10110),
        ),
        (
            "udp://10.0.0.1:10110?silence=0",
            Source("udp", "10.0.0.1:10110", "udp://10.0.0.1:10110", 0, "10.0.0.1", 10110),
        ),
        (
            "tcp://a:1?hello=SPIRE_LOGIN",
            Source("tcp", "a:1", "tcp://a:1", 60, "a", 1, "SPIRE_LOGIN"),
        ),
        # Nothing listens to other machines unless asked.
        ("udp://:1", Source("udp", "127.0.0.1:1", "udp://127.0.0.1:1", 60, "127.0.0.1", 1)),
        (
            "file:data/a.nm4",
            Source("file", "a.nm4", "file:data/a.nm4", 60, path=Path("data/a.nm4")),
        ),
        ("-", Source("-", "standard input", "standard input")),
        ("-?name=pipe", Source("-", "pipe", "standard input")),
        ("aisstream:", Source("aisstream", "aisstream", "aisstream:", url=AISSTREAM_URL)),
        (
            (
                "aisstream:?box=54,4,62,13&box=-10,-20,0,0&mmsi=257000001,257000002&mmsi=257000003"
                "&url=ws://127.0.0.1:1/x"
            ),
            Source(
                "aisstream",
                "aisstream",
                "aisstream:",
                url="ws://127.0.0.1:1/x",
                boxes=(((54, 4), (62, 13)), ((-10, -20), (0, 0))),
                mmsis=("257000001", "257000002", "257000003"),
            ),
        ),
    ],
)
def test_a_source_is_read(text: str, expected: Source) -> None:
    assert source(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no source; a source is tcp://host:port, udp://host:port, file:PATH,"),
        ("http://a:1", "'http://a:1' is no source"),
        ("tcp:a:1", "'tcp:a:1' is no source"),
        ("tcp://a", "tcp://a must be tcp://host:port, for example tcp://127.0.0.1:10110"),
        ("tcp://:1", "tcp://:1 must be tcp://host:port"),
        ("tcp://a:0", "tcp://a:0 must name a port from 1 to 65535"),
        ("tcp://a:99999", "tcp://a:99999 must be tcp://host:port"),
        ("tcp://u:p@a:1", "must be tcp://host:port"),
        ("tcp://a:1?nam=x", "has the unknown option nam; known are hello, name, silence"),
        ("tcp://a:1?silence=soon", "silence of tcp://a:1?silence=soon must be a number of seconds"),
        ("tcp://a:1?silence=-1", "must be a number of seconds"),
        ("tcp://a:1?name=" + "x" * 101, "must have at most 100 characters"),
        ("tcp://a:1?name=a%00b", "must have at most 100 characters, all printable"),
        ("tcp://a:1?hello=A|T|x", "hello of tcp://a:1 must name an environment variable"),
        ("udp://a:1?hello=X", "has the unknown option hello; known are name, silence"),
        ("file:", "file: names no file; the form is file:PATH"),
        ("aisstream:?box=1,2,3", "must be south,west,north,east in degrees"),
        ("aisstream:?box=62,4,54,13", "must be south,west,north,east in degrees"),
        ("aisstream:?box=nan,4,54,13", "must be south,west,north,east in degrees"),
        ("aisstream:?mmsi=12345678", "must list numbers of nine digits, not '12345678'"),
        ("aisstream:?url=http://a", "must be a WebSocket URL such as wss://stream.aisstream.io"),
        (__file__, f"{__file__} is a file; write file:{__file__}"),
    ],
)
def test_what_is_no_source_is_refused_with_the_way_out(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=re.escape(message)):
        source(text)


def test_a_file_may_have_a_question_mark_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "what?name=x"
    path.write_text("")
    assert source(f"file:{path}").path == path


def test_two_sources_need_two_names() -> None:
    assert [one.name for one in sources(["tcp://a:1", "tcp://a:2"])] == ["a:1", "a:2"]
    with pytest.raises(SourceError, match="two sources have the name a:1"):
        sources(["tcp://a:1", "udp://a:1"])
    assert len(sources(["tcp://a:1", "udp://a:1?name=b"])) == 2
