#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns files into C strings with their hashes: assets.py OUT NAME=FILE..."""

import base64
import hashlib
import sys


def main() -> None:
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('/* Made by assets.py. */\n#include "web/assets.h"\n')
        for argument in sys.argv[2:]:
            name, path = argument.split("=", 1)
            with open(path, "rb") as file:
                content = file.read()
            numbers = ", ".join((str(byte - 256 * (byte > 127)) for byte in [*content, 0]))
            digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
            out.write(f"\nconst char assets_{name}[] = {{{numbers}}};\n")
            out.write(f'const char assets_{name}_hash[] = "sha256-{digest}";\n')


main()
