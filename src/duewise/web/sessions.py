"""Who has signed in, kept in memory: a restart signs everybody out, and a stolen file opens nothing."""

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_SECONDS = 12 * 3600
IDLE_SECONDS = 3600
MOST_SESSIONS = 5_000


@dataclass
class _Session:
    name: str
    began: float
    seen: float


class Sessions:
    """Sessions by the hash of their random key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def begin(self, name: str) -> str:
        """Return the key of a new session."""
        key, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._forget_old(now)
            self._sessions[_digest(key)] = _Session(name, now, now)
        return key

    def name_of(self, key: str) -> str | None:
        """Return who has signed in under `key`; None when nobody has, or too long ago."""
        now = self._clock()
        with self._lock:
            session = self._sessions.get(_digest(key))
            if session is None:
                return None
            if _over(session, now):
                del self._sessions[_digest(key)]
                return None
            session.seen = now
            return session.name

    def end(self, key: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(_digest(key), None)

    def _forget_old(self, now: float) -> None:
        self._sessions = {key: one for key, one in self._sessions.items() if not _over(one, now)}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]


class FormKeys:
    """Tokens that a form must bring back, bound to the visitor's cookie and session."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, visitor: str, session: str) -> str:
        """Return the token of a visitor's forms."""
        return hmac.new(self._secret, f"{visitor}\n{session}".encode(), hashlib.sha256).hexdigest()

    def fits(self, token: str, visitor: str, session: str) -> bool:
        """Return whether a form came from a page that was made for this visitor."""
        return bool(visitor) and secrets.compare_digest(token.encode(), self.token(visitor, session).encode())


class Attempts:
    """Failed sign-ins per name and per address within the last minutes."""

    def __init__(
        self, most: int = 8, seconds: float = 300.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._failed: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def exhausted(self, *keys: str) -> bool:
        """Return whether any of `keys` has failed too often."""
        now = self._clock()
        with self._lock:
            return any(len(self._recent(key, now)) >= self._most for key in keys)

    def failed(self, *keys: str) -> None:
        """Remember a failure of each of `keys`."""
        now = self._clock()
        with self._lock:
            for key in keys:
                self._recent(key, now)
                self._failed.setdefault(key, deque(maxlen=self._most)).append(now)
            if len(self._failed) > 10_000:
                self._failed = {key: times for key in list(self._failed) if (times := self._recent(key, now))}

    def _recent(self, key: str, now: float) -> deque[float]:
        times = self._failed.get(key, deque())
        while times and times[0] < now - self._seconds:
            times.popleft()
        if not times:
            self._failed.pop(key, None)
        return times


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _over(session: _Session, now: float) -> bool:
    return now - session.began > LONGEST_SECONDS or now - session.seen > IDLE_SECONDS
