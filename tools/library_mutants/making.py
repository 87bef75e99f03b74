"""Mutants of one module: each is the module's text with one small change.

The changes are the operators of mutmut (`mutmut.mutation.mutators`), applied at every place of the module, also in
what mutmut itself passes over: decorated functions, nested functions and what stands outside of functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OPERATORS = [
    (kind, operator)
    for kind, operator in mutators.mutation_operators
    if operator not in {mutators.operator_match, mutators.operator_string, mutators.operator_arg_removal}
]
STATEMENTS = cst.BaseSmallStatement | cst.BaseCompoundStatement | cst.MatchCase | cst.ExceptHandler
NOT_CALLS = {"len", "isinstance", "cast", "assert_never", "TypeVar", "NewType"}
"""Calls whose arguments are left alone: mutmut's own list, and what only a type checker reads."""


@dataclass(frozen=True)
class Mutant:
    """A change: where, of what, into what."""

    module: str
    first: int
    last: int
    """Lines of the statement that changes; for a case that is dropped, those of the case."""
    line: str
    """Text of the line on which the change begins."""
    before: str
    after: str
    start: int
    end: int
    text: str
    """What is put in place of the characters from start to end."""
    outside: bool
    """Whether what changes stands outside of every function, so that it runs once, at import."""

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What the change is called in the list of survivors: it holds while lines move."""
        return self.module, self.line, self.before, self.after


def mutants_of(module: str, path: Path) -> list[Mutant]:
    """Return every mutant of a module, none of them twice, in the order of its lines."""
    text = path.read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    maker = _Maker(module, text, wrapper.resolve(PositionProvider), wrapper.module)
    wrapper.module.visit(maker)
    found = {(mutant.start, mutant.end, mutant.text): mutant for mutant in maker.found}
    return [found[key] for key in sorted(found)]


class _Maker(cst.CSTVisitor):
    """A walk over a module that makes mutants on its way."""

    def __init__(self, module: str, text: str, positions: Any, tree: cst.Module) -> None:
        super().__init__()
        self.module, self.text, self.positions, self.tree = module, text, positions, tree
        self.lines = text.split("\n")
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line) + 1)
        self.starts = starts
        self.functions = self.raising = 0
        self.statements: list[tuple[int, int]] = []
        self.found: list[Mutant] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _left_alone(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            self.functions += 1
        if isinstance(node, STATEMENTS):
            self.statements.append(self._span(node))
        self.raising += isinstance(node, cst.Raise)
        self._mutate(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        node = original_node
        if _left_alone(node):
            return
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            self.functions -= 1
        if isinstance(node, STATEMENTS):
            self.statements.pop()
        self.raising -= isinstance(node, cst.Raise)

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the lines of a statement, of a compound one those of its head."""
        position = self.positions[node]
        first, last = position.start.line, position.end.line
        body = getattr(node, "body", None)
        if isinstance(node, cst.Match):
            last = self.positions[node.subject].end.line
        elif isinstance(body, cst.IndentedBlock):
            last = max(first, self.positions[body.body[0]].start.line - 1)
        return first, last

    def _mutate(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.Match):
            for case in node.cases if len(node.cases) > 1 else ():
                self._drop(case)
        if isinstance(node, cst.SimpleString) and not self.raising and not self._is_wording(node.value):
            self._replace(node, list(mutators.operator_string(node))[:1])
        if isinstance(node, cst.Call) and _called(node) not in NOT_CALLS:
            self._replace(node, _other_arguments(node))
        for kind, operator in OPERATORS:
            if isinstance(node, kind) and not (isinstance(node, cst.Call) and _called(node) in NOT_CALLS):
                self._replace(node, operator(node))

    def _is_wording(self, text: str) -> bool:
        """Return whether a string is for readers: Chinese, or several words outside of the writers of source."""
        return not text.isascii() or (" " in text and not self.module.startswith("engines."))

    def _offset(self, position: Any) -> int:
        return self.starts[position.line - 1] + int(position.column)

    def _replace(self, node: cst.CSTNode, changes: Iterable[cst.CSTNode]) -> None:
        where = self.positions[node]
        start, end = self._offset(where.start), self._offset(where.end)
        for changed in changes:
            bare = changed
            if getattr(node, "lpar", ()) and getattr(changed, "lpar", ()) is node.lpar:
                # a node's position leaves out the brackets around it, its text does not
                bare = changed.with_changes(lpar=[], rpar=[])
            after = self.tree.code_for_node(bare).strip()
            self._keep(self.statements[-1], start, end, after)

    def _drop(self, case: cst.MatchCase) -> None:
        """Drop a case; that of `assert_never` is there for the type checker."""
        where = self.positions[case]
        start, end = self.starts[where.start.line - 1], self._offset(where.end)
        dropped = self.text[start:end]
        if "assert_never(" in dropped and dropped.lstrip().startswith("case _"):
            return
        self._keep(
            (where.start.line, where.end.line),
            start,
            end,
            "\n" * dropped.count("\n"),
            "(the case is dropped)",
        )

    def _keep(self, span: tuple[int, int], start: int, end: int, after: str, told: str = "") -> None:
        first_line = self.text.count("\n", 0, start)
        before = " ".join(self.text[start:end].split())
        self.found.append(
            Mutant(
                module=self.module,
                first=span[0],
                last=span[1],
                line=self.lines[first_line].strip(),
                before=before.partition(":")[0] if told else before,
                after=told or " ".join(after.split()),
                start=start,
                end=end,
                text=after,
                outside=self.functions == 0,
            )
        )


def _other_arguments(node: cst.Call) -> Iterable[cst.Call]:
    """Each argument as None, and each keyword left out; a call that lacks a positional one only raises TypeError."""
    for at, argument in enumerate(node.args):
        before, behind = node.args[:at], node.args[at + 1 :]
        if not argument.star and not (
            isinstance(argument.value, cst.Name) and argument.value.value == "None"
        ):
            yield node.with_changes(args=[*before, argument.with_changes(value=cst.Name("None")), *behind])
        if argument.keyword is not None:
            yield node.with_changes(args=[*before, *behind])


def _called(node: cst.Call) -> str:
    match node.func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return str(name)
        case _:
            return ""


def _left_alone(node: cst.CSTNode) -> bool:
    """Return whether a node and all in it is only for readers and type checkers."""
    match node:
        case cst.Annotation() | cst.Import() | cst.ImportFrom() | cst.Decorator() | cst.TypeAlias():
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True  # a docstring
        case cst.If(test=cst.Name(value="TYPE_CHECKING")):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
        case cst.Call() if _called(node) in {"assert_never", "TypeVar", "NewType"}:
            return True
        case _:
            return False
