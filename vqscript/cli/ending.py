"""How long-running commands are told to end."""

from __future__ import annotations

import signal
import threading


def end_as_by_ctrl_c() -> None:
    """Have SIGTERM (from ``kill``, a service manager, a cluster at the end of a job's time) do what Ctrl-C does."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
