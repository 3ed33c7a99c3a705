"""A flag that a reader meets is explained: docs/guide/flags.md has every code, and none that is gone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from her2path.store.recipes import list_rulebooks

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "flags.md"
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)


def raised_by_the_code() -> Iterator[tuple[str, str]]:
    """Code and severity wherever a flag, or an error that becomes one, is made with its code spelled out."""
    for module in sorted((ROOT / "her2path").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            match node.func.id, [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]:
                case "Flag", [str(code), str(severity), *_]:
                    yield code, severity
                case "NotEvaluableError", [str(code), *_]:
                    yield code, "refusal"


def raised_by_the_rulebooks() -> Iterator[tuple[str, str]]:
    for rulebook in list_rulebooks():
        codes = [rule.flag for rule in rulebook.rules] + [notice.flag for notice in rulebook.notices]
        codes += [rulebook.contiguity.flag] if rulebook.contiguity else []
        codes += [outcome.flag for outcome in rulebook.ish.outcomes] if rulebook.ish else []
        yield from ((code, "warning") for code in codes if code)


def test_every_flag_is_in_the_guide_with_its_severity_and_no_other() -> None:
    explained = ROW.findall(GUIDE.read_text(encoding="utf-8"))
    raised = {*raised_by_the_code(), *raised_by_the_rulebooks()}
    assert {"NO_TISSUE", "BORDERLINE", "GUIDELINE_GAP"} <= {code for code, _ in raised}
    assert sorted((code, severity) for code, severity, *_ in explained) == sorted(raised)


def test_every_flag_tells_what_it_means_and_what_to_do() -> None:
    for code, _, meaning, remedy in ROW.findall(GUIDE.read_text(encoding="utf-8")):
        assert min(len(meaning.strip()), len(remedy.strip())) > 10, code
