"""An installed program that cannot find its rulebooks scores nothing."""

import pytest

from her2path.resources import resource


def test_rulebooks_are_found() -> None:
    assert (resource("configs/rulebooks") / "breast-2018.toml").is_file()


def test_what_is_missing_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="configs/nothing is missing"):
        resource("configs/nothing")
