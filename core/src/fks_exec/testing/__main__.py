# SPDX-License-Identifier: MIT
"""``python -m fks_exec.testing``: the suite on a venue (``--venue MODULE:NAME``), or the simulated venue (``FOLDER``)."""

import sys


def main(words: list[str]) -> int:
    """Which of the two it is stands in the first argument."""
    if words and not words[0].startswith("-") and not any(word.split("=")[0] == "--venue" for word in words):
        from .faulty.command import main as serve

        return serve(words)
    from .command import main as try_venue

    return try_venue(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
