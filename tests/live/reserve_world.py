# SPDX-License-Identifier: MIT
"""A machine whose first process is this one: a network namespace, a /run and an /etc/sysctl.d of its own.

Prints one line of JSON, and holds all until standard input ends.
"""

import json
import subprocess
import sys

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for place in ("/run", "/etc/sysctl.d"):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", place], check=True)
print(json.dumps({}), flush=True)
sys.stdin.read()
