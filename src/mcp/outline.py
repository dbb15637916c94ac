#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes outlines of JSON schemas as a C file (see outline.h): outline.py OUT SCHEMA..."""

import json
import sys
from pathlib import Path

KEPT = ('type', 'enum', 'const', 'description')


def outline_of(value):
    """What a member is, without what is in it. A list of possibilities becomes its types."""
    kept = {key: value[key] for key in KEPT if key in value}
    if '$ref' in value:
        kept['type'] = 'object'
    if 'anyOf' in value:
        kept['type'] = sorted({outline_of(each)['type'] for each in value['anyOf']})
    if 'items' in value and 'type' in value['items']:
        kept['items'] = {'type': value['items']['type']}
    return kept


def main():
    out = ['/* Made by outline.py. */\n#include "mcp/outline.h"\n\n#include <stddef.h>\n\n'
           'const struct outline outlines[] = {\n']
    for path in map(Path, sys.argv[2:]):
        schema = json.loads(path.read_text(encoding='utf-8'))
        outline = {
            'type': 'object', 'required': schema['required'],
            'properties': {key: outline_of(value) for key, value in schema['properties'].items()},
        }
        text = json.dumps(outline, separators=(',', ':'), ensure_ascii=True)
        out.append('\t{%s, %s},\n' % (json.dumps(path.stem), json.dumps(text)))
    out.append('\t{NULL, NULL},\n};\n')
    Path(sys.argv[1]).write_text(''.join(out), encoding='ascii')


main()
