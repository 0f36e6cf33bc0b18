"""A transaction of SQLite that several processes may want at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit what the block does, or nothing of it; the connection begins no transactions by itself."""
    # IMMEDIATE waits for another writer now, not in the middle, where SQLite would refuse instead.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
