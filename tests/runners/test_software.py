"""A worker with other software is told, one that is away is no worker with other software."""

import asyncio
import platform
from collections.abc import Callable, Mapping, Sequence

import pytest

import her2path
from her2path.runners.software import SAME, compare_software

HERE = {name: version() for name, version in SAME.items()}


def compare(workers: Mapping[str, Mapping[str, object]]) -> dict[str, tuple[str, ...]]:
    """Have workers answer what stands here."""

    async def ask(version: Callable[[], str], addresses: Sequence[str]) -> dict[str, object]:
        name = next(name for name, asked in SAME.items() if asked is version)
        return {address: workers[address][name] for address in addresses if name in workers[address]}

    return asyncio.run(compare_software(ask, workers))


def test_what_is_here_is_known() -> None:
    assert HERE["her2path"] == her2path.__version__
    assert HERE["Python"] == platform.python_version()


def test_the_same_software_differs_in_nothing() -> None:
    assert compare({"a": HERE, "b": HERE}) == {"a": (), "b": ()}
    assert compare({}) == {}


@pytest.mark.parametrize("name", HERE)
def test_each_difference_is_told_with_both_versions(name: str) -> None:
    found = compare({"a": HERE, "b": {**HERE, name: "0.0.1"}})
    assert found == {"a": (), "b": (f"{name} 0.0.1 (here {HERE[name]})",)}


def test_a_worker_without_the_program_is_told_with_all_that_differs() -> None:
    bare = {
        "her2path": ModuleNotFoundError("her2path"),
        "distributed": HERE["distributed"],
        "Python": "3.9.1",
    }
    assert compare({"a": bare}) == {
        "a": (f"no her2path (here {HERE['her2path']})", f"Python 3.9.1 (here {HERE['Python']})")
    }


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("gone", [True, False])
def test_a_worker_that_does_not_answer_is_left_out(name: str, gone: bool) -> None:
    other = {**HERE, "her2path": "0.0.1", "Python": "3.9.1"}
    away = {key: answer for key, answer in other.items() if key != name}
    found = compare({"a": HERE, "b": away if gone else {**other, name: OSError("connection lost")}})
    assert found == {"a": ()}
