#!/usr/bin/env python3
"""Installs the build into an empty folder, looks at what is there, and uses it as somebody else would:
the installed examples are built with nothing but a compiler and pkg-config, against the shared and
the static library.

usage: installed.py BUILD SOURCE"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

COMPILER = shlex.split(os.environ.get('CXX', 'g++'))


def run(command, **kwargs):
    print('+', shlex.join(map(str, command)), flush=True)
    return subprocess.run(command, check=True, text=True, **kwargs)


def output(command, **kwargs):
    return run(command, stdout=subprocess.PIPE, **kwargs).stdout


def pkg_config(stage, *arguments):
    """Asks pkg-config about the installed copy; paths in the answer lead into `stage`."""
    where = ':'.join(str(p.parent) for p in stage.rglob('supercache.pc'))
    env = os.environ | {'PKG_CONFIG_PATH': where, 'PKG_CONFIG_SYSROOT_DIR': str(stage)}
    return shlex.split(output(['pkg-config', *arguments, 'supercache'], env=env))


def build_flags(build):
    """The flags that a program needs that uses this build: sanitizers, an own CAF and its folder."""
    asked = output(['meson', 'introspect', '--buildoptions', str(build)])
    chosen = {o['name']: o['value'] for o in json.loads(asked)}
    sanitize = chosen.get('b_sanitize', 'none')
    prefix = chosen.get('caf_prefix') or None
    flags = [] if sanitize in ('', 'none') else [f'-fsanitize={sanitize}']
    return flags + ([f'-isystem{prefix}/include', f'-L{prefix}/lib'] if prefix else []), prefix


# -- what is there ---------------------------------------------------------------------------------

def check_headers(stage):
    """Installed is what the header of everything includes, and the documented ones; no more."""
    include = next(stage.rglob('include/supercache')).parent
    installed = {str(p.relative_to(include)) for p in (include / 'supercache').rglob('*.hpp')}
    reached, left = set(), ['supercache/supercache.hpp']
    while left:
        name = left.pop()
        if name in reached:
            continue
        assert name in installed, f'{name} is included and not installed'
        reached.add(name)
        left += re.findall(r'#\s*include <(supercache/[^>]+)>', (include / name).read_text())
    assert installed == reached, f'internal headers are installed: {sorted(installed - reached)}'
    return include


def check_documents(stage):
    found = {p.name for p in stage.rglob('share/doc/supercache/**/*') if p.is_file()}
    wanted = {'LICENSE', 'client.cpp', 'embed.cpp', 'first.cpp', 'job_queue.cpp', 'structs.cpp'}
    assert found == wanted, found


def check_pkg_config(stage):
    """A user needs no package that no installed header includes, and gets no definition of ours."""
    assert not pkg_config(stage, '--print-requires') and not pkg_config(
        stage, '--print-requires-private')
    for flag in pkg_config(stage, '--cflags', '--static'):
        assert flag.startswith('-I'), flag
    asked = {flag for flag in pkg_config(stage, '--libs') if flag.startswith('-l')}
    assert asked == {'-lsupercache', '-lcaf_io', '-lcaf_core'}, asked


def check_symbols(stage, include):
    """The library exports what the headers mark, all in the namespace of the binary interface, which
    its name carries, too."""
    abi = re.search(r'#define SUPERCACHE_ABI v(\S+)',
                    (include / 'supercache/store/abi.hpp').read_text()).group(1)
    library = next(stage.rglob('libsupercache.so'))
    named = re.search(r'SONAME.*\[(.*)\]', output(['readelf', '-d', library])).group(1)
    assert named == f'libsupercache.so.{abi}', named
    symbols = output(['nm', '-D', '--defined-only', library])
    # What templates of the standard library and of Boost became in it is exported as everywhere: weakly.
    allowed = re.compile(rf'\S+ (?:. _Z(?:T[ISV])?N[KRO]*10supercache{len(abi) + 1}v{abi}'
                         r'|[WVu] _ZZ?(?:T[ISV])?(?:NK?)?(?:S|9__gnu_cxx|5boost))')
    others = [line for line in symbols.splitlines() if not allowed.match(line)]
    assert not others, f'exported: {others[:20]}'
    names = output(['c++filt'], input=symbols).splitlines()
    for wanted in ('cache::put(', 'kv::get(', 'to_string('):
        assert any(f'::v{abi}::{wanted}' in n for n in names), f'{wanted} is not exported'
    for internal in ('detail::core::', 'detail::router', 'table::', 'partition_store::', 'replica::'):
        assert not any(f'::{internal}' in n for n in names), f'{internal} is exported'


def check_old_standard(work, include):
    """A compiler that is told C++17 says one thing, whichever header it meets first."""
    source = work / 'old.cpp'
    for header in sorted(include.rglob('*.hpp')):
        name = header.relative_to(include)
        if name.name == 'version.hpp':  # which any compiler understands
            continue
        source.write_text(f'#include <{name}>\nint main() {{}}\n')
        done = subprocess.run([*COMPILER, '-std=c++17', '-fsyntax-only', f'-I{include}', source],
                              text=True, capture_output=True)
        errors = [line for line in done.stderr.splitlines() if ': error:' in line]
        assert done.returncode and len(errors) == 1 and 'needs C++20' in errors[0], done.stderr


# -- its use ---------------------------------------------------------------------------------------

class Linked:
    """Programs that use the installed library of one kind."""

    def __init__(self, stage, work, kind, extra):
        self.kind, self.work = kind, work
        self.flags, prefix = extra
        self.libs = pkg_config(stage, '--cflags', '--libs', *(['--static'] if kind == 'static' else []))
        if prefix:  # an own CAF is where it is, not in the stage
            self.libs = [x.replace(f'{stage}{prefix}', prefix) for x in self.libs]
        if kind == 'static':  # the archive instead of the shared library of the same name
            self.libs = ['-l:libsupercache.a' if x == '-lsupercache' else x for x in self.libs]
        folders = [str(p.parent) for p in stage.rglob('libsupercache.so')]
        folders += [f'{prefix}/lib'] if prefix else []
        self.env = os.environ | {'LD_LIBRARY_PATH': ':'.join(folders)}

    def build(self, source):
        program = self.work / f'{source.stem}-{self.kind}'
        run([*COMPILER, '-std=c++20', *self.flags, source, '-o', program, *self.libs])
        linked = output(['ldd', program], env=self.env)
        assert ('libsupercache' in linked) == (self.kind == 'shared'), f'not {self.kind}: {linked}'
        return program

    def run(self, program, *arguments):
        out = output([program, *arguments], env=self.env, timeout=60)
        print(out)
        return out


def check_first(linked, examples):
    out = linked.run(linked.build(examples / 'first.cpp')).splitlines()
    assert out == ['{"alice", 31, ["chess"]}', 'who is carol?', '"bob" is 41', '"good morning"',
                   '"first"'], out


def check_embed(linked, examples):
    program = linked.build(examples / 'embed.cpp')
    out = linked.run(program, '--supercache.num_partition=3')
    assert 'the cache has 3 partitions' in out, 'the option was not read'
    refused = subprocess.run([program, '--supercache.num_partition=0'], env=linked.env, text=True,
                             capture_output=True, timeout=60)
    assert refused.returncode == 1 and 'num_partition' in refused.stderr, refused


def main():
    build, _ = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix='supercache-install-') as folder:
        work = Path(folder)
        stage = work / 'stage'
        run(['meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', stage])
        include = check_headers(stage)
        check_documents(stage)
        check_pkg_config(stage)
        check_symbols(stage, include)
        check_old_standard(work, include)
        examples = next(stage.rglob('share/doc/supercache/examples'))
        extra = build_flags(build)
        shared = Linked(stage, work, 'shared', extra)
        check_first(shared, examples)
        check_embed(shared, examples)
        if list(stage.rglob('libsupercache.a')):
            check_embed(Linked(stage, work, 'static', extra), examples)


if __name__ == '__main__':
    main()
