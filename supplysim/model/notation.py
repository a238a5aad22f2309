"""A small notation for lead times and policies in files: ``Triangular(30, 38, 60)``.

It is data, not code: the text is parsed to a syntax tree, of which only one call of a known name
with literal numbers is accepted.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping
from typing import Any

from supplysim.errors import nearest

__all__ = ["notation", "number_text", "parse_call"]

LONGEST = 2000


def parse_call(text: str, known: Mapping[str, type]) -> Any:
    """Build the object that ``text`` describes, of one of the ``known`` classes.

    Raises `ValueError` on anything else, naming the nearest known class.
    """
    if len(text) > LONGEST:
        raise ValueError(f"must be at most {LONGEST} characters long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"must be written like {_example(known)}") from None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise ValueError(f"must be written like {_example(known)}")
    if tree.func.id not in known:
        raise ValueError(f"unknown name {tree.func.id!r}; {nearest(tree.func.id, known)}")
    try:
        args = [_literal(node) for node in tree.args]
        kwargs = {str(word.arg): _literal(word.value) for word in tree.keywords}
    except (ValueError, RecursionError):
        raise ValueError("arguments must be plain numbers") from None
    return known[tree.func.id](*args, **kwargs)


def notation(value: Any) -> str:
    """The text that `parse_call` reads back to an equal object; defaults are left out."""
    parts = []
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.default is not dataclasses.MISSING and item == field.default:
            continue
        required = field.default is dataclasses.MISSING
        text = _text(item)
        parts.append(text if required else f"{field.name}={text}")
    return f"{type(value).__name__}({', '.join(parts)})"


def number_text(value: float) -> str:
    """The shortest text of a number that reads back to the same number; 7.0 is ``7``."""
    whole = isinstance(value, int) or (value == value // 1 and abs(value) < 1e15)
    return str(int(value)) if whole else repr(float(value))


def _text(item: Any) -> str:
    if isinstance(item, tuple):
        return "[" + ", ".join(number_text(x) for x in item) + "]"
    return number_text(item)


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(_literal(item) for item in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_literal(node.operand)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    raise ValueError("not a number")


def _example(known: Mapping[str, type]) -> str:
    return " or ".join(f"{name}(...)" for name in list(known)[:3])
