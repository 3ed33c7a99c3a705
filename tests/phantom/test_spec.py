from pathlib import Path

import pytest

from her2path.errors import ConfigurationError
from her2path.phantom.spec import read_spec

ONE = """
size_px = [512, 512]
patterns = { N = 1.0 }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "one.toml"
    path.write_text(text)
    return path


def test_a_recipe_of_one_slide_is_named_after_its_file(tmp_path: Path) -> None:
    assert [slide.name for slide in read_spec(written(tmp_path, ONE)).slides] == ["one"]


def test_a_recipe_may_hold_several_slides(tmp_path: Path) -> None:
    text = "".join(f"[[slide]]\nname = '{name}'{ONE}" for name in ("a", "b"))
    assert [slide.name for slide in read_spec(written(tmp_path, text)).slides] == ["a", "b"]


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    text = "size_px = [512, 12]\nmpp = 9\ncolour = 1\npatterns = { N = 0.9 }\nscanner = 'x'\n"
    text += "tumour = { share = 2 }"
    with pytest.raises(ConfigurationError) as caught:
        read_spec(written(tmp_path, text))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "size_px[1]",
        "mpp",
        "scanner",
        "patterns",
        "tumour.share",
        "colour",
    ]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("patterns = { N = 0.5 }", "sum to 0.5"),
        ("patterns = { N = 0.5, XX = 0.5 }", "unknown XX"),
        ("patterns = { N = 1.0 }\nscanner = 'nikon'", "allowed are bluish"),
    ],
)
def test_wrong_words_are_named(tmp_path: Path, change: str, word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        read_spec(written(tmp_path, f"size_px = [512, 512]\n{change}"))


@pytest.mark.parametrize(
    "text", ["slide = []", "x = ", f"mpp = 0.25\n[[slide]]\nname = 'a'{ONE}", f"[[slide]]\nname='a'{ONE}" * 2]
)
def test_unusable_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError):
        read_spec(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_spec(tmp_path / "none.toml")


def test_the_least_clearing_comes_first(tmp_path: Path) -> None:
    text = f"{ONE}tumour = {{ vesicular = [1.0, 0.5] }}"
    with pytest.raises(ConfigurationError, match="swap them"):
        read_spec(written(tmp_path, text))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("tissue = { shape = 'array', grid = [2, 2], missing = ['C1'] }", "no core C1"),
        ("tissue = { missing = ['A1'] }", "need shape"),
        ("tissue = { shape = 'array', core_mm = 0.9, pitch_mm = 0.9 }", "overlap"),
        ("tissue = { shape = 'array' }", "does not fit"),
        ("tissue = { shape = 'full', fragments = 2 }", "fragments"),
        ("tissue = { shape = 'full', control = '3+' }", "glass round it"),
        ("stain = 'h-e'\ncategory = 'IHC3'", "no HER2 score"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(tmp_path: Path, change: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_spec(written(tmp_path, f"{ONE}{change}"))
