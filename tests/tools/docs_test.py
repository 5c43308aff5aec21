#!/usr/bin/env python3
"""tools/docs makes the API reference without a warning, and names the place of each malformed
comment."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = 'actors/include/supercache/kv.hpp'

# (comment of a function with a parameter x, what the warning says)
MALFORMED = [
    ('/// Takes \\nosuchcommand.', "Found unknown command '\\nosuchcommand'"),
    ('/// @param y what is not there', "argument 'y' of command @param is not found"),
    ('/// See @ref nowhere_to_be_found.', "unable to resolve reference to 'nowhere_to_be_found'"),
    ('/// @code without an end', 'code section ended without end marker'),
    ('/// <b>bold without an end\n///\n/// <ul>', 'end of'),
]


def docs(root):
    return subprocess.run([root / 'tools/docs', '--output', root / 'out'], capture_output=True,
                          text=True, check=False)


def main():
    if not shutil.which('doxygen'):
        print('skipped: there is no doxygen; tools/setup --with-docs installs it')
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix='supercache-docs-') as folder:
        root = Path(folder)
        for path in ('meson.build', 'tools/docs', 'tools/Doxyfile', 'tools/reference.md'):
            (root / path).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / path, root / path)
        for layer in ('store', 'cluster', 'actors'):
            shutil.copytree(ROOT / layer / 'include', root / layer / 'include')
        done = docs(root)
        assert done.returncode == 0, done.stderr
        assert (root / 'out/index.html').exists() and (root / 'out/classsupercache_1_1cache.html').exists()
        print('ok the headers as they are')
        with (root / HEADER).open('a') as header:
            for number, (comment, _) in enumerate(MALFORMED):
                header.write(f'\n{comment}\nint doctored_{number}(int x);\n')
        done = docs(root)
        assert done.returncode == 1, done
        for comment, warning in MALFORMED:
            assert any(line.startswith(HEADER + ':') and warning in line
                       for line in done.stderr.splitlines()), (warning, done.stderr)
            print('ok', comment.splitlines()[0])
    done = subprocess.run([ROOT / 'tools/docs', '--html'], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "docs: unknown argument '--html'; see --help\n"), done


main()
