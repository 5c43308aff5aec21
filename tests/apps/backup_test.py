"""backup and restore: everything comes back, or a sentence says why nothing was changed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

from backup_file import KV, QUEUE, STACK, STRUCTS, TUPLES, Backup, saved
from cluster import Writer
from harness import CTL, ENVIRONMENT, Node, equal, fails, main

TYPES = ('set', 'ordered_set', 'bag', 'duplicate_bag')


def fill(node, many=False):
    """Some data of every kind; with `many`, keys have many records."""
    rows = [[i, f'name {i}', {'$tuple': [i, None, 0.5]}] for i in range(500)]
    rows += [['str', {'$bytes': '/wA='}, {'$map': [[1, 2]]}, {'$double': 'nan'}], [None], [[1, 2]]]
    if many:
        rows += [['many', i % 100, 'x' * 50] for i in range(10_000)]
    node.ask('load', '-', '--format', 'jsonl', stdin=''.join(json.dumps(r) + '\n' for r in rows))
    pairs = ''.join(f'k{i},{i}\n' for i in range(300))
    for name in ('one', 'zwei €', 'x' * 300):
        node.ask('load', '-', '--kv', name, stdin=pairs)
    node.ask('load', '-', '--format', 'jsonl', '--structs', 'person',
             stdin='[1, {"$tuple": [1, "Ann"]}]\n[2, {"$tuple": [2, "Bob"]}]\n')
    for i in range(5):
        node.ask('queue', f'q{i}', 'add', *(str(j) for j in range(i * 30 + 1)))
        node.ask('stack', f's{i}', 'push', *(str(j) for j in range(i * 30 + 1)))
    node.ask('put', 'soon', 'gone', '--ttl', '600000')
    node.ask('kv', 'one', 'put', 'soon', 'gone', '--ttl', '500000')


def test_everything_comes_back():
    for table_type in TYPES:
        options = ['--table_type', table_type]
        with Node('--num_partition', '4', *options) as node, \
                tempfile.TemporaryDirectory() as folder:
            fill(node, 'bag' in table_type)
            path = saved(node, folder)
            before = Backup(path)
            equal(before.about['table_type'], table_type)
            equal(sorted(before.parts), [0, 1, 2, 3])
            for partitions in ('4', '7'):
                with Node('--num_partition', partitions, *options) as other:
                    said = other.json('restore', path)
                    equal((said['records'], said['items']),
                          (before.records(), sum(map(len, before.items.values()))))
                    after = Backup(saved(other, folder, 'again'))
                    equal(after.content(), before.content())
                    if 'bag' in table_type: # in their order
                        equal(other.json('get', 'many'), node.json('get', 'many'))
                    equal(other.json('queue', 'q2', 'out', '3'), [0, 1, 2])
                    equal(other.json('stack', 's2', 'pop', '2'), [60, 59])
                    equal(other.json('kv', 'one', 'count'), {'count': 301})
                    for kind, name, key in ((TUPLES, '', 'soon'), (KV, 'one', 'soon')):
                        was, left = (b.left(kind, name)[repr(key)] for b in (before, after))
                        assert was - 120_000 < left <= was, (was, left)
            assert before.items[QUEUE, 'q4'] == list(range(121))
            assert before.items[STACK, 's4'] == list(range(121))
            equal(len(before.rows[STRUCTS, 'person']), 2)


def test_positions_and_partitions_may_differ():
    for table_type in TYPES:
        options = ['--table_type', table_type, '--key_pos', '1', '--partition_pos', '0']
        with Node('--num_partition', '8', *options) as node, \
                tempfile.TemporaryDirectory() as folder:
            rows = [[i, 'many' if i % 2 and 'bag' in table_type else f'k{i}', i % 5]
                    for i in range(400)]
            node.ask('load', '-', '--format', 'jsonl',
                     stdin=''.join(json.dumps(row) + '\n' for row in rows))
            path = saved(node, folder)
            with Node('--num_partition', '3', *options) as other:
                other.ask('restore', path)
                equal(Backup(saved(other, folder, 'again')).content(), Backup(path).content())
                if 'bag' in table_type:
                    answer = other.ctl('restore', path, '--merge')
                    fails(answer, 1, f'{path} is of 8 partitions, in several of which a bag can have '
                                     'one key; it can be merged only into as many, not into 3')


def test_records_that_meet_under_one_key_are_told_of():
    options = ['--key_pos', '1', '--partition_pos', '0']
    with Node('--num_partition', '8', *options) as node, tempfile.TemporaryDirectory() as folder:
        node.ask('load', '-', stdin=''.join(f'{i},same\n' for i in range(100)))
        path = saved(node, folder)
        kept = Backup(path).records()
        with Node('--num_partition', '1', *options) as other:
            fails(other.ctl('restore', path, '--json'), 1,
                  f'{kept - 1} records took the place of others with the same key, which had been in '
                  'another partition and are in the same one now')


def test_what_is_there_is_kept_merged_or_replaced():
    with Node() as node, Node() as other, tempfile.TemporaryDirectory() as folder:
        fill(node)
        path = saved(node, folder)
        other.ask('put', '1', 'mine')
        other.ask('put', 'mine', 'mine')
        other.ask('kv', 'one', 'put', 'mine', 'mine')
        other.ask('queue', 'q1', 'add', 'mine')
        other.ask('queue', 'mine', 'add', 'mine')
        before = Backup(saved(other, folder, 'mine')).content()
        fails(other.ctl('restore', path), 1,
              'the cache is not empty; with --merge what is there stays, but for keys, queues and '
              f'stacks that are in {path}, with --replace it is removed first')
        fails(other.ctl('restore', path, '--merge', '--replace'), 2,
              '--merge and --replace exclude each other')
        equal(Backup(saved(other, folder, 'mine')).content(), before)
        for _ in range(2): # the second time changes nothing
            other.ask('restore', path, '--merge')
            merged = Backup(saved(other, folder, 'merged'))
            wanted = Backup(path)
            wanted.rows[TUPLES, ''].append([0, ['mine', 'mine']])
            wanted.rows[KV, 'one'].append([0, ['mine', 'mine']])
            wanted.items[QUEUE, 'mine'] = ['mine']
            equal(merged.content(), wanted.content())
        other.ask('restore', path, '--replace')
        equal(Backup(saved(other, folder, 'replaced')).content(), Backup(path).content())


def test_bad_files_change_nothing():
    with Node() as node, Node() as other, tempfile.TemporaryDirectory() as folder:
        fill(node)
        path = saved(node, folder)
        with open(path, 'rb') as file:
            good = file.read()

        def refused(data, sentence, *words):
            bad = os.path.join(folder, 'bad')
            with open(bad, 'wb') as file:
                file.write(data)
            for how in ((), ('--replace',), ('--merge',)):
                answer = other.ctl('restore', bad, *how)
                equal(answer.status, 1)
                assert answer.err.startswith(f'supercachectl: {bad} {sentence}'), answer
                equal(answer.err.count('\n'), 1)
        other.ask('put', 'mine', 'mine')
        for n in (0, 1, 10, 100, len(good) // 2, len(good) - 1):
            refused(good[:n], 'is only a part of a backup: it ends after ' if n
                    else 'is no backup: it is empty')
        middle = len(good) // 2
        refused(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:], 'is damaged: ')
        refused(good + b'x', 'is damaged: there is more behind its end')
        refused(good[:20] + b'\2' + good[21:] if good[20] == 1 else
                good.replace(b'SuperCache backup\1', b'SuperCache backup\2', 1),
                'is a backup of format 2; this program reads formats up to 1: take a newer one')
        refused(b'1,2,3\n', 'is no backup of a SuperCache')
        equal(other.json('stats')['records'], 1)
        equal(other.json('get', 'mine'), [['mine', 'mine']])
        fails(other.ctl('restore', '/nonexistent'), 1,
              'cannot read /nonexistent: No such file or directory')
        fails(other.ctl('restore', folder), 1, f'cannot read {folder}: it is a folder')
        for words in (('backup', '-'), ('restore', '-'), ('backup', ''), ('restore', '')):
            equal(other.ctl(*words).status, 2)
        fails(node.ctl('backup', '/nonexistent/x'), 1,
              'cannot write /nonexistent/x: No such file or directory')


def test_a_cache_of_another_kind_is_refused():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        path = saved(node, folder)
        with Node('--table_type', 'bag', '--key_pos', '1', '--partition_pos', '2') as other:
            fails(other.ctl('restore', path), 1,
                  f'{path} is of a cache with table_type set where this one has bag, key_pos 0 where '
                  'this one has 1, partition_pos 0 where this one has 2')


def test_an_empty_cache_is_backed_up_too():
    with Node() as node, Node() as other, tempfile.TemporaryDirectory() as folder:
        path = saved(node, folder)
        equal(Backup(path).content(), ({}, {}))
        equal(other.json('restore', path)['records'], 0)
        answer = other.ctl('restore', path)
        equal((answer.status, answer.err), (0, ''))
        assert answer.out.startswith('restored 0 records and 0 items of queues and stacks, '), answer


def test_a_partition_is_as_it_was_at_one_moment():
    with Node('--num_partition', '1') as node, tempfile.TemporaryDirectory() as folder:
        node.ask('load', '-', stdin=''.join(f'{i},x\n' for i in range(50_000)))
        with Writer(node) as writer:
            stop = False

            def write():
                n = 0
                while not stop:
                    n += 1
                    for key in ('a', 'b'):
                        writer.say(f'put {key} {n}')
                        writer.say(f'kv n put {key} {n}')
            thread = threading.Thread(target=write)
            thread.start()
            try:
                for _ in range(10):
                    saw = Backup(saved(node, folder))
                    tuples = {r[0]: r[1] for _, r in saw.rows[TUPLES, ''] if r[0] in ('a', 'b')}
                    pairs = {r[0]: r[1] for _, r in saw.rows.get((KV, 'n'), [])}
                    order = [tuples.get('a', 0), pairs.get('a', 0), tuples.get('b', 0),
                             pairs.get('b', 0)]
                    equal(order, sorted(order, reverse=True))
                    assert order[0] - order[-1] <= 1, order
            finally:
                stop = True
                thread.join()


def test_an_interrupted_backup_leaves_the_old_file():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        node.ask('load', '-', stdin=''.join(f'{i},{"x" * 200}\n' for i in range(200_000)))
        path = saved(node, folder)
        with open(path, 'rb') as file:
            before = file.read()
        backup = subprocess.Popen([CTL, '--node', node.address, 'backup', path], env=ENVIRONMENT,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not any(name.endswith('.part') for name in os.listdir(folder)):
            assert backup.poll() is None, backup.communicate()
        backup.send_signal(signal.SIGINT)
        equal((backup.wait(60), backup.communicate()[1]), (1, 'supercachectl: interrupted\n'))
        with open(path, 'rb') as file:
            assert file.read() == before
        equal(os.listdir(folder), ['backup'])


main(sys.modules[__name__])
