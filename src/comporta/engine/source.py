"""What a Python file says, statement by statement: what each declares, what it mentions, what it imports.

Read from the text alone, so every process that reads the same text agrees. Comments, docstrings, blank lines
and layout are gone: the digest of a statement is that of its canonical form.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from blake3 import blake3

from comporta.engine.arguments import with_argument_ids
from comporta.engine.form import Form, is_docstring, plain_imports
from comporta.records import Record

# Can reach code by a name made at run time: nothing short of every file is surely reached.
_ANYWHERE = frozenset({"eval", "exec", "__import__"})
_IMPORTED_BY_TEXT = frozenset(
    {("importlib", "import_module"), ("import_module",), ("__import__",), ("sys", "modules", "get")}
)
# Calls that can reach any name of their own module.
_WHOLE = frozenset({"globals"})


class Import(Record, frozen=True, kw_only=True):
    """One name bound by an import. module: absolute, or empty for a package's own; level: leading dots.

    name: what is taken from the module, `*` for all of it, or None for the module itself.
    """

    bound: str
    module: str
    level: int = 0
    name: str | None = None


class Statement(Record, frozen=True, kw_only=True):
    """One statement at the top of a file.

    digest: of its canonical form. binds: names it gives a value; unnamed: the one of them that its form
    leaves out. chains: dotted names that are numbers in its form, in their order; named: those it holds as
    they are written. kind: `def`, `class`, `value`, `import`, or `effect` for what may change something else
    when the file is imported. literal: its value can be read from the text alone.
    whole: it can reach any name of its file. anywhere: it can reach any file.
    """

    digest: str
    kind: str
    binds: tuple[str, ...] = ()
    unnamed: str = ""
    chains: tuple[tuple[str, ...], ...] = ()
    named: tuple[tuple[str, ...], ...] = ()
    imports: tuple[Import, ...] = ()
    literal: bool = False
    whole: bool = False
    anywhere: bool = False


class Source(Record, frozen=True, kw_only=True):
    """A file, read. text: digest of its bytes. imports: those made when it is imported. homes: name →
    the module it is taken from, where a table beside a `__getattr__` of its own says so."""

    text: str
    statements: tuple[Statement, ...]
    imports: tuple[Import, ...]
    homes: dict[str, str] = {}


def read(text: bytes, digest: str, *, own: bool = False) -> Source:
    """What the file says. own: it is Comporta's, whose names and wordings do not count. Raises
    SyntaxError."""
    tree = ast.parse(text)
    spoken = (codes(tree), errors(tree)) if own else (frozenset[str](), frozenset[str]())
    statements = tuple(_statement(node, own, *spoken) for node in statements_of(tree))
    lazy = any("__getattr__" in statement.binds for statement in statements)
    return Source(
        text=digest,
        statements=statements,
        imports=tuple(each for statement in statements for each in _at_import(statement)),
        homes=_homes(tree) if lazy and own else {},
    )


def statements_of(tree: ast.Module) -> Iterator[ast.stmt]:
    """Those at the top of a file that run when it is imported."""
    return _statements(tree.body)


def codes(tree: ast.Module) -> frozenset[str]:
    """The names by which a file knows `records.code` and its like, which declare a sentence."""
    declaring = ("code", "quantity", "table", "column")
    return frozenset(bound for bound, name in _imports_from(tree, "comporta.records") if name in declaring)


def errors(tree: ast.Module) -> frozenset[str]:
    """The names by which a file knows Comporta's errors, each of which is made of a sentence."""
    return frozenset(bound for bound, _ in _imports_from(tree, "comporta.errors"))


def _imports_from(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    """What a file imports from a package or a module of it: as it is bound, and as it is called there."""
    for node in tree.body:
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if isinstance(node, ast.ImportFrom) and (module == package or module.startswith(f"{package}.")):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)


def _homes(tree: ast.Module) -> dict[str, str]:
    """The tables of a file that say where its names are loaded from."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            pairs = zip(node.value.keys, node.value.values, strict=True)
            for key, value in pairs:
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    found[str(key.value)] = str(value.value)
    return found


def _at_import(statement: Statement) -> tuple[Import, ...]:
    """A function's or a class's own imports happen later, or bind names only there."""
    return () if statement.kind == "def" else statement.imports


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for index, node in enumerate(body):
        if index == 0 and is_docstring(node):
            continue
        if isinstance(node, ast.If) and _never_when_imported(node.test):
            if node.orelse:
                yield from _statements(node.orelse)
            continue
        yield node


def _statement(node: ast.stmt, own: bool, code: frozenset[str], errors: frozenset[str]) -> Statement:
    if own:
        node = with_argument_ids(node)
    seen = _NameVisitor()
    seen.visit(node)
    kind, binds = _kind(node)
    if kind in ("value", "effect"):  # `try: import fast as m` and its like decide what a name means
        binds |= {each.bound for each in seen.imports if each.bound not in ("", "*")}
    documents = ("__doc__",) in seen.chains or seen.documents
    form = Form(node, names=not own, wordings=not own, docstrings=documents, code=code, errors=errors)
    named = seen.chains.difference(form.chains, {(form.unnamed,)})
    return Statement(
        digest=text_hash(form.text),
        kind=kind,
        binds=tuple(sorted({*binds, *seen.globals})),
        unnamed=form.unnamed,
        chains=form.chains,
        named=tuple(sorted(named)),
        imports=tuple(seen.imports),
        literal=_literal(node),
        whole=seen.whole,
        anywhere=seen.anywhere,
    )


def text_hash(text: str) -> str:
    """Of a form: 32 hex digits."""
    return blake3(text.encode(errors="surrogatepass")).hexdigest(length=16)


def _kind(node: ast.stmt) -> tuple[str, set[str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return "def", {node.name}
    if isinstance(node, ast.ClassDef):
        return "class", {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import", set()
    binds, effect = _bound_names([node])
    return ("effect" if effect else "value"), binds


def _bound_names(body: Sequence[ast.stmt]) -> tuple[set[str], bool]:
    """Names these statements bind at their own level, and whether they may do more than that."""
    binds: set[str] = set()
    effect = False
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            binds.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.Pass | ast.Raise | ast.Break | ast.Continue):
            continue
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for each in ast.walk(target):
                    if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                        binds.add(each.id)
                    elif isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store):
                        effect = True
        else:
            inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]
            for handler in getattr(node, "handlers", ()):
                inner += handler.body
            for case in getattr(node, "cases", ()):
                inner += case.body
            if not inner:
                effect = effect or not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            more, deeper = _bound_names(inner)
            binds |= more
            effect = effect or deeper
            for each in ast.iter_child_nodes(node):  # `for x in …`, `with … as x`
                if isinstance(each, ast.expr | ast.withitem):
                    binds |= {
                        name.id
                        for name in ast.walk(each)
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
                    }
    return binds, effect


class _NameVisitor(ast.NodeVisitor):
    """Names, imports and dynamic reach of one statement, whatever its scopes: too many is a needless rerun,
    too few would be a wrong answer."""

    def __init__(self) -> None:
        self.chains: set[tuple[str, ...]] = set()
        self.imports: list[Import] = []
        self.globals: set[str] = set()
        self.whole = self.anywhere = self.documents = False

    def visit_Name(self, node: ast.Name) -> None:
        self._mention((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts = [node.attr]
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if "__doc__" in parts:
            self.documents = True
        if isinstance(inner, ast.Name):
            self._mention((inner.id, *reversed(parts)))
        else:
            self.visit(inner)

    def visit_Call(self, node: ast.Call) -> None:
        called = _chain(node.func)
        first = node.args[0] if node.args else None
        if called in _IMPORTED_BY_TEXT and isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._named_module(first.value)
            for each in (*node.args[1:], *node.keywords):
                self.visit(each)
            return
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if _chain(node.value) == ("sys", "modules"):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                self._named_module(node.slice.value)
                return
            if _chain(node.slice) == ("__name__",):
                self.whole = True
                return
        self.generic_visit(node)

    def _named_module(self, name: str) -> None:
        level = len(name) - len(name.lstrip("."))
        self.imports.append(Import(bound="", module=name.lstrip("."), level=level, name="*"))

    def visit_Import(self, node: ast.Import) -> None:
        for bound, module, name in plain_imports(node):
            self.imports.append(Import(bound=bound, module=module, name=name))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            bound = "*" if alias.name == "*" else alias.asname or alias.name
            self.imports.append(
                Import(bound=bound, module=node.module or "", level=node.level, name=alias.name)
            )

    def visit_Global(self, node: ast.Global) -> None:
        self.globals.update(node.names)

    def visit_If(self, node: ast.If) -> None:
        if _never_when_imported(node.test):
            for each in node.orelse:
                self.visit(each)
        else:
            self.generic_visit(node)

    def _mention(self, chain: tuple[str, ...]) -> None:
        self.chains.add(chain)
        if len(chain) == 1 and chain[0] in _WHOLE:
            self.whole = True
        if len(chain) == 1 and chain[0] in _ANYWHERE:
            self.anywhere = True


def _chain(node: ast.expr) -> tuple[str, ...] | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else None


def _never_when_imported(test: ast.expr) -> bool:
    """`if __name__ == "__main__":` and `if TYPE_CHECKING:`"""
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
        return isinstance(test.ops[0], ast.Eq)
    return (_chain(test) or ("",))[-1] == "TYPE_CHECKING"


# No list, set or dict: what they hold may be another by the end of the import.
_PLAIN = (
    ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr,
    ast.FormattedValue, ast.Starred, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip


def _literal(node: ast.stmt) -> bool:
    """Whether what it makes at import follows from the text: no call, attribute or subscript takes part.

    Names may: each is reached in its turn, and is a literal or asked for its value then.
    """
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return all(map(_plain, (*node.args.defaults, *filter(None, node.args.kw_defaults))))
    if isinstance(node, ast.ClassDef):
        return all(
            _literal(each) for each in node.body if not isinstance(each, ast.Expr | ast.Pass | ast.AnnAssign)
        ) and all(_literal(each) for each in node.body if isinstance(each, ast.AnnAssign) and each.value)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    return isinstance(node.value, ast.Lambda) or _plain(node.value)


def _plain(value: ast.expr) -> bool:
    return all(isinstance(each, (*_PLAIN, ast.Name)) for each in ast.walk(value))
