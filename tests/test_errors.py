"""The error tree: one base, and each error is also the builtin that a caller would expect."""

import pickle

import pytest

from her2path import errors
from her2path.errors import (
    ConfigurationError,
    Her2pathError,
    NotEvaluableError,
    ReadError,
    SlideError,
    StorageError,
    UsageError,
)

EVERY = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]


def test_every_error_has_one_base() -> None:
    assert len(EVERY) > 5
    assert all(issubclass(error, Her2pathError) for error in EVERY)


def test_every_error_is_drawn_in_the_tree() -> None:
    drawing = errors.__doc__ or ""
    assert [error.__name__ for error in EVERY if error.__name__ not in drawing] == []


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("UsageError", ValueError),
        ("ConfigurationError", ValueError),
        ("RegionFileError", ValueError),
        ("WeightsError", ValueError),
        ("OutputError", OSError),
        ("SlideError", OSError),
        ("PixelSizeError", OSError),
        ("ReadError", OSError),
        ("StorageError", OSError),
    ],
)
def test_an_error_is_also_its_builtin(name: str, builtin: type[Exception]) -> None:
    assert issubclass(getattr(errors, name), builtin)


def test_what_ends_the_program_is_not_what_ends_a_slide() -> None:
    """Exit code 2 and a failed slide are told apart by class: neither may be the other's child."""
    assert not issubclass(SlideError, UsageError)
    assert not issubclass(UsageError, SlideError)
    assert not issubclass(NotEvaluableError, (SlideError, UsageError))


def test_a_drive_that_is_away_is_never_taken_for_damaged_pixels() -> None:
    assert issubclass(StorageError, SlideError)
    assert not issubclass(StorageError, ReadError)


def test_a_configuration_error_lists_every_mistake_with_its_file() -> None:
    error = ConfigurationError("mine.toml", ["stained_od: is not a number", "gradng: unknown key"])
    assert str(error).splitlines() == [
        "mine.toml: stained_od: is not a number",
        "mine.toml: gradng: unknown key",
    ]
    assert error.problems == ("stained_od: is not a number", "gradng: unknown key")


@pytest.mark.parametrize(
    "error",
    [
        SlideError("no such slide"),
        StorageError("slide.svs cannot be read now"),
        NotEvaluableError("NO_TISSUE", "no tissue found"),
        ConfigurationError("mine.toml", ["a: wrong"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_back_from_a_worker_process(error: Her2pathError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
