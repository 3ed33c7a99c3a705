"""A page escapes what it is given, and never shows a gap where a value is missing."""

import pytest
from jinja2 import UndefinedError

from her2path.report.page import page_environment


def test_a_value_is_escaped_and_goes_through_the_filters() -> None:
    page = page_environment("templates", {"twice": lambda text: 2 * text})
    assert page.from_string("{{ name | twice }}").render(name="<b>") == "&lt;b&gt;&lt;b&gt;"


def test_a_value_that_was_not_given_is_an_error() -> None:
    page = page_environment("templates", {})
    with pytest.raises(UndefinedError, match="score"):
        page.from_string("{{ score }}").render()


def test_a_line_of_control_leaves_no_gap() -> None:
    page = page_environment("templates", {})
    assert page.from_string("a\n  {% if true %}\nb\n  {% endif %}\nc").render() == "a\nb\nc"


def test_one_page_does_not_get_the_filters_of_another() -> None:
    page_environment("templates", {"her_own": str})
    assert "her_own" not in page_environment("templates", {}).filters


def test_templates_are_found_in_their_folder() -> None:
    assert "report.html.j2" in page_environment("templates", {}).list_templates()
    assert "page.html.j2" in page_environment("templates/qa", {}).list_templates()
