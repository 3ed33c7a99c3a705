"""Try a batch as nights and people do: killed, short of disk, twice at once, on several workers.

    python benchmarks/batch/cohort.py .bench/cohort --slides 288 --bad 12
    python benchmarks/batch/trials.py .bench/cohort

prints for every trial what was done and whether the cohort is the one of an undisturbed run: every row of the
table but its seconds, and every table of cells. The trial of the full disk needs root, for a small disk.
"""

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

HER2PATH = (sys.executable, "-m", "her2path")
OWN = {"seconds"}
"""Columns that differ from one run to the next."""


def batch_command(manifest: Path, out: Path, *more: str) -> list[str]:
    return [
        *HER2PATH,
        "batch",
        str(manifest),
        "--out",
        str(out),
        "--engine",
        "classical",
        "--log-json",
        *more,
    ]


def started(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)


def finished(manifest: Path, out: Path, *more: str) -> tuple[int, float]:
    """Run a batch to its end; its exit code and seconds."""
    began = time.monotonic()
    code = started(batch_command(manifest, out, *more), out.with_suffix(".log")).wait()
    return code, time.monotonic() - began


def cohort(out: Path) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(out / "cohort.parquet").to_pylist()
    return {row["slide_id"]: {key: value for key, value in row.items() if key not in OWN} for row in rows}


def cells(out: Path) -> dict[str, str]:
    files = sorted(out.glob("[!.]*/cells.parquet"))
    return {file.parent.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def same(out: Path, reference: Path) -> bool:
    """Whether two cohorts are equal, row for row and cell for cell, and nothing half done is left."""
    left = [path.name for path in out.glob(".*") if path.suffix in (".new", ".old")]
    return cohort(out) == cohort(reference) and cells(out) == cells(reference) and not left


def first_rows(manifest: Path, n_good: int, n_bad: int) -> Path:
    """Write a shorter manifest beside one."""
    with manifest.open(newline="") as file:
        head, *rows = csv.reader(file)
    good = [row for row in rows if not row[0].startswith("bad")][:n_good]
    bad = [row for row in rows if row[0].startswith("bad")][:n_bad]
    short = manifest.with_name(f"manifest-{n_good}-{n_bad}.csv")
    with short.open("w", newline="") as file:
        csv.writer(file).writerows([head, *good, *bad])
    return short


def workers_of(pid: int) -> list[int]:
    """Find the processes of a batch that score: the leaves of its process tree."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            if b"spawn_main" in (status.parent / "cmdline").read_bytes():
                parents[int(status.parent.name)] = int(fields[1])
        except OSError:
            continue
    return [child for child, parent in parents.items() if parent == pid]


def expected_trial(folder: Path, out: Path) -> float:
    """Run the whole cohort undisturbed."""
    code, seconds = finished(folder / "manifest.csv", out)
    with (folder / "expected.csv").open(newline="") as file:
        wanted = {row["slide_id"]: row["status"] for row in csv.DictReader(file)}
    rows = cohort(out)
    became = Counter(row["status"] for row in rows.values())
    right = sum(rows[name]["status"] == status for name, status in wanted.items() if name in rows)
    reasons = sum(bool(row["reason"]) for row in rows.values() if row["status"] != "scored")
    print(
        f"undisturbed: {len(rows)} rows in {seconds:.0f} s, exit {code}; {dict(became)}; "
        f"{right} of {len(wanted)} as expected, {reasons} with their reason"
    )
    again, resumed = finished(folder / "manifest.csv", out)
    print(f"  the same command again: {resumed:.1f} s, exit {again}; same {rows == cohort(out)}")
    return seconds


def kill_trials(manifest: Path, out: Path, reference: Path, seconds: float, n: int) -> None:
    """Kill the batch, alone or with its workers, at random moments; each time in a fresh folder."""
    equal, interrupted = 0, 0
    for i in range(n):
        shutil.rmtree(out, ignore_errors=True)
        process = started(batch_command(manifest, out), out.with_suffix(".log"))
        moment = random.uniform(0.5, seconds)
        time.sleep(moment)
        interrupted += process.poll() is None
        if i % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        stood = len(list(out.glob("[!.]*/score.json")))
        code, resumed = finished(manifest, out)
        equal += same(out, reference)
        what = "all" if i % 2 else "batch"
        print(
            f"  kill {i + 1} ({what}) after {moment:.1f} s: {stood} stood; exit {code}, {resumed:.1f} s, "
            f"same {same(out, reference)}"
        )
    print(f"kill -9 of the batch: {equal} of {n} cohorts the same ({interrupted} were still running)")


def worker_trial(manifest: Path, out: Path, reference: Path, seconds: float, n: int) -> None:
    """Kill workers of one batch at random moments."""
    shutil.rmtree(out, ignore_errors=True)
    process = started(batch_command(manifest, out), out.with_suffix(".log"))
    killed = 0
    while killed < n and process.poll() is None:
        time.sleep(random.uniform(0.5, 1.5) * seconds / (n + 2))
        scoring = workers_of(process.pid)
        if scoring and process.poll() is None:
            os.kill(random.choice(scoring), signal.SIGKILL)
            killed += 1
    code = process.wait()
    print(f"kill -9 of workers: {killed} killed, exit {code}, same {same(out, reference)}")


def disk_trial(manifest: Path, out: Path, reference: Path) -> None:
    """Fill the disk of the results, then make room."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", out], check=False)
    if mounted.returncode:
        print("full disk: not tried, a small disk needs root")
        return
    try:
        code, seconds = finished(manifest, out, "--retries", "0")
        stood = len(list(out.glob("[!.]*/score.json")))
        print(f"full disk: exit {code} after {seconds:.0f} s, {stood} results stand")
        subprocess.run(["mount", "-o", "remount,size=1g", out], check=True)
        code, seconds = finished(manifest, out)
        print(f"  room again: exit {code}, same {same(out, reference)}")
    finally:
        subprocess.run(["umount", "-l", out], check=True)


def scored_by(out: Path) -> list[list[str]]:
    """Slides that each run scored itself."""
    runs = [json.loads(path.read_bytes()) for path in sorted((out / "runs").glob("*.json"))]
    return [[line["slide_id"] for line in run["slides"] if line.get("host")] for run in runs]


def two_batches_trial(manifest: Path, out: Path, reference: Path) -> None:
    """Start two batches on one folder at once."""
    shutil.rmtree(out, ignore_errors=True)
    began = time.monotonic()
    both = [started(batch_command(manifest, out), out.with_name(f"two-{i}.log")) for i in range(2)]
    codes = [process.wait() for process in both]
    shares = scored_by(out)
    twice = [name for name, n in Counter(name for share in shares for name in share).items() if n > 1]
    failed = {name for name, row in cohort(reference).items() if row["status"] == "failed"}
    again = [name for name in twice if name not in failed]
    print(
        f"two batches: {time.monotonic() - began:.0f} s, exits {codes}, {[len(share) for share in shares]} "
        f"slides each, scored twice {again}, same {same(out, reference)}"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dask_workers(n: int, logs: Path) -> Iterator[str]:
    """Run a scheduler and workers, each a process of its own, on the loopback."""
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = [
        sys.executable,
        "-m",
        "dask",
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        address.rpartition(":")[2],
        "--no-dashboard",
    ]
    worker = [
        sys.executable,
        "-m",
        "dask",
        "worker",
        address,
        "--host",
        "127.0.0.1",
        "--nthreads",
        "1",
        "--no-dashboard",
    ]
    processes = [started(scheduler, logs)]
    try:
        time.sleep(2)
        processes += [started(worker, logs) for _ in range(n)]
        time.sleep(4)
        yield address
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait()


def dask_trial(manifest: Path, out: Path, reference: Path, repeats: int) -> None:
    """Score on one and on two workers of a scheduler, in turn."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for n in seconds:
            shutil.rmtree(out, ignore_errors=True)
            with dask_workers(n, out.with_name("dask.log")) as address:
                code, took = finished(manifest, out, "--scheduler", address)
            seconds[n].append(took)
            (share,) = scored_by(out)
            print(
                f"  {n} workers: {took:.1f} s, exit {code}, {len(share)} scored, same {same(out, reference)}"
            )
    one, two = min(seconds[1]), min(seconds[2])
    print(
        f"scheduler on the loopback: {one:.1f} s on one worker, {two:.1f} s on two, "
        f"{one / two:.2f} times as fast"
    )


def overhead_trial(manifest: Path, out: Path, repeats: int) -> None:
    """Compare a batch with scoring the same slides one after the other, on one core, in turn."""
    with manifest.open(newline="") as file:
        slides = [str(manifest.parent / row["path"]) for row in csv.DictReader(file)]
    ratios = []
    for _ in range(repeats):
        shutil.rmtree(out, ignore_errors=True)
        began = time.monotonic()
        score = [
            *HER2PATH,
            "score",
            *slides,
            "--out",
            str(out),
            "--engine",
            "classical",
            "--workers",
            "1",
            "--quiet",
        ]
        started(score, out.with_suffix(".log")).wait()
        alone = time.monotonic() - began
        shutil.rmtree(out, ignore_errors=True)
        _, batch = finished(manifest, out, "--workers", "1")
        ratios.append(batch / alone)
        print(f"  score {alone:.1f} s, batch {batch:.1f} s on one worker")
    over = 100 * (sorted(ratios)[len(ratios) // 2] - 1)
    print(f"batch over the sum of its slides: {over:+.1f} % (median of {repeats})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--worker-kills", type=int, default=5)
    parser.add_argument("--slides", type=int, default=36, help="good slides in the trials that are repeated")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    trials = ("whole", "kills", "workers", "disk", "two", "dask", "overhead")
    parser.add_argument("--only", nargs="+", choices=trials, default=trials)
    wanted = parser.parse_args()
    random.seed(wanted.seed)
    with tempfile.TemporaryDirectory(prefix="trials-") as scratch:
        folder = Path(scratch)
        if "whole" in wanted.only:
            expected_trial(wanted.cohort, folder / "whole")
        manifest = first_rows(wanted.cohort / "manifest.csv", wanted.slides, 4)
        reference, out = folder / "reference", folder / "trial"
        code, seconds = finished(manifest, reference)
        print(f"reference of {len(cohort(reference))} slides: {seconds:.1f} s, exit {code}")
        steps: dict[str, Callable[[], None]] = {
            "kills": lambda: kill_trials(manifest, out, reference, seconds, wanted.kills),
            "workers": lambda: worker_trial(manifest, out, reference, seconds, wanted.worker_kills),
            "disk": lambda: disk_trial(manifest, folder / "disk", reference),
            "two": lambda: two_batches_trial(manifest, out, reference),
            "dask": lambda: dask_trial(manifest, out, reference, wanted.repeats),
            "overhead": lambda: overhead_trial(manifest, out, wanted.repeats),
        }
        for name, step in steps.items():
            if name in wanted.only:
                step()


if __name__ == "__main__":
    main()
