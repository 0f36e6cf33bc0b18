"""How a batch is run, whatever it computes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How a batch is run.

    Attributes
    ----------
    filters : str
        As :func:`~vqscript.batch.plan.where` reads them.
    fresh : bool
        Whether to forget earlier results.
    jobs : int
        How many worker processes, 0 for one per processor; with a scheduler, how many tasks it gets at a time, 0 for
        all.
    scheduler : str
        Address of a Dask scheduler; "" for processes of this machine.
    parquet : bool
        Whether to write ``results.parquet`` as well.
    """

    filters: str = ""
    fresh: bool = False
    jobs: int = 0
    scheduler: str = ""
    parquet: bool = False
