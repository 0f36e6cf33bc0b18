"""Keeps the time of a script, and ends the process where the script cannot be stopped.

A script stops where it enters the host or the hook. Neither happens inside a search for a Lua pattern or a long
calculation on voxels; what goes on there after the time limit, or after Ctrl-C, ends with the process. Files are
renamed when they are whole and repositories keep their index in SQLite: neither is left half written.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Self

from vqscript.errors import Aborted
from vqscript.host.limits import Limits, duration_text

EXIT_WATCHDOG = 125

GRACE = 3.0
"""Seconds from the moment a script is told to stop until the process is ended."""

LAST_RESORT = 10.0
"""Further seconds for this watchdog to run at all: a call that holds the interpreter's lock keeps it waiting."""

Place = Callable[[], str]

_Inbox = SimpleQueue[Callable[[], None]]

_idle: SimpleQueue[_Inbox] = SimpleQueue()
"""Threads that have nothing to do. Where all processors are busy, to start one takes longer than many a script."""


def _beside(work: Callable[[], None]) -> None:
    """Have something done in a thread of its own, one that is there already if possible."""
    try:
        inbox = _idle.get_nowait()
    except Empty:
        inbox = SimpleQueue()
        threading.Thread(target=_serve, args=(inbox,), name="vqscript-watchdog", daemon=True).start()
    inbox.put(work)


def _serve(inbox: _Inbox) -> None:
    while True:
        inbox.get()()
        _idle.put(inbox)


class Watchdog:
    """Watches one run of a script, from its own threads, while the ``with`` block lasts.

    Parameters
    ----------
    limits : Limits
        Their time.
    stop : callable
        Told why the script has to stop; called at the time limit.
    where : callable
        Says where the script was seen last, "" if that is not known.
    ends_process : bool
        Whether a script that does not stop is ended with the process; Ctrl-C counts then, too, and the block has to
        be entered in the main thread.
    presses : int
        How many times Ctrl-C has to be pressed to end the process; before the last time it is said how many.
    """

    def __init__(
        self,
        limits: Limits,
        stop: Callable[[Aborted], None],
        where: Place,
        *,
        ends_process: bool = False,
        presses: int = 1,
    ) -> None:
        self._limits = limits
        self._stop = stop
        self._where = where
        self._ends_process = ends_process
        self._presses = presses
        self._changed = threading.Condition()
        self._over = False
        self._deadline: float | None = None  # of the script; None while it waits for a person, or has no limit
        self._left = limits.time  # seconds, while there is no deadline
        self._end: float | None = None  # of the process
        self._reminder: float | None = None  # when to say that Ctrl-C was heard
        self._why = ""
        self._main = threading.get_ident()
        self._bell: tuple[int, int] | None = None  # a pipe that Ctrl-C writes to
        self._before = -1

    def __enter__(self) -> Self:
        if self._ends_process:
            self._bell = os.pipe()
            if hasattr(os, "set_blocking"):  # Windows has it from Python 3.12 on, and does not ask for it here
                os.set_blocking(self._bell[1], False)
            # Python's own handler runs between two steps of Python only; this byte is written at once.
            self._before = signal.set_wakeup_fd(self._bell[1], warn_on_full_buffer=False)
            _beside(partial(self._listen, self._bell[0]))
        self._go_on()
        _beside(self._watch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._ends_process and self._limits.time is not None:
            faulthandler.cancel_dump_traceback_later()
        if self._bell is not None:
            signal.set_wakeup_fd(self._before)
            os.write(self._bell[1], b"\0")  # the listener closes the pipe: it may still be reading

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Stop the clock while the script waits for a person."""
        with self._changed:
            if self._deadline is not None:
                self._left = max(0.0, self._deadline - time.monotonic())
                self._deadline = None
            self._changed.notify()
        if self._ends_process and self._limits.time is not None:
            faulthandler.cancel_dump_traceback_later()
        try:
            yield
        finally:
            self._go_on()

    def _go_on(self) -> None:
        if self._left is None:
            return
        with self._changed:
            self._deadline = time.monotonic() + self._left
            self._changed.notify()
        if self._ends_process:
            faulthandler.dump_traceback_later(self._left + GRACE + LAST_RESORT, exit=True, file=2)

    def _listen(self, reading: int) -> None:
        """Take note of Ctrl-C, until the block is left."""
        while True:
            rung = os.read(reading, 64)
            self._presses -= rung.count(signal.SIGINT)
            if signal.SIGINT in rung:
                self._doom("after Ctrl-C", ends=self._presses <= 0)
            if not rung or 0 in rung:
                break
        assert self._bell is not None
        for end in self._bell:
            os.close(end)

    def _doom(self, why: str, *, ends: bool = True) -> None:
        with self._changed:
            if self._end is None and self._ends_process and ends:
                self._end, self._why = time.monotonic() + GRACE, why
            elif not ends:
                self._reminder = time.monotonic() + GRACE
            self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                times = [each for each in (self._deadline, self._end, self._reminder) if each is not None]
                if not self._over and (not times or min(times) > now):
                    self._changed.wait(min(times) - now if times else None)
                    continue
                if self._over:
                    return
                late = self._deadline is not None and self._deadline <= now
                ended = self._end is not None and self._end <= now
                if self._reminder is not None and self._reminder <= now:
                    self._reminder = None
                    os.write(2, b"still busy, stops when this call ends; Ctrl-C again ends the session\n")
                if late:
                    self._deadline = self._left = None
            if late:
                self._stop(self._limits.out_of_time())
                self._doom(f"at its time limit of {duration_text(self._limits.time or 0)}")
            if ended:
                self._end_process()

    def _end_process(self) -> None:
        place = self._where()
        message = f"vqscript: the script did not stop {self._why}, so the process was ended"
        message += f"\n    last seen at {place}" if place else ""
        call = self._call()
        message += f"\n    in {call}" if call else ""
        # Whoever holds the lock of a stream may be what hangs: the message goes past it, and the rest gets a moment.
        os.write(2, f"{message}\n".encode())
        flushing = threading.Thread(target=sys.stdout.flush, daemon=True)
        flushing.start()
        flushing.join(1.0)
        os._exit(EXIT_WATCHDOG)

    def _call(self) -> str:
        """Return the method of the host that the script is in, "" if it is in none."""
        frame: FrameType | None = sys._current_frames().get(self._main)
        while frame is not None:
            if frame.f_code.co_name.startswith("border_"):
                return str(getattr(frame.f_locals.get("method"), "__qualname__", ""))
            frame = frame.f_back
        return ""
