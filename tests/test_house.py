"""The house's own lint: rules that no general tool knows, read from the syntax tree. Each has a bad example that it
must catch, so that a rule cannot fall asleep."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "handlers", "storage")
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic"}
SQL = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|pragma\s|create\s+table\s)", re.I
)
SQL_CALLS = {"run", "run_many", "rows", "each", "one", "value", "execute", "executemany"}
FIXED = re.compile(r"_?[A-Z][A-Z_0-9]*")
CHECKED = {  # local names whose parts were seen to come from fixed lists
    "storage/behind.py": {"of_brand", "where"},
    "storage/cases.py": {"sets", "where"},
    "storage/counting.py": {"table"},
    "storage/deliveries.py": {"others"},
    "storage/lessons.py": {"which"},
    "storage/samples.py": {"one"},
    "storage/sqlite.py": {"stamp"},  # a number, which a pragma takes as no parameter
    "storage/tallies.py": {"rest", "select"},
}
LOGS = {"debug", "info", "warning", "error", "exception", "critical"}
SPOKEN = {"text", "title", "author", "author_name", "quote"}

Rule = Callable[[str, ast.Module], Iterator[str]]


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Everything in a tree; walked once, as many rules look."""
    return tuple(ast.walk(tree))


@cache
def calls(tree: ast.AST) -> tuple[tuple[str, ast.Call], ...]:
    return tuple((dotted(node.func), node) for node in nodes(tree) if isinstance(node, ast.Call))


def room_of(path: str) -> str:
    return path.partition("/")[0]


def no_clock(path: str, tree: ast.Module) -> Iterator[str]:
    """Handlers and storage are told the time."""
    if room_of(path) in ("handlers", "storage"):
        for name, _ in calls(tree):
            if any(name == clock or name.endswith(f".{clock}") for clock in CLOCKS):
                yield f"reads a clock: {name}"


def feeds_from_memory(path: str, tree: ast.Module) -> Iterator[str]:
    """feedparser opens a string that looks like a path or an address, so it only ever gets bytes in memory."""
    for name, call in calls(tree):
        if name == "feedparser.parse":
            first = call.args[0] if call.args else None
            if not (isinstance(first, ast.Call) and dotted(first.func) in ("io.BytesIO", "BytesIO")):
                yield "feedparser.parse gets something else than BytesIO"


def one_client(path: str, tree: ast.Module) -> Iterator[str]:
    """Addresses outside are reached through bot/fetch.py alone, which checks them; Slack's and X's own by a wire."""
    if path in ("bot/fetch.py", "bot/chats/slack/wire.py", "bot/sources/x/wire.py"):
        return
    for name, _ in calls(tree):
        if name.endswith(("ClientSession", "aiohttp.request", "urlopen", "requests.get", "httpx.get")):
            yield f"another HTTP client: {name}"


def sql_in_its_room(path: str, tree: ast.Module) -> Iterator[str]:
    """SQL stands in storage/."""
    if room_of(path) != "storage":
        for node in nodes(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
                yield f"SQL outside storage: {node.value[:40]}"
    if room_of(path) == "handlers":
        for name, _ in calls(tree):
            if re.search(r"engine\.(run|rows|one|value|each)$", name):
                yield f"goes past the topics of storage: {name}"


def values_are_parameters(path: str, tree: ast.Module) -> Iterator[str]:
    """What is put into SQL text comes from the fixed lists of the file; values are parameters."""
    for name, call in calls(tree):
        if room_of(path) == "storage" and name.rpartition(".")[2] in SQL_CALLS and call.args:
            for part in ast.walk(call.args[0]):
                if isinstance(part, ast.FormattedValue) and not is_fixed(part.value, CHECKED.get(path, set())):
                    yield f"puts a value into SQL text: {ast.unparse(part.value)}"
                if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod):
                    yield "formats SQL text with %"
                if isinstance(part, ast.Attribute) and part.attr == "format":
                    yield "formats SQL text with .format"


def is_fixed(value: ast.expr, checked: set[str]) -> bool:
    """A name in capitals, a part or a changed copy of one, one of two texts, or column names that are joined."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return value.func.attr == "join" or (value.func.attr == "replace" and is_fixed(value.func.value, checked))
    if isinstance(value, ast.Subscript):
        return is_fixed(value.value, checked)
    if isinstance(value, ast.IfExp):
        return all(isinstance(one, ast.Constant) for one in (value.body, value.orelse))
    return bool(FIXED.fullmatch(dotted(value))) or dotted(value) in checked


def signatures_in_constant_time(path: str, tree: ast.Module) -> Iterator[str]:
    """What proves who sent something is compared by hmac.compare_digest."""
    for node in nodes(tree):
        if isinstance(node, ast.Compare) and any(isinstance(sign, ast.Eq | ast.NotEq) for sign in node.ops):
            sides = [dotted(side).lower() for side in (node.left, *node.comparators)]
            if any(re.search(r"signature|digest|hmac|mac$", side) for side in sides):
                yield f"compares a signature with ==: {ast.unparse(node)}"


def logs_no_words(path: str, tree: ast.Module) -> Iterator[str]:
    """A log carries ids, never what a customer wrote."""
    for name, call in calls(tree):
        if re.fullmatch(rf"_?log(?:ger|ging)?\.({'|'.join(LOGS)})", name):
            for part in ast.walk(call):
                if isinstance(part, ast.Attribute) and part.attr in SPOKEN:
                    yield f"logs a customer's words: {ast.unparse(part)}"


def imports_at_the_top(path: str, tree: ast.Module) -> Iterator[str]:
    """What a file needs stands at its head."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield f"imports inside {node.name}"


def absolute_imports(path: str, tree: ast.Module) -> Iterator[str]:
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield "a relative import"


def names_say_something(path: str, tree: ast.Module) -> Iterator[str]:
    """No file is a drawer for the rest."""
    if re.search(r"(^|_)(utils?|helpers?|managers?|common|misc|base)(_|$)", Path(path).stem):
        yield "its name says nothing"


def rooms_look_down(path: str, tree: ast.Module) -> Iterator[str]:
    """bot -> handlers -> storage, and the two lower rooms know no event loop and no environment."""
    room = room_of(path)
    above = {"storage": ("bot", "handlers"), "handlers": ("bot",)}.get(room, ())
    for module in imported(tree):
        root = module.partition(".")[0]
        if root in above:
            yield f"imports upward: {module}"
        if root in ("asyncio", "aiohttp") and room != "bot":
            yield f"{room} knows {root}"
        if root == "os" and room == "handlers":
            yield "handlers know the machine"


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that a file imports while it is loaded."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


RULES: dict[str, tuple[Rule, str, str]] = {  # the rule, where the bad example stands, and the example
    "no clock": (no_clock, "handlers/x.py", "from datetime import datetime\nat = datetime.now(tz)"),
    "no clock, by module": (no_clock, "storage/x.py", "import time\nat = time.time()"),
    "feeds from memory": (feeds_from_memory, "bot/x.py", "feedparser.parse(body)"),
    "one client": (one_client, "bot/sources/x/__init__.py", "session = aiohttp.ClientSession()"),
    "sql in its room": (sql_in_its_room, "bot/x.py", "store.engine.value('select id from cases')"),
    "topics, not engines": (sql_in_its_room, "handlers/x.py", "ctx.store.engine.run(words)"),
    "values are parameters": (
        values_are_parameters,
        "storage/x.py",
        "engine.run(f'delete from x where id = {case.id}')",
    ),
    "no percent": (values_are_parameters, "storage/x.py", "engine.run('delete from x where id = %s' % number)"),
    "no format": (values_are_parameters, "storage/x.py", "engine.run('delete from x where id = {}'.format(number))"),
    "constant time": (signatures_in_constant_time, "bot/x.py", "ok = signature == sign(secret, body)"),
    "no words in the log": (logs_no_words, "bot/x.py", "log.info('got %s', mention.text)"),
    "imports at the top": (imports_at_the_top, "bot/x.py", "def f():\n    import json"),
    "absolute imports": (absolute_imports, "bot/x.py", "from . import app"),
    "names": (names_say_something, "bot/web_utils.py", ""),
    "arrow": (rooms_look_down, "storage/x.py", "from handlers.rules import text"),
    "no loop below": (rooms_look_down, "handlers/x.py", "import asyncio"),
}


def sources() -> dict[str, ast.Module]:
    found = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in found}


FILES = sources()


@pytest.mark.parametrize("name", RULES)
def test_the_house_keeps_its_rules(name: str) -> None:
    rule, _, _ = RULES[name]
    assert len(FILES) > 90
    assert [f"{path}: {fault}" for path, tree in FILES.items() for fault in rule(path, tree)] == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_catches_its_bad_example(name: str) -> None:
    rule, path, example = RULES[name]
    assert list(rule(path, ast.parse(example)))


def graph(files: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Which module of ours imports which."""
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}
    return {
        name: {one for one in imported(files[path]) if one in names and one != name} for name, path in names.items()
    }


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that import themselves by way of others."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(edges[start])
        while todo:
            if (name := todo.pop()) not in seen:
                seen.add(name)
                todo.extend(edges[name])
        return seen

    return [name for name in edges if name in reachable(name)]


def test_there_are_no_import_cycles() -> None:
    assert cycles(graph(FILES)) == []


def test_a_cycle_is_found() -> None:
    tree = {
        "bot/a.py": "from bot import b",
        "bot/b.py": "import bot.c",
        "bot/c.py": "from bot.a import x",
        "bot/d.py": "import bot.a",
    }
    assert cycles(graph({path: ast.parse(text) for path, text in tree.items()})) == ["bot.a", "bot.b", "bot.c"]
