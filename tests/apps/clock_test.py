"""Nodes whose wall clock is set while they run: durations stay as they were given."""

import contextlib
import glob
import sys
import tempfile
import threading
import time

from harness import equal, eventually, main
from preloaded import ALONE, CLUSTER_OF_ONE, node_with

# Debian's libfaketime: a process takes the time of day from a file.
FAKE_CLOCK, = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')


class WallClock:
    """The wall clock of a node; it equals the machine's until it is set."""

    def __init__(self, file):
        self.file = file
        self.shift('+0')

    def shift(self, by):
        self.file.seek(0)
        self.file.write(f'{by}\n')
        self.file.truncate()
        self.file.flush()


@contextlib.contextmanager
def node_with_clock(options):
    """A node and its wall clock."""
    with tempfile.NamedTemporaryFile('w') as file:
        clock = WallClock(file)
        with node_with(FAKE_CLOCK, options, FAKETIME_TIMESTAMP_FILE=file.name, FAKETIME_NO_CACHE='1',
                       FAKETIME_DONT_FAKE_MONOTONIC='1') as node:
            yield node, clock


def test_a_time_to_live_ends_though_the_clock_was_set_back():
    for options in ALONE, CLUSTER_OF_ONE:
        with node_with_clock(options) as (node, clock):
            node.ask('put', 'short', '1', '--ttl', '2000')
            node.ask('kv', 'names', 'put', 'short', '1', '--ttl', '2000')
            clock.shift('-1h')
            eventually(lambda: node.ctl('get', 'short').out == '')
            eventually(lambda: node.ctl('kv', 'names', 'get', 'short').out == '')


def test_a_time_to_live_does_not_end_when_the_clock_is_set_forward():
    for options in ALONE, CLUSTER_OF_ONE:
        with node_with_clock(options) as (node, clock):
            node.ask('put', 'long', '1', '--ttl', '600000')
            node.ask('kv', 'names', 'put', 'long', '1', '--ttl', '600000')
            clock.shift('+1h')
            node.ask('put', 'later', '1', '--ttl', '600000')
            for key in 'long', 'later':
                equal(node.ask('get', key), f'{{"{key}", 1}}')
            assert 0 < int(node.ask('kv', 'names', 'ttl', 'long').split()[0]) <= 600_000


def test_a_wait_ends_in_time_and_takes_nothing_afterwards_though_the_clock_was_set_back():
    for options in ALONE, CLUSTER_OF_ONE:
        with node_with_clock(options) as (node, clock):
            answers = []
            waiting = threading.Thread(
                target=lambda: answers.append(node.ctl('queue', 'jobs', 'wait', '--for', '2000')))
            waiting.start()
            time.sleep(0.5)  # so that it most likely waits already
            clock.shift('-1h')
            waiting.join()
            equal((answers[0].status, answers[0].out), (3, ''))
            equal(node.ask('queue', 'jobs', 'add', '1'), '1')
            equal(node.ask('queue', 'jobs', 'count'), '1')


main(sys.modules[__name__])
