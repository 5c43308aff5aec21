"""backup and restore of a cluster; a node is killed in the middle of each. With a million records:
tests/apps/backup_cluster_test.py NODE CTL 1000000."""

import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading

from backup_file import KV, QUEUE, STRUCTS, TUPLES, Backup, saved
from cluster import Cluster, Writer
from harness import CTL, ENVIRONMENT, equal, eventually, main

RECORDS = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000
SPACES = 20


def load_much(node, count):
    """About this many records in tuples, namespaces and structs, and a tenth of that as items."""
    def load(rows, *words):
        answer = node.ctl('load', '-', *words, stdin=''.join(rows), timeout=900)
        equal((answer.status, answer.err), (0, ''))
    load(f'{i},{"x" * 200}\n' for i in range(count * 7 // 10))
    for n in range(SPACES):
        load((f'k{i},{i}\n' for i in range(count // 5 // SPACES)), '--kv', f'n{n}')
        node.ask('kv', f'n{n}', 'put', 'soon', str(n), '--ttl', '3000000')
        for first in range(0, count // 10 // SPACES, 1000):
            items = [str(i) for i in range(first, min(first + 1000, count // 10 // SPACES))]
            node.ask('queue', f'q{n}', 'add', *items)
            node.ask('stack', f's{n}', 'push', *items[:100])
    load((f'[{i}, {{"$tuple": [{i}, "person {i}"]}}]\n' for i in range(count // 10)),
         '--format', 'jsonl', '--structs', 'person')


class Command:
    """A running supercachectl, with a terminal that shows its progress."""

    def __init__(self, node, *words):
        self.words, self.shown = words, b''
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen([CTL, '--node', node.address, *words, '--json'],
                                        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        self.reader = threading.Thread(target=self._read, args=(ours,))
        self.reader.start()

    def _read(self, terminal):
        with open(terminal, 'rb', buffering=0) as file:
            try:
                while piece := file.read(4096):
                    self.shown += piece
            except OSError: # the error that marks the end here
                pass

    def is_over(self):
        return self.process.poll() is not None

    def finished(self):
        """Its output at the end, which must be a success."""
        out = self.process.communicate(timeout=900)[0]
        self.reader.join()
        assert self.process.returncode == 0, (self.words, self.process.returncode, out, self.shown)
        said = json.loads(out)
        for word in ({'backup': ['backing up']}.get(self.words[0], ['checking', 'restoring'])):
            if said['seconds'] > 5: # a quick run shows no progress
                assert f'\r{word} ['.encode() in self.shown and b' MB/s' in self.shown, self.shown
        print(f'{self.words[0]}: {said["records"]} records and {said["items"]} items, '
              f'{said["bytes"] / 1e6:.0f} MB, in {said["seconds"]:.1f} s, '
              f'{said["bytes"] / 1e6 / said["seconds"]:.1f} MB/s', flush=True)
        return said


def while_under_way(begin, is_some_done, is_all_done, strike):
    """Begins a command and surely strikes in the middle of it: tries again if it was faster."""
    for _ in range(10):
        command = begin()
        eventually(lambda: is_some_done() or command.is_over(), 300, pause=0.002)
        command.process.send_signal(signal.SIGSTOP)
        in_the_middle = not command.is_over() and not is_all_done()
        if in_the_middle:
            strike()
        command.process.send_signal(signal.SIGCONT)
        said = command.finished()
        if in_the_middle:
            return said
    raise AssertionError('it is always over before it is in the middle')


def partial_size(folder):
    sizes = [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)
             if name.endswith('.part')]
    return max(sizes, default=0)


def same(found, wanted):
    """All old data is there and nothing else; no time to live is longer than it was."""
    equal(sorted(found.parts), sorted(wanted.parts))
    assert found.content() == wanted.content()
    for n in range(SPACES):
        was, left = (b.left(KV, f'n{n}')["'soon'"] for b in (wanted, found))
        assert 0 < left <= was, (left, was)
    equal(len(found.items[QUEUE, 'q0']), RECORDS // 10 // SPACES)


def options(mode):
    return ['--replication_mode', mode, '--num_partition', '16']


def with_one_killed(victim, mode):
    """A backup and a restore; in the middle of each, one of three nodes is killed."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'backup')
        with Cluster('abc', *options(mode)) as nodes:
            nodes.start().ready()
            load_much(nodes['a'], RECORDS)
            nodes.ready()
            wanted = Backup(saved(nodes['a'], folder, 'before'))
            size = os.path.getsize(os.path.join(folder, 'before'))
            said = while_under_way(lambda: Command(nodes['a'], 'backup', path),
                                   lambda: partial_size(folder) > size // 4,
                                   lambda: partial_size(folder) == 0, nodes[victim].kill)
            equal(said['records'], wanted.records())
            same(Backup(path), wanted)
        with Cluster('abc', *options(mode)) as nodes:
            nodes.start().ready()
            survivor = nodes['b']

            def records():
                return survivor.json('stats')['records']
            while_under_way(lambda: Command(nodes['a'], 'restore', path, '--replace'),
                            lambda: wanted.records() // 4 < records() < wanted.records(),
                            lambda: records() >= wanted.records(), nodes[victim].kill)
            same(Backup(saved(survivor, folder, 'after')), wanted)


def test_a_cluster_comes_back_as_it_was():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'backup')
        with Cluster('abc', *options('sync')) as nodes:
            nodes.start().ready()
            load_much(nodes['a'], RECORDS)
            said = Command(nodes['b'], 'backup', path).finished()
        wanted = Backup(path)
        equal(said['records'], wanted.records())
        equal({kind: sum(len(rows) for (k, _), rows in wanted.rows.items() if k == kind)
               for kind in (TUPLES, KV, STRUCTS)},
              {TUPLES: RECORDS * 7 // 10, KV: (RECORDS // 5 // SPACES + 1) * SPACES,
               STRUCTS: RECORDS // 10})
        with Cluster('abc', *options('sync')) as nodes:
            nodes.start().ready()
            Command(nodes['c'], 'restore', path).finished()
            same(Backup(saved(nodes['a'], folder, 'after')), wanted)


def test_a_backup_and_a_restore_survive_another_node():
    for mode in ('sync', 'async'):
        with_one_killed('c', mode)


def test_a_backup_and_a_restore_survive_the_node_they_speak_to():
    with_one_killed('a', 'sync')


def test_a_backup_while_others_write_has_what_was_acknowledged():
    with Cluster('abc', '--num_partition', '4') as nodes, tempfile.TemporaryDirectory() as folder:
        nodes.start().ready()
        load_much(nodes['a'], 20_000)
        with Writer(nodes['b']) as writer:
            for n in range(30):
                for i in range(10):
                    equal(writer.put(f'w{i}', n), None)
                saw = Backup(saved(nodes['c'], folder))
                mine = {r[0]: r[1] for _, r in saw.rows[TUPLES, ''] if str(r[0]).startswith('w')}
                equal(mine, {f'w{i}': n for i in range(10)})


main(sys.modules[__name__])
