#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns the completion scripts into a C file: embed.py OUT SHELL=FILE..."""

import sys


def array(shell, path):
    with open(path, 'rb') as script:
        numbers = list(script.read())
    lines = [', '.join(map(str, numbers[at:at + 24])) for at in range(0, len(numbers), 24)]
    return 'static const unsigned char %s[] = {\n\t%s,\n};\n' % (shell, ',\n\t'.join(lines))


def main():
    scripts = [argument.split('=', 1) for argument in sys.argv[2:]]
    with open(sys.argv[1], 'w', encoding='ascii') as out:
        out.write('/* Made by embed.py. */\n#include "cli/completion_scripts.h"\n\n')
        for shell, path in scripts:
            out.write(array(shell, path))
        out.write('\nconst struct completion_script completion_scripts[] = {\n')
        for shell, _ in scripts:
            out.write('\t{"%s", %s, sizeof(%s)},\n' % (shell, shell, shell))
        out.write('\t{NULL, NULL, 0},\n};\n')


main()
