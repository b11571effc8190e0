"""The latest answers, kept while there is room: pages of a night are asked for again and again."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """At most `most` answers by what was asked; the longest unused one goes first. Safe for threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, asked: Hashable) -> Answer | None:
        """Return the answer; None when it is not remembered."""
        with self._lock:
            if asked not in self._answers:
                return None
            self._answers.move_to_end(asked)
            return self._answers[asked]

    def put(self, asked: Hashable, answer: Answer) -> None:
        """Remember an answer."""
        with self._lock:
            self._answers[asked] = answer
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)
