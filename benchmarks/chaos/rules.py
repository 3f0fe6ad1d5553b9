"""What a campaign asserts."""

from enum import StrEnum
from typing import NamedTuple


class Rule(StrEnum):
    """Each says what there must be none of."""

    LOST = "requests lost"
    REST = "jobs that come to no end"
    TRANSITION = "transitions that the rules do not allow"
    TWO_RUNNING = "jobs that ran beside another one of their project"
    TWICE = "jobs completed twice"
    PUBLISHED_TWICE = "jobs that published twice"
    RESULT = "results without their job"
    EFFECT = "effects that do not fit their job"
    CANCELLED = "jobs cancelled that nobody cancelled"
    STUCK = "projects that cannot be indexed afterwards"
    LEFT = "runs, rows and files left over"
    STRAY = "stray processes"
    BUG = "bugs, and workers that ended by themselves"


class Broken(NamedTuple):
    """A rule that does not hold: where, and what was found there."""

    rule: Rule
    text: str
