"""Lua text to the tree of :mod:`vqscript.host.check.tree`; what tree-sitter calls its nodes is known only here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import tree_sitter_lua
from tree_sitter import Language, Parser
from tree_sitter import Node as Parsed

from vqscript.host.check.tree import (
    Assign,
    Brackets,
    Call,
    Do,
    Expression,
    For,
    Function,
    If,
    Index,
    Label,
    Literal,
    Local,
    Name,
    Node,
    Operation,
    Repeat,
    Return,
    Table,
    Vararg,
    While,
)

LONGEST_INTEGER = 19
"""Digits; Lua reads what is longer as a float."""


def parse(text: str) -> list[Node] | None:
    """Return the statements of a script that Lua compiles, or None if the grammar at hand does not know all of it.

    Parameters
    ----------
    text : str
        A script whose ``#include`` lines have been replaced.

    Raises
    ------
    RecursionError
        If it is nested too deeply.
    """
    root = _parser().parse(text.encode("utf-8", "surrogatepass")).root_node
    return None if root.has_error else _block(root)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_lua.language()))


def _text(node: Parsed) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _parts(node: Parsed | None) -> list[Parsed]:
    """Return the named children; comments may stand anywhere."""
    return [] if node is None else [child for child in node.named_children if child.type != "comment"]


def _part(node: Parsed, name: str) -> Parsed:
    part = node.child_by_field_name(name)
    assert part is not None, f"{node.type} has no {name}"
    return part


# Statements -------------------------------------------------------------------------------


def _block(node: Parsed | None) -> list[Node]:
    found = []
    for child in _parts(node):
        read = _STATEMENTS.get(child.type)
        if read is not None:  # goto, break and the like hold nothing to look at
            found.append(read(child))
    return found


def _body(node: Parsed, name: str = "body") -> list[Node]:
    return _block(node.child_by_field_name(name))


def _names(node: Parsed) -> list[Name]:
    return [_name(child) for child in node.named_children if child.type == "identifier"]


def _local(node: Parsed) -> Local:
    row, column = node.start_point
    (inner,) = _parts(node)
    if inner.type == "variable_list":
        return Local(row, column, _names(inner))
    names, values = _parts(inner)
    return Local(row, column, _names(names), _expressions(values))


def _assign(node: Parsed) -> Assign:
    targets, values = _parts(node)
    return Assign(*node.start_point, _expressions(targets), _expressions(values))


def _declare(node: Parsed) -> Local | Assign:
    row, column = node.start_point
    name = _expression(_part(node, "name"))
    function = _function(node)
    if node.children[0].type == "local":
        assert isinstance(name, Name)
        return Local(row, column, [name], [function], is_function=True)
    if isinstance(name, Index) and name.colon:
        function.parameters.insert(0, Name(name.row, name.column, "self"))
    return Assign(row, column, [name], [function])


def _do(node: Parsed) -> Do:
    return Do(*node.start_point, _body(node))


def _while(node: Parsed) -> While:
    return While(*node.start_point, _expression(_part(node, "condition")), _body(node))


def _repeat(node: Parsed) -> Repeat:
    return Repeat(*node.start_point, _body(node), _expression(_part(node, "condition")))


def _if(node: Parsed) -> If:
    branches: list[tuple[Expression | None, list[Node]]] = [
        (_expression(_part(node, "condition")), _body(node, "consequence"))
    ]
    for other in node.children_by_field_name("alternative"):
        if other.type == "elseif_statement":
            branches.append((_expression(_part(other, "condition")), _body(other, "consequence")))
        else:
            branches.append((None, _body(other)))
    return If(*node.start_point, branches)


def _for(node: Parsed) -> For:
    row, column = node.start_point
    clause = _part(node, "clause")
    if clause.type == "for_generic_clause":
        names, values = _parts(clause)
        return For(row, column, _names(names), _expressions(values), _body(node), counts=False)
    name, *numbers = _parts(clause)
    return For(row, column, [_name(name)], [_expression(number) for number in numbers], _body(node), counts=True)


def _return(node: Parsed) -> Return:
    lists = _parts(node)
    return Return(*node.start_point, _expressions(lists[0]) if lists else [])


# Expressions ------------------------------------------------------------------------------


def _expressions(node: Parsed) -> list[Expression]:
    return [_expression(child) for child in _parts(node)]


def _expression(node: Parsed) -> Expression:
    read = _EXPRESSIONS.get(node.type)
    return Expression(*node.start_point) if read is None else read(node)


def _name(node: Parsed) -> Name:
    return Name(*node.start_point, _text(node))


def _number(node: Parsed) -> Expression:
    row, column = node.start_point
    text = _text(node)
    if text.isdigit() and len(text) < LONGEST_INTEGER:
        return Literal(row, column, int(text))
    return Literal(row, column, float.fromhex(text) if text[:2].lower() == "0x" else float(text))


def _string(node: Parsed) -> Expression:
    row, column = node.start_point
    content = node.child_by_field_name("content")
    if content is None:
        return Literal(row, column, "")
    if content.named_child_count:  # escapes: what they stand for matters to nothing that is checked
        return Operation(row, column, "..", [])
    text = _text(content)
    return Literal(row, column, text[1:] if text.startswith("\n") and not _text(node).startswith(("'", '"')) else text)


def _word(value: bool | None) -> Callable[[Parsed], Literal]:
    return lambda node: Literal(*node.start_point, value)


def _index(node: Parsed) -> Index:
    key = _part(node, "method" if node.type == "method_index_expression" else "field")
    row, column = key.start_point
    read = _expression(key) if node.type == "bracket_index_expression" else Literal(row, column, _text(key))
    return Index(row, column, _expression(_part(node, "table")), read, node.type == "method_index_expression")


def _call(node: Parsed) -> Call:
    return Call(*node.start_point, _expression(_part(node, "name")), _expressions(_part(node, "arguments")))


def _function(node: Parsed) -> Function:
    return Function(*node.start_point, _names(_part(node, "parameters")), _body(node))


def _table(node: Parsed) -> Table:
    items: list[tuple[Expression | None, Expression]] = []
    for item in _parts(node):
        row, column = item.start_point
        key = item.child_by_field_name("name")
        read: Expression | None = None
        if key is not None:  # [x] = 1 or x = 1
            read = _expression(key) if item.children[0].type == "[" else Literal(row, column, _text(key))
        items.append((read, _expression(_part(item, "value"))))
    return Table(*node.start_point, items)


def _binary(node: Parsed) -> Operation:
    """Read a chain such as ``a + b + c`` without a call within a call for each of its links."""
    operands = []
    here = node
    while here.type == "binary_expression":
        operands.append(_expression(_part(here, "right")))
        here = _part(here, "left")
    operands.append(_expression(here))
    operator = next(child.type for child in node.children if not child.is_named)
    return Operation(*node.start_point, operator, operands[::-1])


def _unary(node: Parsed) -> Expression:
    row, column = node.start_point
    operator, operand = node.children[0].type, _expression(_part(node, "operand"))
    if operator == "-" and isinstance(operand, Literal) and isinstance(operand.value, int | float):
        return Literal(row, column, -operand.value)
    return Operation(row, column, f"unary {operator}", [operand])


def _brackets(node: Parsed) -> Brackets:
    (inner,) = _parts(node)
    return Brackets(*node.start_point, _expression(inner))


_STATEMENTS: dict[str, Callable[[Parsed], Node]] = {
    "variable_declaration": _local,
    "assignment_statement": _assign,
    "function_declaration": _declare,
    "function_call": _call,
    "label_statement": lambda node: Label(*node.start_point),
    "do_statement": _do,
    "while_statement": _while,
    "repeat_statement": _repeat,
    "if_statement": _if,
    "for_statement": _for,
    "return_statement": _return,
}
_EXPRESSIONS: dict[str, Callable[[Parsed], Expression]] = {
    "identifier": _name,
    "number": _number,
    "string": _string,
    "nil": _word(None),
    "true": _word(True),
    "false": _word(False),
    "vararg_expression": lambda node: Vararg(*node.start_point),
    "dot_index_expression": _index,
    "bracket_index_expression": _index,
    "method_index_expression": _index,
    "function_call": _call,
    "function_definition": _function,
    "table_constructor": _table,
    "binary_expression": _binary,
    "unary_expression": _unary,
    "parenthesized_expression": _brackets,
}
