"""The second plug point: who runs the tiles."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Runner(Protocol):
    """An ordered map with bounded look-ahead."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        """Yield ``function(item)`` for every item, in the order of the items.

        At most a few results wait to be taken, whatever the number of items. The first exception ends the
        run and is raised here.
        """
        ...
