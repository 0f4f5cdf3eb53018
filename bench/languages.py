"""How well languages are told apart, and how fast.

    python bench/languages.py FOLDER

FOLDER holds texts as CSV with the column text, those of several languages with lang too; the files named below are read
if they are there. Needs the extra `languages`. A text with fewer than 25 letters is not judged, and read as English;
"right" is of those judged, "of all" counts what was not judged as wrong, "kept" counts it as English. The team reads
the seven languages of the tweets; where it says so, English alone.
"""

import csv
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from handlers.rules.detection import COMMON, UNKNOWN, Languages, Tongue, can_judge
from handlers.rules.languages import name_of

SEVEN = ("en", "ar", "de", "es", "fr", "it", "pt")
CODES = {name_of(code).lower(): code for code in COMMON}


def read(path: Path) -> list[tuple[str, str]]:
    """(code, text) of every row whose language is told apart; English where the file names none."""
    with path.open(encoding="utf-8", newline="") as lines:
        told = [(row.get("lang", "en"), row["text"]) for row in csv.DictReader(lines)]
    known = [(CODES.get(lang, lang), text) for lang, text in told]
    return [(code, text) for code, text in known if code in COMMON]


def judge(languages: Languages, texts: list[str]) -> list[Tongue]:
    return [languages.of("", text) for text in texts]


def show(name: str, rows: list[tuple[str, str]], languages: Languages) -> None:
    found = judge(languages, [text for _, text in rows])
    judged = [(code, one.code) for (code, _), one in zip(rows, found, strict=True) if one != UNKNOWN]
    right = sum(code == one for code, one in judged)
    print(
        f"{name:<24}{len(rows):>8,}{100 * len(judged) / len(rows):>10.1f}{100 * right / max(1, len(judged)):>9.2f}"
        f"{100 * right / len(rows):>9.2f}   {mistakes(judged)}"
    )


def mistakes(judged: list[tuple[str, str]]) -> str:
    wrong = Counter(f"{code}>{one or '?'} {count}" for (code, one), count in Counter(judged).items() if code != one)
    ranked = sorted(wrong, key=lambda words: -int(words.rpartition(" ")[2]))
    return ", ".join(ranked[:3])


def kept(name: str, rows: list[tuple[str, str]], languages: Languages) -> None:
    found = judge(languages, [text for _, text in rows])
    english = sum(one.code in ("", "en") for one in found)
    print(f"{name:<24}{len(rows):>8,}{100 * english / len(rows):>10.2f} kept as English")


def speed(rows: list[tuple[str, str]]) -> None:
    texts = [text for _, text in rows]
    for name, languages in (
        ("not asked for", Languages()),
        ("one language", Languages(["en"])),
        ("seven", Languages(SEVEN)),
    ):
        languages.of("", texts[0])
        started = time.process_time()
        judge(languages, texts)
        print(f"  {name:<22}{(time.process_time() - started) / len(texts) * 1e6:>8.1f} us a text")


def main() -> None:
    folder = Path(sys.argv[1])
    started = time.process_time()
    if not can_judge(SEVEN):
        sys.exit("the extra is missing: pip install 'py3langid>=0.4,<0.5'")
    print(f"loaded in {time.process_time() - started:.1f} s")
    languages = Languages(SEVEN)
    print(f"\n{'':<24}{'texts':>8}{'judged %':>10}{'right':>9}{'of all':>9}   most often taken for another")
    tweets = read(folder / "umsab.csv")
    show("umsab without Hindi", [(code, text) for code, text in tweets if code != "hi"], languages)
    for code in SEVEN:
        show(f"  {name_of(code)}", [(one, text) for one, text in tweets if one == code], languages)
    show("xed, common languages", read(folder / "xed_langs.csv"), languages)
    print()
    for name in ("airline", "sentiment140_test", "review_sentences", "goemotions_reddit"):
        if (folder / f"{name}.csv").exists():
            kept(name, read(folder / f"{name}.csv"), languages)
    airline = read(folder / "airline.csv")
    kept("airline, English alone", airline, Languages(["en"]))
    print("\nCPU time, texts of airline")
    speed(airline)


if __name__ == "__main__":
    main()
