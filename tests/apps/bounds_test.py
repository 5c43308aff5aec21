"""A client that does not read does not cost its node memory without bound."""

import os
import resource
import signal
import subprocess
import sys
import time

from harness import CTL, ENVIRONMENT, Node, eventually, main

VALUE = 'x' * 10_000


def memory(node):
    """MiB of a node's process."""
    with open(f'/proc/{node.process.pid}/statm', encoding='ascii') as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() >> 20


class Watch:
    """supercachectl watch, with its output to `out`."""

    def __init__(self, node, out, *words):
        self.process = subprocess.Popen([CTL, '--node', node.address, 'watch', *words],
                                        env=ENVIRONMENT, stdout=out, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def overwrite(node, times):
    """Writes one key `times` times."""
    node.ask('load', '-', stdin=''.join(f'k,{VALUE},{i}\n' for i in range(times)))


def grows_little(node, rounds=3, times=10_000):
    """Checks that a node's memory hardly grows, however often one key is overwritten."""
    overwrite(node, times)
    if node.sanitized():
        return
    before = memory(node)
    for _ in range(rounds):
        overwrite(node, times)
    grown = memory(node) - before
    assert grown < 60, f'{before} MiB, then {grown} MiB more; {rounds * times * 10_000 >> 20} written'


def test_who_watches_and_is_stopped():
    with Node() as node, Watch(node, subprocess.PIPE) as watch:
        assert watch.process.stdout.readline().startswith(b'watching ')
        watch.process.send_signal(signal.SIGSTOP)
        grows_little(node)


def test_who_watches_and_whose_output_is_blocked():
    reader, writer = os.pipe()
    with Node() as node, Watch(node, writer) as watch:
        os.close(writer)
        line = os.read(reader, 4096)
        assert line.startswith(b'watching '), line
        grows_little(node)
        with open(f'/proc/{watch.process.pid}/statm', encoding='ascii') as statm:
            of_watch = int(statm.read().split()[1]) * resource.getpagesize() >> 20
        if not node.sanitized():
            assert of_watch < 100, of_watch
        text = b''

        def missed():
            nonlocal text
            text += os.read(reader, 1 << 20)
            return b'\nmissed ' in text

        eventually(missed)
    os.close(reader)


def test_who_watches_slowly_is_told_the_latest():
    reader, writer = os.pipe()
    with Node() as node, Watch(node, writer, '--json'):
        os.close(writer)
        assert os.read(reader, 4096).startswith(b'{"event":"watching"'), 'begun'
        overwrite(node, 5_000)
        node.ask('put', 'end', '1')
        end, last = time.monotonic() + 60, b''
        while b'"end"' not in last:
            assert time.monotonic() < end
            last = last[-100:] + os.read(reader, 1 << 20)
    os.close(reader)


if __name__ == '__main__':
    main(sys.modules[__name__])
