"""The policy in force: what the file says, the people whom chats add to it, and what the team's decisions taught."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from handlers.context import Brain, think
from handlers.rules.learning import Lessons
from handlers.rules.policy import Policy
from handlers.rules.roster import Person, with_people
from storage.links import Link


class Team:
    """`brain` is replaced whole whenever the file, the people or the lessons change.

    Raises QueryError for a query of no sense.
    """

    def __init__(self, policy: Policy) -> None:
        self.brain = think(policy)
        self._written = policy
        self._people: dict[str, tuple[Person, ...]] = {}  # by chat
        self._doubtful: frozenset[str] = frozenset()  # chats whose groups could not be read
        self._links: tuple[Link, ...] = ()

    @property
    def policy(self) -> Policy:
        return self.brain.policy

    def go_by(self, policy: Policy, brain: Brain) -> None:
        """The file was read again; `brain` was thought from it."""
        self._written, self.brain = policy, replace(brain, lessons=self.brain.lessons)
        self._merge()

    def go_by_lessons(self, lessons: Lessons) -> None:
        """What the team's decisions have taught, in the place of what that was before."""
        self.brain = replace(self.brain, lessons=lessons)

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        """What a chat knows of its people, in the place of what it knew before."""
        self._people[chat] = tuple(one for one in people if one.chat == chat)
        self._doubtful = self._doubtful - {chat} if groups_are_known else self._doubtful | {chat}
        self._merge()

    def go_by_links(self, links: Iterable[Link]) -> None:
        """Which accounts are one person by her own word, in the place of what was said before."""
        self._links = tuple(links)
        self._merge()

    def _merge(self) -> None:
        people = [person for chat in self._people.values() for person in chat]
        merged = with_people(self._written, people, doubtful=self._doubtful, links=self._links)
        if merged != self.brain.policy:
            self.brain = replace(self.brain, policy=merged)
