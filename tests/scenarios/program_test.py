"""supercache-scenario as people use it: what it prints and refuses, and that it leaves nothing
behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'apps'))

from harness import NODE, CTL as SCENARIO, ENVIRONMENT, equal, main, run  # pylint: disable=wrong-import-position

SMALL = {'name': 'small', 'cluster': {'nodes': ['a'], 'factor': 1, 'partitions': 2},
         'steps': [{'start': 'all'}, {'wait_until': 'settled'}, {'write': 'k', 'value': 3},
                   {'read': 'k', 'value': 3},
                   {'load': 'l', 'workers': 1, 'for_ms': 100}, {'expect': 'l', 'failed': 0}]}


def scenario(content, *words):
    """Runs a scenario from a file that is then removed; answers the result, and the file's name."""
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
        file.flush()
        return run(SCENARIO, file.name, '--nodes-binary', NODE, *words), file.name


def test_prints_a_row_per_step():
    answer, _ = scenario(SMALL)
    equal((answer.status, answer.err), (0, ''))
    lines = answer.out.splitlines()
    equal(lines[0], 'small')
    equal(lines[1].split(), ['time', 'step', 'what', 'result'])
    assert '1     start all' in lines[2] and lines[2].endswith('a serves'), lines
    assert lines[-1].startswith('passed after '), lines


def test_reports_in_json():
    answer, _ = scenario(SMALL, '--json')
    report = json.loads(answer.out)
    equal((answer.status, report['passed'], report['not_run']), (0, True, 0))
    equal([s['number'] for s in report['steps']], ['1', '2', '3', '4', '5', '6'])
    assert report['loads']['l']['acknowledged'] > 0, report


def test_a_step_that_fails_is_the_last():
    steps = SMALL['steps'][:3] + [{'read': 'k', 'value': 4, 'within_ms': 1}, {'kill': 'a'}]
    answer, _ = scenario({**SMALL, 'steps': steps})
    equal(answer.status, 1)
    assert 'FAILED: at a: 3 instead of 4' in answer.out, answer
    assert answer.out.endswith('; 1 step was not run\n'), answer
    assert '-- the last lines of node a' in answer.err, answer


def test_keeps_logs():
    with tempfile.TemporaryDirectory() as folder:
        answer, _ = scenario(SMALL, '--keep-logs', folder + '/logs')
        equal(answer.status, 0)
        assert 'serving 2 partitions' in (Path(folder) / 'logs' / 'a.log').read_text()


def test_checks_without_running():
    answer, name = scenario(SMALL, '--check')
    equal((answer.status, answer.out, answer.err), (0, f'{name}: "small", 6 steps\n', ''))
    answer, name = scenario({**SMALL, 'steps': [{'start': 'b'}]}, '--check')
    equal((answer.status, answer.out), (2, ''))
    equal(answer.err, f'supercache-scenario: {name}: step 1: \'start\' is "b"; allowed is a, all, '
                      'awake, last, primary of N and replica of N, with N from 0 to 1, or a list '
                      'of them\n')


def test_refuses_wrong_words():
    for words, status, sentence in (
            ([], 2, 'FILE is required; see supercache-scenario --help'),
            (['--frobnicate'], 2, "unknown option '--frobnicate'"),
            (['/nonexistent.json'], 1, '/nonexistent.json cannot be read, or is empty')):
        answer = run(SCENARIO, *words)
        equal((answer.status, answer.err), (status, f'supercache-scenario: {sentence}\n'))
    answer, _ = scenario(SMALL)
    equal(answer.status, 0)
    with tempfile.NamedTemporaryFile('w') as file:
        file.write(json.dumps(SMALL))
        file.flush()
        answer = run(SCENARIO, file.name, '--nodes-binary', '/nonexistent')
    equal((answer.status, answer.err),
          (2, 'supercache-scenario: no supercache-node that can be run at /nonexistent; '
              '--nodes-binary says where it is\n'))


def test_helps():
    answer = run(SCENARIO, '--help')
    equal(answer.status, 0)
    for word in ('FILE', '--check', '--json', '--keep-logs', '--nodes-binary', 'exit status'):
        assert word in answer.out, answer.out
    assert run(SCENARIO, '--version').out.startswith('supercache-scenario ')


def children_of(pid):
    return [int(p) for p in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def gone(pid):
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


def test_takes_its_nodes_along():
    """However it ends, and also if the nodes are frozen."""
    steps = [{'start': 'all'}, {'pause': 'b'}, {'wait_ms': 60_000}]
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file, \
                tempfile.TemporaryDirectory() as folder:
            file.write(json.dumps({'name': 'x', 'steps': steps}))
            file.flush()
            with subprocess.Popen([SCENARIO, file.name, '--nodes-binary', NODE], env={**ENVIRONMENT, 'TMPDIR': folder},
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as p:
                try:
                    while 'pause b' not in p.stdout.readline():
                        assert p.poll() is None
                    nodes = children_of(p.pid)
                    equal(len(nodes), 3)
                finally:
                    os.kill(p.pid, number)
                p.wait(10)
            if number != signal.SIGKILL:
                equal(os.listdir(folder), [])
        until = time.monotonic() + 10
        while not all(gone(n) for n in nodes):
            assert time.monotonic() < until, (number, nodes)
            time.sleep(0.05)


main(sys.modules[__name__])
