"""Clusters of real nodes on the loopback interface, for the tests in this folder."""

import contextlib
import json
import os
import socket
import subprocess

from harness import CTL, ENVIRONMENT, Node, eventually

OPTIONS = ['--cluster', 'distributed', '--num_partition', '8', '--replication_factor', '3',
           '--replication_mode', 'sync']


def free_ports(count):
    """Distinct ports on which nothing listens."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(('127.0.0.1', 0))
        return [s.getsockname()[1] for s in sockets]


class Cluster:
    """Nodes a, b, c, … until the end of a `with` block; `start` makes them."""

    def __init__(self, names='abc', *options):
        self.names, self.options = names, options
        self.ports = dict(zip(names, free_ports(len(names))))
        self.peers = ','.join(f'{n}@127.0.0.1:{p}' for n, p in self.ports.items())
        self.stack = contextlib.ExitStack()
        self.nodes = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # All at once: a leaving node would wait for others that are gone.
        for node in self.nodes.values():
            if node.process.poll() is None:
                node.kill()
        self.stack.close()

    def __getitem__(self, name):
        return self.nodes[name]

    def words(self, name, *options):
        """The command line of a node; `options` override those of the cluster."""
        # The port of a node that is down may be given to a node of another test, which must not be
        # taken for a peer: nodes with other prefixes refuse each other.
        given = iter(['--node.name', name, '--port', str(self.ports[name]), '--cluster_peers',
                      self.peers, '--table_prefix', f't{os.getpid()}', *OPTIONS, *self.options,
                      *options])
        last = {key: text for key, text in zip(given, given)}
        return [word for pair in last.items() for word in pair]

    def launch(self, *names):
        """Starts nodes without waiting for them."""
        for name in names:
            self.nodes[name] = node = Node(*self.words(name))
            node.launch()
            self.stack.push(node.__exit__)

    def start(self, *names):
        """Starts nodes, one after the other; all if none is named."""
        for name in names or self.names:
            self.launch(name)
            self.nodes[name].await_ready()
        return self

    def ready(self):
        """Waits until all partitions have all their copies."""
        first = next(n for n in self.nodes.values() if n.process.poll() is None)
        eventually(lambda: len(first.json('members')) == len(self.names)
                   and first.ctl('sync', '--for', '1000').status == 0, 30)
        return self

    def ready_at(self, *names):
        """Waits until these nodes see each other, and all partitions have all possible copies."""
        first = self.nodes[names[0]]
        eventually(lambda: all(self.states(names[0])[n] in ('here', 'up') for n in names)
                   and first.ctl('sync', '--for', '1000').status == 0, 30)
        return self

    def states(self, name):
        """A node's view of every member."""
        return {m['node']: m['state'] for m in self[name].json('members')}


class Writer:
    """A shell that stays connected: puts records one by one and reports which were acknowledged."""

    def __init__(self, node):
        self.node = node
        self.process = subprocess.Popen([CTL, '--node', node.address, 'shell'], env=ENVIRONMENT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def say(self, line):
        """The one line that a command prints."""
        self.process.stdin.write(line + '\n')
        return self.process.stdout.readline().rstrip('\n')

    def put(self, *items):
        """None, or why the record was not stored."""
        try:
            said = self.say('put ' + ' '.join(json.dumps(x) for x in items))
        except BrokenPipeError:
            said = ''
        if not said: # a shell ends if it does not find its node at the start
            self.__exit__()
            self.__init__(self.node)
            return 'the shell ended'
        return None if said.startswith('stored') else said
