"""Rules of safety that no general tool knows, read from the syntax tree. Each has bad examples that must be caught, and
good ones that must not be."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.test_house import FILES, LOGS, calls, dotted, nodes

# Each file that writes files, and what keeps others from reading them: 0600 by hand, or the umask of the program.
WRITERS = {
    "bot/cli/eval.py": "numbers, into a file that the person names; umask",
    "bot/cli/init.py": "earshot.toml by umask, .env as 0600",
    "bot/cli/model.py": "numbers of words, into a file that the person names; umask",
    "bot/cli/model_team.py": "numbers of words, into a file that the person names; umask",
    "bot/cli/export.py": "an export, into a file that the person names; umask",
    "bot/cli/source.py": ".env as 0600",
    "bot/config_edit.py": "earshot.toml as 0600",
    "bot/manual.py": "the pages of docs/, for everybody",
    "bot/sessions.py": "sessions of sources as 0600",
    "storage/sqlite.py": "the lock as 0600",
    "storage/tombstones.py": "keyed hashes and their key as 0600",
}
# The only places that say something in a chat: each goes through the wire of its chat, which counts and never repeats.
SPEAKERS = {"adapter.py", "answers.py", "shares.py", "pictures.py", "messages.py", "wire.py"}
WORDS = {"text", "title", "author", "author_name", "quote", "body", "payload", "raw", "sample", "snippet", "content"}
PROOFS = re.compile(r"(^|[._])(token|secret|password|passwd|nonce|signature|digest|hmac|mac|cookie)$")
DANGEROUS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "tempfile.mktemp",
    "yaml.load",
    "os.fork",
}
LOADERS = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "cPickle"}
ENDINGS = re.compile(r"os\.(exec|spawn)\w+|subprocess\.\w+|asyncio\.create_subprocess_\w+|pty\.spawn")
SHELL_USERS: set[str] = set()  # files that may start another program; none does


def no_repeating_slack_client(path: str, tree: ast.Module) -> Iterator[str]:
    """Slack's client repeats a post whose answer was lost, unless it is told not to: two messages."""
    for name, call in calls(tree):
        if name.rpartition(".")[2] in ("WebClient", "AsyncWebClient"):
            given = argument(call, "retry_handlers")
            if not (isinstance(given, ast.List) and not given.elts):
                yield "a Slack client that repeats by itself"


def one_slack_client_for_bolt(path: str, tree: ast.Module) -> Iterator[str]:
    """Without `client`, Bolt makes one of its own, which repeats."""
    for name, call in calls(tree):
        if name.rpartition(".")[2] == "AsyncApp" and argument(call, "client") is None:
            yield "Bolt makes a client of its own"


def spoken_in_one_place(path: str, tree: ast.Module) -> Iterator[str]:
    """A message leaves through the files that count, settle and never repeat."""
    if path.startswith("bot/chats/") and path.rpartition("/")[2] in SPEAKERS:
        return
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and node.value == "chat.postMessage":
            yield "posts to Slack by itself"
        if isinstance(node, ast.Attribute) and node.attr.startswith(("chat_post", "chat_update", "chat_delete")):
            yield f"posts to Slack by itself: {node.attr}"
        if isinstance(node, ast.Call) and re.search(r"(channel|place|thread|user|followup)\.send$", dotted(node.func)):
            yield "posts to Discord by itself"


def discord_pings_nobody(path: str, tree: ast.Module) -> Iterator[str]:
    """A client of Discord's that is not told otherwise pings whom a customer names."""
    for name, call in calls(tree):
        if name in ("discord.Client", "discord.AutoShardedClient", "commands.Bot") or name.endswith("AutoShardedBot"):
            given = argument(call, "allowed_mentions")
            if given is None or ast.unparse(given) != "discord.AllowedMentions.none()":
                yield "a Discord client that may ping"


def time_has_a_zone(path: str, tree: ast.Module) -> Iterator[str]:
    """A time without a zone is another time on another machine."""
    for name, call in calls(tree):
        last = name.rpartition(".")[2]
        is_bare = last == "now" and "datetime" in name and not call.args and not call.keywords
        if is_bare or last in ("utcnow", "utcfromtimestamp") or name == "time.time":
            yield f"a clock without a zone: {name}"


def transactions_are_ours(path: str, tree: ast.Module) -> Iterator[str]:
    """`with conn` of sqlite3 and sqlite-utils protects nothing here; engine.transaction() does."""
    for node in nodes(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if re.search(r"(^|\.)_?conn(ection)?$", dotted(item.context_expr)):
                    yield f"with {dotted(item.context_expr)}"


def logs_carry_ids(path: str, tree: ast.Module) -> Iterator[str]:
    """A log line is a fixed sentence and ids: no words of customers, and nothing put into the sentence itself."""
    for name, call in calls(tree):
        if re.fullmatch(rf"_?log(?:ger|ging)?\.({'|'.join(LOGS)})", name) and call.args:
            if isinstance(call.args[0], ast.JoinedStr | ast.BinOp):
                yield f"builds its sentence: {ast.unparse(call.args[0])[:60]}"
            for part in (node for given in (*call.args[1:], *call.keywords) for node in ast.walk(given)):
                if isinstance(part, ast.Attribute) and part.attr in WORDS:
                    yield f"logs a customer's words: {ast.unparse(part)}"
                if isinstance(part, ast.Name) and part.id in WORDS:
                    yield f"logs a customer's words: {part.id}"


def nothing_is_run(path: str, tree: ast.Module) -> Iterator[str]:
    """Nothing that was read is run as a program, and no other program is started."""
    for name, call in calls(tree):
        if name in DANGEROUS or (ENDINGS.fullmatch(name) and path not in SHELL_USERS):
            yield f"runs something: {name}"
        if any(one.arg == "shell" and getattr(one.value, "value", None) for one in call.keywords):
            yield "runs a shell"
    for node in nodes(tree):
        modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            if module.partition(".")[0] in LOADERS | {"subprocess", "pty"}:
                yield f"imports {module}"


def proofs_in_constant_time(path: str, tree: ast.Module) -> Iterator[str]:
    """What proves who asks is compared by hmac.compare_digest."""
    for node in nodes(tree):
        if isinstance(node, ast.Compare) and any(isinstance(sign, ast.Eq | ast.NotEq) for sign in node.ops):
            sides = (node.left, *node.comparators)
            if any(isinstance(side, ast.Constant) for side in sides):
                continue
            if any(PROOFS.search(dotted(side)) for side in sides):
                yield f"compares a proof with ==: {ast.unparse(node)}"


def files_are_private(path: str, tree: ast.Module) -> Iterator[str]:
    """Only files that are named here write files, each for a reason that says who can read them."""
    for name, call in calls(tree):
        last = name.rpartition(".")[2]
        modes = [
            one.value for one in (*call.args, *(key.value for key in call.keywords)) if isinstance(one, ast.Constant)
        ]
        is_write = last == "open" and any(isinstance(mode, str) and re.fullmatch(r"[wax]b?\+?", mode) for mode in modes)
        if path not in WRITERS and (is_write or last in ("write_text", "write_bytes")):
            yield f"writes a file: {name}"
        if (
            name == "os.open"
            and "O_CREAT" in ast.unparse(call)
            and not (len(call.args) > 2 and _is_private(call.args[2]))
        ):
            yield "makes a file that others may read"


def tls_is_checked(path: str, tree: ast.Module) -> Iterator[str]:
    """A certificate is never taken unseen."""
    for _, call in calls(tree):
        for one in call.keywords:
            if (
                one.arg in ("ssl", "verify", "verify_ssl", "check_hostname")
                and getattr(one.value, "value", None) is False
            ):
                yield f"{one.arg}=False"
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("CERT_NONE", "_create_unverified_context"):
            yield node.attr
        if isinstance(node, ast.Assign) and any(dotted(one).endswith("check_hostname") for one in node.targets):
            yield "changes check_hostname"


def html_is_escaped(path: str, tree: ast.Module) -> Iterator[str]:
    """Markup is made by the templates, which escape; `Markup` of anything else would let words through as they are."""
    for name, call in calls(tree):
        if name.rpartition(".")[2] == "Environment" and "jinja2" in ast.unparse(tree):
            given = argument(call, "autoescape")
            if not (isinstance(given, ast.Constant) and given.value is True):
                yield "templates that do not escape"
        if name.rpartition(".")[2] == "Markup" and path != "bot/chats/local/render.py":
            yield "markup that nobody escapes"


def argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def _is_private(mode: ast.expr) -> bool:
    return isinstance(mode, ast.Constant) and mode.value == 0o600


@dataclass(frozen=True)
class Rule:
    """`bad` must be caught in the file `path`, `good` must not."""

    check: Callable[[str, ast.Module], Iterator[str]]
    path: str
    bad: tuple[str, ...]
    good: tuple[str, ...]


RULES = {
    "no client that posts twice": Rule(
        no_repeating_slack_client,
        "bot/x.py",
        ("AsyncWebClient(token=t)", "slack.WebClient(token=t, retry_handlers=more)"),
        ("AsyncWebClient(token=t, retry_handlers=[])",),
    ),
    "Bolt uses our client": Rule(
        one_slack_client_for_bolt, "bot/x.py", ("AsyncApp(token=t)",), ("AsyncApp(client=wire.client)",)
    ),
    "spoken in one place": Rule(
        spoken_in_one_place,
        "bot/scheduler.py",
        ("wire.call('chat.postMessage', text=x)", "client.chat_postMessage(channel=c)", "await channel.send('hello')"),
        ("await wire.call('conversations.info')", "mailbox.send(message)"),
    ),
    "Discord pings nobody": Rule(
        discord_pings_nobody,
        "bot/x.py",
        ("discord.Client(intents=i)", "discord.Client(allowed_mentions=discord.AllowedMentions.all())"),
        ("discord.Client(intents=i, allowed_mentions=discord.AllowedMentions.none())",),
    ),
    "times have a zone": Rule(
        time_has_a_zone,
        "bot/x.py",
        ("datetime.now()", "datetime.datetime.utcnow()", "time.time()"),
        ("datetime.now(UTC)", "time.monotonic()"),
    ),
    "transactions are ours": Rule(
        transactions_are_ours, "storage/x.py", ("with db.conn:\n    pass",), ("with engine.transaction():\n    pass",)
    ),
    "logs carry ids": Rule(
        logs_carry_ids,
        "bot/x.py",
        ("log.info(f'got {mention}')", "log.info('got %s', mention.body)", "log.info('got', extra={'t': raw.text})"),
        ("log.info('got %d', mention.id)", "log.info('a page', extra={'source': source.id})"),
    ),
    "nothing is run": Rule(
        nothing_is_run,
        "bot/x.py",
        ("eval(text)", "os.system(line)", "import pickle", "subprocess.run(line)", "run(line, shell=True)",
         "yaml.load(text)", "from marshal import loads", "tempfile.mktemp()", "asyncio.create_subprocess_exec('ls')"),
        ("yaml.safe_load(text)", "re.compile(text)", "import json"),
    ),
    "proofs in constant time": Rule(
        proofs_in_constant_time,
        "bot/x.py",
        ("ok = token == session.token", "ok = given != self._secret", "ok = told.cookie == cookie"),
        ("ok = hmac.compare_digest(token, session.token)", "ok = token == ''", "ok = tokens == 3"),
    ),
    "files are private": Rule(
        files_are_private,
        "bot/x.py",
        ("path.write_text(text)", "open(path, 'w')", "os.open(path, os.O_WRONLY | os.O_CREAT)",
         "os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)"),
        ("path.open('rb')", "os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)", "os.open(path, os.O_RDONLY)"),
    ),
    "TLS is checked": Rule(
        tls_is_checked,
        "bot/x.py",
        ("session.get(url, ssl=False)", "context.verify_mode = ssl.CERT_NONE", "context.check_hostname = False"),
        ("session.get(url, ssl=context)",),
    ),
    "HTML is escaped": Rule(
        html_is_escaped,
        "bot/x.py",
        ("import jinja2\njinja2.Environment(loader=x)", "Markup(text)"),
        ("import jinja2\njinja2.Environment(autoescape=True)",),
    ),
}  # fmt: skip


def violations(name: str) -> list[str]:
    """Where the product breaks a rule."""
    return [f"{path}: {fault}" for path, tree in FILES.items() for fault in RULES[name].check(path, tree)]


def is_awake(name: str) -> bool:
    """Whether a rule catches every bad example of its own, and no good one."""
    rule = RULES[name]
    return all(any(rule.check(rule.path, ast.parse(one))) for one in rule.bad) and not any(
        any(rule.check(rule.path, ast.parse(one))) for one in rule.good
    )
