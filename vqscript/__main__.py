"""``python -m vqscript`` is the command ``vqscript``."""

import sys

from vqscript.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
