"""The statements of executed cells that one name depends on, in the order in which they ran.

A notebook has no file that a fresh process could import. What it ran is known, cell by cell; run again in
that order, the statements that bind what a name is made of make the same value, and nothing else of the
notebook happens.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from comporta.errors import BadProject

_COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")
_CHANGES = (
    "add", "append", "clear", "difference_update", "discard", "extend", "insert", "intersection_update",
    "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
)  # fmt: skip
"""Methods of lists, dicts, sets and frames that change what they are called on."""
_RUN_AS_THEY_ARE = ("time", "capture", "prun")
"""Magics that run a cell, or a line, and leave what it binds in the notebook."""
_BUILTINS = {*dir(builtins), "__file__"} - {"display", "get_ipython"}
"""What every file can read. IPython puts names of its own among them."""
_OF_THE_SHELL = "get_ipython"
"""What a magic (`%time`, `!pip`) is a call of, in a cell as it ran."""


HasName = Callable[[str, str], bool]
"""Whether a module has a name."""


class ExecutedCell(NamedTuple):
    """One cell that ran. number: as the notebook shows it, `[3]`. text: as it ran, magics as calls."""

    number: int
    text: str


class CellStatement(NamedTuple):
    """One statement at the top of a cell. place: its turn among all that ran. binds: names that it gives a
    value, or changes in part. now: names that it reads as it runs; later: those that are read when what it
    declares is called. star: the module whose every name it imports, or empty."""

    place: int
    cell: int
    text: str
    binds: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    star: str = ""


def statements_of(cells: Sequence[ExecutedCell]) -> list[CellStatement]:
    """Every statement, in the order in which they ran. A cell that is no Python ran none."""
    found: list[CellStatement] = []
    for cell in cells:
        for node, text in _parts(cell.text):
            found.append(_statement(len(found), cell.number, node, text))
    return found


def _parts(text: str) -> Iterator[tuple[ast.stmt, str]]:
    """The statements of a cell, and those that a magic such as `%%time` ran."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    lines = text.splitlines()
    for node in tree.body:
        inner = _inside_magic(node)
        if inner is None:
            yield node, _text(node, tree, lines)
        else:
            yield from _parts(inner)


def _inside_magic(node: ast.stmt) -> str | None:
    """What `%%time` and its like run as the cell's own; None for any other statement."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    words = [each.value for each in call.args if isinstance(each, ast.Constant)]
    ran = call.func.attr in ("run_cell_magic", "run_line_magic") and words and words[0] in _RUN_AS_THEY_ARE
    return str(words[-1]) if ran else None


def kept_statements(
    cells: Sequence[ExecutedCell], name: str, has: HasName = lambda module, name: False
) -> list[CellStatement]:
    """Those that the value of this name depends on, in the order in which they ran. has: whether a module has
    a name, for what `from module import *` brought in.

    Raises BadProject where one of them reads what no cell declares, or is a magic.
    """
    every = statements_of(cells)
    end = len(every)
    futures = [each for each in every if each.text.startswith("from __future__ import")]
    kept = {each.place: each for each in futures}
    seen: set[tuple[int, int]] = set()
    asked = [(name, end, "the project")]
    while asked:
        wanted, before, reader = asked.pop()
        statement = _binder(every, wanted, before, has)
        if statement is None:
            _require_builtin(wanted, reader)
            continue
        if (statement.place, before) in seen:
            continue
        seen.add((statement.place, before))
        _require_python(statement, wanted)
        kept[statement.place] = statement
        about = f"cell {statement.cell}: {wanted}"
        asked += [(each, statement.place, about) for each in _names(statement, every, has)]
        # A function reads its names when it is called: as the notebook has them by the end, and where
        # a cell called it, as they were then.
        asked += [(each, end, about) for each in sorted(statement.later)]
        asked += [
            (each, before, about) for each in sorted(statement.later) if _binder(every, each, before, has)
        ]
    return [kept[place] for place in sorted(kept, key=lambda place: (kept[place] not in futures, place))]


def text_of(statements: Sequence[CellStatement], head: str) -> str:
    """A file of these statements. head: its docstring. The cell of each is told in a comment."""
    parts, cell = [f'"""{head}"""'], None
    for each in statements:
        if each.cell != cell and not each.text.startswith("from __future__ import"):
            cell = each.cell
            parts.append(f"# cell {cell}\n{each.text}")
        else:
            parts.append(each.text)
    return "\n\n".join(parts) + "\n"


def _names(statement: CellStatement, every: Sequence[CellStatement], has: HasName) -> list[str]:
    """What it reads as it runs, less what it binds itself and nothing did before."""
    return [
        each
        for each in sorted(statement.now)
        if each not in statement.binds or _binder(every, each, statement.place, has)
    ]


def _text(node: ast.stmt, tree: ast.Module, lines: Sequence[str]) -> str:
    """As it was written, comments and all; anew where it shares a line with another."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    last = node.end_lineno or node.lineno
    shares = any(
        each is not node and each.lineno <= last and (each.end_lineno or each.lineno) >= first
        for each in tree.body
    )
    return ast.unparse(node) if shares else "\n".join(lines[first - 1 : last])


def _statement(place: int, cell: int, node: ast.stmt, text: str) -> CellStatement:
    top = symtable.symtable(ast.unparse(node), "cell", "exec")
    symbols = top.get_symbols()
    binds = {each.get_name() for each in symbols if each.is_assigned() or each.is_imported()}
    now = {each.get_name() for each in symbols if each.is_referenced()}
    changed = set(_changed_names(node))
    inner_now, later = set[str](), set[str]()
    for table in top.get_children():
        _inside(table, inner_now, later)
    star = ""
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        star = node.module or ""
    return CellStatement(
        place=place,
        cell=cell,
        text=text,
        binds=frozenset(binds | changed),
        now=frozenset(now | inner_now | changed),
        later=frozenset(later),
        star=star,
    )


def _changed_names(node: ast.stmt) -> Iterator[str]:
    """Names of what it changes in part: `params["depth"] = 3`, `total += 1`, `gates.append(check)`."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for each in ast.walk(node):
        inner: ast.AST | None = None
        if isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store | ast.Del):
            inner = each
        elif isinstance(each, ast.AugAssign):
            inner = each.target
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            inner = each.func if each.func.attr in _CHANGES else None
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield inner.id


def _inside(table: symtable.SymbolTable, now: set[str], later: set[str]) -> None:
    """The names of the whole notebook that are read in this scope and those within."""
    called = table.get_type() == "function" and table.get_name() not in _COMPREHENSIONS
    into = later if called else now
    into |= {each.get_name() for each in table.get_symbols() if each.is_global() and each.is_referenced()}
    for child in table.get_children():
        _inside(child, into, later)


def _binder(every: Sequence[CellStatement], name: str, before: int, has: HasName) -> CellStatement | None:
    """The last statement before this place that gave the name its value."""
    for statement in reversed(every[:before]):
        if name in statement.binds or (statement.star and has(statement.star, name)):
            return statement
    return None


def _require_builtin(name: str, reader: str) -> None:
    if name in _BUILTINS:
        return
    if name == _OF_THE_SHELL:
        raise BadProject(
            f"{reader} is a magic or a shell command, or calls one, expected Python that a fresh process can "
            "run. Write it in Python."
        )
    raise BadProject(
        f"{reader} reads {name!r}, which no cell that ran declares, expected a name that a cell declares. "
        "Declare it in a cell, or move it into a .py file and import it from there."
    )


def _require_python(statement: CellStatement, name: str) -> None:
    try:
        compile(statement.text, "cell", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise BadProject(
            f"cell {statement.cell}: {name}: {error.msg}, expected a statement that a file can hold, without "
            "`await` at its top. Put it into a function."
        ) from None
