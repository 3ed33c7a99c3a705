"""What a score document may hold, both databases can keep."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.registry.plain import plain

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
VALUES = st.recursive(LEAVES, lambda one: st.lists(one) | st.dictionaries(st.text(), one), max_leaves=20)


@settings(max_examples=50)
@given(VALUES)
def test_anything_becomes_json_that_postgresql_takes(value: Any) -> None:
    text = json.dumps(plain(value), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode("utf-8")


@given(st.floats())
def test_a_number_is_itself_or_missing(value: float) -> None:
    assert plain(value) == (value if math.isfinite(value) else None)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([1.5, np.inf]), [1.5, None]),
        ({"a": (1, float("-inf"))}, {"a": [1, None]}),
        ({1: frozenset({"x"})}, {"1": ["x"]}),
        (Path("in") / "a.svs", "in/a.svs"),
        ("a\0b\udc80", "a\\x00b\\udc80"),
        ("to postgresql://me:secret@host/db", "to postgresql://me:***@host/db"),
        (True, True),
    ],
)
def test_values_of_other_kinds(value: object, kept: object) -> None:
    found = plain(value)
    assert (found, type(found)) == (kept, type(kept))
