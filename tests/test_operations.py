"""What an operator is given is true: the alert rules, the unit, the image and the page about them."""

import os
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.settings import declared_settings
from tests.bot.running import running

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "operations.md"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "docs" / "operations" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:earshot_\w+|up)\b", re.sub(r"\{.*?\}", "", expression)))


def unit() -> dict[str, dict[str, str]]:
    read = RawConfigParser(strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(ROOT / "docs" / "operations" / "earshot.service")
    return {name: dict(read[name]) for name in read.sections()}


async def test_every_alert_asks_for_a_metric_that_there_is(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await opened.becomes("select count(*) from sources where status = 'ok'")
        await opened.app.bridge.read(lambda store: opened.app._watch.look(store, opened.app._now()))
        async with opened.client.get("/metrics") as answer:
            told = await answer.text()
    names = {sample.name for family in text_string_to_metric_families(told) for sample in family.samples}
    names |= {family.name for family in text_string_to_metric_families(told)} | {"up"}
    asked = {
        rule["alert"]: set(re.findall(r"\b(?:earshot_\w+|up)\b", re.sub(r"\{.*?\}", "", rule["expr"])))
        for rule in RULES
    }
    assert {name: metrics - names for name, metrics in asked.items() if metrics - names} == {}
    assert all(asked.values())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do_and_where_that_is_explained(rule: dict[str, Any]) -> None:
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line.strip("# ").lower()).replace(" ", "-")
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("#")
    }
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    place = rule["annotations"]["action"].rpartition(" docs/operations.md#")
    assert place[2] in anchors
    assert place[0].endswith(".")


def test_the_unit_is_watched_and_shut_in() -> None:
    service = unit()["Service"]
    assert service["Type"] == "notify"
    assert service["WatchdogSec"] == "60s"
    assert service["UMask"] == "0077"
    for what in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictNamespaces"):
        assert service[what] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""


@pytest.mark.parametrize("place", ["docs/operations/earshot.service", "Dockerfile", "docs/operations.md"])
def test_every_setting_that_is_named_exists(place: str) -> None:
    named = set(re.findall(r"EARSHOT_[A-Z_]+\b", (ROOT / place).read_text("utf-8")))
    assert named - {one.variable for one in declared_settings()} == set()


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = (ROOT / "docs" / "operations" / "earshot.service").read_text("utf-8")
    copy = tmp_path / "earshot.service"
    copy.write_text(text.replace("/opt/earshot/.venv/bin/python", sys.executable))
    told = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert [line for line in told.stderr.splitlines() if "earshot" in line] == []


def test_the_image_holds_all_that_the_program_needs(tmp_path: Path) -> None:
    """What the Dockerfile copies is copied here, and the program starts from it."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    copies = re.findall(r"^COPY (?!--from)(.+) /opt/earshot/(\S*)$", text, re.MULTILINE)
    for sources, target in copies:
        for source in sources.split():
            to = tmp_path / (target or source)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, tmp_path / Path(source).name)
    start = "sys.argv[1:] = ['version']; runpy.run_module('bot', run_name='__main__')"
    code = f"import bot, runpy, sys; print(bot.__path__[0]); {start}"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True
    )
    assert told.stdout.startswith(f"{tmp_path}/bot\n")
    assert "Earshot 0." in told.stdout
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    wanted = {source for sources, _ in copies for source in sources.split()}
    assert wanted == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_the_image_runs_pinned_and_without_root() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes" in text
    assert re.search(r"^USER earshot$", text, re.MULTILINE)
    assert text.index("USER earshot") > text.index("COPY --from=build")
