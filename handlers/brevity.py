"""So many words and no more: what a director reads in a minute and a half."""

from handlers.cards import Screen
from handlers.rules.text import Text, shown


def words_in(screen: Screen) -> int:
    """How many words people see on a screen; a chart counts with its title and the words that stand for it."""
    told = [screen.title, screen.intro, screen.outro]
    told += [button.label for button in screen.buttons]
    for row in screen.rows:
        told += [row.heading, row.quote.words if row.quote else "", *row.facts]
        told += [button.label for button in row.buttons]
    if screen.chart is not None:
        told += [screen.chart.title, screen.chart.alt]
    return sum(len(text.split()) for text in told)


def few(text: str, words: int, characters: int) -> Text:
    """A foreign text on one line, cut to so many words and characters."""
    seen = shown(text, 4 * characters)
    parts = seen.words.split()
    cut = shown(" ".join(parts[:words]), characters)
    return Text(cut.words, seen.is_cut or cut.is_cut or len(parts) > words, seen.had_hidden)


def name(text: str, words: int = 3, characters: int = 30) -> str:
    """A foreign name on one line; what is left out is marked."""
    cut = few(text, words, characters)
    return f"{cut.words}…" if cut.is_cut else cut.words
