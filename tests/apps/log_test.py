"""The log of supercache-node: it never keeps the node from serving, and says what is important."""

import contextlib
import fcntl
import os
import re
import socket
import subprocess
import sys
import time

from harness import CTL, ENVIRONMENT, NODE, Node, equal, eventually, main, run

ONE = ['--cluster', 'distributed', '--num_partition', '4', '--replication_factor', '1',
       '--node.name', 'a']
GARBAGE = b'\xff' * 64


@contextlib.contextmanager
def stuck_pipe():
    """The two ends of a pipe that is full and is not read."""
    reader, writer = os.pipe()
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b'x' * 4096)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b'x')
    fcntl.fcntl(writer, fcntl.F_SETFL, flags)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


class Stuck(Node):
    """A node whose standard error is not read."""

    def __init__(self, writer, *options):
        super().__init__(*options)
        self.writer = writer

    def launch(self):
        self.errors = open(os.devnull, encoding='ascii')
        self.process = subprocess.Popen([NODE, '--port', '0', *self.options], env=ENVIRONMENT,
                                        stdout=subprocess.PIPE, stderr=self.writer, text=True)


def send_garbage(port, count):
    """Sends bytes that no node sends; answers the ports from which they came."""
    ports = []
    for _ in range(count):
        with socket.create_connection(('127.0.0.1', port), 5) as s:
            ports.append(s.getsockname()[1])
            s.sendall(GARBAGE)
            s.settimeout(5)
            with contextlib.suppress(OSError):
                while s.recv(4096):
                    pass
    return ports


def test_serves_and_ends_though_nobody_reads_its_log():
    with stuck_pipe() as (_, writer), Stuck(writer, *ONE, '--debug_log') as node:
        send_garbage(node.port, 300)
        equal(node.ask('put', 'k', '1'), 'stored {"k", 1}')
        equal(node.ask('get', 'k'), '{"k", 1}')
        status, seconds = node.stop()
        equal(status, 0)
        assert seconds < 15, seconds


def test_serves_and_ends_though_nobody_reads_that_it_is_ready():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    with stuck_pipe() as (_, writer):
        node = subprocess.Popen([NODE, '--port', str(port)], env=ENVIRONMENT, stdout=writer,
                                stderr=writer)
        try:
            ctl = [CTL, '--node', f'127.0.0.1:{port}']
            eventually(lambda: run(*ctl, 'put', 'k', '1').status == 0)
            equal(run(*ctl, 'get', 'k').out, '{"k", 1}\n')
            node.terminate()
            equal(node.wait(20), 0)
        finally:
            node.kill()
            node.wait()


def test_counts_lines_of_one_kind():
    with Node(*ONE) as node:
        count = 200
        begin = time.monotonic()
        send_garbage(node.port, count)
        seconds = time.monotonic() - begin

        def told():
            lines = [x for x in node.log().splitlines() if 'it sent what no node sends' in x]
            hidden = sum(int(n) for x in lines for n in re.findall(r'… and (\d+) more like this: ', x))
            shown = sum('more like this' not in x for x in lines)
            return (hidden, shown) if hidden + shown == count else None

        hidden, shown = eventually(told)
        assert hidden > 0 and shown <= 10 * (seconds + 2), (hidden, shown, seconds)


def test_a_line_about_a_connection_has_its_address():
    with Node(*ONE) as node:
        port, = send_garbage(node.port, 1)
        eventually(lambda: f'the connection with 127.0.0.1:{port} is ended: ' in node.log())


def test_times_have_a_zone():
    with Node() as node:
        eventually(lambda: 'serving' in node.log())
        for line in node.log().splitlines():
            assert re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d \w+ \w+: ', line), line


if __name__ == '__main__':
    main(sys.modules[__name__])
