"""Listings of any size, by prefix and limit; and bench leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time

from cluster import Cluster
from harness import CTL, ENVIRONMENT, Node, equal, eventually, fails, main


def fill(node, count, namespace='n'):
    node.ask('load', '-', '--kv', namespace,
             stdin=''.join(f'user:{i},{i}\norder:{i},{i}\n' for i in range(count // 2)))


def test_many_keys_do_not_time_out():
    count = 300_000
    with Node() as node:
        fill(node, count)
        for words in (('keys',), ('values',), ('list',)):
            answer = node.ctl('kv', 'n', *words, '--timeout', '2000')
            equal((answer.status, answer.err), (0, ''))
            equal(answer.out.count('\n'), count + (words == ('list',)))
        keys = node.json('kv', 'n', 'keys')
        equal((len(keys), len(set(keys))), (count, count))
        pairs = node.json('kv', 'n', 'list')
        equal(dict(pairs)['user:77'], 77)
        equal(len(node.json('kv', 'n', 'keys', '--prefix', 'user:1')), 61_111)


def test_short_listings_are_in_order():
    for table_type in ('set', 'ordered_set', 'duplicate_bag'):
        with Node('--table_type', table_type) as node:
            fill(node, 40)
            node.ask('kv', 'n', 'put', '7', 'seven')
            keys = node.json('kv', 'n', 'keys')
            equal(len(keys), 41)
            equal(keys, sorted(keys, key=lambda k: (isinstance(k, str), k)))
            equal(node.json('kv', 'n', 'keys', '--prefix', 'user:1'),
                  ['user:1', *(f'user:1{i}' for i in range(10))])
            equal(len(node.json('kv', 'n', 'keys', '--limit', '5')), 5)
            equal(node.ask('kv', 'n', 'list', '--prefix', 'user:3').splitlines(),
                  ['key       value', '"user:3"  3'])
            equal(node.json('kv', 'n', 'values', '--prefix', 'order:19'), [19])


def test_empty_listings_say_so():
    with Node() as node:
        for words in (('keys',), ('values',), ('list',)):
            answer = node.ctl('kv', 'n', *words, '--json')
            equal((answer.status, answer.out), (3, '[]\n'))
        fails(node.ctl('kv', 'n', 'keys'), 3, 'n is empty')
        node.ask('kv', 'n', 'put', 'a', '1')
        fails(node.ctl('kv', 'n', 'keys', '--prefix', 'b'), 3, "no key in n begins with 'b'")
        fails(node.ctl('kv', 'n', 'keys', '--limit', '0'), 2,
              "--limit: '0' is no whole number from 1 to 9223372036854775807")
        fails(node.ctl('names', 'queue'), 3, 'there are no names of kind queue')
        fails(node.ctl('names', 'kv', '--prefix', 'b'), 3,
              "there are no names of kind kv that begin with 'b'")


def test_names():
    with Cluster() as nodes:
        node = nodes.start().ready()['a']
        for i in range(12):
            node.ask('queue', f'q{i}', 'add', 'x')
            node.ask('kv', f'n{i}', 'put', 'k', 'x')
        equal(nodes['b'].json('names', 'queue', '--limit', '3'), ['q0', 'q1', 'q10'])
        equal(nodes['c'].json('names', 'queue', '--prefix', 'q1'), ['q1', 'q10', 'q11'])
        equal(len(node.json('names', 'kv')), 12)
        node.ask('kv', 'n3', 'clear')
        eventually(lambda: 'n3' not in node.json('names', 'kv'))
        equal(node.ask('names', 'kv', '--limit', '1'), '"n0"')


def bench(node, *words):
    return subprocess.Popen([CTL, '--node', node.address, 'bench', *words], env=ENVIRONMENT,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def made(node):
    return [n for n in node.json('stats')['namespaces'] if n.startswith('supercachectl-bench')]


def test_bench_leaves_nothing_behind():
    with Node() as node:
        node.ask('bench', '--seconds', '0.1')
        equal(made(node), [])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = bench(node, '--seconds', '30')
            eventually(lambda: made(node))
            process.send_signal(number)
            equal((process.wait(30), process.communicate()),
                  (1, ('', 'supercachectl: interrupted\n')))
            equal(made(node), [])


def test_what_a_killed_bench_leaves_expires():
    with Node() as node:
        process = bench(node, '--seconds', '0.2', '--keys', '10')
        eventually(lambda: made(node), pause=0.001)
        process.kill()
        process.wait()
        process.communicate()
        name = f'supercachectl-bench-{process.pid}'
        for key in node.json('kv', name, 'keys'):
            left = node.json('kv', name, 'ttl', str(key))['ttl_ms']
            assert 0 < left < 62_000, left


def test_bench_says_what_it_could_not_remove():
    with Node() as node:
        process = bench(node, '--seconds', '30')
        eventually(lambda: made(node))
        node.kill()
        equal(process.wait(60), 1)
        said = process.communicate()[1]
        assert said.startswith(f'supercachectl: the namespace supercachectl-bench-{process.pid} '
                               'cannot be removed: cannot connect to '), said
        assert said.endswith('; what is in it expires within 180 s\n'), said


main(sys.modules[__name__])
