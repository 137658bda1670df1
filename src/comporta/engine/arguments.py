"""A step of Comporta's whose arguments were renamed, as it read before: its code counts as the same."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

_DECORATOR = "argument_ids"
# Through these a function can see what its names are called.
_BY_NAME = frozenset({"locals", "vars", "dir", "eval", "exec"})


def with_argument_ids(node: ast.stmt) -> ast.stmt:
    """The function with each argument called by its declared id, and without the declaration.

    As it stands where that could make two different functions alike: where an id is the name of something
    else in it, or an argument's name is bound a second time. It then counts as changed.
    """
    if not isinstance(node, ast.FunctionDef):
        return node
    declared = next((each for each in node.decorator_list if _is_declaration(each)), None)
    if not isinstance(declared, ast.Call):
        return node
    ids = {
        str(each.arg): str(each.value.value)
        for each in declared.keywords
        if isinstance(each.value, ast.Constant)
    }
    others = [each for each in node.decorator_list if each is not declared]
    node.decorator_list, before = others, node.decorator_list
    if len(ids) != len(declared.keywords) or not _is_safe(node, ids):
        node.decorator_list = before
        return node
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            each.id = ids.get(each.id, each.id)
        elif isinstance(each, ast.arg):
            each.arg = ids.get(each.arg, each.arg)
    return node


def _is_declaration(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else None
    return (called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")) == _DECORATOR


def _is_safe(node: ast.FunctionDef, ids: dict[str, str]) -> bool:
    """Whether each name is that of one argument and nothing else, and each id that of nothing yet."""
    arguments = {each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    bound = Counter(name for each, name in _names(node) if not isinstance(each, ast.Name))
    mentioned = {name for _, name in _names(node)}
    return (
        not mentioned & (_BY_NAME | {*ids.values()})
        and len({*ids.values()}) == len(ids)
        and all(name in arguments and bound[name] == 1 for name in ids)
    )


def _names(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str]]:
    """Every name in the function but its own, attributes and the keywords of calls."""
    for node in ast.walk(function):
        if node is function or isinstance(node, ast.Attribute | ast.keyword | ast.Constant):
            continue
        for _, value in ast.iter_fields(node):
            for each in value if isinstance(value, list) else (value,):
                if isinstance(each, str):
                    yield node, each
