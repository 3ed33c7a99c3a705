"""Kept machine code is renewed when its own file changes, so compiled functions use no other file's names."""

import ast
import builtins
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARIES = {"math", "np"}


def is_compiled(function: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "compiled" for mark in function.decorator_list)


def names_of_others(tree: ast.Module) -> list[str]:
    """Names that compiled functions of a file read and that neither they nor the file itself define."""
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and is_compiled(node)}
    for node in [node for node in tree.body if isinstance(node, ast.Assign)]:
        names = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
        read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        # What is reckoned from another file's constant changes with that file.
        if read <= own | LIBRARIES | set(dir(builtins)):
            own |= {name.id for name in names}
    foreign = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or not is_compiled(function):
            continue
        body = [node for statement in function.body for node in ast.walk(statement)]
        names = [node for node in body if isinstance(node, ast.Name)]
        local = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        local |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
        known = own | local | LIBRARIES | set(dir(builtins))
        foreign += [f"{function.name}: {name.id}" for name in names if name.id not in known]
    return foreign


FILES = sorted(
    path for path in (ROOT / "her2path").rglob("*.py") if "@compiled" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_compiled_functions_stand_on_their_own_file(path: Path) -> None:
    assert names_of_others(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_a_name_of_another_file_is_found() -> None:
    source = "from a import B\nC = 1\n@compiled\ndef f(x):\n    y = x + B + C\n    return min(y, 2)\n"
    assert names_of_others(ast.parse(source)) == ["f: B"]


def test_what_is_reckoned_from_another_file_is_found() -> None:
    source = "from a import B\nC = 2 * B\nD = C + 1\n@compiled\ndef f(x):\n    return x + D\n"
    assert names_of_others(ast.parse(source)) == ["f: D"]
