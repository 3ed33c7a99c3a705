"""Processes that die, leave, join and do not fit; the items are worked on all the same."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from her2path.errors import Her2pathError, SchedulerError, WorkerLostError
from her2path.runners import dask as dask_crew
from her2path.runners.crew import Crew, Finished
from her2path.runners.dask import DaskCrew
from her2path.runners.here import HereCrew

psutil: Any = pytest.importorskip("psutil")  # comes with distributed, and without types

ROOT = Path(__file__).parents[2]

# The items are expressions and the function is eval: every process has it, whatever can be imported there.
PID = "__import__('os').getpid()"
DIE = f"__import__('os').kill({PID}, 9)"
SLEEP = "__import__('time').sleep({})"
HOLD_THE_LOCK = "__import__('ctypes').PyDLL(None).sleep({})"  # as compiled code that never lets go of it


def die_once(marker: Path, number: int) -> str:
    """Kill the process unless the marker is there, which the dying one leaves."""
    file = repr(str(marker))
    return f"__import__('os').path.exists({file}) or (open({file}, 'x').close(), {DIE}), {number}"


def work_off(crew: Crew[str, Any], items: Sequence[str]) -> list[Finished[str, Any]]:
    """Give all the items, and take them in the order given."""
    for item in items:
        crew.give(item)
    return sorted(take(crew, len(items)), key=lambda done: items.index(done.item))


def take(crew: Crew[str, Any], n_items: int, within_s: float = 60) -> list[Finished[str, Any]]:
    taken: list[Finished[str, Any]] = []
    until = time.monotonic() + within_s
    while len(taken) < n_items and time.monotonic() < until:
        taken += crew.take(0.5)
    return taken


def value(done: Finished[str, Any]) -> Any:
    assert done.error is None
    return done.result


def wait_for(condition: Callable[[], bool], within_s: float = 20) -> bool:
    until = time.monotonic() + within_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def workers_of(pid: int) -> list[Any]:
    """Give the living children that multiprocessing made to work: other tests may have theirs."""
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(child.cmdline())
    ]


def test_two_processes_do_what_one_thread_does() -> None:
    items = [f"{number} * 2" for number in range(12)] + ["1 // 0", "open('/nowhere/slide.svs')"]
    with HereCrew[str, Any](eval) as here:
        alone = work_off(here, items)
    with DaskCrew[str, Any](eval, processes=2) as crew:
        assert crew.hands == 2
        assert crew._client.scheduler.address.startswith("tls://127.0.0.1:")
        together = work_off(crew, items)
        # It is told a moment later.
        assert wait_for(
            lambda: crew._client.run_on_scheduler(lambda dask_scheduler: not dask_scheduler.tasks)
        )
        listening = {
            connection.laddr[0]
            for process in (psutil.Process(), *workers_of(os.getpid()))
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
    assert workers_of(os.getpid()) == []
    assert [done.result for done in together] == [done.result for done in alone]
    assert [repr(done.error) for done in together] == [repr(done.error) for done in alone]
    missing = together[-1].error
    assert isinstance(missing, FileNotFoundError)
    assert missing.filename == "/nowhere/slide.svs"
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("deaths", [1, 3])
def test_a_worker_that_dies_while_it_starts_is_started_again(
    monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    tries: list[int] = []

    def cluster(*, n_workers: int, **_: Any) -> str:
        tries.append(n_workers)
        if len(tries) <= deaths:
            raise RuntimeError("Nanny failed to start.")
        return "cluster"

    monkeypatch.setattr(dask_crew, "LocalCluster", cluster)
    if deaths < dask_crew.STARTS:
        assert str(dask_crew._cluster(2, "/tmp")) == "cluster"
        assert tries == [2, 2]
    else:
        with pytest.raises(SchedulerError, match="2 worker processes could not be started"):
            dask_crew._cluster(2, "/tmp")


@pytest.mark.slow
def test_workers_have_one_thread_and_a_temporary_folder_that_goes_with_them() -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    asked = [f"__import__('os').environ[{name!r}]" for name in names]
    left = "__import__('tempfile').mkstemp()[1]"
    with DaskCrew[str, Any](eval) as crew:
        *threads, file = work_off(crew, [*asked, left])
        assert Path(value(file)).exists()
    assert {value(done) for done in threads} == {"1"}
    assert not Path(value(file)).parent.exists()


@pytest.mark.slow
def test_an_error_brings_its_traceback_and_its_cause() -> None:
    runs = "__import__('pkgutil').resolve_name('her2path.store.runs')"
    error = f"{runs}.check_writable({runs}.Path('/dev/null/x'))"
    with DaskCrew[str, Any](eval) as crew:
        (done,) = work_off(crew, [error])
    assert isinstance(done.error, Her2pathError)
    assert isinstance(done.error.__cause__, OSError)
    assert done.error.__cause__.errno is not None
    trace = done.error.__traceback__
    assert trace is not None
    while trace.tb_next is not None:
        trace = trace.tb_next
    assert trace.tb_frame.f_code.co_filename.endswith("runs.py")


@pytest.mark.slow
def test_items_that_kill_their_worker_once_are_all_worked_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    items = [die_once(tmp_path / str(number), number) for number in range(5)] + ["5", "6", "7"]
    with DaskCrew[str, Any](eval, processes=2) as crew:
        done = work_off(crew, items)
    assert [value(finished)[1] for finished in done[:5]] == [0, 1, 2, 3, 4]
    assert [value(finished) for finished in done[5:]] == [5, 6, 7]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_an_item_that_always_kills_is_given_up_and_the_others_finish(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    kill = f"(open({str(deaths)!r}, 'a').write('x'), {DIE})"
    items = [f"({SLEEP.format(0.2)}, {number})" for number in range(6)]
    items.insert(1, kill)
    with DaskCrew[str, Any](eval, processes=2) as crew:
        done = work_off(crew, items)
    lost = done.pop(1).error
    assert isinstance(lost, WorkerLostError)
    assert "3 processes died" in str(lost)
    assert "fewer --workers" in str(lost)
    assert len(deaths.read_text()) == dask_crew.KILLS
    assert [value(finished) for finished in done] == [(None, number) for number in range(6)]


@pytest.mark.slow
def test_a_worker_that_gives_no_sign_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Dask's limit is never below ten heartbeats. With "1s" in HERE the item is worked on twice.
    monkeypatch.setattr("distributed.scheduler.heartbeat_interval", lambda n_workers: 0.05)
    begun = tmp_path / "begun"
    with DaskCrew[str, Any](eval) as crew:
        (done,) = work_off(crew, [f"(open({str(begun)!r}, 'a').write('x'), {HOLD_THE_LOCK.format(4)})"])
    assert done.error is None
    assert begun.read_text() == "x"


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_the_crew_ends_its_workers(tmp_path: Path, sent: signal.Signals) -> None:
    # Who holds the interpreter's lock is killed on leaving, but cannot see that everybody has gone.
    busy = (HOLD_THE_LOCK if sent == signal.SIGINT else SLEEP).format(600)
    script = tmp_path / "crew.py"
    script.write_text(
        textwrap.dedent(f"""\
        from her2path.runners.dask import DaskCrew

        if __name__ == "__main__":
            with DaskCrew(eval, processes=2) as crew:
                for item in ({SLEEP.format(600)!r}, {busy!r}, "3", "4"):
                    crew.give(item)
                while True:
                    print(len(crew.take(0.2)), flush=True)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for _ in range(5):
        assert process.stdout.readline() == "0\n"
    workers = workers_of(process.pid)
    assert len(workers) == 2
    if sent == signal.SIGINT:
        os.killpg(process.pid, sent)  # as a terminal does: the workers get it too
    else:
        process.send_signal(sent)
    began = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 20
    assert wait_for(lambda: not any(worker.is_running() for worker in workers))
    if sent == signal.SIGINT:
        assert said.count("Traceback") == 1
        assert said.rstrip().endswith("KeyboardInterrupt")
        assert list(tmp_path.iterdir()) == [script]


@contextmanager
def running(*command: str, path: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command of Dask's, and end it by force."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        cwd=path,
        env={**os.environ, "PYTHONPATH": str(path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with psutil.Process(process.pid).oneshot():
            children = psutil.Process(process.pid).children(recursive=True)
        for one in (psutil.Process(process.pid), *children):
            one.kill()
        process.wait()


class Cluster:
    """A scheduler and workers as an administrator starts them, on the loopback."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.start_scheduler("0")

    def start_scheduler(self, port: str) -> None:
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        local = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        self.scheduler = self._stack.enter_context(
            running("scheduler", "--port", port, "--scheduler-file", str(file), *local)
        )
        assert wait_for(lambda: file.exists() and file.stat().st_size > 0)
        self.address: str = json.loads(file.read_text())["address"]

    def add_worker(self, *options: str, path: Path = ROOT) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(
            running(
                "worker",
                self.address,
                *("--nthreads", "1", "--nworkers", "1", "--memory-limit", "0"),
                *("--host", "127.0.0.1", "--no-dashboard", "--local-directory", str(self._folder)),
                *options,
                path=path,
            )
        )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


@pytest.mark.slow
def test_workers_join_and_leave_a_real_scheduler(cluster: Cluster) -> None:
    with DaskCrew[str, Any](eval, address=cluster.address) as crew:
        assert crew.hands == 0
        crew.give(PID)
        assert crew.take(0.2) == ()
        first = cluster.add_worker()
        (done,) = crew.take(20)
        assert crew.hands == 1
        cluster.add_worker()
        assert wait_for(lambda: crew.hands == 2)
        both = work_off(crew, [f"({SLEEP.format(0.5)}, {PID}, {number})" for number in range(4)])
        assert len({value(finished)[1] for finished in both}) == 2
        for process in (*psutil.Process(first.pid).children(), psutil.Process(first.pid)):
            process.kill()
        assert wait_for(lambda: crew.hands == 1)
        (alone,) = work_off(crew, [PID])
        assert value(alone) != value(done)


@pytest.mark.slow
def test_only_workers_with_a_gpu_are_given_items_where_one_is_asked_for(cluster: Cluster) -> None:
    cluster.add_worker()
    cluster.add_worker("--resources", "GPU=1", "--name", "with-gpu")
    name = "__import__('distributed').get_worker().name"
    with DaskCrew[str, Any](eval, address=cluster.address) as crew:
        assert wait_for(lambda: crew.hands == 2)
    with DaskCrew[str, Any](eval, address=cluster.address, gpu=True) as crew:
        assert wait_for(lambda: crew.hands == 1)
        done = work_off(crew, [f"({SLEEP.format(0.05)}, {name}, {number})" for number in range(6)])
    assert {value(finished)[1] for finished in done} == {"with-gpu"}


@pytest.mark.slow
def test_when_all_workers_with_a_gpu_leave_the_others_go_on(cluster: Cluster, tmp_path: Path) -> None:
    begun, left = tmp_path / "begun", tmp_path / "left"
    work = f"(open({str(begun)!r}, 'x').close(), {SLEEP.format(600)})"
    item = f"__import__('os').path.exists({str(left)!r}) or {work}"
    with_gpu = cluster.add_worker("--resources", "GPU=1")
    with DaskCrew[str, Any](eval, address=cluster.address, gpu=True) as crew:
        assert wait_for(lambda: crew.hands == 1)
        cluster.add_worker("--nthreads", "2", "--name", "without")
        crew.give(item)
        crew.give("2")
        assert wait_for(begun.exists)
        left.touch()
        for process in (*psutil.Process(with_gpu.pid).children(), psutil.Process(with_gpu.pid)):
            process.kill()
        assert wait_for(lambda: crew.hands == 2)
        assert {done.item: value(done) for done in take(crew, 2)} == {item: True, "2": 2}


@pytest.mark.slow
def test_workers_with_other_software_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    older = tmp_path / "older" / "her2path"
    older.mkdir(parents=True)
    (older / "__init__.py").write_text('__version__ = "0.0.1"\n')
    cluster.add_worker()
    with DaskCrew[str, Any](eval, address=cluster.address) as crew:
        assert wait_for(lambda: crew.hands == 1)
        cluster.add_worker(path=older.parent)

        def refused() -> bool:
            try:
                return crew.hands > 1
            except SchedulerError:
                return True

        assert wait_for(refused)
        with pytest.raises(SchedulerError, match=r"tcp://127\.0\.0\.1:\d+: her2path 0\.0\.1 \(here "):
            crew.take(1)
    with (
        pytest.raises(SchedulerError, match="install the same there"),
        DaskCrew[str, Any](eval, address=cluster.address),
    ):
        pass


@pytest.mark.slow
def test_a_scheduler_that_goes_is_told(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dask_crew, "CONNECT_S", 2.0)
    cluster.add_worker()
    with DaskCrew[str, Any](eval, address=cluster.address) as crew:
        assert wait_for(lambda: crew.hands == 1)
        crew.give(SLEEP.format(600))
        cluster.scheduler.kill()
        with pytest.raises(SchedulerError, match="is gone"):
            take(crew, 1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_items_outlive_a_scheduler_that_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    back = tmp_path / "back"
    item = f"__import__('os').path.exists({str(back)!r}) or {SLEEP.format(600)}"
    cluster.add_worker()
    with DaskCrew[str, Any](eval, address=cluster.address) as crew:
        assert wait_for(lambda: crew.hands == 1)
        crew.give(item)
        crew.give("2")
        assert crew.take(0.5) == ()
        back.touch()
        cluster.scheduler.kill()
        cluster.start_scheduler(cluster.address.rpartition(":")[2])
        cluster.add_worker()
        assert take(crew, 2) == [Finished(item, True), Finished("2", 2)]


def test_no_scheduler_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_crew, "CONNECT_S", 0.3)
    with (
        pytest.raises(SchedulerError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9 "),
        DaskCrew[str, Any](eval, address="tcp://127.0.0.1:9"),
    ):
        pass
    with (
        pytest.raises(SchedulerError, match="no scheduler answers at nonsense://"),
        DaskCrew[str, Any](eval, address="nonsense://there"),
    ):
        pass


def test_no_processes_are_refused() -> None:
    with pytest.raises(ValueError, match="processes must be 1 or more"):
        DaskCrew(str, processes=0)
