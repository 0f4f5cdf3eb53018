"""The encoder's plug: any thing that makes numbers of texts fits, and it is asked like a server, without a budget."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot.opinions import _with_extra, load_encoder
from bot.opinions.asking import SecondOpinion
from bot.opinions.encoder import FILE, SIZE, Encoder, Head
from bot.training.words import Labelled
from storage.errors import ConfigError
from tests.bot.fakes import station


class Stub:
    """Two numbers say whether a text is loud or kind; the others nothing."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.batches.append(len(texts))
        return [[float("awful" in text), float("lovely" in text), *[0.0] * (SIZE - 2)] for text in texts]


def head(*weights: float) -> Head:
    return Head("\n".join(["# a head", *map(str, (*weights, *[0] * (SIZE + 1 - len(weights))))]))


async def test_it_judges_in_batches_and_keeps_what_it_said_without_counting(db_path: Path) -> None:
    async with station(db_path) as opened:
        stub = Stub()
        encoder = Encoder(stub, head(-0.5, 3, -3), opened.bridge)
        opinion = SecondOpinion(encoder, opened.bridge, opened.clock, daily=0, may_see_private=True)
        texts = [f"awful {number}" for number in range(25)] + ["lovely"]
        said = await opinion.ask(texts)
        assert said["awful 3"] > 0 > said["lovely"]
        assert stub.batches == [20, 6]
        assert await opinion.ask(texts) == said
        assert len(stub.batches) == 2
        assert await opened.bridge.read(lambda store: store.opinions.requests(opened.clock())) == 0


async def test_an_encoder_that_fails_costs_nothing_but_its_opinion(
    db_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise RuntimeError(f"out of memory at {texts}")

    async with station(db_path) as opened:
        encoder = Encoder(Broken(), head(0), opened.bridge)
        opinion = SecondOpinion(encoder, opened.bridge, opened.clock, daily=0, may_see_private=True)
        assert await opinion.ask(["awful pterodactyl"]) == {}
    assert "RuntimeError" in caplog.text
    assert "pterodactyl" not in caplog.text


@pytest.mark.parametrize("text", ["", "1\n2", "\n".join(["nan"] * (SIZE + 1)), "words"])
def test_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Head(text)


def test_the_shipped_weights_can_be_read() -> None:
    path = Path(load_encoder.__code__.co_filename).with_name(FILE)
    assert Head(path.read_text("utf-8")).version


def test_a_missing_package_is_one_sentence_that_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"EARSHOT_ENCODER: .* not installed .*earshot\[encoder\]"):
        _with_extra("bot.no_such_module")


def test_other_words_give_another_name_so_that_old_opinions_are_not_taken_for_new_ones() -> None:
    assert Encoder(Stub(), head(1), None).name != Encoder(Stub(), head(2), None).name


@pytest.fixture
def train() -> Callable[..., str]:
    pytest.importorskip("numpy")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    train_head: Callable[..., str] = _with_extra("bot.training.encoder").train_head
    return train_head


def test_a_head_learns_from_labels_and_gives_the_same_bytes_again(train: Callable[..., str]) -> None:
    labelled = [Labelled("awful", "negative"), Labelled("lovely", "positive"), Labelled("a kettle", "neutral")] * 60
    written = train(labelled, Stub())
    assert written == train(labelled, Stub())
    awful, lovely = Encoder(Stub(), Head(written), None).odds(["awful", "lovely"])
    assert awful > lovely
