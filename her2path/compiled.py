"""Loops in machine code: where a fast path is a loop over pixels or cells, Numba compiles it.

A compiled function is plain Python that is a loop over arrays. It is compiled when it is first called, once
for each combination of argument types, and the machine code is kept beside the source or, where that cannot
be written, in the user's cache folder, so that the next process only loads it.

The kept code is renewed when the function's own file changes. Therefore a compiled function uses nothing of
other files of the package: what it needs comes as an argument (``tests/architecture/test_compiled.py``).
See docs/decisions/0023-loops-in-machine-code.md.
"""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


class Compiled(Generic[Arguments, Value]):
    """A function that runs as machine code; ``plain`` is the same as Python runs it.

    Machine code releases the interpreter lock. Floating-point operations are carried out one by one, as
    written: the bits are those of NumPy's elementwise operations.
    """

    def __init__(self, plain: Callable[Arguments, Value]) -> None:
        self.plain = plain
        update_wrapper(self, plain)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        """Run as machine code."""
        value: Value = self._machine_code(*args, **kwargs)
        return value

    @cached_property
    def _machine_code(self) -> Any:  # noqa: ANN401  # Numba has no types
        # Imported at the first call: what has no pixels to read never waits for it.
        import numba

        try:
            return numba.njit(cache=True, nogil=True, error_model="numpy")(self.plain)
        except RuntimeError:  # there is no folder that the code could be kept in
            return numba.njit(nogil=True, error_model="numpy")(self.plain)

    @property
    def _numba_type_(self) -> Any:  # noqa: ANN401  # Numba has no types
        """What Numba takes this for inside another compiled function."""
        import numba

        return numba.types.Dispatcher(self._machine_code)


def compiled(function: Callable[Arguments, Value]) -> Compiled[Arguments, Value]:
    """Have a function run as machine code.

    Parameters
    ----------
    function
        Loops over arrays, in the part of Python that Numba compiles. It calls only functions of its own file
        that are compiled too, and takes its constants from its own file or as arguments.
    """
    return Compiled(function)
