"""The second opinion's settings: what is taken, and the line for each mistake."""

from pathlib import Path

import pytest

from bot.settings import for_demo, read_environment
from storage.errors import ConfigError

CANARY = "canary-key-that-nobody-may-see"
NO_FILE = Path("no such folder/.env")
SET = {"EARSHOT_OPINION_URL": "https://models.example/v1/", "EARSHOT_OPINION_MODEL": "small"}


def test_a_server_is_read_and_its_key_hidden() -> None:
    told = {**SET, "EARSHOT_OPINION_KEY": CANARY, "EARSHOT_OPINION_DAILY": "7", "EARSHOT_OPINION_PRIVATE": "Yes"}
    environment = read_environment(NO_FILE, told)
    keys = environment.opinion
    assert (keys.url, keys.model, keys.daily, keys.sends_private) == ("https://models.example/v1", "small", 7, True)
    assert CANARY in environment.hidden()
    assert CANARY not in repr(environment)
    assert not keys.is_own
    demo = for_demo(environment).opinion
    assert (demo.url, demo.encoder) == ("", "")


def test_nothing_set_means_nobody_is_asked() -> None:
    keys = read_environment(NO_FILE, {}).opinion
    assert (keys.url, keys.encoder, keys.sends_private, keys.daily) == ("", "", False, 500)


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:8080/v1/chat/completions", True),
        ("http://[::1]:8080/v1", True),
        ("http://10.0.0.5:8000/v1", False),
        ("http://ollama:11434/v1", False),
        ("http://models.internal/v1", False),
    ],
)
def test_a_server_of_ones_own_needs_no_encryption(url: str, stays: bool) -> None:
    keys = read_environment(NO_FILE, {**SET, "EARSHOT_OPINION_URL": url}).opinion
    assert keys.is_own
    assert keys.stays_here is stays
    assert keys.url.endswith("/v1")


@pytest.mark.parametrize(
    ("told", "encoder"), [("yes", "yes"), ("ON", "yes"), ("no", ""), ("/models/mini", "/models/mini")]
)
def test_the_encoder_is_switched_on_by_a_word_or_a_folder(told: str, encoder: str) -> None:
    assert read_environment(NO_FILE, {"EARSHOT_ENCODER": told}).opinion.encoder == encoder


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"EARSHOT_OPINION_MODEL": ""}, "EARSHOT_OPINION_MODEL: missing beside"),
        ({"EARSHOT_OPINION_URL": ""}, "EARSHOT_OPINION_URL: missing beside"),
        ({"EARSHOT_OPINION_URL": "http://models.example/v1"}, "must be https://"),
        ({"EARSHOT_OPINION_URL": "https://models.example:8443/v1"}, "on the usual port"),
        ({"EARSHOT_OPINION_URL": f"https://x:{CANARY}@models.example/v1"}, "no address of a server"),
        ({"EARSHOT_OPINION_URL": f"https://models.example/v1?key={CANARY}"}, "no address of a server"),
        ({"EARSHOT_OPINION_URL": "https://[half/v1"}, "no address of a server"),
        ({"EARSHOT_OPINION_URL": "models.example"}, "no address of a server"),
        ({"EARSHOT_OPINION_KEY": f"{CANARY}\nX: y"}, "EARSHOT_OPINION_KEY: it has characters that no key has"),
        ({"EARSHOT_OPINION_DAILY": "many"}, "EARSHOT_OPINION_DAILY:"),
        ({"EARSHOT_OPINION_DAILY": "-1"}, "EARSHOT_OPINION_DAILY:"),
        ({"EARSHOT_OPINION_PRIVATE": "perhaps"}, "neither yes nor no"),
        ({"EARSHOT_ENCODER": "yes"}, "there can be one second opinion"),
    ],
)
def test_each_mistake_has_its_line_and_no_secret_in_it(changed: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_environment(NO_FILE, {**SET, **changed})
    assert words in str(raised.value)
    assert CANARY not in str(raised.value)
