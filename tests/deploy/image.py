"""An image without a container engine: what a Dockerfile says, done line by line in a directory.

A stage's directory stands for its file system: paths of the image are looked for below it, a Python base
is a new virtual environment at /usr/local, and programs of the base are those of this machine.
"""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.deploy.recipe import Stage, is_ignored, stages
from tests.support.processes import ROOT, Started, running

OWNER = re.compile(r" -[og] [0-9]+(?= )")
# Of this machine's environment: where packages are to be had, and no setting of the dashboard.
OF_PACKAGES = re.compile(r"HOME|LANG|(PIP|NPM|HTTPS?|ALL|NO)_\w+", re.IGNORECASE)
# Nothing but the data may be written to, not even what everybody may write to elsewhere.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
MAY_READ = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@dataclass(slots=True)
class Image:
    """A stage that was built: `root` is its file system."""

    stage: Stage
    root: Path
    working: PurePosixPath = field(default=PurePosixPath("/"))
    environment: dict[str, str] = field(default_factory=dict)

    def path(self, path: str) -> Path:
        """Where a path of the image is."""
        return self.root / (self.working / path).relative_to("/")

    def here(self, text: str) -> str:
        """A text with the image's own folders as they are found here."""
        return self._folders().sub(lambda found: f"{self.root}{found[0]}", text)

    def run(self, command: str) -> None:
        """Do what a RUN says. Raises AssertionError, showing the output, where it fails."""
        may_give_away = os.geteuid() == 0
        text = self.here(command if may_give_away else OWNER.sub("", command))
        done = subprocess.run(
            ["/bin/sh", "-ec", text],
            cwd=self.path("."),
            env=self.variables({}),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"RUN {command}\n{done.stdout}{done.stderr}"

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a program in it."""
        outside = {name: value for name, value in os.environ.items() if OF_PACKAGES.fullmatch(name)}
        path = f"{self.root}/usr/local/bin:{os.environ['PATH']}"
        return outside | {"PATH": path} | self.environment | dict(more)

    @contextmanager
    def running(self, ready: str, more: Mapping[str, str]) -> Iterator[Started]:
        """Run its CMD as its USER, with these settings, until the end; see `processes.running`."""
        command = [*self.as_its_user(), *self.stage.step("CMD").command()]
        with running(command, ready, environment=self.variables(more), directory=self.path(".")) as started:
            yield started

    def output(self, command: list[str], more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """What a command in it, run as its USER, says."""
        return subprocess.run(
            [*self.as_its_user(), *command],
            cwd=self.path("."),
            env=self.variables(more),
            capture_output=True,
            text=True,
        )

    def as_its_user(self) -> list[str]:
        """What stands before a command that is to run as its USER, and where that can be made so, read-only.

        Whoever is not root is an ordinary user already.
        """
        if os.geteuid() != 0:
            return []
        user, _, group = self.stage.step("USER").rest.partition(":")
        become = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        if not _is_reachable(Path(sys.base_prefix)):
            # This machine's Python is in root's own folder: it may be read, and still nothing written.
            become += MAY_READ
        return [*self._read_only(), *become]

    def _read_only(self) -> list[str]:
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            return []
        data = self.path(self.stage.step("VOLUME").rest)
        return ["unshare", "--mount", "sh", "-ec", READ_ONLY, str(data)]

    def _folders(self) -> re.Pattern[str]:
        named = [step.words()[-1] for step in self.stage.steps if step.word in ("WORKDIR", "VOLUME")]
        return re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, named))})(?![\w.-])")


def _is_reachable(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def build(dockerfile: str, directory: Path) -> Image:
    """The last stage, with a file system below `directory` that nobody may write to but for its data.

    Raises FileNotFoundError where a file that it copies is not there, AssertionError where a command fails.
    """
    built: dict[str, Image] = {}
    image = None
    for number, stage in enumerate(stages(dockerfile)):
        image = built[stage.name] = Image(stage, directory / f"{number}-{stage.name or 'last'}")
        _begin(image)
        _follow(image, built)
    assert image is not None
    _lock(image)
    return image


def _begin(image: Image) -> None:
    image.root.mkdir()
    if image.stage.base.startswith("python:"):
        venv.create(image.root / "usr" / "local", with_pip=True)


def _follow(image: Image, built: Mapping[str, Image]) -> None:
    for step in image.stage.steps:
        if step.word == "WORKDIR":
            image.working /= step.rest
            image.path(".").mkdir(parents=True, exist_ok=True)
        elif step.word == "ENV":
            set_to = dict(word.split("=", 1) for word in step.words())
            image.environment |= {name: image.here(value) for name, value in set_to.items()}
        elif step.word == "RUN":
            image.run(step.rest)
        elif step.word == "COPY":
            _copy(image, step.words(), built)
        else:
            assert step.word in ("USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"), step


def _copy(image: Image, words: list[str], built: Mapping[str, Image]) -> None:
    options = [word for word in words if word.startswith("--")]
    *sources, target = (word for word in words if word not in options)
    for source in sources:
        if options:
            (stage,) = (option.removeprefix("--from=") for option in options)
            _put(built[stage].path(source), image.path(target))
        else:
            _put(ROOT / source, image.path(target), (ROOT / ".dockerignore").read_text())


def _put(source: Path, target: Path, ignored: str = "") -> None:
    """As COPY does: a file goes into a folder, and of a folder what is in it."""
    files = [source] if source.is_file() else sorted(each for each in source.rglob("*") if each.is_file())
    wanted = [file for file in files if not is_ignored(_in_context(file), ignored)]
    if not wanted:
        raise FileNotFoundError(f"COPY finds nothing at {source}")
    for file in wanted:
        place = target / (file.name if source.is_file() else file.relative_to(source))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)


def _in_context(file: Path) -> PurePosixPath:
    return PurePosixPath(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.relative_to("/"))


def _lock(image: Image) -> None:
    """Take from everybody the right to write, but for the data."""
    data = image.path(image.stage.step("VOLUME").rest)
    for each in (image.root, *image.root.rglob("*")):
        if not each.is_symlink() and not each.is_relative_to(data):
            each.chmod(each.stat().st_mode & ~0o222)


def unlock(directory: Path) -> None:
    """Give it back, so that all of this can be removed."""
    for folder in (directory, *(each for each in directory.rglob("*") if each.is_dir())):
        folder.chmod(folder.stat().st_mode | 0o700)
