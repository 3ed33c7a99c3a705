"""Loops in machine code: where a fast path is a loop over pixels or cells, Numba compiles it.

A compiled function is plain Python that is a loop over arrays. It is compiled when it is first called, once
for each combination of argument types, and the machine code is kept beside the source or, where that cannot
be written, in the user's cache folder, so that the next process only loads it.

The kept code is renewed when the function's own file changes. Therefore a compiled function uses nothing of
other files of the package: what it needs comes as an argument (``tests/architecture/test_compiled.py``).
See docs/decisions/0023-loops-in-machine-code.md.
"""

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, update_wrapper
from importlib import import_module
from typing import Any, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")

UNREADABLE = (OSError, EOFError, pickle.UnpicklingError)
"""What a file raises that cannot be read, or that a power failure cut short."""


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

        dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(self.plain)
        with suppress(RuntimeError):  # there is no folder that the code could be kept in
            dispatcher._cache = _kept_code()(self.plain)
        return dispatcher

    @property
    def _numba_type_(self) -> Any:  # noqa: ANN401  # Numba has no types
        """What Numba takes this for inside another compiled function."""
        import numba

        return numba.types.Dispatcher(self._machine_code)


@cache
def _kept_code() -> Any:  # noqa: ANN401  # Numba has no types
    """Give Numba's cache of a function's machine code, made safe for full disks and for many at once.

    Numba numbers the files of a function's machine code anew when its source changes, and two processes may
    choose one number. Here a file carries its source and its processor in its name, and code is taken only
    for the types that it was made for; what cannot be read is compiled, what cannot be written is not kept.
    """
    caching: Any = import_module("numba.core.caching")
    processor = import_module("numba.core.registry").cpu_target.target_context.codegen().magic_tuple()

    class Names(caching.CompileResultCacheImpl):  # type: ignore[misc]  # Numba has no types
        def get_filename_base(self, fullname: str, abiflags: str) -> str:
            made_of = repr((self.locator.get_source_stamp(), processor)).encode()
            name: str = super().get_filename_base(fullname, abiflags)
            return f"{name}.{hashlib.sha256(made_of).hexdigest()[:12]}"

    class KeptCode(caching.FunctionCache):  # type: ignore[misc]  # Numba has no types
        _impl_class = Names

        def load_overload(self, sig: object, target_context: object) -> object:
            try:
                found = super().load_overload(sig, target_context)
            except UNREADABLE:
                with suppress(OSError):
                    self.flush()
                return None
            return found if found is None or found.signature.args == sig else None

        def save_overload(self, sig: object, data: object) -> None:
            with suppress(*UNREADABLE):
                super().save_overload(sig, data)

    return KeptCode


def compiled(function: Callable[Arguments, Value]) -> Compiled[Arguments, Value]:
    """Have a function run as machine code.

    Parameters
    ----------
    function
        Loops over arrays, in the part of Python that Numba compiles. It calls only functions of its own file
        that are compiled too, and takes its constants from its own file or as arguments.
    """
    return Compiled(function)
