"""What a node does when it gets less than it asks for, and that it gives back what it took. A
number as last argument sets the number of connections where many are made."""

import contextlib
import csv
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from attack import another, memory, recorded_handshake
from cluster import Cluster
from harness import (CTL, ENVIRONMENT, NODE, Node, equal, eventually, main, run, unused_port)

MANY = int(sys.argv[3]) if len(sys.argv) > 3 else 5_000


class Limited(Node):
    """A node with a limit on a resource."""

    def __init__(self, what, most, *options):
        super().__init__(*options)
        self.what, self.most = what, most

    def launch(self):
        super().launch()
        resource.prlimit(self.process.pid, self.what, (self.most, self.most))


def cpu_seconds(node):
    with open(f'/proc/{node.process.pid}/stat', encoding='ascii') as stat:
        fields = stat.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


@contextlib.contextmanager
def connections(node, count, first_words=lambda: b''):
    """So many connections, each of which sends so much and nothing more."""
    with contextlib.ExitStack() as stack:
        out = []
        for _ in range(count):
            s = stack.enter_context(socket.socket())
            s.settimeout(10)
            s.connect(('127.0.0.1', node.port))  # the system accepts it, if the node does not
            with contextlib.suppress(OSError):
                s.sendall(first_words())
            out.append(s)
        yield out


@contextlib.contextmanager
def file_with_long_text(mebibytes):
    """One row of CSV with a text of that size."""
    with tempfile.NamedTemporaryFile('w', suffix='.csv') as f:
        csv.writer(f).writerow(['big', 'x' * (mebibytes << 20)])
        f.flush()
        yield f.name


def check_what_is_left(node, before):
    """A node is within a fifth of its former size; freed memory may take a moment to go."""
    if not node.sanitized():
        eventually(lambda: memory(node) < before * 1.2, 30)


def test_connections_leave_nothing_behind():
    handshake, choices = recorded_handshake(), random.Random(1)
    with Node() as node:
        node.ask('put', '1', 'a')
        before = memory(node)
        for _ in range(MANY):
            with socket.create_connection(('127.0.0.1', node.port), 30) as s:
                s.sendall(another(handshake, choices))
                s.recv(1)
        equal(node.ask('get', '1'), '{1, "a"}')
        print(f'{MANY} connections: {before:.1f} MB before, {memory(node):.1f} MB after', flush=True)
        check_what_is_left(node, before)


def test_a_large_value_leaves_nothing_behind():
    with file_with_long_text(100) as name, Node() as node:
        node.ask('put', '1', 'a')
        before = memory(node)
        node.ask('load', name)
        equal(node.json('stats')['records'], 2)
        node.ask('remove', 'big')
        equal(node.ask('get', '1'), '{1, "a"}')
        print(f'{before:.1f} MB before, {memory(node):.1f} MB after', flush=True)
        check_what_is_left(node, before)


def test_a_large_value_leaves_nothing_behind_in_a_cluster():
    # Heartbeats wait behind it, for long on a slow machine.
    patient = ('--wal.majority_timeout', '60000', '--node_monitor.down_ms', '60000')
    with file_with_long_text(50) as name, Cluster('abc', *patient) as cluster:
        cluster.start().ready()
        cluster['a'].ask('put', '1', 'a')
        before = {n: memory(node) for n, node in cluster.nodes.items()}
        cluster['a'].ask('--timeout', '60000', 'load', name)
        for node in cluster.nodes.values():
            eventually(lambda n=node: n.json('stats')['records'] == 2, 60)
        cluster['b'].ask('remove', 'big')
        for name, node in cluster.nodes.items():
            eventually(lambda n=node: n.json('stats')['records'] == 1, 60)
            print(f'{name}: {before[name]:.1f} MB before, {memory(node):.1f} MB after', flush=True)
            check_what_is_left(node, before[name])


def test_out_of_descriptors():
    """No connection is accepted without a descriptor for it, and nothing spins meanwhile."""
    handshake, choices = recorded_handshake(), random.Random(2)
    with Limited(resource.RLIMIT_NOFILE, 64) as node:
        node.ask('put', '1', 'a')
        with subprocess.Popen([CTL, '--node', node.address, 'shell'], env=ENVIRONMENT, bufsize=1,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
            def ask(line):
                shell.stdin.write(line + '\n')
                return shell.stdout.readline()
            equal(ask('get 1'), '{1, "a"}\n')
            with connections(node, 120, lambda: another(handshake, choices)):
                eventually(lambda: 'descriptors' in node.log(), 30)
                time.sleep(1)
                used, start = cpu_seconds(node), time.monotonic()
                equal(ask('get 1'), '{1, "a"}\n')
                time.sleep(3)
                share = (cpu_seconds(node) - used) / (time.monotonic() - start)
                assert share < 0.1, share
                equal(ask('get 1'), '{1, "a"}\n')
                equal(node.log().count('descriptors are left') + node.log().count('are left:'), 1)
            shell.stdin.close()
        eventually(lambda: node.ctl('get', '1').status == 0, 30)
        with connections(node, 120):  # silent connections are not kept
            eventually(lambda: node.ctl('get', '1').status == 0, 60)
        equal(node.stop()[0], 0)


def test_out_of_memory():
    """A client that asks for too much gets an error; others do not notice."""
    with file_with_long_text(300) as name, Limited(resource.RLIMIT_AS, 700_000 << 10) as node:
        if node.sanitized():
            return
        node.ask('put', '1', 'a')
        for _ in range(2):
            answer = node.ctl('--timeout', '60000', 'load', name, timeout=120)
            assert answer.status != 0 and 'memory' in answer.err, answer
            equal(node.ask('get', '1'), '{1, "a"}')
        assert 'memory' in node.log(), node.log()
        equal(node.ask('put', '2', 'b'), 'stored {2, "b"}')
        equal(node.stop()[0], 0)


def test_closed_descriptors():
    """A program without standard input, output or error works all the same."""
    port = unused_port()
    closed = 'exec "$0" "$@" <&- >&- 2>&-'
    node = subprocess.Popen(['sh', '-c', closed, NODE, '--port', str(port), '--log-level', 'trace'],
                            env=ENVIRONMENT)
    try:
        def ctl(*words):
            return run(CTL, '--node', f'127.0.0.1:{port}', *words)
        eventually(lambda: ctl('put', '1', 'a').status == 0)
        for _ in range(20):
            with socket.create_connection(('127.0.0.1', port), 10) as s:
                s.sendall(b'nonsense' * 10)
        equal(ctl('get', '1').out, '{1, "a"}\n')
        for name in os.listdir(f'/proc/{node.pid}/fd'):
            if int(name) <= 2:
                equal(os.readlink(f'/proc/{node.pid}/fd/{name}'), '/dev/null')
        for words, wanted in ((['put', '2', 'b'], 1), (['--help'], 1), (['get', '2'], 1)):
            done = subprocess.run(['sh', '-c', closed, CTL, '--node', f'127.0.0.1:{port}', *words],
                                  env=ENVIRONMENT, timeout=60, check=False)
            equal((words, done.returncode), (words, wanted))
        equal(ctl('get', '2').out, '{2, "b"}\n')
        node.send_signal(signal.SIGTERM)
        equal(node.wait(20), 0)
    finally:
        node.kill()
        node.wait()


def test_a_hangup_ends_a_node_unless_it_is_to_be_ignored():
    for ignored in (False, True):
        def before(ignored=ignored):
            signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        with subprocess.Popen([NODE, '--port', '0'], env=ENVIRONMENT, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, preexec_fn=before) as node:
            node.stdout.readline()
            node.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            if ignored:
                equal(node.poll(), None)
                node.send_signal(signal.SIGTERM)
            said = node.communicate(timeout=20)[1]
            equal(node.returncode, 0)
            assert f'stopping on {"SIGTERM" if ignored else "SIGHUP"}' in said, said


def test_a_hangup_hands_over():
    with Cluster() as cluster:
        cluster.start().ready()
        cluster['a'].ask('put', '1', 'a')
        equal(cluster['a'].stop(signal.SIGHUP, 30)[0], 0)
        assert 'left the cluster' in cluster['a'].log(), cluster['a'].log()
        equal(cluster['b'].ask('get', '1'), '{1, "a"}')


main(sys.modules[__name__])
