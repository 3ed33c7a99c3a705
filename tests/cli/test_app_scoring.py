"""What the commands that score cannot parse, they refuse."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("score",),
        ("score", "a.svs"),
        ("score", "a.svs", "--out", "x", "--engine", "magic"),
        ("score", "a.svs", "--out", "x", "--specimen", "hair"),
        ("score", "a.svs", "--out", "x", "--workers", "0"),
        ("scoer",),
    ],
)
def test_what_cannot_be_parsed_ends_with_2(call: Call, arguments: tuple[str, ...]) -> None:
    assert call(*arguments).code == 2
