"""A large value in a cluster whose network is slow: what else nodes say to each other goes on."""

import contextlib
import json
import socket
import sys
import threading
import time

from cluster import Cluster, free_ports
from harness import CTL, equal, eventually, main, run

MIB = 1 << 20


class SlowWay:
    """A port that leads to another one, with so many bytes per second and connection, each way,
    until the end of a `with` block. It keeps little on the way."""

    KEPT = 64 << 10

    def __init__(self, port, to, rate):
        self.port, self.to, self.rate = port, to, rate
        self.sockets, self.threads = [], []
        self.bytes = 0  # that came this way, in either direction

    def __enter__(self):
        self.listener = self.small(socket.socket())
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', self.port))
        self.listener.listen(16)
        self.start(self.accept)
        return self

    def __exit__(self, *_):
        for s in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        for t in self.threads:
            t.join()

    def small(self, s):
        for buffer in socket.SO_RCVBUF, socket.SO_SNDBUF:
            s.setsockopt(socket.SOL_SOCKET, buffer, self.KEPT)
        self.sockets.append(s)
        return s

    def start(self, f, *args):
        self.threads.append(threading.Thread(target=f, args=args))
        self.threads[-1].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.small(self.listener.accept()[0])
                far = self.small(socket.socket())
                try:
                    far.connect(('127.0.0.1', self.to))
                except OSError:
                    near.close()
                    continue
                self.start(self.carry, near, far)
                self.start(self.carry, far, near)

    def carry(self, of, to):
        with contextlib.suppress(OSError):
            free = time.monotonic()
            while some := of.recv(self.KEPT):
                to.sendall(some)
                self.bytes += len(some)
                free = max(free, time.monotonic()) + len(some) / self.rate
                time.sleep(max(0, free - time.monotonic()))
        for s in of, to:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


class SlowCluster(Cluster):
    """Nodes that reach each other only by slow ways."""

    def __init__(self, rate, *options):
        super().__init__('abc', *options)
        ways = dict(zip(self.names, free_ports(len(self.names))))
        self.peers = ','.join(f'{n}@127.0.0.1:{p}' for n, p in ways.items())
        self.ways = [self.stack.enter_context(SlowWay(p, self.ports[n], rate))
                     for n, p in ways.items()]
        self.advertised = ways

    def words(self, name, *options):
        return super().words(name, '--node.advertise', f'127.0.0.1:{self.advertised[name]}',
                             *options)

    def bytes(self):
        return sum(w.bytes for w in self.ways)


def primary_of(cluster, key):
    """The node that leads the partition of a key."""
    def ends():
        return {p['partition']: (p['last'], p['primary']) for p in cluster['a'].json('partitions')}
    while True:
        before = ends()
        cluster['a'].ask('put', key, 'small')
        after = eventually(lambda: (now := ends()) != before and now)
        changed = [p for p in after if after[p] != before[p]]
        if len(changed) == 1:
            return after[changed[0]][1]


def test_a_value_that_takes_seconds_is_replicated_once_and_no_node_is_lost_meanwhile():
    size = 64 * MIB
    with SlowCluster(25 * MIB, '--wal.majority_timeout', '60s') as cluster:
        cluster.start().ready()
        leader = primary_of(cluster, 'large')
        led_by_others = [k for k in map('small-{}'.format, range(20))
                         if primary_of(cluster, k) != leader]
        other = next(n for n in 'abc' if n != leader)
        said = {n: len(cluster[n].log()) for n in 'abc'}
        sent = cluster.bytes()
        done = []

        def write():
            done.append(run(CTL, '--node', cluster[leader].address, 'load', '--format', 'jsonl',
                            '-', '--timeout', '60000', timeout=100,
                            stdin=json.dumps(['large', 'x' * size])))

        writer = threading.Thread(target=write)
        writer.start()
        eventually(lambda: done or cluster.bytes() > sent + 2 * MIB)  # it is under way
        small = 0  # writes that need no answer of the nodes that are busy with it
        while not done:
            cluster[other].ask('put', led_by_others[small % len(led_by_others)], str(small))
            small += 1
        writer.join()
        equal((done[0].status, done[0].err), (0, ''))
        for n in 'abc':
            eventually(lambda: sum(p['bytes'] for p in cluster[n].json('stats')['partitions'])
                       >= size)
            news = cluster[n].log()[said[n]:]
            assert 'cannot be reached' not in news, news
        assert small >= 5, small
        before = -1
        while before != (before := cluster.bytes() // MIB):  # until only heartbeats are left
            time.sleep(1)
        sent = cluster.bytes() - sent
        # Two copies, and what little else was said: no third one because an answer took so long.
        assert 2 * size <= sent < 2.5 * size, sent / size


if __name__ == '__main__':
    main(sys.modules[__name__])
