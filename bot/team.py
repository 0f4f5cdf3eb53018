"""The policy in force: what the file says, the people whom chats add to it, and what the team's decisions taught."""

from collections.abc import Sequence
from dataclasses import replace

from handlers.context import Brain, think
from handlers.rules.learning import Lessons
from handlers.rules.policy import Policy
from handlers.rules.roster import Person, with_people


class Team:
    """`brain` is replaced whole whenever the file, the people or the lessons change.

    Raises QueryError for a query of no sense.
    """

    def __init__(self, policy: Policy) -> None:
        self.brain = think(policy)
        self._written = policy
        self._people: tuple[Person, ...] = ()
        self._groups_are_known = True

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

    def meet(self, people: Sequence[Person], *, groups_are_known: bool) -> None:
        """What a chat knows of its people, in the place of what it knew before."""
        self._people, self._groups_are_known = tuple(people), groups_are_known
        self._merge()

    def _merge(self) -> None:
        merged = with_people(self._written, self._people, groups_are_known=self._groups_are_known)
        if merged != self.brain.policy:
            self.brain = replace(self.brain, policy=merged)
