"""supercachectl: every command, as words and as JSON, and what it says about wrong words."""

import json
import subprocess
import sys
import time

from harness import CTL, Node, equal, fails, main, run, silent_port, unused_port


def test_tuples():
    with Node() as node:
        equal(node.ask('put', 'user', '1', '"Alice"'), 'stored {"user", 1, "Alice"}')
        equal(node.ask('get', 'user'), '{"user", 1, "Alice"}')
        equal(node.json('get', 'user'), [['user', 1, 'Alice']])
        equal(node.json('put', '[1,2]', '-5', '{"a":[1,{"$tuple":[2]}]}', ''), {'stored': 1})
        equal(node.ask('get', '[1,2]'), '{[1, 2], -5, {"a": [1, {2}]}, ""}')
        fails(node.ctl('get', 'nobody'), 3, 'no record has the key "nobody"')
        equal(node.ctl('get', 'nobody', '--json').out, '[]\n')
        equal(node.ask('remove', 'user'), 'removed 1 record')
        equal(node.ctl('remove', 'user', '--json').out, '{"removed":0}\n')
        equal(node.ask('remove', '--all'), 'removed 1 record')


def test_words_are_values_or_strings():
    with Node() as node:
        node.ask('put', '1', 'true', 'null', '1.5', 'Alice', '"1"', ']', '--', '-x', '--json')
        equal(node.json('get', '1'), [[1, True, None, 1.5, 'Alice', '1', ']', '-x', '--json']])
        node.ask('--string', 'put', '1', 'true', '[1]', '[')
        equal(node.json('get', '1', '--string'), [['1', 'true', '[1]', '[']])
        equal(node.ask('put', 'k', '[1,2]', '"["', ']'), 'stored {"k", [1, 2], "[", "]"}')
        fails(node.ctl('put', '1', '[' * 10_000 + ']' * 10_000), 2,
              "'" + '[' * 60 + "...' is no value: nested deeper than a value can be, which is 128 "
              'levels; --string takes it as a string')


def test_time_to_live():
    with Node() as node:
        node.ask('put', '1', 'a', '--ttl', '4000')
        node.ask('get', '1')
        time.sleep(4.1)
        equal(node.ctl('get', '1').status, 3)


def test_partition():
    with Node('--partition_pos', '1', '--num_partition', '8') as node:
        node.ask('put', 'a', 'x', '1')
        equal(node.ask('get', 'a'), '{"a", "x", 1}')
        equal(node.ask('get', 'a', '--partition', 'x'), '{"a", "x", 1}')
        equal(node.ask('match', '["_", "_", "$1"]', '--partition', 'x'), '$1\n 1')
        equal(node.ask('remove', 'a', '--partition', 'x'), 'removed 1 record')
        fails(node.ctl('put', 'a'), 1, 'tuple size (1) is lower than partition_pos (1)')


def test_match():
    with Node('--table_type', 'ordered_set', '--num_partition', '1') as node:
        for row in (('1', 'Alice', '30'), ('2', 'Bob', '5'), ('3', 'Carol', '70')):
            node.ask('put', *row)
        equal(node.ask('match', '["$2", "$1", "_"]'),
              '$1       $2\n"Alice"   1\n"Bob"     2\n"Carol"   3')
        equal(node.json('match', '["$1", "_", "$2"]', '--guard', '[">", "$2", 20]'),
              [[1, 30], [3, 70]])
        equal(node.ask('match', '["$1", "_", "_"]', '--records', '--limit', '1'),
              '{1, "Alice", 30}\n(2 more)')
        equal(node.ask('match', '["$1", "_", "_"]', '--limit', '2'), '$1\n 1\n 2\n(1 more)')
        equal(node.json('match', '["$1", "_", "_"]', '--limit', '2'), [[1], [2]])
        equal(node.ask('match', '["$1", "_", "_"]', '--limit', '3'), '$1\n 1\n 2\n 3')
        equal(node.json('match', '["_", "_", "_"]'), [[1, 'Alice', 30], [2, 'Bob', 5],
                                                     [3, 'Carol', 70]])
        equal(node.ask('match', '["_", "_", "_"]', '--count'), '3')
        equal(node.json('match', '[7, "_", "_"]', '--count'), {'count': 0})
        equal(node.ctl('match', '[7, "_", "_"]', '--json').status, 3)
        equal(node.ask('remove', '--match', '["_", "_", "$1"]', '--guard', '["<", "$1", 50]'),
              'removed 2 records')
        answer = node.ctl('match', '["_"')
        equal(answer.status, 2)
        assert answer.err.startswith('supercachectl: the pattern makes no sense: JSON text, line 1'
                                     ), answer
        fails(node.ctl('match', '["$1"]', '--guard', '[">", "$2", 1]'), 1,
              'guard names $2, which the pattern does not bind')


def test_kv():
    with Node() as node:
        equal(node.ask('kv', 'n', 'put', 'a', '1'), 'stored')
        equal(node.ask('kv', 'n', 'get', 'a'), '1')
        equal(node.ctl('kv', 'n', 'add-new', 'a', '2').status, 3)
        equal(node.ask('kv', 'n', 'add-new', 'b', '[true]'), 'true')
        equal(node.json('kv', 'n', 'get', 'b'), [[True]])
        equal(node.ask('kv', 'n', 'incr', 'a', '5'), '6')
        equal(node.ask('kv', 'n', 'incr', 'a', '-2'), '4')
        equal(node.ask('kv', 'n', 'incr', 'new', '--initial', '10'), '11')
        equal(node.ask('kv', 'n', 'cas', 'a', '4', 'x'), 'true')
        equal(node.ctl('kv', 'n', 'cas', 'a', '4', 'y').status, 3)
        equal(sorted(node.json('kv', 'n', 'keys')), ['a', 'b', 'new'])
        equal(sorted(node.json('kv', 'n', 'list')), [['a', 'x'], ['b', [True]], ['new', 11]])
        equal(sorted(node.ask('kv', 'n', 'values').split()), ['"x"', '11', '[true]'])
        equal(node.ask('kv', 'n', 'increment', 'new'), '12')
        equal(node.ask('kv', 'texts', 'append', 'text', 'ab'), '2')
        equal(node.ask('kv', 'texts', 'append', 'text', 'cd'), '4')
        equal(node.ask('kv', 'texts', 'get', 'text'), '"abcd"')
        equal(node.ask('kv', 'n', 'replace', 'new', '11'), 'true')
        equal(node.ctl('kv', 'n', 'replace', 'nobody', '1').status, 3)
        equal(node.ask('kv', 'n', 'count'), '3')
        equal(node.ask('kv', 'n', 'ttl', 'a'), 'lives for ever')
        equal(node.json('kv', 'n', 'ttl', 'a'), {'ttl_ms': -1})
        equal(node.ask('kv', 'n', 'expire', 'a', '60000'), 'true')
        assert 50_000 < node.json('kv', 'n', 'ttl', 'a')['ttl_ms'] <= 60_000
        equal(node.ask('kv', 'n', 'remove', 'a'), '1')
        fails(node.ctl('kv', 'n', 'get', 'a'), 3, 'no key "a" in n')
        fails(node.ctl('kv', 'n', 'ttl', 'a'), 3, 'no key "a" in n')
        equal(node.ask('kv', 'n', 'clear'), '2')
        node.ask('kv', 'n', 'put', 's', 'text')
        fails(node.ctl('put', 'big', '12345678901234567890'), 2,
              "'12345678901234567890' is no value: integer 12345678901234567890 does not fit; allowed "
              'is -9223372036854775808 to 9223372036854775807; the string is written '
              """'"12345678901234567890"'""")
        fails(node.ctl('kv', 'n', 'incr', 's'), 1,
              'cannot add to "text", a string; only integers count')
        equal(node.ask('kv', 'n', 'get', 's'), '"text"')


def test_queue():
    with Node() as node:
        equal(node.ask('queue', 'q', 'add', 'a', '2', '[3]'), '3')
        equal(node.ask('queue', 'q', 'peek'), '"a"')
        equal(node.ask('queue', 'q', 'out', '2'), '"a"\n2')
        equal(node.json('queue', 'q', 'count'), {'count': 1})
        equal(node.ask('queue', 'q', 'wait', '--for', '100'), '[3]')
        fails(node.ctl('queue', 'q', 'wait', '--for', '100'), 3, 'no value came to q within 100 ms')
        fails(node.ctl('queue', 'q', 'out'), 3, 'q is empty')
        node.ask('queue', 'q', 'add', '1', '2')
        equal(node.json('queue', 'q', 'drain'), [1, 2])


def test_stack():
    with Node() as node:
        equal(node.ask('stack', 's', 'push', '1', '2', '3'), '3')
        equal(node.ask('stack', 's', 'pop'), '3')
        equal(node.json('stack', 's', 'count'), {'count': 2})
        equal(node.json('stack', 's', 'drain'), [2, 1])
        fails(node.ctl('stack', 's', 'pop'), 3, 's is empty')


def test_stats():
    with Node('--num_partition', '2') as node:
        node.ask('put', '1', 'a')
        node.ask('kv', 'users', 'put', '1', 'a')
        stats = node.json('stats')
        equal((stats['records'], stats['namespaces'], len(stats['partitions'])), (1, ['users'], 2))
        text = node.ask('stats', 'cache')
        assert 'supercache_1' in text and 'balance' in text and 'users' in text, text
        equal(node.json('stats', 'api')['put']['calls'], 2)
        assert node.ask('stats', 'api').splitlines()[1].startswith('put'), node.ask('stats', 'api')
        equal(node.json('stats', 'cluster')['partitions'], 2)
        equal(node.json('stats', 'config')['num_partition'], '2')
        assert 'num_partition' in node.ask('stats', 'config')


def test_read_mode():
    with Node() as node:
        node.ask('put', 'k', '1')
        for mode in ('local', 'primary', 'quorum'):
            equal(node.ask('get', 'k', '--read-mode', mode), '{"k", 1}')
        fails(node.ctl('get', 'k', '--read-mode', 'any'), 2,
              "--read-mode: 'any' is none of local, primary, quorum")


def test_bench():
    with Node() as node:
        lines = node.ask('bench', '--seconds', '0.05', '--keys', '10').splitlines()
        equal([line.split('  ')[0] for line in lines],
              ['operation', 'add', 'add, 1000 at once', 'get', 'increment'])
        for row in node.json('bench', '--seconds', '0.05', '--bytes', '0'):
            assert row['ops_per_sec'] > 0, row
        equal(node.json('stats')['records'], 0)
        fails(node.ctl('bench', '--seconds', '0'), 2, "--seconds: '0' is no number of seconds from 0.05 to 600")


def test_debug_log():
    with Node() as node:
        equal(node.ask('debug-log', 'on'), 'the log of decisions is on')
        equal(node.json('debug-log', 'off'), {'debug_log': 'off'})
        fails(node.ctl('debug-log', 'loud'), 2, "SWITCH: 'loud' is none of on, off")


def test_single_node_as_a_cluster():
    with Node('--num_partition', '2') as node:
        lines = node.ask('cluster-stats').splitlines()
        equal([lines[0].split(), lines[2].split()], [['node', 'local'], ['live', 'local']])
        assert lines[-1].endswith('2 primaries, 0 replicas'), lines
        equal(node.json('cluster-stats')['live_nodes'], ['local'])


def test_wrong_words():
    for words, sentence in (
            ([], 'a command is missing; see supercachectl --help'),
            (['gett', '1'], "unknown command 'gett'; did you mean 'get'?"),
            (['frobnicate'], "unknown command 'frobnicate'; there are put, get, remove, match, kv, "
                             "queue, stack, load, dump, backup, restore, names, stats, watch, members, "
                             "partitions, cluster-stats, sync, leave, force-primary, debug-log, bench, "
                             "shell"),
            (['--jsno', 'get'], "unknown option '--jsno'; did you mean '--json'?"),
            (['get'], 'KEY is required; see supercachectl get --help'),
            (['get', '1', '2'], "unexpected argument '2'"),
            (['get', '1', '--partitoin', '3'],
             "unknown option '--partitoin'; did you mean '--partition'?"),
            (['put', '1', '--ttl', '-5'],
             "--ttl: '-5' is no whole number from 1 to 4611686018427387903"),
            (['put', '1', '--ttl'], '--ttl needs a value'),
            (['--timeout', 'soon', 'get', '1'],
             "--timeout: 'soon' is no whole number from 1 to 3600000"),
            (['--node', 'here:99999', 'get', '1'],
             "--node: 'here:99999' is no address; allowed is host:port, with a port from 1 to 65535"),
            (['remove'], 'remove needs one of KEY, --match PATTERN and --all'),
            (['remove', '1', '--all'], 'remove needs one of KEY, --match PATTERN and --all'),
            (['kv'], 'kv needs a NAMESPACE behind it; see kv --help'),
            (['kv', 'users'], 'kv users needs a command behind it; see kv --help'),
            (['kv', 'users', 'gte', '1'], "unknown kv command 'gte'; did you mean 'get'?"),
            (['queue', 'q', 'out', 'all'], "N: 'all' is no whole number from 1 to 1000000"),
            (['stats', 'weather'], "SECTION: 'weather' is none of cache, api, cluster, config"),
            (['load', 'x.csv', '--columns', 'int,strng'],
             "--columns: column 2 is 'strng'; allowed is auto, bool, float, hex, int, json, skip, "
             "string; did you mean 'string'?"),
            (['load', 'x.csv', '--separator', ''],
             '--separator: the separator must not be empty nor have quotes or ends of lines in it'),
            (['load', 'x.jsonl', '--header'], '--columns, --empty, --header, --no-quotes, '
                                              '--separator and --types are about CSV'),
            (['load', 'x.csv', '--fields', 'a,b'], '--fields is about JSON lines'),
            (['dump', '--kv', 'a', '--structs', 'b'], '--kv and --structs exclude each other'),
            (['dump', '--format', 'csv', '--separator', '.'],
             "--separator: '.' cannot separate what is written: letters, digits, +, - and . occur "
             'in numbers and words'),
            (['dump', '--format', 'xml'], "--format: 'xml' is none of csv, jsonl")):
        answer = run(CTL, *words)
        fails(answer, 2, sentence)
        equal(answer.out, '')


def test_help():
    equal(run(CTL, '--version').out.split()[0], 'supercachectl')
    general = run(CTL, '--help')
    equal((general.status, general.err), (0, ''))
    for command in ('put', 'get', 'remove', 'match', 'load', 'dump', 'stats', 'members', 'partitions',
                    'cluster-stats', 'sync', 'leave', 'force-primary', 'shell'):
        assert f'  {command} ' in general.out, command
        answer = run(CTL, command, '--help')
        equal((answer.status, answer.err), (0, ''))
        assert answer.out.splitlines()[1].startswith(f'Usage: supercachectl {command} '), answer
    for group, verb in (('kv', 'put'), ('queue', 'wait'), ('stack', 'pop')):
        assert f'  {verb} ' in run(CTL, group, '--help').out
        assert f'{group} ' in run(CTL, group, 'name', verb, '--help').out


def test_unreachable():
    port = unused_port()
    fails(run(CTL, '--node', f'127.0.0.1:{port}', 'get', '1'), 1,
          f'cannot connect to 127.0.0.1:{port}: Connection refused')
    fails(run(CTL, 'get', '1', environment={'SUPERCACHE_NODE': f'localhost:{port}'}), 1,
          f'cannot connect to localhost:{port}: Connection refused')
    fails(run(CTL, 'get', '1', environment={'SUPERCACHE_NODE': 'x:y'}), 2,
          "SUPERCACHE_NODE: 'x:y' is no address; allowed is host:port, with a port from 1 to 65535")
    answer = run(CTL, '--node', 'nohost.invalid:7', 'get', '1')
    equal(answer.status, 1)
    assert answer.err.startswith('supercachectl: '), answer
    equal(answer.err.count('\n'), 1)


def test_silent_peer():
    with silent_port() as port:
        start = time.monotonic()
        answer = run(CTL, '--node', f'127.0.0.1:{port}', '--timeout', '500', 'get', '1')
        fails(answer, 1, f'no answer from 127.0.0.1:{port} within 500 ms')
        assert time.monotonic() - start < 3


def test_frozen_node():
    with Node() as node:
        with node.paused():
            start = time.monotonic()
            answer = node.ctl('--timeout', '500', 'get', '1')
            fails(answer, 1, f'no answer from {node.address} within 500 ms')
            assert time.monotonic() - start < 3
        node.ask('put', '1', 'a')


def test_output_that_cannot_be_written():
    with Node() as node, open('/dev/full', 'w', encoding='utf-8') as full:
        done = subprocess.run([CTL, '--node', node.address, 'stats'], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
        equal((done.returncode, done.stderr),
              (1, 'supercachectl: cannot write to standard output: No space left on device\n'))


def watching(node, *words):
    """A watch that has begun."""
    process = subprocess.Popen([CTL, '--node', node.address, 'watch', *words],
                               stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    assert 'watching' in first, first
    return process


def test_watch():
    with Node() as node:
        all_tuples = watching(node, '--count', '3')
        token = watching(node, '--kv', 'sessions', 'token', '--json', '--for', '2000')
        node.ask('put', 'user', '1')
        node.ask('kv', 'sessions', 'put', 'other', '1')
        node.ask('kv', 'sessions', 'put', 'token', 'Alice')
        node.ask('put', 'user', '2', '--ttl', '1')
        equal(all_tuples.communicate(timeout=20)[0],
              'stored  {"user", 1}\nstored  {"user", 2}\nexpired {"user", 2}\n')
        equal(all_tuples.returncode, 0)
        equal(json.loads(token.communicate(timeout=20)[0]),
              {'event': 'stored', 'kind': 'kv', 'name': 'sessions', 'record': {'$tuple':
               ['token', 'Alice']}})
        fails(node.ctl('watch', '--guard', '[">", "$1", 1]'), 2, '--guard needs --match')
        endless = watching(node)
        node.kill()
        equal(endless.wait(20), 1)


main(sys.modules[__name__])
