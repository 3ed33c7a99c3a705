"""``her2path rulebooks``: list the rules, show them in words, check a user's own."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from her2path.errors import UsageError
from her2path.scoring.ish import IshTable
from her2path.scoring.rulebook import Rulebook, parse_rulebook
from her2path.scoring.rules import Condition, Rule
from her2path.scoring.terms import CATEGORIES
from her2path.store.recipes import list_rulebooks, load_rulebook, read_toml


def run_rulebooks(id_or_path: str | None, check: Path | None) -> None:
    """List the rulebooks, show one, or check one; a mistake in it is raised."""
    if check is not None:
        if id_or_path is not None:
            raise UsageError("--check takes the file itself: leave the other argument out")
        checked = parse_rulebook(read_toml(check), check.name)
        what = f"{len(checked.rules)} rules, total and monotone"
        ish = f", ISH in {len(checked.ish.outcomes)} outcomes" if checked.ish else ""
        Console(highlight=False, soft_wrap=True).print(f"{check.name}: {what}{ish}", markup=False)
    elif id_or_path is not None:
        _show(load_rulebook(id_or_path))
    else:
        _list()


def _list() -> None:
    """Ids at the start of a line, nothing cut short."""
    console = Console(highlight=False, soft_wrap=True)
    known = list_rulebooks()
    width = max(len(rulebook.id) for rulebook in known)
    for rulebook in known:
        about = f"version {rulebook.version}; {rulebook.tumour}; {', '.join(rulebook.specimens)}"
        console.print(f"{rulebook.id:<{width}}  {about}", markup=False)
        console.print(f"{'':<{width}}  {rulebook.citation}", markup=False)


def _show(rulebook: Rulebook) -> None:
    console = Console(highlight=False)
    console.print(f"{rulebook.id} {rulebook.version}", style="bold", markup=False)
    console.print(rulebook.citation, markup=False)
    asked = ", must be stated" if rulebook.specimen_required else ""
    console.print(
        f"tumour: {rulebook.tumour}; specimen: {', '.join(rulebook.specimens)}{asked}", markup=False
    )
    console.print(f"where the guideline is silent: {rulebook.gap_policy}\n", markup=False)
    # The names of rules are what score.json holds: they are never cut short.
    table = Table(Column("rule", no_wrap=True), Column("gives", no_wrap=True), "where", box=None)
    for place, rule in enumerate(rulebook.rules):
        table.add_row(rule.name, _gives(rulebook, place), _asks(rule))
    last = rulebook.fall_through
    table.add_row(last.name, _gives(rulebook, len(rulebook.rules)), f"else: {last.says}")
    console.print(table)
    for notice in rulebook.notices:
        flagged = f"flag {notice.flag} below {notice.below}: {notice.says}, {_number(notice)}"
        console.print(flagged, markup=False)
    if rulebook.ish is not None:
        _show_ish(console, rulebook.ish)
    for title, lines in (("notes", rulebook.notes), ("disclaimers", rulebook.disclaimers)):
        console.print(f"\n{title}" if lines else "", markup=False)
        for line in lines:
            console.print(f"- {line}", markup=False)


def _show_ish(console: Console, ish: IshTable) -> None:
    cells = f"; at least {ish.min_cells} cells" if ish.min_cells else ""
    console.print(f"\nISH: {ish.citation}{cells}", markup=False)
    table = Table(Column("IHC", no_wrap=True), "ISH", "recount", "gives", "comment", box=None)
    for row in ish.outcomes:
        gives = " ".join(filter(None, (row.her2_status, row.tag)))
        table.add_row(
            "\n".join(row.ihc),
            ", ".join(row.classes),
            row.recount or "",
            gives,
            row.comment or row.flag or "",
        )
    console.print(table)


def _gives(rulebook: Rulebook, place: int) -> str:
    """Category and status; both categories where the gap policy decides."""
    rule = rulebook.rules[place] if place < len(rulebook.rules) else None
    categories = (rule.category, rule.strict) if rule else (rulebook.fall_through.category,)
    shown = sorted({category for category in categories if category}, key=CATEGORIES.index)
    status = rulebook.result_of(place).her2_status
    return f"{' | '.join(shown)} {getattr(rulebook.terms, status)}"


def _asks(rule: Rule) -> str:
    specimens = f"{', '.join(rule.specimens)}: " if rule.specimens else ""
    return f"{specimens}{rule.says}, {_number(rule)} [{' '.join(rule.patterns)}]"


def _number(condition: Condition) -> str:
    if condition.threshold is None:
        return "present"
    unit = {"percent": " % of cells", "cluster": " cells in a cluster"}[condition.metric]
    return f"{condition.op} {condition.threshold:g}{unit}"
