"""The arrays that pyarrow makes itself, made without pandas."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.store.arrow import arrow_numbers, arrow_words


@pytest.mark.parametrize("kind", ["bool", "int8", "int32", "int64", "uint8", "float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 1000])
def test_numbers_are_those_of_pyarrow(kind: str, n: int) -> None:
    rng = np.random.default_rng(n)
    values, missing = (rng.random(n) * 120).astype(kind), rng.random(n) < 0.3
    for mask in (None, missing, np.zeros(n, bool)):
        made, plain = arrow_numbers(values, mask), pa.array(values, mask=mask)
        made.validate(full=True)
        assert made.equals(plain)
        assert made.null_count == plain.null_count


def test_every_second_value_is_no_other_value() -> None:
    assert arrow_numbers(np.arange(10)[::2]).to_pylist() == [0, 2, 4, 6, 8]


@given(st.lists(st.text()))
def test_words_are_those_of_pyarrow(words: list[str]) -> None:
    made = arrow_words(words)
    made.validate(full=True)
    assert made.equals(pa.array(words, pa.string()))


def test_pandas_stays_unloaded() -> None:
    program = (
        "import sys, numpy as np\n"
        "from her2path.store.arrow import arrow_numbers, arrow_words\n"
        "arrow_numbers(np.zeros(3), np.ones(3, bool)), arrow_words(['a'])\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
