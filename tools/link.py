"""Make `import gezhi` and the command `gezhi` work from this checkout, without building anything.

`pip install -e .` would fetch a build backend that the lock file does not pin.
"""

import stat
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = f"""#!{sys.executable}
import sys
from gezhi.interfaces.commands.main import main
if __name__ == "__main__":  # a crew of processes reads this file again, and must not begin again
    sys.exit(main())
"""


def main() -> None:
    """The path file and the command of the environment that runs this."""
    Path(sysconfig.get_path("purelib"), "gezhi-checkout.pth").write_text(f"{ROOT}\n")
    command = Path(sysconfig.get_path("scripts"), "gezhi")
    command.write_text(COMMAND)
    command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


if __name__ == "__main__":
    main()
