"""The cases beside a case: what the brand's others of the same day say."""

from datetime import timedelta

from storage.behind import NOT_ITS_WORTH
from storage.engine import Engine
from storage.types import Case, to_text

DAY = timedelta(hours=24)
_MOST = 300  # cases that are looked at, the newest
_MARKS = ", ".join("?" * len(NOT_ITS_WORTH))


class Neighbours:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def before(self, case: Case) -> list[tuple[int, str]]:
        """Number and words of the brand's cases that were opened in the 24 h before a case, the newest first.

        Without those that were not worth their while, and those whose words the author has deleted.
        """
        rows = self._engine.rows(
            "select c.id, m.title, m.text from cases c join mentions m on m.id = c.mention_id"
            " where c.opened_at >= ? and c.opened_at <= ? and c.brand = ? and c.id < ? and m.gone_at is null"
            f" and (c.resolution is null or c.resolution not in ({_MARKS}))"
            " order by c.opened_at desc limit ?",
            (to_text(case.opened_at - DAY), to_text(case.opened_at), case.brand, case.id, *NOT_ITS_WORTH, _MOST),
        )
        return sorted(((row["id"], f"{row['title']}\n{row['text']}") for row in rows), reverse=True)
