"""Descriptions of the commands in the languages of Discord's clients; `locales/<language>.toml` has each of them.

A file has the tables verbs, arguments, groups and menus. What it does not have is shown in English.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import discord
from discord import app_commands

FOLDER = Path(__file__).with_name("locales")


def read_locales(folder: Path = FOLDER) -> Mapping[str, Mapping[str, str]]:
    """The texts of each language by `table.key`, by Discord's name of the language: de, pt-BR."""
    return {path.stem: _flat(tomllib.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.toml"))}


class Translator(app_commands.Translator):
    """What discord.py asks while the commands are sent to Discord."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._texts = read_locales() if texts is None else texts

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - the key says it all
    ) -> str | None:
        return self._texts.get(locale.value, {}).get(string.extras.get("key", ""))


def _flat(tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {f"{table}.{key}": text for table, texts in tables.items() for key, text in texts.items()}
