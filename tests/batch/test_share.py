"""Workers are shared out among processes and threads; a manifest among parts."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.batch import share
from her2path.batch.share import PROCESS_BYTES, crew_size, parse_shard, usable_cores, usable_memory_bytes
from her2path.errors import UsageError


@given(workers=st.integers(1, 256), n_slides=st.integers(0, 10_000), gib=st.none() | st.integers(0, 1024))
def test_no_more_threads_than_workers_and_no_more_processes_than_slides(
    workers: int, n_slides: int, gib: int | None
) -> None:
    memory_bytes = None if gib is None else gib << 30
    n_processes, n_threads = crew_size(workers, n_slides, memory_bytes=memory_bytes)
    assert n_processes >= 1
    assert n_threads >= 1
    assert n_processes * n_threads <= workers
    assert n_processes <= max(1, n_slides)
    if memory_bytes is not None:
        assert n_processes == 1 or n_processes * PROCESS_BYTES <= memory_bytes


@pytest.mark.parametrize(
    ("workers", "n_slides", "gib", "size"),
    [
        (2, 300, 24, (2, 1)),
        (16, 300, 128, (16, 1)),
        (16, 300, 16, (8, 2)),
        (16, 3, 128, (3, 5)),
        (4, 1, None, (1, 4)),
    ],
)
def test_many_slides_get_processes_and_few_get_threads(
    workers: int, n_slides: int, gib: int | None, size: tuple[int, int]
) -> None:
    assert crew_size(workers, n_slides, memory_bytes=None if gib is None else gib << 30) == size


@given(n_parts=st.integers(1, 12), n_slides=st.integers(0, 60))
def test_every_slide_is_in_one_part(n_parts: int, n_slides: int) -> None:
    slides = list(range(n_slides))
    parts = [slides[parse_shard(f"{part + 1}/{n_parts}")] for part in range(n_parts)]
    assert sorted(slide for part in parts for slide in part) == slides
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_without_a_part_it_is_all() -> None:
    assert [1, 2, 3][parse_shard(None)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/2/3"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write 2/5"):
        parse_shard(text)


def test_no_more_than_the_machine_has_and_the_job_may_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(share, "CGROUP_LIMITS", (limit, tmp_path / "none"))
    limit.write_text("max\n")
    whole = usable_memory_bytes()
    assert whole is not None
    limit.write_text(f"{1 << 28}\n")
    assert usable_memory_bytes() == 1 << 28 < whole
