# SPDX-License-Identifier: MIT
"""When the state is written, and when what it says may be told: at once, or by a thread that waits for the disk."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from attrs import field, frozen

from .journal import Journal

log: logging.Logger = logging.getLogger(__name__)

Work = Callable[[], None]


class Writer(Protocol):
    """Runs the writes in order; ``tell`` only after what it tells is written.

    Attributes:
        failure: why nothing can be written any more; empty while all is well.
    """

    failure: str

    def write(self, work: Work, tell: Work) -> Future[None] | None:
        """Do the work; None: it is done."""

    def close(self) -> None:
        """Finish what was begun."""


class AtOnce:
    """Writes in the caller's thread, a few microseconds, without waiting for the disk."""

    def __init__(self) -> None:
        self.failure: str = ""

    def write(self, work: Work, tell: Work) -> None:
        """Do the work.

        Raises:
            OSError: it is not written, or in part.
        """
        try:
            work()
        except OSError as error:
            self.failure = str(error)
            raise
        tell()

    def close(self) -> None:
        """Nothing is left to do."""


@frozen
class _Job:
    work: Work
    tell: Work
    done: Future[None] = field(factory=Future)


class Grouped:
    """Writes in a thread of its own: all that waits, then one wait for the disk for all of it.

    Args:
        journal: what is waited for.
    """

    def __init__(self, journal: Journal) -> None:
        self.failure: str = ""
        self._journal = journal
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="paper state", daemon=True)
        self._thread.start()

    def write(self, work: Work, tell: Work) -> Future[None]:
        """Queue the work; the future ends when the disk has it, with OSError when it has not."""
        job = _Job(work, tell)
        self._jobs.put(job)
        return job.done

    def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._jobs.get()]
            while not self._jobs.empty():
                batch.append(self._jobs.get())
            going = None not in batch
            jobs = [job for job in batch if job is not None]
            error = self._write(jobs)
            for job in jobs:
                _finish(job, error)

    def _write(self, jobs: list[_Job]) -> OSError | None:
        if self.failure:
            return OSError(self.failure)
        try:
            for job in jobs:
                job.work()
            self._journal.sync()
        except OSError as error:
            self.failure = str(error)
            return error
        return None


def _finish(job: _Job, error: OSError | None) -> None:
    if error is not None:
        job.done.set_exception(error)
        return
    job.tell()
    job.done.set_result(None)
