#!/usr/bin/env python3
"""Installs the build into an empty folder and uses it as somebody else would: the example `embed` is
built with nothing but a compiler and pkg-config, against the shared and the static library.

usage: installed.py BUILD SOURCE"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path


def run(command, **kwargs):
    print('+', shlex.join(map(str, command)), flush=True)
    return subprocess.run(command, check=True, text=True, **kwargs)


def pkg_config(stage, *arguments):
    """Asks pkg-config about the installed copy; paths in the answer lead into `stage`."""
    where = ':'.join(str(p.parent) for p in stage.rglob('supercache.pc'))
    env = os.environ | {'PKG_CONFIG_PATH': where, 'PKG_CONFIG_SYSROOT_DIR': str(stage)}
    answer = run(['pkg-config', *arguments, 'supercache'], env=env, stdout=subprocess.PIPE).stdout
    return shlex.split(answer)


def build_flags(build):
    """The flags that a program needs that uses this build: sanitizers, an own CAF and its folder."""
    asked = run(['meson', 'introspect', '--buildoptions', str(build)], stdout=subprocess.PIPE)
    chosen = {o['name']: o['value'] for o in json.loads(asked.stdout)}
    sanitize = chosen.get('b_sanitize', 'none')
    prefix = chosen.get('caf_prefix') or None
    flags = [] if sanitize in ('', 'none') else [f'-fsanitize={sanitize}']
    return flags + ([f'-isystem{prefix}/include', f'-L{prefix}/lib'] if prefix else []), prefix


def check(stage, source, work, kind, extra):
    flags, prefix = extra
    program = work / f'embed-{kind}'
    libs = pkg_config(stage, '--cflags', '--libs', *(['--static'] if kind == 'static' else []))
    if prefix:  # an own CAF is where it is, not in the stage
        libs = [x.replace(f'{stage}{prefix}', prefix) for x in libs]
    if kind == 'static':  # the archive instead of the shared library of the same name
        libs = ['-l:libsupercache.a' if x == '-lsupercache' else x for x in libs]
    compiler = shlex.split(os.environ.get('CXX', 'g++'))
    run([*compiler, '-std=c++20', *flags, source / 'apps/examples/embed.cpp', '-o', program, *libs])
    folders = [str(p.parent) for p in stage.rglob('libsupercache.so')]
    folders += [f'{prefix}/lib'] if prefix else []
    env = os.environ | {'LD_LIBRARY_PATH': ':'.join(folders)}
    out = run([program, '--supercache.num_partition=3'], env=env, stdout=subprocess.PIPE,
              timeout=60).stdout
    print(out)
    assert 'the cache has 3 partitions' in out, 'the option was not read'
    linked = run(['ldd', program], env=env, stdout=subprocess.PIPE).stdout
    assert ('libsupercache' in linked) == (kind == 'shared'), f'not {kind}: {linked}'
    refused = subprocess.run([program, '--supercache.num_partition=0'], env=env, text=True,
                             capture_output=True, timeout=60)
    assert refused.returncode == 1 and 'num_partition' in refused.stderr, refused


def main():
    build, source = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix='supercache-install-') as folder:
        work = Path(folder)
        stage = work / 'stage'
        run(['meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', stage])
        for name in ('supercache.hpp', 'cache.hpp', 'version.hpp', 'store/value.hpp'):
            assert list(stage.rglob(f'include/supercache/{name}')), f'{name} is not installed'
        extra = build_flags(build)
        for kind in ('shared', 'static'):
            if kind == 'shared' or list(stage.rglob('libsupercache.a')):
                check(stage, source, work, kind, extra)


if __name__ == '__main__':
    main()
