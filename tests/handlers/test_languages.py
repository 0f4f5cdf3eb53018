"""Mentions in a language that nobody can judge: what the card says, where it goes, and that none is lost as fine."""

from dataclasses import replace

import pytest

from handlers.context import think
from handlers.drawings import mention_row
from handlers.rules import detection
from handlers.rules.detection import Guess, Languages
from handlers.rules.policy import Route
from handlers.rules.scoring import DayOneScorer
from storage.store import Store
from storage.types import Mention, Priority
from tests.kit import POLICY, Desk, raw

FRENCH = "Encore une journée comme les autres avec Heron, rien de plus à dire ce soir"
GERMAN = "Mit Heron nach Oslo, das Wetter ist grau und der Flug war wie immer"
ENGLISH = "My Heron suitcase is lost, nobody answers and I am furious about this"
KNOWN = {FRENCH: "fr", GERMAN: "de", ENGLISH: "en"}


@pytest.fixture
def desk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(detection, "_model", lambda codes: None)  # here sources tell, and a list of what is known
    return Desk(store)


def stored(desk: Desk, text: str, **fields: object) -> Mention:
    """A mention as it is stored."""
    native_id = str(len(list(desk.store.mentions.recent(desk.now.replace(year=2000)))) + 1)
    desk.take(raw(native_id, text, **fields))
    return next(one for one in desk.store.mentions.recent(desk.now.replace(year=2000)) if one.native_id == native_id)


def judging(desk: Desk, *codes: str) -> None:
    """Words are judged, by a list of those that are known here."""
    scorer = DayOneScorer(Languages(codes, lambda text: Guess(KNOWN[text], 0.99)))
    desk.change_policy(languages=codes)
    desk._brain = replace(think(desk.policy), scorer=scorer)


def channels(desk: Desk) -> list[str]:
    return sorted(row["channel"] for row in desk.store.engine.rows("select channel from deliveries", ()))


def test_what_a_team_does_not_read_is_kept_as_not_scored_with_its_language(desk: Desk) -> None:
    mention = stored(desk, FRENCH, lang="fr")
    assert (mention.label, mention.sentiment, mention.priority) == ("not scored", None, Priority.LOW)
    assert mention.case_id is None
    assert mention_row(desk.ctx, mention).facts[0] == "not scored: French"
    assert "not scored: French" in mention.reasons
    assert not any("neutral" in reason for reason in mention.reasons)


def test_what_a_team_reads_and_nobody_can_judge_becomes_a_case(desk: Desk) -> None:
    desk.change_policy(languages=("en", "fr"))
    mention = stored(desk, FRENCH, lang="fr-CA")
    assert mention.priority is Priority.NORMAL
    assert not any("nothing to act on" in reason for reason in mention.reasons)
    assert mention.case_id is not None
    card = desk.card(mention.case_id)
    assert "not scored: French, so normal at least" in card.why
    assert "not scored: French" in card.facts
    assert stored(desk, GERMAN, lang="de").priority is Priority.LOW


@pytest.mark.parametrize("least", [Priority.LOW, Priority.NORMAL, Priority.HIGH])
@pytest.mark.parametrize("is_private", [False, True])
def test_a_team_can_say_what_becomes_of_all_that_nobody_can_judge(
    desk: Desk, least: Priority, is_private: bool
) -> None:
    desk.change_policy(not_scored=least, languages=("en", "fr"))
    mine, other = stored(desk, FRENCH, lang="fr", private=is_private), stored(desk, GERMAN, lang="de")
    assert mine.priority == max(least, Priority.NORMAL if is_private else Priority.LOW)
    assert other.priority is least


def test_what_can_be_judged_is_as_before(desk: Desk) -> None:
    before = stored(desk, ENGLISH)
    desk.change_policy(not_scored=Priority.HIGH, languages=("de",))
    after = stored(desk, ENGLISH, lang="en")
    assert before.label == after.label == "negative"
    assert after.priority is before.priority


def test_promotion_does_not_sink_what_nobody_can_judge(desk: Desk) -> None:
    desk.change_policy(languages=("en", "fr"))
    assert stored(desk, f"{FRENCH}, promo code", lang="fr").priority is Priority.NORMAL


def test_a_grave_word_counts_whatever_the_language_is(desk: Desk) -> None:
    mention = stored(desk, f"{FRENCH}, la batterie a pris feu", lang="fr")
    assert mention.priority is Priority.HIGH
    assert mention.reasons[0] == 'says "a pris feu" (safety)'


def test_what_the_words_say_is_kept_where_the_source_tells_nothing(desk: Desk) -> None:
    judging(desk, "en", "fr")
    told, untold, english = stored(desk, FRENCH, lang="en"), stored(desk, GERMAN), stored(desk, ENGLISH)
    assert (told.lang, untold.lang, english.lang) == ("fr", "de", "en")
    assert mention_row(desk.ctx, untold).facts[0] == "not scored: German"


@pytest.mark.parametrize(
    ("text", "lang", "wanted"),
    [
        (FRENCH, "fr", ["#all", "#french", "#unscored"]),
        (GERMAN, "de", ["#all", "#unscored"]),
        (ENGLISH, "en", ["#all", "#english"]),
        (ENGLISH, "", ["#all", "#english"]),  # what nobody knows to be foreign was scored as English
        ("Heron очень плохо и ещё раз очень плохо", "", ["#all", "#unscored"]),
    ],
)
def test_a_route_takes_the_languages_it_is_for(desk: Desk, text: str, lang: str, wanted: list[str]) -> None:
    desk.change_policy(
        not_scored=Priority.NORMAL,
        routes=(
            Route("local:#all"),
            Route("local:#french", languages=("fr",)),
            Route("local:#english", languages=("en",)),
            Route("local:#unscored", labels=("not scored",)),
        ),
    )
    stored(desk, text, lang=lang)
    assert channels(desk) == wanted


def test_a_team_that_says_nothing_reads_english(desk: Desk) -> None:
    assert POLICY.languages == ()
    assert stored(desk, ENGLISH).label == "negative"


def negative_facts(desk: Desk) -> tuple[str, ...]:
    screen = desk.do("ana", "summary today").screen
    assert screen is not None
    return next(row.facts for row in screen.rows if row.heading.startswith("Negative"))


def test_a_summary_says_how_many_could_not_be_judged_and_in_which_language(desk: Desk) -> None:
    stored(desk, ENGLISH)
    stored(desk, FRENCH, lang="fr")
    stored(desk, f"{FRENCH} encore", lang="fr-CA")
    stored(desk, GERMAN, lang="de")
    stored(desk, "Heron очень плохо", lang="en")
    desk.later(hours=1)
    assert "not scored: 2 French, 1 German, 1 others" in negative_facts(desk)


def test_and_nothing_where_all_could_be_judged(desk: Desk) -> None:
    stored(desk, ENGLISH)
    desk.later(hours=1)
    assert not any("not scored" in fact for fact in negative_facts(desk))


def test_what_could_not_be_judged_is_counted_without_reading_the_rest(desk: Desk) -> None:
    plans = desk.store.engine.rows(
        "explain query plan select lang, count(*) as n from mentions where label = 'not scored' and counted_at >= ?"
        " and counted_at < ? and is_ours = 1 group by lang",
        ("2026", "2027"),
    )
    assert "USING INDEX mentions_unscored" in plans[0]["detail"]
