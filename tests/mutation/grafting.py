"""How a mutant gets into a program that is loaded: functions take its code, constants are worked out anew."""

import ast
import functools
import gc
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tests.mutation.mutants import Mutant

__all__ = ["Program"]

_Cache = functools._lru_cache_wrapper
_Key = tuple[str, str]  # a constant's name, and its file if it is private there


class Program:
    """The modules of the product and its tests as they are loaded, and every function of theirs that is alive."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        self._modules: dict[str, ModuleType] = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] in packages and file and Path(file).is_relative_to(root):
                self._modules[file] = module
        self._sources = {file: Path(file).read_bytes() for file in self._modules}
        self._imports = [
            (file, node)
            for file, source in self._sources.items()
            for node in ast.parse(source).body
            if isinstance(node, ast.ImportFrom)
        ]
        self._functions: dict[str, list[FunctionType]] = defaultdict(list)
        self._caches: list[_Cache[object]] = []
        for each in gc.get_objects():  # by type: isinstance would wake lazy objects
            if type(each) is FunctionType and each.__code__.co_filename in self._modules:
                self._functions[each.__code__.co_filename].append(each)
            elif type(each) is _Cache and str(each.__module__).partition(".")[0] in packages:
                self._caches.append(each)
        self._codes = [
            (code, file)
            for file, functions in self._functions.items()
            for function in functions
            for code in _within(function.__code__)
        ]

    def loads(self, file: str) -> bool:
        """Tell whether the tests that are played load a file."""
        return file in self._modules

    def touched(self, file: str, mutant: Mutant) -> set[int]:
        """Return the ids of the code that a mutant is in, or that reads the constants it changes."""
        constants = self._changed(file, mutant)
        return {
            id(code)
            for code, where in self._codes
            if constants & _keys(where, code.co_names) or (where == file and _starts(code, mutant.function))
        }

    def graft(self, file: str, mutant: Mutant) -> None:
        """Make the loaded program what it would be with the mutant's text; there is no way back."""
        source, constants = mutant.of(self._sources[file]), self._changed(file, mutant)
        for cache in self._caches:
            cache.cache_clear()
        grown = dict(_pairs(compile(self._sources[file], file, "exec"), compile(source, file, "exec")))
        for function in self._functions[file]:
            if function.__code__ in grown:
                function.__code__ = grown[function.__code__]
        self._sources[file] = source
        self._work_out(constants)

    def _changed(self, file: str, mutant: Mutant) -> set[_Key]:
        """Return the constants that come out otherwise: the mutant's own, those made of them or by its function."""
        names = {
            name
            for statement in _constants(self._sources[file])
            if mutant.function is None and statement.lineno <= mutant.line <= (statement.end_lineno or 0)
            for name in _targets(statement)
        }
        makers = {
            code.co_qualname
            for code, where in self._codes
            if where == file and _starts(code, mutant.function)
        }
        changed, seeds = set[_Key](), _keys(file, names | makers)
        while True:
            more = {
                key
                for where, source in self._sources.items()
                for statement in _constants(source)
                if (changed | seeds) & _keys(where, _names(statement))
                for key in _keys(where, _targets(statement))
            }
            if more <= changed:
                return changed | _keys(file, names)
            changed |= more

    def _work_out(self, keys: set[_Key]) -> None:
        names = {name for _, name in keys}
        for _ in range(3):  # constants of constants of constants
            for file, module in self._modules.items():
                for statement in _constants(self._sources[file]):
                    if keys & _keys(file, _targets(statement)):
                        exec(compile(ast.Module([statement], []), file, "exec"), module.__dict__)
            for file, node in self._imports:
                wanted = [alias for alias in node.names if alias.name in names]
                if wanted:
                    again = ast.copy_location(ast.ImportFrom(node.module, wanted, node.level), node)
                    exec(compile(ast.Module([again], []), file, "exec"), self._modules[file].__dict__)


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _within(constant)


def _starts(code: CodeType, line: int | None) -> bool:
    return code.co_firstlineno == line and code.co_name != "<lambda>"


def _keys(file: str, names: Iterable[str]) -> set[_Key]:
    return {(file if name.startswith("_") else "", name) for name in names}


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield each code of a text with its successor in the other text; what was taken out has none."""
    yield old, new
    successors = defaultdict(list)
    for code in new.co_consts:
        if isinstance(code, CodeType):
            successors[code.co_name].append(code)
    for code in old.co_consts:
        if isinstance(code, CodeType) and successors[code.co_name]:
            yield from _pairs(code, successors[code.co_name].pop(0))


@functools.cache
def _constants(source: bytes) -> tuple[ast.Assign | ast.AnnAssign, ...]:
    return tuple(
        node for node in ast.parse(source).body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
    )


@functools.cache
def _targets(statement: ast.Assign | ast.AnnAssign) -> frozenset[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return frozenset(node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


@functools.cache
def _names(statement: ast.Assign | ast.AnnAssign) -> frozenset[str]:
    nodes = list(ast.walk(statement.value)) if statement.value else []
    return frozenset(
        {node.id for node in nodes if isinstance(node, ast.Name)}
        | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    )
