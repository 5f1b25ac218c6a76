"""Our own modules as they are written: what each imports, and what it does with the API's tokens.

Reads source only; imports and runs none of it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

TOKEN_NAMES = frozenset({"token", "tokens", "access_token", "refresh_token", "Tokens", "Grant"})
# These run a request with a token that they hand to it.
LENDERS = frozenset({"authorized", "authorized_by_anyone"})
DYNAMIC_IMPORTS = frozenset({"importlib", "import_module", "__import__"})

House = Mapping[str, ast.Module]


def house(root: Path, *patterns: str) -> House:
    """The modules under `root` that match these patterns, by their dotted names."""
    paths = sorted(path for pattern in patterns for path in root.glob(pattern))
    return {_dotted(path.relative_to(root)): ast.parse(path.read_text(), str(path)) for path in paths}


def imports(module: ast.Module) -> set[str]:
    """Everything that a module imports when it runs; `from a import b` counts as `a` and as `a.b`."""
    return {name for node in _statements(module) for name in _imported(node)}


def neighbours(modules: House) -> dict[str, set[str]]:
    """For each module, those of the same house that it imports."""
    return {name: imports(module) & modules.keys() - {name} for name, module in modules.items()}


def reach(modules: House, start: str) -> set[str]:
    """All that is imported, by dotted name, when `start` is, our own modules' imports followed."""
    found, waiting = set[str](), [start]
    while waiting:
        new = imports(modules[waiting.pop()]) - found
        found |= new
        waiting += new & modules.keys()
    return found


def cycle(modules: House) -> list[str]:
    """Modules that import each other in a circle, empty where there are none."""
    try:
        TopologicalSorter(neighbours(modules)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def hidden_imports(module: ast.Module) -> list[int]:
    """The lines of imports inside a function, and of imports by a name made up at run time."""
    functions = [
        node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inside = [node for function in functions for node in ast.walk(function) if _imported(node)]
    return sorted({*_lines(inside), *_lines(_naming(module, DYNAMIC_IMPORTS))})


def token_uses(module: ast.Module) -> list[int]:
    """The lines that do more with a token than hand it on from a lambda's parameter into a call."""
    lambdas = [node for node in ast.walk(module) if isinstance(node, ast.Lambda)]
    handed_on = {id(node) for function in lambdas for node in _handed_on(function)}
    others = [node for node in _naming(module, TOKEN_NAMES) if id(node) not in handed_on]
    return sorted({*_lines(others), *_lines(_odd_borrowers(module))})


def _odd_borrowers(module: ast.Module) -> Iterator[ast.AST]:
    """The calls that lend a token to something else than a lambda that hands it on, or a `partial`."""
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and _own_names(call.func) & LENDERS:
            request = call.args[-1] if call.args else None
            is_partial = isinstance(request, ast.Call) and _own_names(request.func) == {"partial"}
            if not is_partial and not (isinstance(request, ast.Lambda) and list(_handed_on(request))):
                yield call


def _handed_on(function: ast.Lambda) -> Iterator[ast.AST]:
    """A lambda's only parameter and the places where it stands, if each is an argument of a call."""
    if len(function.args.args) != 1:
        return
    (parameter,) = function.args.args
    calls = [node for node in ast.walk(function.body) if isinstance(node, ast.Call)]
    arguments = {id(argument) for call in calls for argument in call.args}
    uses = [
        node for node in ast.walk(function.body) if isinstance(node, ast.Name) and node.id == parameter.arg
    ]
    if all(id(use) in arguments for use in uses):
        yield from (parameter, *uses)


def _statements(module: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker runs."""
    for node in ast.iter_child_nodes(module):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in _own_names(node.test):
            continue
        yield node
        yield from _statements(node)


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {name for alias in node.names for name in _with_parents(alias.name)}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {*_with_parents(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def _with_parents(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    return (".".join(parts[: length + 1]) for length in range(len(parts)))


def _naming(module: ast.Module, names: frozenset[str]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(module) if _own_names(node) & names)


def _lines(nodes: Iterable[ast.AST]) -> Iterator[int]:
    return (getattr(node, "lineno", 0) for node in nodes)


def _own_names(node: ast.AST) -> set[str]:
    """The identifiers that this node itself writes down."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name):
            return {name}
        case ast.arg(arg=str(name)) | ast.keyword(arg=str(name)):
            return {name}
        case ast.Import() | ast.ImportFrom():
            return {part for alias in node.names for part in (alias.name, alias.asname) if part}
        case _:
            return set()


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
