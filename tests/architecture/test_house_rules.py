"""What a reader may rely on anywhere in the tree: mirrored tests, no print, no path of somebody's machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "her2path"
MODULES = sorted(PACKAGE.rglob("*.py"))

FOLDERS = (".ci", "benchmarks", "configs", "docs", "her2path", "models", "sample_slides", "tests")
TEXT = {
    "",
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".j2",
    ".js",
    ".json",
    ".md",
    ".py",
    ".toml",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
}
MACHINE_PATH = re.compile(r"(?<![\w.~}*-])/(home|Users|root|work|tmp|mnt|opt|scratch)/\w|[A-Z]:\\Users\\")


def text_files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts:
                yield path


def mirror(module: Path) -> Path:
    """``her2path/scoring/grade.py`` is tested by ``tests/scoring/test_grade.py``, a package by its name."""
    folder = module.relative_to(PACKAGE).parent
    name = folder.name if module.stem == "__init__" else module.stem.strip("_")
    return ROOT / "tests" / folder / f"test_{name}.py"


def does_something(tree: ast.Module) -> bool:
    """Whether there is a statement inside a function; declarations alone have nothing to test."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for function in functions
        for statement in function.body
    )


def wants_a_test(module: Path) -> bool:
    source = module.read_text(encoding="utf-8")
    return len(source.splitlines()) >= 40 and does_something(ast.parse(source))


def test_every_module_of_some_size_has_a_mirrored_test() -> None:
    missing = [
        f"{module.relative_to(ROOT)} -> {mirror(module).relative_to(ROOT)}"
        for module in MODULES
        if wants_a_test(module) and not mirror(module).exists()
    ]
    assert not missing, "modules of 40 lines or more without their test file:\n" + "\n".join(missing)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_printed(module: Path) -> None:
    calls = [
        node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    prints = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert prints == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, "\n".join(found)


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [path for path in text_files() if path.suffix == ".md"]
    broken = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in documents
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if "://" not in link and not (document.parent / link).exists()
    ]
    assert len(documents) > 10
    assert not broken, "\n".join(broken)


def test_every_page_that_the_code_names_is_there() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {page}"
        for path in text_files()
        for page in re.findall(r"\bdocs/[\w./-]+\.md\b", path.read_text(encoding="utf-8"))
        if not (ROOT / page).exists()
    ]
    assert not broken, "\n".join(broken)


def test_the_constraints_name_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    strange = [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", pin)]
    assert strange == []
    assert len({pin.partition("==")[0].lower().replace("_", "-") for pin in pins}) == len(pins) > 50
