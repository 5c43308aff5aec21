"""Nodes are killed, frozen, stopped and restarted at random, one at a time, while others write: at
no moment is an acknowledged record lost. A number as last argument repeats the choices of a run."""

import os
import random
import signal
import sys
import time

from cluster import Cluster
from failover import Load, check_nothing_lost
from harness import eventually, main

SECONDS = 60
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int(
    os.environ.get('SUPERCACHE_SEED') or random.randrange(10_000))


def kill(cluster, name, pause):
    cluster[name].kill()
    time.sleep(pause)
    cluster.start(name)


def stop(cluster, name, pause):
    status, _ = cluster[name].stop(wait=30)
    assert status == 0, f'{name} ended with status {status}: {cluster[name].log()[-4000:]}'
    time.sleep(pause)
    cluster.start(name)


def hang(cluster, name, pause):
    cluster[name].process.send_signal(signal.SIGSTOP)
    time.sleep(pause)
    cluster[name].process.send_signal(signal.SIGCONT)


def settle(cluster, name):
    """Waits until the cluster can bear the next failure."""
    eventually(lambda: cluster[name].ctl('sync', '--for', '2000').status == 0, 40)


def run_chaos(names, seconds):
    choices = random.Random(SEED)
    print(f'seed {SEED}', flush=True)
    with Cluster(names) as cluster:
        cluster.start().ready()
        end = time.monotonic() + seconds
        with Load(cluster, *names) as load:
            while time.monotonic() < end:
                what, victim = choices.choice([kill, stop, hang]), choices.choice(names)
                pause = choices.choice([0, 0.1, 0.5, 2, 4])
                print(f'{time.monotonic():.3f} {what.__name__} {victim} for {pause} s, '
                      f'{len(load.acknowledged)} writes so far', flush=True)
                what(cluster, victim, pause)
                settle(cluster, victim)
        print(f'{len(load.acknowledged)} writes, {len(load.refused)} refused, '
              f'the longest took {load.longest:.1f} s', flush=True)
        assert len(load.acknowledged) > 500
        for name in names:
            settle(cluster, name)
            check_nothing_lost(load, cluster[name])


def test_three_nodes():
    run_chaos('abc', SECONDS)


def test_five_nodes():
    run_chaos('abcde', SECONDS)


main(sys.modules[__name__])
