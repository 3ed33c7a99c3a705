"""A log on a full disk, a reader that has gone: the batch goes on, and its exit code is its own."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from her2path.cli.lasting_stream import LastingStream

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from pathlib import Path
from her2path.cli.batch_console import BatchConsole
unknown = ("score", "category", "tag", "n_cells", "seconds", "area_mm2")
failed = dict.fromkeys(unknown) | {"status": "failed", "reason": "is empty; copy it again"}
with BatchConsole(Path(), quiet=sys.argv[1] == "quiet", as_json=sys.argv[1] == "json") as console:
    console.begin(3, 1, 1e9)
    for number in range(1000):
        console.started(f"S{number}", 1)
        console.retrying(f"S{number}", "the drive is away", 30.0)
        console.ended(failed | {"slide_id": f"S{number}"}, False)
    console.finish([], ["a problem"])
Path(sys.argv[2]).write_text("to the end")
sys.exit(1)
"""


class Full(io.StringIO):
    """A disk that takes so many signs, and says how often it was asked for more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.refused = room, 0

    def write(self, text: str, /) -> int:
        if self.tell() + len(text) > self.room:
            self.refused += 1
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_what_can_be_printed_is() -> None:
    to = io.StringIO()
    stream = LastingStream(to)
    assert stream.write("24 mm²\n") == 7
    stream.flush()
    assert to.getvalue() == "24 mm²\n"
    assert not stream.isatty()


def test_after_the_first_trouble_it_is_silent() -> None:
    to = Full(4)
    stream = LastingStream(to)
    for text in ("one", "two", "3"):
        assert stream.write(text) == len(text)
        stream.flush()
    assert (to.getvalue(), to.refused) == ("one", 1)


def test_signs_that_the_encoding_lacks_are_question_marks() -> None:
    to = io.TextIOWrapper(io.BytesIO(), "latin-1")
    stream = LastingStream(to)
    stream.write("24 mm² of 膜\n")
    stream.flush()
    assert to.buffer.getvalue() == "24 mm² of ?\n".encode("latin-1")
    assert stream.encoding == "latin-1"


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [
        # No file may grow beyond 16 blocks: what is written after them is refused, as on a full disk.
        ("plain", "ulimit -f 16; exec >log.txt", ""),
        ("quiet", "ulimit -f 16; exec 2>log.txt", ""),
        ("json", "exec >&-", ""),
        ("plain", ":", "| :"),
        ("json", ":", "| :"),
    ],
)
def test_a_batch_goes_on_and_ends_with_its_own_exit_code(
    tmp_path: Path, how: str, before: str, after: str
) -> None:
    (tmp_path / "batch.py").write_text(PROGRAM, "utf-8")
    command = f'{{ {before}; "$1" batch.py {how} end.txt; echo $? >code.txt; }} {after}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tmp_path / "end.txt").read_text() == "to the end"
    assert (tmp_path / "code.txt").read_text() == "1\n"
    assert done.stderr == ""
