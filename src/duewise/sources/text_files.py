"""Text exports as they come, made plain UTF-8: compressed or not, in any encoding, in bounded memory."""

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError, DataError, DuewiseError
from duewise.sources.files import first_bytes
from duewise.sources.report import SourceFile

_CHUNK = 1 << 22
_GZIP_MAGIC = b"\x1f\x8b"
_DELIMITERS = (",", ";", "\t", "|")
_FALLBACK = "gb18030"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

# A real export shrinks at most some fifty times; a bomb shrinks a thousand times.
_BOMB_RATIO = 200
_BOMB_BYTES = 1 << 30


@dataclass(frozen=True)
class TextFile:
    """A text export that can be read as UTF-8 with one kind of line end.

    Attributes
    ----------
    path : Path
        What to read: the export itself, or a plain copy in the workspace.
    header : tuple of str
        Column names as the export writes them, without surrounding space; empty for an empty file.
    """

    path: Path
    header: tuple[str, ...]
    source: SourceFile

    @property
    def delimiter(self) -> str:
        """What separates fields."""
        return self.source.delimiter or ","


@dataclass
class _Survey:
    """What one pass over the bytes of a file tells."""

    nulls: int = 0
    returns: int = 0
    pairs: int = 0
    lines: int = 0
    mark: bytes = b""
    not_utf8: UnicodeDecodeError | None = None

    @property
    def plain(self) -> bool:
        """Whether lines end in one way and nothing invisible is among them."""
        one_line_end = self.returns in (0, self.pairs) and self.pairs in (0, self.lines)
        return one_line_end and not self.nulls and self.not_utf8 is None


def prepare_text(
    path: Path, table: Table, declared: str | None, known_names: Collection[str], workspace: Path
) -> TextFile:
    """Return the export at `path` as plain UTF-8; a copy is made in `workspace` only where it must be.

    Parameters
    ----------
    declared : str or None
        Encoding that the portfolio file declares; None means UTF-8, else GB18030.
    known_names : collection of str
        Column names that are expected; they help to tell which character separates fields.

    Raises
    ------
    DataError
        When the file is damaged, or is in another encoding than declared.
    ConfigError
        When the declared encoding does not exist.
    """
    compressed = first_bytes(path, 2) == _GZIP_MAGIC
    survey = _survey(path, compressed)
    encoding = _encoding(path, table, declared, survey)
    readable = path
    if compressed or not survey.plain or encoding not in ("utf-8", "utf-8-sig"):
        readable = workspace / f"{table}.utf8.csv"
        _write_plain(path, table, compressed, encoding, readable, declared=declared is not None)
    delimiter, header = _header(readable, path, known_names)
    source = SourceFile(
        path=path,
        sha256=file_hash(path),
        bytes=path.stat().st_size,
        encoding=encoding,
        encoding_guessed=declared is None and encoding == _FALLBACK,
        delimiter=delimiter,
    )
    return TextFile(readable, header, source)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path, compressed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if compressed else path.open("rb")


def _chunks(path: Path, compressed: bool) -> Iterator[bytes]:
    limit = max(_BOMB_BYTES, _BOMB_RATIO * path.stat().st_size)
    done = 0
    try:
        with _opened(path, compressed) as file:
            while chunk := file.read(_CHUNK):
                done += len(chunk)
                if compressed and done > limit:
                    raise DataError(
                        f"{path}: unpacks to more than {limit / 2**30:,.0f} GiB, {_BOMB_RATIO} times its "
                        "size. If that is right, unpack it yourself and name the plain file."
                    )
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip file is cut off or damaged after {done:,} bytes of text ({error}). "
            "Copy or export it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error}). Check the file and its permissions.") from error


def _survey(path: Path, compressed: bool) -> _Survey:
    survey = _Survey()
    decoder = codecs.getincrementaldecoder("utf-8")()
    ended_in_return = False
    for chunk in _chunks(path, compressed):
        survey.mark = survey.mark or chunk[:3]
        survey.nulls += chunk.count(b"\0")
        survey.lines += chunk.count(b"\n")
        survey.returns += chunk.count(b"\r")
        survey.pairs += chunk.count(b"\r\n") + (ended_in_return and chunk[:1] == b"\n")
        ended_in_return = chunk.endswith(b"\r")
        if survey.not_utf8 is None:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                survey.not_utf8 = error
    if survey.not_utf8 is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            survey.not_utf8 = error
    return survey


def _encoding(path: Path, table: Table, declared: str | None, survey: _Survey) -> str:
    if declared is not None:
        try:
            "".encode(declared)
            return codecs.lookup(declared).name
        except (LookupError, ValueError) as error:
            raise ConfigError(
                f"mapping.{table}.encoding: no encoding is called `{declared}`. "
                "Write e.g. utf-8, gb18030, utf-16 or latin-1."
            ) from error
    for mark, encoding in _MARKS.items():
        if survey.mark.startswith(mark):
            return encoding
    if survey.not_utf8 is None:
        return "utf-8"
    if _mostly_utf8(survey.not_utf8):
        raise DataError(
            f"{path}: looks like UTF-8 but is damaged: {_byte_sentence(survey.not_utf8)}. "
            f"Export it again, or declare its encoding under mapping.{table}.encoding."
        )
    return _FALLBACK


def _mostly_utf8(error: UnicodeDecodeError) -> bool:
    """Tell a damaged UTF-8 file from one in another encoding by the letters around the first fault."""
    window = bytes(error.object[max(0, error.start - 65536) : error.start + 65536])
    text = window.decode("utf-8", errors="replace")
    faults = text.count("\N{REPLACEMENT CHARACTER}")
    letters = sum(letter > "\x7f" for letter in text) - faults
    return letters > 10 * faults


def _byte_sentence(error: UnicodeDecodeError) -> str:
    found = bytes(error.object[error.start : error.start + 1]).hex() or "nothing more"
    return f"byte 0x{found} cannot stand where it stands ({error.reason})"


def _write_plain(
    path: Path, table: Table, compressed: bool, encoding: str, target: Path, *, declared: bool
) -> None:
    """Write the text as UTF-8 with `\\n` line ends, without null characters and byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)()
    held = ""
    line = 1
    only_returns = None
    try:
        with target.open("w", encoding="utf-8", newline="") as out:
            for chunk in _chunks(path, compressed):
                text = held + decoder.decode(chunk)
                # A trailing return may be half of a pair: it waits for the next chunk.
                held = text[-1:] if text.endswith("\r") else ""
                text = text[: len(text) - len(held)].replace("\0", "").replace("\r\n", "\n")
                if only_returns is None:
                    text = text.removeprefix("\ufeff")
                    only_returns = "\n" not in text
                # Lone returns end lines in files of old, and are part of a field in all others.
                text = text.replace("\r", "\n" if only_returns else " ")
                line += text.count("\n")
                out.write(text)
            out.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        how = f"declared as {encoding}" if declared else "neither UTF-8 nor GB18030"
        line += bytes(error.object[: error.start]).count(b"\n")
        raise DataError(
            f"{path}: is {how}, but near line {line:,} {_byte_sentence(error)}. "
            f"Write the encoding of the export under mapping.{table}.encoding, e.g. "
            f"{'utf-8' if encoding == _FALLBACK else _FALLBACK}."
        ) from error
    except OSError as error:
        raise DuewiseError(f"{target}: the working copy cannot be written ({error.strerror}).") from error


def _header(readable: Path, path: Path, known_names: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter and the column names: the delimiter that yields most expected names wins."""
    with readable.open("r", encoding="utf-8-sig", newline="") as file:
        start = file.read(1 << 18)
    if not start.strip():
        return ",", ()
    best: tuple[tuple[int, int], str, tuple[str, ...]] | None = None
    for delimiter in _DELIMITERS:
        try:
            names = tuple(
                name.strip() for name in next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter))
            )
        except csv.Error as error:
            raise DataError(f"{path}: its first row is not a row of column names ({error}).") from error
        score = (len(set(names) & set(known_names)), len(names))
        if best is None or score > best[0]:
            best = (score, delimiter, names)
    assert best is not None
    return best[1], best[2]
