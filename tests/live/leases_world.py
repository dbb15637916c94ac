# SPDX-License-Identifier: MIT
"""A quiet world with a /run of its own, a folder that users other than root may write to, and "lo" up."""

import json
import subprocess
import sys
from pathlib import Path

for command in ("mount -t tmpfs -o mode=755 none /run", "ip link set lo up", "mount -t tmpfs -o mode=1777 none /mnt"):
    subprocess.run(command.split(), check=True)
Path("/run/user").mkdir()
print(json.dumps({}), flush=True)
sys.stdin.read()
