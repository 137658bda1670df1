"""A statement's syntax tree as text, less what cannot change what it does: its canonical form.

Docstrings and layout are left out everywhere. In Comporta's own files so are wordings, the names by which a
file calls what it imports or declares beside, and where imports come from: each such name is a number, and
what it stands for is told by what it reaches. Two statements of equal form that reach the same do the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

# Decorators that do not look at the name of what they are given.
_NAMELESS = frozenset({"cache", "lru_cache", "contextmanager"})
_NOTHING: tuple[Any, ...] = (None, [])
# Called for nothing but that a line is shown.
_PRINTING = frozenset({"say", "_say"})
# One word is no wording: a code, a key, a name.
_ID = re.compile(r"[\w.:/-]+")


class Form:
    """The canonical form of one statement.

    names: whether every name stays as it is written. wordings: whether sentences do. origins: whether the
    modules of imports do. code: the names by which the file knows `records.code`, whose second argument is a
    sentence; errors: those by which it knows Comporta's errors, which are made of sentences.

    text: the form. texts: the literal texts in it. chains: the dotted names that are numbers in it, in order.
    unnamed: the name that the statement binds and that its form leaves out, or "".
    """

    def __init__(
        self,
        node: ast.stmt,
        *,
        names: bool = True,
        wordings: bool = True,
        docstrings: bool = False,
        origins: bool = True,
        code: frozenset[str] = frozenset(),
        errors: frozenset[str] = frozenset(),
    ) -> None:
        self._names, self._wordings, self._docstrings = names, wordings, docstrings
        self._code, self._errors = code, errors
        self._origins = origins
        self._numbers: dict[tuple[str, ...], int] = {}
        self._imports = 0
        self.texts: list[str] = []
        self.fixed = frozenset() if names else bound_in(node)
        self.unnamed = "" if names else _name_left_out(node, self.fixed)
        if names:
            self.fixed = frozenset()
        else:
            self.fixed -= {self.unnamed}
        self.text = self._of(node)
        self.chains = tuple(self._numbers)

    def _of(self, value: Any) -> str:
        if isinstance(value, ast.AST):
            special = _SPECIAL.get(type(value))
            return self._tree(value) if special is None else special(self, value)
        if isinstance(value, list):
            return f"[{','.join(map(self._of, value))}]"
        return repr(value)

    def _tree(self, node: ast.AST, **instead: str) -> str:
        # Fields that hold nothing are left out: newer Pythons have more of them.
        parts = (
            f"{name}={instead[name] if name in instead else self._of(value)}"
            for name, value in ast.iter_fields(node)
            if name in instead or value not in _NOTHING
        )
        return f"{type(node).__name__}({','.join(parts)})"

    def _context(self, node: ast.expr_context) -> str:
        return type(node).__name__

    def _constant(self, node: ast.Constant) -> str:
        if isinstance(node.value, str):
            self.texts.append(node.value)
        return f"C({node.value!r})"

    def _name(self, node: ast.Name) -> str:
        if self._names or node.id in self.fixed:
            return f"N({node.id},{type(node.ctx).__name__})"
        if node.id == self.unnamed and not isinstance(node.ctx, ast.Load):
            return "N(this)"
        return self._number((node.id,), node.ctx)

    def _attribute(self, node: ast.Attribute) -> str:
        if not self._names:
            parts = [node.attr]
            inner: ast.expr = node.value
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id not in self.fixed:
                return self._number((inner.id, *reversed(parts)), node.ctx)
        return self._tree(node)

    def _number(self, chain: tuple[str, ...], context: ast.expr_context) -> str:
        number = self._numbers.setdefault(chain, len(self._numbers))
        return f"#{number}{type(context).__name__}"

    def _defines(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
        body = node.body
        if not self._docstrings and body and is_docstring(body[0]):
            body = body[1:]
        instead = {"body": self._of(body)}
        if node.name == self.unnamed:
            instead["name"] = "this"
        return self._tree(node, **instead)

    def _import(self, node: ast.Import) -> str:
        if self._names:
            return self._tree(node) if self._origins else "Import"
        return f"Import({','.join(self._bound_name(*each) for each in plain_imports(node))})"

    def _import_from(self, node: ast.ImportFrom) -> str:
        if self._names:
            return self._tree(node) if self._origins else "Import"
        bound = ("*" if alias.name == "*" else alias.asname or alias.name for alias in node.names)
        return f"From({','.join(self._bound_name(each) for each in bound)})"

    def _bound_name(self, name: str, *_: Any) -> str:
        """One name that an import inside the statement binds: as its place among them."""
        self._imports += 1
        return f"@{self._imports - 1}{name if name in self.fixed else ''}"

    def _raise(self, node: ast.Raise) -> str:
        if self._wordings or not isinstance(node.exc, ast.Call):
            return self._tree(node)
        return self._tree(node, exc=self._wording_call(node.exc))

    def _assert(self, node: ast.Assert) -> str:
        if self._wordings or node.msg is None:
            return self._tree(node)
        return self._tree(node, msg=self._wording(node.msg))

    def _expression(self, node: ast.Expr) -> str:
        if not self._wordings and isinstance(node.value, ast.Call) and self._is_shown(node.value):
            return self._tree(node, value=self._wording_call(node.value))
        return self._tree(node)

    def _is_shown(self, call: ast.Call) -> bool:
        """Whether a call that nothing is made of prints a line. One with `file` may write what is read."""
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            return "print" not in self.fixed and all(each.arg not in (None, "file") for each in call.keywords)
        return _last(call) in _PRINTING

    def _assign(self, node: ast.Assign) -> str:
        target = node.targets[0]
        if not self._wordings and isinstance(target, ast.Attribute) and target.attr == "reason":
            return self._tree(node, value=self._wording(node.value))
        return self._tree(node)

    def _call(self, node: ast.Call) -> str:
        if self._wordings or not isinstance(node.func, ast.Name) or node.func.id in self.fixed:
            return self._tree(node)
        if node.func.id in self._errors:
            return self._wording_call(node)
        if node.func.id in self._code and len(node.args) == 2:
            # A sentence of one word is one here, though elsewhere a word is a code or a name.
            sentence = "words" if _is_text(node.args[1]) else self._wording(node.args[1])
            return self._tree(node, args=f"[{self._of(node.args[0])},{sentence}]")
        return self._tree(node)

    def _wording_call(self, node: ast.Call) -> str:
        args = f"[{','.join(map(self._wording, node.args))}]"
        keywords = ",".join(f"{each.arg}={self._wording(each.value)}" for each in node.keywords)
        return self._tree(node, args=args, keywords=f"[{keywords}]")

    def _wording(self, node: ast.expr) -> str:
        """An expression that is read by people alone: what it shows counts, not the words around it. What a
        call within it is given, an index and the elements of a list decide what is shown: they count whole.
        """
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._constant(node) if not node.value or _ID.fullmatch(node.value) else "words"
        if isinstance(node, ast.JoinedStr):
            literal = "".join(str(each.value) for each in node.values if isinstance(each, ast.Constant))
            if _ID.fullmatch(literal):
                return self._tree(node)
            shown = (self._wording(each) for each in node.values if not isinstance(each, ast.Constant))
            return f"words({','.join(shown)})"
        if isinstance(node, ast.FormattedValue):
            spec = {} if node.format_spec is None else {"format_spec": self._wording(node.format_spec)}
            return self._tree(node, value=self._wording(node.value), **spec)
        if isinstance(node, ast.IfExp):
            return self._tree(node, body=self._wording(node.body), orelse=self._wording(node.orelse))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._tree(node, left=self._wording(node.left), right=self._wording(node.right))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
            return self._tree(node, left=self._wording(node.left))
        method = node.func if isinstance(node, ast.Call) else None
        if isinstance(method, ast.Attribute) and method.attr in ("format", "join") and _is_text(method.value):
            return self._tree(node, func=f"{self._wording(method.value)}.{method.attr}")
        return self._of(node)

    def _format_string(self, node: ast.JoinedStr) -> str:
        texts = [each.value if isinstance(each, ast.Constant) else "{}" for each in node.values]
        self.texts.append("".join(map(str, texts)))
        parts = (
            f"C({each.value!r})" if isinstance(each, ast.Constant) else self._of(each) for each in node.values
        )
        return self._tree(node, values=f"[{','.join(parts)}]")


_SPECIAL: dict[type, Any] = {
    ast.Load: Form._context, ast.Store: Form._context, ast.Del: Form._context,
    ast.Constant: Form._constant, ast.JoinedStr: Form._format_string, ast.Name: Form._name,
    ast.Attribute: Form._attribute,
    ast.FunctionDef: Form._defines, ast.AsyncFunctionDef: Form._defines, ast.ClassDef: Form._defines,
    ast.Import: Form._import, ast.ImportFrom: Form._import_from, ast.Raise: Form._raise,
    ast.Assert: Form._assert, ast.Expr: Form._expression, ast.Assign: Form._assign, ast.Call: Form._call,
}  # fmt: skip


def bound_in(node: ast.stmt) -> frozenset[str]:
    """The names that the statement gives a value in any of its scopes, otherwise than by an import within a
    function or class: they stay as they are written."""
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            if not isinstance(each.ctx, ast.Load):
                found.add(each.id)
        elif isinstance(each, ast.arg):
            found.add(each.arg)
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if each is not node:
                found.add(each.name)
        elif isinstance(each, ast.Global | ast.Nonlocal):
            found.update(each.names)
        elif isinstance(each, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            found.update(filter(None, (each.name,)))
        elif isinstance(each, ast.MatchMapping):
            found.update(filter(None, (each.rest,)))
        elif isinstance(each, ast.Import | ast.ImportFrom) and not _is_definition(node):
            found.update(alias.asname or alias.name.partition(".")[0] for alias in each.names)
    if isinstance(node, ast.ClassDef):
        found.add(node.name)
    return frozenset(found)


def _name_left_out(node: ast.stmt, bound: frozenset[str]) -> str:
    """The one name that this statement binds and that nothing reads as text: a function's, a constant's. A
    class keeps its own: it is shown, and stored with what is made of it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        known = all(_last(each) in _NAMELESS for each in node.decorator_list)
        return node.name if known and node.name not in bound else ""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(targets[0], ast.Name):
        return ""
    name = targets[0].id
    stores = (
        each
        for each in ast.walk(node)
        if (isinstance(each, ast.Name) and each.id == name and not isinstance(each.ctx, ast.Load))
        or (isinstance(each, ast.arg) and each.arg == name)
    )
    return name if sum(1 for _ in stores) == 1 else ""


def _last(decorator: ast.expr) -> str:
    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
    return inner.id if isinstance(inner, ast.Name) else getattr(inner, "attr", "")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def plain_imports(node: ast.Import) -> Iterator[tuple[str, str, str | None]]:
    """What `import a.b, c as d` binds, from which module, and what is taken of it: the order of `Source`."""
    for alias in node.names:
        root = alias.name.partition(".")[0]
        if alias.asname is not None:
            package, _, name = alias.name.rpartition(".")
            yield (alias.asname, package, name) if package else (alias.asname, alias.name, None)
            continue
        yield root, root, None
        if root != alias.name:
            yield "", alias.name, None


def is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
