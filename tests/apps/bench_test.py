"""supercache-bench and tools/performance: they measure what they say, and refuse arguments that make
no sense."""

import json
import sys
import tempfile
from pathlib import Path

from harness import equal, fails, main, run

BENCH = sys.argv[3]
CASES = ['put', 'get', 'get_miss', 'put_batch', 'get_many', 'kv_add', 'kv_get', 'kv_add_batch',
         'increment', 'queue_add', 'queue_out', 'stack_push', 'stack_pop', 'lazy_put', 'match',
         'scan', 'actor_put', 'mixed', 'actors_blocking']


def test_local_cases():
    answer = run(BENCH, 'local', '--records', '1000', '--seconds', '0.05', '--json', timeout=250)
    equal((answer.status, answer.err), (0, ''))
    out = json.loads(answer.out)
    equal([r['name'] for r in out['results']], CASES)
    equal((out['records'], out['threads']), (1000, 1))
    assert all(r['ops_per_sec'] > 0 for r in out['results']), out
    get = out['results'][CASES.index('get')]
    assert get['p50_ns'] <= get['p99_ns'] and get['ratio']['flat_map'] > 0, get


def test_table():
    answer = run(BENCH, 'local', '--records', '1000', '--seconds', '0.05', '--only', 'get,kv_get')
    equal(answer.status, 0)
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(('get', 'kv_get'))] \
        == ['get', 'kv_get'], answer
    assert 'bytes per record' not in answer.out, answer


def test_alone():
    answer = run(BENCH, 'local', '--records', '1000', '--seconds', '0.05', '--only', 'get', '--alone',
                 '--json')
    equal((answer.status, answer.err), (0, ''))
    (get,) = json.loads(answer.out)['results']
    equal(get['ratio'], {})
    assert get['operations'] > 20_000, get


def test_wrong_words():
    for words, sentence in (
            ([], 'a command is missing: local or cluster; see supercache-bench --help'),
            (['lokal'], "unknown command 'lokal'; there are local, cluster; did you mean 'local'?"),
            (['local', '--seconds', 'x'], "--seconds: 'x' is no number of seconds from 0.05 to 600"),
            (['local', '--records', '1'], "--records: '1' is no whole number from 1000 to 50000000"),
            (['cluster', '--nods', '3'], "unknown option '--nods'; did you mean '--nodes'?")):
        fails(run(BENCH, *words), 2, sentence, 'supercache-bench')


def test_performance():
    tool = Path(__file__).resolve().parents[2] / 'tools/performance'
    build = ('--build', str(Path(BENCH).resolve().parents[2]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'figures.json'
        answer = run(tool, *build, '--group', 'small', '--group', 'cluster', '--seconds', '0.05',
                     '--alone', '--json', path, 'put', 'get')
        equal((answer.status, answer.err),
              (0, 'performance: small: supercache-bench local --records 10000 --only=put,get\n'))
        out = json.loads(path.read_text())
    equal([r['name'] for r in out['groups']['small']['results']], ['put', 'get'])
    rows = [line.split() for line in answer.out.splitlines()]
    equal([row[1] for row in rows if row[:1] == ['small']], ['put', 'get'])
    answer = run(tool, *build, 'gett')
    equal(answer.status, 2)
    assert answer.err.startswith("performance: there is no case 'gett'; the cases are put get "), answer
    fails(run(tool, *build, '--group', 'small', 'write_sync'), 2,
          'no group that is selected has such a case', 'performance')


def test_help():
    for words in ([], ['local'], ['cluster']):
        answer = run(BENCH, *words, '--help')
        equal((answer.status, answer.err), (0, ''))
        assert 'Usage: supercache-bench' in answer.out, answer


main(sys.modules[__name__])
