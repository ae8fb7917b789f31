"""Batches that the database can't take yet are kept in order, within limits, and outlive a kill."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

import pytest

from vessel_activity.feed.backlog import Backlog
from vessel_activity.feed.spool import Spool, open_spools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MB = 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "feed"


@pytest.fixture
def backlog(folder: Path) -> Iterator[Backlog]:
    one = Backlog(folder, 64 * MB)
    yield one
    one.close()


def put(backlog: Backlog, rows: str, messages: int = 1, *, age: float = 10.0, **lost: int) -> None:
    backlog.put(rows, f'["{rows[:10]}"]', {"coast": messages}, time.time() - age, lost)


def take_all(backlog: Backlog) -> list[str]:
    taken = []
    while (batch := backlog.oldest(0)) is not None:
        taken.append(batch.rows)
        backlog.filed(batch)
    return taken


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.batches"))


def test_batches_are_taken_in_order_from_memory_and_disk(folder: Path, backlog: Backlog) -> None:
    put(backlog, "one")
    put(backlog, "two")
    backlog.spool_late()
    put(backlog, "three", age=0)
    assert files(folder) == ["1/000000000001.batches"]

    assert take_all(backlog) == ["one", "two", "three"]
    assert files(folder) == []
    assert backlog.is_empty


def test_a_young_batch_stays_in_memory(folder: Path, backlog: Backlog) -> None:
    put(backlog, "young", age=0)
    backlog.spool_late()
    assert files(folder) == []


def test_a_young_batch_goes_behind_those_on_disk(folder: Path, backlog: Backlog) -> None:
    put(backlog, "old")
    backlog.spool_late()
    put(backlog, "young", age=0)
    backlog.spool_late()
    assert backlog.waiting == 2
    assert take_all(backlog) == ["old", "young"]
    assert files(folder) == []


def test_a_batch_that_goes_to_disk_while_it_is_filed_is_filed_once(backlog: Backlog) -> None:
    put(backlog, "one")
    put(backlog, "two")
    batch = backlog.oldest(0)
    assert batch is not None
    backlog.spool_late()
    backlog.filed(batch)
    assert take_all(backlog) == ["two"]


def test_what_was_written_outlives_a_kill(folder: Path) -> None:
    killed = Backlog(folder, 64 * MB)
    for text in ("one", "two\twith\\tescapes\nand a line", "thrée"):
        put(killed, text, 5)
    killed.spool_late()
    batch = killed.oldest(0)
    assert batch is not None
    numbers = [batch.number]
    killed.filed(batch)
    for spool in killed._spools():
        spool._lock.close()  # as the kernel does

    later = Backlog(folder, 64 * MB)
    put(later, "new", age=0)
    taken = []
    while (one := later.oldest(0)) is not None:
        taken.append((one.rows, one.messages))
        numbers.append(one.number)
        assert one.feeder == later.feeder == batch.feeder
        later.filed(one)
    # A filed batch of the same file comes again; the database knows its number.
    assert taken == [
        ("one", {"coast": 5}),
        ("two\twith\\tescapes\nand a line", {"coast": 5}),
        ("thrée", {"coast": 5}),
        ("new", {"coast": 1}),
    ]
    assert numbers == [numbers[0], numbers[0], numbers[0] + 1, numbers[0] + 2, numbers[-1]]
    assert numbers[-1] > numbers[-2]
    later.close()


def test_no_number_is_used_twice_even_if_nothing_was_written(folder: Path) -> None:
    numbers = []
    for _ in range(3):
        one = Backlog(folder, 64 * MB)
        put(one, "in memory", age=0)
        batch = one.oldest(0)
        assert batch is not None
        numbers.append(batch.number)
        one._spools()[0]._lock.close()  # killed
    assert sorted(set(numbers)) == numbers


@pytest.mark.parametrize("cut", [1, 20, 40])
def test_a_batch_that_was_cut_off_by_a_kill_is_left_out(folder: Path, cut: int) -> None:
    killed = Backlog(folder, 64 * MB)
    put(killed, "whole")
    put(killed, "cut off")
    killed.spool_late()
    killed._spools()[0]._lock.close()
    path = folder / files(folder)[0]
    os.truncate(path, path.stat().st_size - cut)

    later = Backlog(folder, 64 * MB)
    put(later, "next")
    later.spool_late()
    assert take_all(later) == ["whole", "next"]
    later.close()


def test_two_processes_do_not_share_a_folder(folder: Path) -> None:
    first, second = Backlog(folder, 64 * MB), Backlog(folder, 64 * MB)
    assert first.feeder != second.feeder
    put(first, "first")
    put(second, "second")
    first.spool_late()
    second.spool_late()
    assert len(files(folder)) == 2
    assert take_all(first) == ["first"]
    assert take_all(second) == ["second"]
    first.close()
    second.close()


def test_the_batches_of_a_process_that_was_killed_are_taken_over(folder: Path) -> None:
    first, killed = Backlog(folder, 64 * MB), Backlog(folder, 64 * MB)
    put(killed, "left behind", 7)
    killed.spool_late()
    killed._spools()[0]._lock.close()
    first.close()

    later = Backlog(folder, 64 * MB)
    put(later, "own", age=0)
    assert later.waiting == 8
    batch = later.oldest(0)
    assert batch is not None
    assert (batch.rows, batch.feeder) == ("left behind", killed.feeder)
    assert take_all(later) == ["left behind", "own"]
    assert not (folder / "2").exists()
    later.close()


def test_a_full_spool_drops_the_oldest_batches_and_counts_them(folder: Path) -> None:
    backlog = Backlog(folder, 1 * MB)
    rows = "x" * 50_000
    for number in range(100):
        put(backlog, f"{number:03}{rows}", 10)
        backlog.spool_late()
    assert sum(path.stat().st_size for path in folder.rglob("*.batches")) <= 1 * MB
    dropped = backlog.dropped()["coast"]
    assert backlog.dropped() == {}
    left = take_all(backlog)
    assert [int(text[:3]) for text in left] == list(range(100 - len(left), 100))
    assert dropped == 10 * (100 - len(left))
    assert len(left) >= 15
    backlog.close()


def test_the_count_of_dropped_messages_is_not_dropped_itself(folder: Path) -> None:
    backlog = Backlog(folder, 1 * MB)
    put(backlog, "x" * 600_000, 10, coast=1000)
    put(backlog, "x" * 600_000, 10)
    backlog.spool_late()
    assert backlog.dropped() == {"coast": 1010}
    backlog.close()


def test_a_full_disk_leaves_the_batches_in_memory_and_in_order(
    folder: Path, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(backlog, "one")
    backlog.spool_late()

    def full(self: Spool, _: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))

    with monkeypatch.context() as broken:
        broken.setattr(Spool, "append", full)
        put(backlog, "two")
        put(backlog, "three")
        backlog.spool_late()
    assert backlog.waiting == 3
    put(backlog, "four")
    backlog.spool_late()
    assert len(files(folder)) == 1
    assert take_all(backlog) == ["one", "two", "three", "four"]


def test_without_a_folder_the_memory_holds_what_fits_and_the_rest_is_counted(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    backlog = Backlog(tmp_path / "file" / "feed", 64 * MB, memory_bytes=1 * MB)
    for number in range(30):
        put(backlog, f"{number:02}" + "x" * 100_000, 5)
    dropped = backlog.dropped()["coast"]
    left = [int(text[:2]) for text in take_all(backlog)]
    assert left == list(range(30 - len(left), 30))
    assert (len(left), dropped) == (10, 100)
    backlog.close()


def test_a_part_that_the_disk_took_is_taken_back(folder: Path) -> None:
    """A file may grow to a limit only, as on a full disk: the rest of a batch is refused."""
    spool, _ = open_spools(folder, 16 * MB)
    from vessel_activity.feed.spool import Batch  # noqa: PLC0415

    def batch(number: int, size: int) -> Batch:
        return Batch(spool.feeder, number, "x" * size, "[]", {"coast": 1}, {}, 0.0)

    spool.append(batch(1, 1000))
    pid = os.fork()
    if pid == 0:  # a process of its own, because the limit can't be taken back
        import resource  # noqa: PLC0415
        import signal  # noqa: PLC0415

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            spool.append(batch(2, 8000))
        except OSError:
            spool.append(batch(3, 1000))
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    spool.close()

    again, _ = open_spools(folder, 16 * MB)
    numbers = []
    while (one := again.oldest()) is not None:
        numbers.append(one.number)
        again.passed(one)
    assert numbers == [1, 3]
    again.close()
