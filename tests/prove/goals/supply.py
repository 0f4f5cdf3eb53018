"""Every package is pinned by its hash and may be used, and no line of ours breaks a rule of safety.

The requirements are read line by line and held against what is installed; licences come from the packages' own
metadata; bandit and the rules of tests/safety.py read every file of the product. Each check is also shown something
bad, to see that it is awake: a pin without a hash, a licence that would bind us, a file full of mistakes. The full run
installs the product into an empty environment, once as pinned and once with a hash that is wrong.
"""

import json
import re
import subprocess
import sys

from tests import test_house
from tests.prove import packages
from tests.prove.trial import Trial
from tests.safety import RULES, is_awake, violations

GOAL = "G23"
FAULTS = (5, 50)
MINUTES = (6, 15)
ROOMS = ("bot", "handlers", "storage")
_FILES = ("requirements.txt", "requirements-dev.txt")
# bandit's SQL rule cannot tell our fixed lists from input; our own rule "values are parameters" reads each of them.
_READ_BY_OURS = {"B608": "values are parameters"}
# Looked at once each; no `noqa` of the same number stands there, because ruff does not mind them.
_REVIEWED = {
    ("B105", "bot/chats/local/pages.py"): "an empty default",
    ("B105", "bot/chats/slack/manifest.py"): "a switch of Slack's",
    ("B105", "bot/chats/slack/refusals.py"): "sentences about tokens",
}
_BAD_FILE = "import subprocess, pickle\nsubprocess.run('ls ' + x, shell=True)\npickle.loads(x)\nexec(x)\n"
_BAD_LINES = (
    "aiohttp>=3", "aiohttp", "--index-url https://mirror.example/x", "aiohttp @ https://mirror.example/x.whl", "-e .",
)  # fmt: skip
_BINDING = (
    "GPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)",
    "AGPL-3.0",
    "GNU Affero General Public License",
)
_FREE = ("LGPL-3.0", "GNU Lesser General Public License v2 (LGPLv2)", "MIT", "GPL-2.0-only OR MIT")
_SMALL = "tzdata"  # has no needs of its own


def run(trial: Trial) -> None:
    _pins(trial)
    _licences(trial)
    _lint(trial)
    _bandit(trial)
    if trial.is_quick:
        trial.not_run("installing into an empty environment", "the full run does")
    else:
        _install(trial)
    trial.not_run(
        "pip-audit", "it answered for every package that no advisories could be asked; 0 packages are audited"
    )


def _pins(trial: Trial) -> None:
    chosen = {name: packages.read(name) for name in _FILES}
    every = [one for name in _FILES for one in chosen[name]]
    trial.at_least("pins read", len(every), 150)
    trial.none("pins without a hash", sum(not one.hashes for one in every))
    trial.none("addresses and options beside the pins", sum(len(packages.strange_words(name)) for name in _FILES))
    has = packages.installed()
    here = [one for one in chosen["requirements-dev.txt"] if one.is_here]
    trial.none("packages here of another version than pinned", sum(has.get(one.name) != one.version for one in here))
    product = {one.name: one.version for one in chosen["requirements.txt"]}
    more = {one.name: one.version for one in chosen["requirements-dev.txt"]}
    trial.none("pins that differ between the files", sum(more.get(name) != pin for name, pin in product.items()))
    trial.tell("packages at run time", sum(one.is_here for one in chosen["requirements.txt"]))
    trial.exactly("bad requirement lines noticed", sum(_is_noticed(line) for line in _BAD_LINES), len(_BAD_LINES))


def _is_noticed(line: str) -> bool:
    try:
        return not all(one.hashes for one in packages.pins(line))
    except ValueError:
        return True


def _licences(trial: Trial) -> None:
    product = [one for one in packages.read("requirements.txt") if one.is_here]
    told = {one.name: packages.licence(one.name) for one in product}
    trial.none("packages without a licence", sum(not words for words in told.values()))
    trial.none("packages that would bind us (GPL, AGPL)", sum(packages.binds_us(words) for words in told.values()))
    trial.tell("packages under the LGPL", sum(packages.is_lesser(words) for words in told.values()))
    awake = sum(map(packages.binds_us, _BINDING)) + sum(not packages.binds_us(one) for one in _FREE)
    trial.exactly("example licences judged rightly", awake, len(_BINDING) + len(_FREE))
    bill = packages.bill(product)
    trial.exactly("packages in the bill of materials", len(bill["components"]), len(product))
    trial.none("flaws of the bill of materials", len(packages.flaws(bill)))


def _lint(trial: Trial) -> None:
    house = {
        name: [fault for path, tree in test_house.FILES.items() for fault in rule(path, tree)]
        for name, (rule, _, _) in test_house.RULES.items()
    }
    trial.tell("files read", len(test_house.FILES))
    trial.at_least("rules of our own", len(RULES) + len(house), 25)
    asleep = [name for name in RULES if not is_awake(name)]
    trial.none("rules that miss an example of theirs", len(asleep))
    found = [fault for name in RULES for fault in violations(name)]
    found += [fault for faults in house.values() for fault in faults]
    print("\n".join(found))
    trial.none("places that break a rule", len(found))


def _bandit(trial: Trial) -> None:
    bad = trial.folder / "bad.py"
    bad.write_text(_BAD_FILE)
    trial.at_least("mistakes of a bad file that bandit noticed", len(_asked(str(bad))), 4)
    found = _asked("-r", *ROOMS)
    open_ones = [one for one in found if not _is_reviewed(one)]
    print(
        "\n".join(f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}" for one in open_ones)
    )
    trial.tell("findings of bandit that were looked at", len(found) - len(open_ones))
    trial.none("findings of bandit that nobody looked at", len(open_ones))


def _asked(*what: str) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "bandit", "-q", "-f", "json", *what]
    said = subprocess.run(command, capture_output=True, text=True, cwd=packages.ROOT, check=False)
    answer = json.loads(said.stdout)
    assert not answer["errors"], answer["errors"]
    return list(answer["results"])


def _is_reviewed(one: dict[str, object]) -> bool:
    """Read by a rule of ours, listed above, or marked on one of its lines with the same number and a reason."""
    number, path = str(one["test_id"]), str(one["filename"]).removeprefix("./")
    if number in _READ_BY_OURS:
        return path.startswith("storage/")
    if (number, path) in _REVIEWED:
        return True
    lines = (packages.ROOT / path).read_text().splitlines()
    given = one["line_range"]
    assert isinstance(given, list)
    return any(re.search(rf"noqa:[^#]*\bS{number[1:]}\b", lines[line - 1]) for line in given)


def _install(trial: Trial) -> None:
    """As `make` does without uv: pip, an empty environment, nothing but what has the hash that is written down."""
    empty = trial.folder / "empty"
    subprocess.run([sys.executable, "-m", "venv", str(empty)], check=True)
    python = str(empty / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    forged = trial.folder / "forged.txt"
    version = next(one.version for one in packages.read("requirements.txt") if one.name == _SMALL)
    forged.write_text(f"{_SMALL}=={version} --hash=sha256:{trial.chance.getrandbits(256):064x}\n")
    refused = subprocess.run([*pip, "-r", str(forged)], capture_output=True, text=True, check=False)
    trial.exactly("packages with a wrong hash refused", int("DO NOT MATCH THE HASHES" in refused.stderr), 1)
    done = subprocess.run(
        [*pip, "-r", str(packages.ROOT / "requirements.txt")], capture_output=True, text=True, check=False
    )
    print(done.stderr[-2000:])
    trial.exactly("installations into an empty environment", int(done.returncode == 0), 1)
    begun = subprocess.run([python, "-m", "bot", "--help"], capture_output=True, cwd=packages.ROOT, check=False)
    trial.exactly("times that the program began there", int(begun.returncode == 0), 1)
