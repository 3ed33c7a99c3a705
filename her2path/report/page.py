"""How templates become a page: everything is escaped, and a value that is not there is an error."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment(template_folder: str, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Make the environment that draws a page.

    Parameters
    ----------
    template_folder
        Under ``her2path/report``; templates name each other relative to it.
    filters
        What its templates call, by name.

    Returns
    -------
    Environment
        Escapes every value that is not markup, and raises on one that was not given.
    """
    environment = Environment(
        loader=PackageLoader("her2path.report", template_folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment
