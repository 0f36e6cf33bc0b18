"""A session with its repository behind the ledger, and a runtime with the script: what a worker works with."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vqscript.batch import fingerprint
from vqscript.batch.ledger import Ledger
from vqscript.batch.log import LogInteraction
from vqscript.batch.sent import sent_of
from vqscript.batch.task import Job, Task
from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.host.runtime import Runtime
    from vqscript.repository.base import Repository
    from vqscript.session import Session


CHANGED = "changed while it was read"
"""In place of the hash of a file; no file has it, so that the next run does the study again."""


class Opened:
    """A context: on entering, the script has run from top to bottom and its ``setup`` was called.

    Parameters
    ----------
    job : Job
    output : Path
        What the script knows as ``VQ.output``.
    interaction : LogInteraction
    batch : mapping
        What ``setup``, ``process`` and ``summary`` get: ``index size last args``.
    """

    def __init__(self, job: Job, output: Path, interaction: LogInteraction, batch: Mapping[str, Any]) -> None:
        self._job = job
        self._output = output
        self._interaction = interaction
        self._batch = dict(batch)
        self._began = time.time()
        self.sent = sent_of(job)
        self.session: Session
        self.runtime: Runtime
        self._ready = False  # session and runtime are there

    def __enter__(self) -> Opened:
        from vqscript import config
        from vqscript.host.permits import make_gate
        from vqscript.host.runtime import Runtime
        from vqscript.session import Session
        from vqscript.vq.root import VQ

        job = self._job
        settings = config.load(job.config)
        gate = make_gate(
            self._output,
            job.script.parent,
            settings,
            repositories=[job.repo],
            allow_read=map(Path, job.read),
            allow_write=map(Path, job.write),
            allow_net=job.net,
        )
        self.session = Session(
            output=self._output,
            creator=job.user,
            interaction=self._interaction,
            config=settings,
            permissions=gate,
            view=lambda repository: Ledger(repository, self.sent, job.run_id, self._output),
        )
        try:
            args = {**job.args, "repo": job.repo, "project": job.project}
            self.runtime = Runtime(VQ(self.session), gate, args=args, write=self._interaction.write, limits=job.limits)
            self._ready = True
            with self._limited():
                self.runtime.run_file(job.script)
                if not self.runtime.defines("process"):
                    raise no_process(job.script)
                if self.runtime.defines("setup"):
                    self.runtime.call("setup", self._batch)
        except BaseException:
            self.session.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    @property
    def repository(self) -> Repository:
        """The repository of the batch, as the script sees it."""
        return self.session.repository(self._job.repo)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the script with arguments and ``batch``; returns its first result as a plain value."""
        with self._limited():
            returned = self.runtime.call(name, *arguments, self._batch)
        return returned[0] if returned else None

    def _limited(self) -> AbstractContextManager[None]:
        """Hold the script to its time; a worker that is no main thread of its process cannot end it."""
        main = threading.current_thread() is threading.main_thread()
        return self.runtime.ending_the_process() if main else nullcontext()

    def repo(self) -> Any:
        """Return the object that ``process`` gets first."""
        return self.runtime.from_module("ipacs", "iPACS", self._job.repo, self._job.project)

    def sources(self) -> dict[str, str]:
        """Return path -> hash of the script and of every file or folder that it included or read.

        What a repository holds is left out: it counts by its instances. The hash of what changed after the script
        had begun is :data:`CHANGED`, for nobody knows which of both it read.
        """
        from vqscript.host.gate import repository_of

        if not self._ready:
            return {}
        files = {path for path in self.session.files if not repository_of(path)}
        return {str(path): self._hash(path) for path in sorted({*self.runtime.files, *self.session.texts, *files})}

    def _hash(self, path: Path) -> str:
        mine = path.is_relative_to(self._output)
        try:
            changed = not mine and path.stat().st_mtime > self._began
        except FileNotFoundError:
            changed = not mine
        return CHANGED if changed else fingerprint.of_path(path)

    def others(self, task: Task) -> dict[str, str]:
        """Return UID -> hash of the studies that the script looked into beside those of its task."""
        repository = self.repository
        if not isinstance(repository, Ledger):
            return {}
        own = {study["StudyInstanceUID"] for study in task.studies}
        return {uid: fingerprint.of_study(repository, uid, self.sent) for uid in sorted(repository.looked_into - own)}

    def trace(self) -> list[dict[str, Any]]:
        """Return what was loaded, for tracing a number back."""
        return [origin.record() for origin in self.session.origins] if self._ready else []


def no_process(script: Path) -> UsageError:
    """Return the error of a script that is none for a batch."""
    return UsageError(
        f"{script} defines no function process(repo, study, batch)",
        hint=f"a script that goes through the studies itself runs with: vqscript run {script}",
        path=script,
    )
