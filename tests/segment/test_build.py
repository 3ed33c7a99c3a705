"""Engine and device: what is not to be had is said before any work."""

import pytest

from her2path.errors import UsageError
from her2path.segment.build import build_segmenter


@pytest.mark.parametrize(("engine", "device"), [("auto", "auto"), ("classical", "cpu"), ("auto", "cpu")])
def test_the_classical_segmenter_is_the_default(engine: str, device: str) -> None:
    assert build_segmenter(engine, device).name == "classical"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("engine", "device", "remedy"),
    [
        ("cnn", "auto", "--engine classical"),
        ("classical", "cuda", "leave --device out"),
        ("auto", "tpu", "auto, cpu, cuda"),
    ],
)
def test_what_is_not_there_is_refused_with_the_remedy(engine: str, device: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        build_segmenter(engine, device)  # type: ignore[arg-type]
