"""Exit statuses of supercachectl for every command; its output with them; and its figures."""

import sys
import tempfile

from cluster import Cluster, Writer
from harness import CTL, Node, equal, eventually, fails, main, run, unused_port


def check(node, status, *words, stdin=''):
    answer = node.ctl(*words, stdin=stdin)
    equal((answer.status, answer.err.count('\n')), (status, 0 if status == 0 else 1))
    return answer


def test_three_if_nothing_was_there_and_zero_if_something_was():
    """Every command that looks for something, takes or removes it; as text and as JSON."""
    with Node() as node, tempfile.NamedTemporaryFile('r') as file:
        def fill():
            node.ask('remove', '--all') if node.json('stats')['records'] else None
            node.ask('put', 'k', '1')
            node.ask('kv', 'n', 'put', 'k', '1')
            for _ in range(2):
                node.ask('queue', 'q', 'add', '1')
                node.ask('stack', 's', 'push', '1')

        looking = (['get', 'k'], ['match', '["_", "_"]'], ['match', '["$1", "_"]'],
                   ['match', '["$1", "_"]', '--records'], ['match', '["$1", "_"]', '--limit', '1'],
                   ['match', '["$1", "_"]', '--limit', '0'],
                   ['kv', 'n', 'get', 'k'], ['kv', 'n', 'keys'], ['kv', 'n', 'values'],
                   ['kv', 'n', 'list'], ['kv', 'n', 'ttl', 'k'], ['kv', 'n', 'expire', 'k', '0'],
                   ['kv', 'n', 'replace', 'k', '1'], ['kv', 'n', 'cas', 'k', '1', '1'],
                   ['queue', 'q', 'peek'])
        taking = (['remove', 'k'], ['remove', '--match', '["_", 1]'], ['remove', '--all'],
                  ['kv', 'n', 'remove', 'k'], ['kv', 'n', 'clear'],
                  ['queue', 'q', 'out'], ['queue', 'q', 'drain'], ['queue', 'q', 'wait', '--for', '1'],
                  ['stack', 's', 'pop'], ['stack', 's', 'drain'])
        counting = (['match', '["_", "_"]', '--count'], ['kv', 'n', 'count'], ['queue', 'q', 'count'],
                    ['stack', 's', 'count'])
        quiet = (['kv', 'n', 'expire', 'k', '0'], ['kv', 'n', 'replace', 'k', '1'],
                 ['kv', 'n', 'cas', 'k', '1', '1']) # they answer whether it held
        for more in ([], ['--json']):
            for words in looking:
                for _ in range(2):
                    node.ctl('remove', '--all'), node.ctl('kv', 'n', 'clear'), node.ctl('queue', 'q', 'drain')
                answer = node.ctl(*words, *more)
                equal((words, answer.status, answer.err.count('\n')), (words, 3, 0 if words in quiet else 1))
                fill()
                check(node, 0, *words, *more)
            for words in taking:
                fill()
                check(node, 0, *words, *more)
                for also in (['remove', '--all'], ['kv', 'n', 'clear'], ['queue', 'q', 'drain'],
                             ['stack', 's', 'drain']):
                    node.ctl(*also)
                check(node, 3, *words, *more)
            for words in counting: # a number is an answer
                equal(check(node, 0, *words, *more).out, '{"count":0}\n' if more else '0\n')
        node.ask('kv', 'n', 'put', 'k', '1')
        equal(node.ctl('kv', 'n', 'add-new', 'k', '1').status, 3)
        equal(node.ctl('kv', 'n', 'cas', 'k', '2', '1').status, 3)
        check(node, 0, 'kv', 'n', 'add-new', 'new', '1')
        check(node, 3, 'dump', '--kv', 'nobody', file.name)
        fails(node.ctl('remove', 'k'), 3, 'no record has the key "k"')
        fails(node.ctl('remove', '--match', '[1, "_"]'), 3, 'no record matches')
        fails(node.ctl('remove', '--all'), 3, 'there are no records')
        fails(node.ctl('match', '[1, "$1"]'), 3, 'no record matches')
        fails(node.ctl('kv', 'n', 'remove', 'x'), 3, 'no key "x" in n')
        fails(node.ctl('kv', 'x', 'clear'), 3, 'x is empty')
        fails(node.ctl('kv', 'x', 'keys'), 3, 'x is empty')


def test_a_watch_that_saw_nothing_says_so():
    with Node() as node:
        answer = node.ctl('watch', '--for', '100')
        equal((answer.status, answer.err), (3, 'supercachectl: no change came within 100 ms\n'))
        watch = node.ctl('shell', stdin='watch --for 50\nput a 1\n')
        equal(watch.status, 3)


def test_two_for_words_that_make_no_sense_whether_there_is_a_node_or_not():
    port = unused_port()
    for words in (['put', 'x', '1e400'], ['get', '[1'], ['remove', '[1'], ['remove'],
                  ['remove', 'k', '--all'], ['remove', '--match', '['], ['match', '{'],
                  ['match', '["_"]', '--guard', '['], ['kv', 'n', 'get', '[1'],
                  ['kv', 'n', 'put', 'k', '[1'], ['kv', 'n', 'incr', '[1'], ['kv', 'n', 'incr', 'k', 'x'],
                  ['kv', 'n', 'expire', '[1', '5'], ['queue', 'q', 'add', '[1'], ['stack', 's', 'push', '[1'],
                  ['watch', '[1'], ['get', 'k', '--partition', '[1'], ['frobnicate'], ['put'], ['kv', 'n'],
                  ['put', 'x', '--ttl', '0'], ['stats', 'x'], ['debug-log', 'x'], ['force-primary', '-1'],
                  ['sync', '--for', '0'], ['bench', '--keys', '0'], ['--timeout', '0', 'get', 'x']):
        answer = run(CTL, '--node', f'127.0.0.1:{port}', *words)
        equal((words, answer.status, answer.out, answer.err.count('\n')), (words, 2, '', 1))
    for words in (['put', 'x', '1'], ['get', 'x'], ['stats'], ['shell'], ['watch'], ['members']):
        answer = run(CTL, '--node', f'127.0.0.1:{port}', *words)
        equal((words, answer.status, answer.err.count('\n')), (words, 1, 1))


def test_help_says_what_the_statuses_mean():
    text = run(CTL, '--help').out
    for line in ('Exit status:', '  0  done', '  1  it failed', '  2  the words make no sense',
                 '  3  nothing was there'):
        assert '\n' + line in text, text


# -- what is not known --------------------------------------------------------------------------------

READS = ('get k', 'match ["_"]', 'match ["_"] --count', 'kv n get k', 'kv n keys', 'kv n list',
         'kv n count', 'kv n ttl k', 'queue q peek', 'queue q count', 'stack s count', 'stats',
         'stats config', 'stats api', 'stats cluster', 'cluster-stats', 'members', 'partitions')
WRITES = ('put k 1', 'remove k', 'kv n put k 1', 'kv n incr k', 'queue q add 1', 'queue q out', 'stack s pop')


def test_only_of_writes_it_is_unknown_whether_they_happened():
    with Node() as node:
        with Writer(node) as shell:
            equal(shell.put('k', 1), None)

            def without_answer(words):
                """Paused for a moment only, or the connection would count as lost."""
                with node.paused():
                    said = shell.say(words + ' --timeout 50')
                assert said.count(': ') > 1, (words, said)
                return said.split(': ', 2)[2]
            for words in READS:
                equal(without_answer(words), f'no answer from {node.address} within 50 ms')
            for words in WRITES:
                equal(without_answer(words),
                      f'no answer from {node.address} within 50 ms; whether it happened is unknown')


# -- figures ------------------------------------------------------------------------------------------

def test_statistics_count_the_same_things_in_records_and_in_bytes():
    with Node('--num_partition', '2') as node:
        empty = node.json('stats')
        node.ask('kv', 'n', 'put', 'big', 'x' * 100_000)
        for _ in range(3):
            node.ask('queue', 'q', 'add', 'x' * 1000)
        node.ask('stack', 's', 'push', '1')
        stats = node.json('stats')
        equal((stats['records'], stats['bytes']), (0, empty['bytes'])) # of tuples in both
        kinds = stats['kinds']
        equal({k: v['records'] for k, v in kinds.items()},
              {'tuples': 0, 'namespaces': 1, 'queues': 3, 'stacks': 1, 'structs': 0})
        assert kinds['namespaces']['bytes'] > 100_000 and kinds['queues']['bytes'] > 3000, kinds
        assert kinds['structs']['bytes'] == 0, kinds
        node.ask('put', 'k', 'y' * 50_000)
        after = node.json('stats')
        equal(after['records'], 1)
        assert after['bytes'] - stats['bytes'] > 50_000, after
        equal(after['bytes'], sum(p['bytes'] for p in after['partitions']))
        rows = [line.rsplit(None, 3) for line in node.ask('stats').splitlines()]
        equal([(r[0], r[1]) for r in rows if r[0] in ('tuples', 'namespaces', 'queues', 'total')][:4],
              [('tuples', '1'), ('namespaces', '1'), ('queues', '3'), ('total', '6')])


def test_config_shows_what_is_in_force():
    port = unused_port()
    with Node('--port', str(port)) as node:
        config = node.json('stats', 'config')
        equal((config['node.port'], config['node.host']), (str(port), '127.0.0.1'))
        equal(config['debug_log'], 'false')
        node.ask('debug-log', 'on')
        equal(node.json('stats', 'config')['debug_log'], 'true')
        node.ask('debug-log', 'off')
        equal(node.json('stats', 'config')['debug_log'], 'false')
    with Node() as node: # any port
        equal(node.json('stats', 'config')['node.port'], str(node.port))
    with Cluster('a') as cluster:
        cluster.start()
        equal(cluster['a'].json('stats', 'config')['node.port'], str(cluster.ports['a']))


def test_one_is_not_many():
    with Node() as node, tempfile.NamedTemporaryFile('w', suffix='.csv') as rows, \
            tempfile.TemporaryDirectory() as folder:
        rows.write('1,a\n')
        rows.flush()
        assert node.ask('load', rows.name).startswith('read 1 row, stored 1, rejected 0'), node.log()
        assert node.ask('dump', folder + '/out').startswith('wrote 1 row to '), node.log()
        equal(node.ask('remove', '--all'), 'removed 1 record')
        answer = node.ctl('load', rows.name, '--kv', 'n', '--value-column', '2')
        assert 'line 1: it has 2 columns; column 2 is needed' in answer.err, answer
        with open(folder + '/one', 'w', encoding='utf-8') as f:
            f.write('x\n')
        answer = node.ctl('load', folder + '/one', '--kv', 'n')
        assert 'line 1: it has 1 column; column 1 is needed' in answer.err, answer


main(sys.modules[__name__])
