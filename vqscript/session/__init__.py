"""The state a script works on, and its operators; also the Python API.

>>> from vqscript import Session
>>> session = Session()
>>> len(session.inputs)
0
"""

from vqscript.session.session import Session as Session

__all__ = ["Session"]
