#!/usr/bin/env python3
"""Tests tools/tidy: a small tree in a temporary folder passes, and each way of doctoring it makes
tidy fail with a finding that names the place. Usage: tidy_test.py [path of tools/tidy]"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TIDY = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE.parents[1] / 'tools/tidy'

# A tree that is as it should be, with what has misled simpler checks than ours.
TREE = {
    'store/include/supercache/store/value.hpp': '''#pragma once
#include <chrono>
namespace supercache::store {
/// Has no idea of std::thread or steady_clock::now().
struct value {
  int number = 1'000'000;
  char quote = '"', brace = '{';
  const char* text = "std::thread { // https://example.org";
};
}
''',
    'store/slots.hpp': '#pragma once\n#include <supercache/store/value.hpp>\n',
    'store/table.cpp': '#include "slots.hpp"\n\n#include <atomic>\n',
    'cluster/include/supercache/cluster/primary.hpp':
        '#pragma once\n#include <supercache/store/value.hpp>\n',
    'cluster/primary.cpp': '#include <supercache/cluster/primary.hpp>\n',
    'actors/include/supercache/cache.hpp': '#pragma once\n#include <caf/actor.hpp>\n',
    'actors/cache.cpp': '''#include <supercache/cache.hpp>
#include <supercache/cluster/primary.hpp>
''',
    'apps/common/text.hpp': '#pragma once\n',
    'apps/cli/main.cpp': '''#include "common/text.hpp"

#include <supercache/cache.hpp>
#include <thread>
''',
    'tools/run': '#!/bin/sh\n# Runs nothing.\n',
    'tools/tidy.ratchet': '# Nothing is granted.\n',
    'README.md': '# A small tree\n',
}

BODY = '  call();\n'


def long_function(head, lines):
    """Returns a function whose braces are `lines` lines apart, inclusive."""
    return head + ' {\n' + BODY * (lines - 2) + '}\n'


def insert(path, text):
    """Adds `text` to the end of a file, which it makes if need be."""
    return lambda root: (root / path).open('a').write(text)


def replace(path, text):
    return lambda root: (root / path).write_text(text)


TABLE = 'store/table.cpp'
PRIMARY = 'cluster/primary.cpp'
MAIN = 'apps/cli/main.cpp'
RATCHET = 'tools/tidy.ratchet'
FORBIDDEN = 'TO' + 'DO'
# (what is tried, how the tree is doctored, findings expected, as starts of lines)
CASES = [
    ('the tree as it is', insert('README.md', ''), []),
    ('CAF under store/', insert(TABLE, '#include <caf/all.hpp>\n'),
     ['store/table.cpp:4: store/ includes CAF']),
    ('CAF under cluster/, quoted', insert(PRIMARY, '# include "caf/actor.hpp"\n'),
     ['cluster/primary.cpp:2: "caf/actor.hpp" is not a private header of cluster/',
      'cluster/primary.cpp:2: cluster/ includes CAF']),
    ('a library that prints', insert('actors/cache.cpp', '#include <iostream>\n'),
     ['actors/cache.cpp:3: actors/ includes <iostream>']),
    ('an include in a comment', insert(TABLE, '/*\n#include <caf/all.hpp>\n*/\n'), []),
    ('headers that include each other',
     lambda root: [insert('store/slots.hpp', '#include "rows.hpp"\n')(root),
                   insert('store/rows.hpp', '#pragma once\n#include "slots.hpp"\n')(root)],
     ['store/slots.hpp:3: the includes go round: store/rows.hpp -> store/slots.hpp']),
    ('an arrow back to cluster', insert(TABLE, '#include <supercache/cluster/primary.hpp>\n'),
     ['store/table.cpp:4: store/ must not include <supercache/cluster/primary.hpp>']),
    ('an arrow back to actors', insert(PRIMARY, '#include <supercache/cache.hpp>\n'),
     ['cluster/primary.cpp:2: cluster/ must not include <supercache/cache.hpp>']),
    ('another folder\'s private header', insert(PRIMARY, '#include "../store/slots.hpp"\n'),
     ['cluster/primary.cpp:2: "../store/slots.hpp" is not a private header of cluster/']),
    ('a private header in a public one',
     insert('store/include/supercache/store/value.hpp', '#include "slots.hpp"\n'),
     ['store/include/supercache/store/value.hpp:11: a public header includes',
      'store/slots.hpp:2: the includes go round']),
    ('a public header, quoted', insert(TABLE, '#include "supercache/store/value.hpp"\n'),
     ['store/table.cpp:4: "supercache/store/value.hpp" is a public header']),
    ('a public header in the wrong place',
     insert('store/include/supercache/x.hpp', '#pragma once\n'),
     ['store/include/supercache/x.hpp:1: public headers of store/ live in']),
    ('a clock in cluster', insert(PRIMARY, 'auto t = std::chrono::steady_clock::now();\n'),
     ['cluster/primary.cpp:2: cluster/ reads a clock']),
    ('a clock in store', insert(TABLE, 'auto t = clock::now ();\n'),
     ['store/table.cpp:4: store/ reads a clock']),
    ('a thread in store', insert(TABLE, 'std::jthread t;\n'),
     ['store/table.cpp:4: store/ starts a thread']),
    ('yielding in store', insert(TABLE, 'void f() { std::this_thread::yield(); }\n'), []),
    ('threads in cluster', insert(PRIMARY, '#include <mutex>\n#include <thread>\n'),
     ['cluster/primary.cpp:2: cluster/ includes <mutex>',
      'cluster/primary.cpp:3: cluster/ includes <thread>']),
    ('sleep in cluster', insert(PRIMARY, 'void f() { sleep_for(1s); }\n'),
     ['cluster/primary.cpp:2: cluster/ sleeps']),
    ('randomness in cluster', insert(PRIMARY, 'std::mt19937 a;\nint b = rand();\n'),
     ['cluster/primary.cpp:2: cluster/ randomness', 'cluster/primary.cpp:3: cluster/ randomness']),
    ('no guard', replace('store/slots.hpp', '// #pragma once\n'),
     ['store/slots.hpp:1: header without #pragma once']),
    ('an open namespace', insert('apps/common/text.hpp', 'using namespace caf;\n'),
     ['apps/common/text.hpp:2: a header must not open']),
    ('a long line', insert(TABLE, '// ' + 'x' * 98 + '\n'),
     ['store/table.cpp:4: 101 columns']),
    ('a long address', insert(TABLE, '// https://example.org/' + 'x' * 98 + '\n'), []),
    ('tab and white space', insert(MAIN, '\tint x; \r\n'),
     ['apps/cli/main.cpp:5: tab', 'apps/cli/main.cpp:5: white space']),
    ('unfinished work', insert(MAIN, f'// {FORBIDDEN}: more\n'),
     ['apps/cli/main.cpp:5: unfinished']),
    ('one machine\'s path', insert('README.md', 'See /' + 'work/notes.\n'),
     ['README.md:2: names a place']),
    ('a tool without a comment', insert('tools/go', '#!/bin/sh\nset -eu\n'),
     ['tools/go:1: a tool starts with a comment']),
    ('a long file', insert(TABLE, '//\n' * 398), ['store/table.cpp:1: 401 lines']),
    ('a long file, granted',
     lambda root: (insert(TABLE, '//\n' * 398)(root),
                   insert(RATCHET, 'store/table.cpp 401\n')(root)), []),
    ('a grant too many', insert(RATCHET, 'store/table.cpp 500\n'),
     ['tools/tidy.ratchet:1: store/table.cpp is within the limit']),
    ('a long function', insert(TABLE, long_function('void table::f(int x) const', 61)),
     ['store/table.cpp:4: table::f has 61 lines']),
    ('a function as long as may be', insert(TABLE, long_function('auto f() -> int', 60)), []),
    ('a long function, granted',
     lambda root: (insert(TABLE, long_function('void f()', 61))(root),
                   insert(RATCHET, 'store/table.cpp:f 61\n')(root)), []),
    ('a long constructor with braces in its initialisers',
     insert(TABLE, long_function('t::t(int x = {}) : a_{x}, b_{std::move(x)}', 61)),
     ['store/table.cpp:4: t::t has 61 lines']),
    ('a long template in a class in a namespace',
     insert(TABLE, 'namespace a {\ntemplate <class T> requires c<T>\nstruct b : d<T> {\n' +
            long_function('template <class U> static b<U> make(U (&f)(int)) noexcept', 61)
            + '};\n}\n'),
     ['store/table.cpp:7: make has 61 lines']),
    ('a long class, namespace and table',
     insert(TABLE, long_function('namespace x', 99) + long_function('class x final', 99) +
            'constexpr entry entries[] = {\n' + '  {1, f(2)},\n' * 90 + '};\n'), []),
    ('a long test', insert(TABLE, long_function('TEST_CASE("put { and get")', 61)),
     ['store/table.cpp:4: put { and get has 61 lines']),
]


def run(doctor):
    """Returns the exit status and the findings of tidy on a doctored copy of the tree."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in TREE.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        doctor(root)
        done = subprocess.run([sys.executable, TIDY, root], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout.splitlines()[:-1], done.stderr


def main():
    failed = 0
    for name, doctor, expected in CASES:
        status, findings, errors = run(doctor)
        ok = (status == bool(expected) and len(findings) == len(expected) and not errors
              and all(f.startswith(e) for f, e in zip(findings, expected)))
        print(f"{'ok' if ok else 'not ok'} - {name}")
        if not ok:
            failed += 1
            print(f'  exit status {status}', *findings, errors, 'expected:', *expected, sep='\n  ')
    print(f'{len(CASES) - failed} of {len(CASES)} cases passed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
