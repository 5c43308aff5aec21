#!/usr/bin/env python3
"""Tests how tools/run-tests selects tests, with the tests of a build folder, of which none is run, and
how tools/summarize-tests counts.

usage: run_tests_test.py BUILD/meson-info"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

BUILD = Path(sys.argv[1]).resolve().parent
TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def load(path):
    loader = importlib.machinery.SourceFileLoader('run_tests', str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('run_tests', loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


tool = load(TOOLS / 'run-tests')
TESTS = tool.read_tests(BUILD)
NAMES = {t.name for t in TESTS}
WITH_ACTORS = 'actors' in NAMES


def selected(*words, exclude=(), suite=(), max_failures=0):
    """What would run: {name of a test: [(arguments, environment), …]}."""
    options = Namespace(words=list(words), exclude=list(exclude), suite=list(suite))
    with contextlib.redirect_stdout(io.StringIO()):
        inside, chosen, left_out = tool.select(options, TESTS)
        runs = tool.plan(inside, chosen, left_out, max_failures)
    out = {}
    for (args, env), names in runs.items():
        for name in names:
            out.setdefault(name, []).append((args, dict(env)))
    return out


def refused(*words, **more):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            selected(*words, **more)
    except SystemExit as end:
        assert end.code == 2
        return said.getvalue()
    raise AssertionError(f'{words} {more} is accepted')


def equal(found, wanted):
    assert found == wanted, f'\n  found  {found!r}\n  wanted {wanted!r}'


TABLE = (('--source-file=*tests/store/table_test.cpp',), {})


def test_everything():
    equal(set(selected()), NAMES)


def test_names_of_meson_tests():
    equal(selected('store'), {'store': [((), {})]})
    equal(set(selected('seed *')), {n for n in NAMES if n.startswith('seed ')})


def test_files():
    for word in ('table_test', 'store/table_test', 'store/table_test.cpp', './tests/store/table_test.cpp',
                 str(tool.ROOT / 'tests/store/table_test.cpp')):
        equal(selected(word), {'store': [TABLE]})
    equal(set(selected('tests/store')), {'store', 'decoding'})
    equal(set(selected('tests/tools/tidy_test.py')), {'tidy finds what it should'})


def test_lines():
    case = next(c for t in TESTS if t.name == 'store' for c in t.cases if ',' in c.name)
    wanted = {'store': [(('--test-case=' + case.name.replace(',', '\\,'),), {})]}
    for line in (case.first, case.last):
        equal(selected(f'{case.path}:{line}'), wanted)
    equal(refused('store/table_test.cpp:1'),
          'test: store/table_test.cpp:1: no test case is at this line\n')


def test_parts_of_names():
    (args, env), = selected('BACKUP: its bytes')['store']
    equal((args, env), (('--test-case=*BACKUP: its bytes*',), {}))
    # A case that a file brings already is not run again for its name.
    equal(selected('table_test', 'backup: its bytes')['store'],
          [TABLE, (('--test-case=*backup: its bytes*',
                    '--source-file-exclude=*tests/store/table_test.cpp'), {})])


def test_exclusion():
    equal(set(selected(exclude=['unit', 'sim'])),
          {t.name for t in TESTS if not t.suites & {'unit', 'sim'}})
    equal(set(selected(suite=['unit'], exclude=['store'])) & {'store', 'decoding'}, {'decoding'})
    equal(selected('store', exclude=['table_test', 'backup: its']),
          {'store': [(('--source-file-exclude=*tests/store/table_test.cpp',
                       '--test-case-exclude=*backup: its*'), {})]})
    equal(selected('table_test', exclude=['store']), {})


def test_failures():
    equal(selected('store', 'tidy', max_failures=2),
          {'store': [(('--abort-after=2',), {})], 'tidy': [((), {})]})


def test_python():
    if not WITH_ACTORS:
        return
    one = 'test_a_node_that_leaves_under_load_costs_nothing'
    for word in ('a_node_that_leaves_under_load', 'A node that leaves under load'):
        equal(selected(word), {'e2e_failover': [((), {'SUPERCACHE_TEST_FUNCTIONS': one})]})
    equal(selected('tests/apps/failover_test.py'), {'e2e_failover': [((), {})]})
    left = selected('e2e_failover', exclude=['a node that leaves under load'])['e2e_failover'][0][1]
    assert one not in left['SUPERCACHE_TEST_FUNCTIONS'].split()
    assert 'e2e_failover' not in selected(exclude=['cluster'])
    equal(set(selected('tests/scenarios/paused_primary.json')), {'scenario_paused_primary'})


def test_targets():
    store = next(t for t in TESTS if t.name == 'store')
    equal((store.targets, store.needs_all), ({'tests/store/store_tests'}, False))
    assert not next(t for t in TESTS if t.name == 'tidy').targets
    equal({t.name for t in TESTS if t.needs_all},
          {'headers', 'install'} & NAMES)


def test_words_that_match_nothing():
    assert refused('no such thing').startswith("test: nothing matches 'no such thing': ")
    equal(refused('store/table.cpp'), "test: no test is made of the file 'store/table.cpp'\n")
    equal(refused('tidy', suite=['unit']), "test: what matches 'tidy' is in a suite that is left out\n")
    assert refused(suite=['units']).startswith("test: there is no suite 'units'; the suites are ")


def test_counts():
    doctest = '[doctest] test cases:  9 |  7 passed | 2 failed | 3 skipped\n'
    results = [
        {'name': 'a', 'result': 'FAIL', 'stdout': doctest},
        {'name': 'b', 'result': 'OK', 'stdout': 'ok test_x\n5 passed, 0 failed\n'},
        {'name': 'c', 'result': 'OK', 'stdout': ''},
        {'name': 'd', 'result': 'INTERRUPT', 'stdout': ''},
    ]
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / name for name in 'xy']
        for log, part in zip(logs, (results[:1], results[1:])):
            log.write_text(''.join(json.dumps(r) + '\n' for r in part))
        done = subprocess.run([TOOLS / 'summarize-tests', *logs], capture_output=True, text=True,
                              check=False)
    equal((done.returncode, done.stdout.splitlines()[-1]), (1, '13 passed, 2 failed, 1 skipped'))


for test_name, function in list(globals().items()):
    if test_name.startswith('test_'):
        function()
        print('ok', test_name)
