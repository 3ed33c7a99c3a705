"""What the benchmarks share: jobs in processes of their own, medians, and what the figures depend on."""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

Facts = dict[str, Any]

CACHE = Path(__file__).parents[1] / ".bench"


def bench_parser(about: str | None, *, repeats: int, jobs: Iterable[str]) -> argparse.ArgumentParser:
    """Give the options that every benchmark of slides takes."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--cache", type=Path, default=CACHE, help="keeps the drawn slide")
    parser.add_argument("--job", choices=jobs, help=argparse.SUPPRESS)
    return parser


def in_own_process(script: str, job: str, **arguments: object) -> Facts:
    """Run one job of a script; its facts come with the peak memory of its process."""
    done = subprocess.run(
        [sys.executable, script, "--job", job],
        input=json.dumps(arguments),
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def answer(job: Callable[..., Facts]) -> None:
    """Do a job: the other end of ``in_own_process``."""
    facts = job(**json.load(sys.stdin))
    json.dump(facts | {"peak_mb": peak_mb()}, sys.stdout)


def peak_mb() -> float:
    """Peak memory of this process; what getrusage tells may be that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def medians(runs: list[Facts]) -> Facts:
    """Give the median of every figure over the repeats, and anything else from the first."""

    def middle(values: list[Any]) -> object:
        if isinstance(values[0], Mapping):
            return medians(values)
        return median(values) if isinstance(values[0], float) else values[0]

    return {key: middle([run[key] for run in runs]) for key in runs[0]}


def hardware() -> Facts:
    """Describe the machine, without its name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
    }


def write_results(name: str, facts: Facts) -> None:
    """Write ``benchmarks/results/NAME.json``."""
    path = Path(__file__).parent / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=2) + "\n")
    print(f"\nWritten to {os.path.relpath(path)}")
