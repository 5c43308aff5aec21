"""Nodes on a machine that was suspended: what was due to end meanwhile has ended."""

import contextlib
import subprocess
import sys
import tempfile
import time

from harness import CTL, ENVIRONMENT, equal, eventually, main
from preloaded import ALONE, CLUSTER_OF_ONE, node_with, preloading

SUSPEND = sys.argv[3]


@contextlib.contextmanager
def node_that_sleeps(options):
    """A node, a function that suspends its machine for some milliseconds, and the environment of
    other programs on that machine."""
    with tempfile.NamedTemporaryFile('w') as file:
        def suspend(ms):
            file.seek(0)
            file.write(f'{ms}\n')
            file.flush()

        suspend(0)
        with node_with(SUSPEND, options, SUSPENDED_MS_FILE=file.name) as node:
            yield node, suspend, {**ENVIRONMENT,
                                  **preloading(SUSPEND, SUSPENDED_MS_FILE=file.name)}


def test_waits_end_that_were_to_end_while_the_machine_was_suspended():
    for options in ALONE, CLUSTER_OF_ONE:
        with node_that_sleeps(options) as (node, suspend, environment):
            with subprocess.Popen([CTL, '--node', node.address, 'queue', 'q', 'wait', '--for',
                                   '600000'], env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as wait:
                time.sleep(1)  # so that it most likely waits already
                equal(wait.poll(), None)
                suspend(700_000)
                out, err = wait.communicate(timeout=30)
                equal((wait.returncode, out), (3, ''))
                assert 'no value came to q within 600000 ms' in err, err
            node.ask('queue', 'q', 'add', '1')
            equal(node.ask('queue', 'q', 'count'), '1')


def test_a_time_to_live_ends_that_was_to_end_while_the_machine_was_suspended():
    for options in ALONE, CLUSTER_OF_ONE:
        with node_that_sleeps(options) as (node, suspend, _):
            node.ask('put', 'short', '1', '--ttl', '600000')
            node.ask('put', 'long', '1', '--ttl', '6000000')
            suspend(700_000)
            eventually(lambda: node.ctl('get', 'short').out == '')
            equal(node.ask('get', 'long'), '{"long", 1}')


main(sys.modules[__name__])
