#!/usr/bin/env python3
"""Compiles every installed header alone, without a warning, from an installed copy: so none needs
another to be included first, and none includes a header that is not installed.

usage: alone.py BUILD"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion', '-Werror', '-Wno-psabi']


def foreign_includes(build):
    """Where the build found CAF, if not in the system."""
    asked = subprocess.run(['meson', 'introspect', '--buildoptions', str(build)], check=True,
                           text=True, stdout=subprocess.PIPE).stdout
    prefix = {o['name']: o['value'] for o in json.loads(asked)}.get('caf_prefix')
    return [f'-isystem{prefix}/include'] if prefix else []


def compile_alone(header, include, extra):
    compiler = shlex.split(os.environ.get('CXX', 'g++'))
    command = [*compiler, '-std=c++20', '-fsyntax-only', *WARNINGS, *extra, f'-I{include}',
               '-x', 'c++', '-']
    name = header.relative_to(include)
    text = f'#include <{name}>\n#include <{name}>\n'
    return name, subprocess.run(command, input=text, text=True, capture_output=True)


def main():
    build = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix='supercache-headers-') as stage:
        subprocess.run(['meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir',
                        stage], check=True)
        include = next(Path(stage).rglob('include/supercache')).parent
        headers = sorted((include / 'supercache').rglob('*.hpp'))
        extra = foreign_includes(build)
        with ThreadPoolExecutor(max_workers=2) as pool:
            results = list(pool.map(lambda h: compile_alone(h, include, extra), headers))
    failed = 0
    for name, done in results:
        print('ok    ' if done.returncode == 0 else 'FAILED', name)
        if done.returncode:
            failed += 1
            print(done.stderr)
    assert len(results) > 15, 'hardly any header is installed'
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
