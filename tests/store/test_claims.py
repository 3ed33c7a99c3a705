"""One slide, one worker: among threads, processes and batches; and a dead worker holds nothing."""

import errno
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from her2path.errors import OutputError
from her2path.store.claims import Holder, claim

HOLD = """
import sys, time
from pathlib import Path
from her2path.store.claims import claim
with claim(Path(sys.argv[1]), "a") as holder:
    print(holder, flush=True)
    time.sleep(60)
"""


@contextmanager
def other_process(out: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a process that holds the claim on ``a``."""
    with subprocess.Popen([sys.executable, "-c", HOLD, out], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "None\n"
            yield process
        finally:
            process.kill()


def lock_file(out: Path) -> Path:
    return out / ".claims" / "a.lock"


def test_a_claim_is_ours_until_the_block_is_left(tmp_path: Path) -> None:
    for _ in range(2):
        with claim(tmp_path, "a") as holder:
            assert holder is None
            assert f'"pid":{os.getpid()}' in lock_file(tmp_path).read_text()
        assert lock_file(tmp_path).read_text() == ""


def test_another_process_is_named_and_once_killed_its_claim_is_free(tmp_path: Path) -> None:
    with other_process(tmp_path) as process:
        with claim(tmp_path, "a") as holder:
            assert holder is not None
            assert (holder.host, holder.pid) == (socket.gethostname(), process.pid)
            assert f"process {process.pid}, since " in holder.words
        with claim(tmp_path, "b") as holder:
            assert holder is None
        process.kill()
        process.wait()
        with claim(tmp_path, "a") as holder:
            assert holder is None


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    inside, most, won = 0, 0, [0] * 8
    start = threading.Barrier(8)

    def work(k: int) -> None:
        nonlocal inside, most
        start.wait()
        while won[k] < 3:
            with claim(tmp_path, "a") as holder:
                if holder is None:
                    inside += 1
                    most, won[k] = max(most, inside), won[k] + 1
                    time.sleep(0.001)
                    inside -= 1

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_the_same_thread_does_not_get_it_twice(tmp_path: Path) -> None:
    with claim(tmp_path, "a"), claim(tmp_path, "a") as holder:
        assert holder is not None
        assert holder.pid == os.getpid()


def test_whoever_waits_gets_it_when_it_is_free(tmp_path: Path) -> None:
    taken = threading.Event()

    def work() -> None:
        with claim(tmp_path, "a"):
            taken.set()
            time.sleep(0.2)

    thread = threading.Thread(target=work)
    thread.start()
    taken.wait()
    with claim(tmp_path, "a", wait_s=0.01) as holder:
        assert holder is not None
    with claim(tmp_path, "a", wait_s=10) as holder:
        assert holder is None
    thread.join()


def test_what_goes_wrong_inside_is_told_and_the_claim_is_free(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), claim(tmp_path, "a"):
        raise ZeroDivisionError
    with claim(tmp_path, "a") as holder:
        assert holder is None


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP])
def test_without_locks_a_batch_is_told_and_nothing_softer_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def flock(opened: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OutputError, match=r"without locks.*--out.*--shard"), claim(tmp_path, "a"):
        pass
    with claim(tmp_path, "a", needed=False) as holder:
        assert holder is None
        with claim(tmp_path, "a", needed=False) as second:
            assert second is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".claims").write_bytes(b"a file")
    with (
        pytest.raises(OutputError, match=r"a\.lock cannot be locked .*change --out"),
        claim(tmp_path, "a", needed=False),
    ):
        pass


@pytest.mark.parametrize("words", ["", "{", "[]", '{"host": "n"}', '{"host": "n", "pid": 1, "started": 2}'])
def test_a_holder_whose_words_cannot_be_read_is_another_process(tmp_path: Path, words: str) -> None:
    with claim(tmp_path, "a"):
        lock_file(tmp_path).write_text(words)
        with claim(tmp_path, "a") as holder:
            assert holder == Holder()
            assert holder.words == "another process"


def test_a_holder_is_told_with_the_time_here_and_the_day_where_it_is_another() -> None:
    now = datetime.now().astimezone()
    assert Holder("node7", 4242, now.astimezone(UTC)).words == f"host node7, process 4242, since {now:%H:%M}"
    before = now - timedelta(days=3)
    assert Holder("n", 1, before).words.endswith(f"since {before:%Y-%m-%d %H:%M}")
