"""A Dockerfile and a .dockerignore, read. Knows nothing of what they say."""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)
CONTINUED = re.compile(r"\\\n\s*")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its word, such as RUN, and what comes after it, on one line."""

    word: str
    rest: str

    def words(self) -> list[str]:
        """What comes after it, in words as a shell has them."""
        return shlex.split(self.rest)

    def command(self) -> list[str]:
        """The command of a CMD, or of a HEALTHCHECK, in the form that needs no shell."""
        command: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return command


@dataclass(frozen=True, slots=True)
class Stage:
    """What is built on one base: `python:3.11-slim`, say."""

    base: str
    name: str
    steps: Sequence[Step]

    def step(self, word: str) -> Step:
        """The one instruction with this word. Raises ValueError where there is none, or more than one."""
        (found,) = [step for step in self.steps if step.word == word]
        return found


def stages(dockerfile: str) -> list[Stage]:
    """The stages, in order. Raises ValueError for what comes before the first FROM."""
    lines = CONTINUED.sub(" ", COMMENT.sub("", dockerfile)).splitlines()
    found: list[tuple[Step, list[Step]]] = []
    for word, _, rest in (line.partition(" ") for line in lines if line.strip()):
        if word == "FROM":
            found.append((Step(word, rest), []))
        elif not found:
            raise ValueError(f"{word} comes before FROM")
        else:
            found[-1][1].append(Step(word, rest))
    return [_stage(begin, steps) for begin, steps in found]


def _stage(begin: Step, steps: Sequence[Step]) -> Stage:
    base, *named = begin.words()
    return Stage(base, named[-1] if named else "", steps)


def is_ignored(path: PurePosixPath, dockerignore: str) -> bool:
    """Whether a path of the context is withheld from COPY. The last pattern that fits decides."""
    ignored = False
    for line in COMMENT.sub("", dockerignore).split():
        pattern = _pattern(line.removeprefix("!"))
        if any(pattern.fullmatch(str(part)) for part in (path, *path.parents)):
            ignored = not line.startswith("!")
    return ignored


def _pattern(line: str) -> re.Pattern[str]:
    escaped = re.escape(line.strip("/"))
    return re.compile(escaped.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*"))
