"""One picture made smaller, in a process of its own: `python -I -m … original side target` prints its size as JSON.

Upright, in sRGB, as WebP, its long side at most that many pixels, and never larger than it was.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from headwaters.adapters.media.pictures import encode_shrunk
from headwaters.core.errors import Refused


def main(original: str, side: str, target: str) -> int:
    """The exit code; what is wrong is said on standard error."""
    try:
        picture = encode_shrunk(Path(original), int(side))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    Path(target).write_bytes(picture.data)
    print(json.dumps([picture.width, picture.height]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
