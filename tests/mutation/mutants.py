"""What is changed to see whether tests notice: one operator, number, condition, statement or word of SQL at a time."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

__all__ = ["Mutant", "mutants"]

_SWAPS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: (r"\*\*", "*"),
    ast.BitOr: (r"\|", "&"),
    ast.BitAnd: ("&", "|"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
_FAILPOINT = re.compile(rb"^ *failpoint\([^\n]*\)(?:\n|\Z)", re.MULTILINE)
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}

_IS_SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|JOIN|CASE|AND|OR|coalesce)\b")
# What stands in braces, quotes and comments is not SQL's to change; nor are columns that are named by number.
_OPAQUE = re.compile(
    r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|'[^']*'|--[^\n]*|%\(\w+\)s|(?:GROUP|ORDER) BY \d(?:, \d)*"
)
_ASSIGNS = re.compile(r"(?:\bSET|,)\s+\w+ $")
_SQL = [
    (r"(?<= )<=(?= )", "<"),
    (r"(?<= )>=(?= )", ">"),
    (r"(?<= )<(?= )", "<="),
    (r"(?<= )>(?= )", ">="),
    (r"(?<= )<>(?= )", "="),
    (r"(?<= )=(?= )", "<>"),
    (r"(?<= )\+(?= )", "-"),
    (r"(?<= )-(?= )", "+"),
    (r"(?<=[(\s])-(?=[\w%(])", ""),
    (r"(?<= )\*(?= )", "+"),
    (r"(?<= )/(?= )", "*"),
    (r"\bAND\b", "OR"),
    (r"\bOR\b", "AND"),
    (r"\bIS NOT\b", "IS"),
    (r"\bIS\b(?! NOT)", "IS NOT"),
    (r"(?<!IS )\bNOT\b", ""),
    (r"(?<!NOT )\bEXISTS\b", "NOT EXISTS"),
    (r"\bDESC\b", "ASC"),
    (r"\b(?i:greatest)(?=\()", "least"),
    (r"\b(?i:least)(?=\()", "greatest"),
    (r"\b(?:sum|min)(?=\()", "max"),
    (r"\bmax(?=\()", "min"),
    (r"\bLEFT JOIN\b", "JOIN"),
    (r"\bDISTINCT (?!FROM|ON)", ""),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"(?<![\w.%:$])\d+(?![\w.])", "1 + "),
]


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change of a module's text: the bytes from `start` to `end` become `text`.

    `function` is the first line of the function it is in, decorators too; None is for a constant of the module.
    `part` is the text of that function or constant without its failpoints, and the change begins `at` so many bytes.
    """

    start: int
    end: int
    text: str
    line: int
    was: str
    function: int | None
    part: bytes
    at: int

    def of(self, source: bytes) -> bytes:
        """Return the module's text with the change made."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants(source: bytes) -> list[Mutant]:
    """Return all mutants of a module, in the order of its text.

    Annotations, classes' own bodies, decorators and defaults are left alone: they are made on import, for good.
    """
    reader = _Reader(source)
    found = {*reader.of_python(), *reader.of_sql()}
    return sorted(each for each in found if _compiles(each.of(source)))


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


class _Reader:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._lines = [0, *accumulate(map(len, source.splitlines(keepends=True)))]
        self._tree = ast.parse(source)
        self._regions = list(self._live(self._tree))

    def _live(self, tree: ast.AST) -> Iterator[tuple[int, int, int | None]]:
        """Yield the spans that can be changed in a loaded program, with the first line of the function they are of."""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                yield *self._span(node.body[0], node.body[-1]), first
        for statement in self._tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                yield *self._span(statement.value, statement.value), None

    def _span(self, first: ast.AST, last: ast.AST) -> tuple[int, int]:
        return (
            self._lines[first.lineno - 1] + first.col_offset,  # type: ignore[attr-defined]
            self._lines[last.end_lineno - 1] + last.end_col_offset,  # type: ignore[attr-defined]
        )

    def _mutant(self, start: int, end: int, text: str) -> Iterator[Mutant]:
        around = [region for region in self._regions if region[0] <= start and end <= region[1]]
        if around:
            line = self._source.count(b"\n", 0, start) + 1
            was = self._source[start:end].decode()
            first, last, function = max(around, key=lambda region: region[0])
            begin = first if function is None else self._lines[function - 1]
            part = _FAILPOINT.sub(b"", self._source[begin:last])
            at = len(_FAILPOINT.sub(b"", self._source[begin:start]))
            yield Mutant(start, end, text, line, was, function, part.rstrip(), at)

    def of_python(self) -> Iterator[Mutant]:
        todo: list[ast.AST] = [self._tree]
        while todo:
            node = todo.pop()
            yield from self._of_node(node)
            if isinstance(node, ast.JoinedStr):  # where its parts stand is not known before Python 3.12
                continue
            if isinstance(node, ast.keyword) and node.arg == "strict":  # guards against what cannot be
                continue
            for name, value in ast.iter_fields(node):
                if name not in {"annotation", "returns", "decorator_list"}:
                    todo += [
                        each
                        for each in (value if isinstance(value, list) else [value])
                        if isinstance(each, ast.AST)
                    ]

    def _of_node(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for (left, right), operator in zip(pairwise(operands), node.ops, strict=True):
                    yield from self._between(left, right, operator)
            case ast.BinOp() if not isinstance(node.left, ast.JoinedStr) and not _is_text(node.left):
                yield from self._between(node.left, node.right, node.op)
            case ast.BoolOp():
                for left, right in pairwise(node.values):
                    yield from self._between(left, right, node.op)
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                yield from self._mutant(
                    self._span(node, node)[0], self._span(node.operand, node.operand)[0], " "
                )
            case ast.Constant(value=bool()):
                yield from self._mutant(*self._span(node, node), str(not node.value))
            case ast.Constant(value=int() | float()):
                for step in (" + 1", " - 1"):
                    start, end = self._span(node, node)
                    yield from self._mutant(start, end, f"({self._source[start:end].decode()}{step})")
            case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
                yield from self._mutant(*self._span(node.func, node.func), _CALLS[name])
            case ast.If() | ast.While() | ast.IfExp() | ast.Assert():
                yield from self._negated(node.test)
            case ast.comprehension():
                for condition in node.ifs:
                    yield from self._negated(condition)
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield from self._mutant(*self._span(value, value), "None")
            case ast.AugAssign():
                start, end = self._span(node.target, node.value)
                sign = re.search(rb"[-+*/|&]=", self._source[start:end])
                if sign and sign[0] in {b"+=", b"-="}:
                    at = start + sign.start()
                    yield from self._mutant(at, at + 2, "-=" if sign[0] == b"+=" else "+=")
                yield from self._mutant(*self._span(node, node), "pass")
            case ast.Expr(value=ast.Call(func=ast.Name(id="failpoint"))):  # is there for tests alone
                pass
            case (
                ast.Expr(value=ast.Call() | ast.Await())
                | ast.Raise()
                | ast.Continue()
                | ast.Break()
                | ast.Delete()
            ):
                yield from self._mutant(*self._span(node, node), "pass")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield from self._mutant(*self._span(node, node), "pass")

    def _between(self, left: ast.AST, right: ast.AST, operator: ast.AST) -> Iterator[Mutant]:
        pattern, other = _SWAPS.get(type(operator), ("", ""))
        start, end = self._span(left, left)[1], self._span(right, right)[0]
        found = re.search(pattern.encode(), self._source[start:end]) if pattern else None
        if found:
            yield from self._mutant(start + found.start(), start + found.end(), other)

    def _negated(self, condition: ast.expr) -> Iterator[Mutant]:
        if isinstance(condition, ast.UnaryOp | ast.Compare):  # another mutant says the same
            return
        start, end = self._span(condition, condition)
        yield from self._mutant(start, end, f"(not ({self._source[start:end].decode()}))")

    def of_sql(self) -> Iterator[Mutant]:
        silent = {
            node.body[0].value.lineno
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
            and isinstance(node.body[0].value, ast.Constant)
        }
        for token in tokenize.tokenize(io.BytesIO(self._source).readline):
            if (
                token.type == tokenize.STRING
                and token.start[0] not in silent
                and _IS_SQL.search(token.string)
            ):
                before = token.line.splitlines(keepends=True)[0][: token.start[1]]
                yield from self._of_words(
                    self._lines[token.start[0] - 1] + len(before.encode()), token.string
                )

    def _of_words(self, at: int, text: str) -> Iterator[Mutant]:
        plain = _OPAQUE.sub(lambda found: "\0" * len(found[0]), text)
        for pattern, other in _SQL:
            for found in re.finditer(pattern, plain):
                before = plain[: found.start()]
                if found[0] == "=" and _ASSIGNS.search(before):
                    continue
                if found[0] == "AND" and re.search(r"BETWEEN (?:(?!\bAND\b).)*$", before, re.DOTALL):
                    continue
                start = at + len(text[: found.start()].encode())
                written = f"(1 + {found[0]})" if other == "1 + " else other
                yield from self._mutant(start, start + len(found[0].encode()), written)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
