"""Starts real programs for the tests in this folder and sends them requests. A test is a function
whose name begins with test_; `main` runs all of a module, with a separate node for each, or those
that SUPERCACHE_TEST_FUNCTIONS names, until SUPERCACHE_MAX_FAILURES have failed."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

NODE, CTL = sys.argv[1:3]
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ('SUPERCACHE_NODE', 'XDG_STATE_HOME')}


class Answer:
    """What a program printed and how it ended."""

    def __init__(self, args, done):
        self.args, self.status = args, done.returncode
        self.out, self.err = done.stdout, done.stderr

    def __repr__(self):
        return f'{self.args}: status {self.status}, out {self.out!r}, err {self.err!r}'


def run(*args, stdin='', environment=None, timeout=60):
    """Runs a program to its end. Text goes in and out unchanged, line ends included."""
    stdin = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run(args, input=stdin, capture_output=True, timeout=timeout,
                          env={**ENVIRONMENT, **(environment or {})}, check=False)
    done.stdout = done.stdout.decode('utf-8', 'surrogateescape')
    done.stderr = done.stderr.decode('utf-8', 'surrogateescape')
    return Answer(args, done)


class Node:
    """A supercache-node process, until the end of a `with` block."""

    def __init__(self, *options, environment=None):
        self.options = options
        self.environment = {**ENVIRONMENT, **(environment or {})}

    def __enter__(self):
        self.launch()
        return self.await_ready()

    def launch(self):
        """Starts the process without waiting for it."""
        self.errors = tempfile.TemporaryFile('w+')
        port = [] if {'--port', '--config'} & {*self.options} else ['--port', '0']
        self.process = subprocess.Popen([NODE, *port, *self.options], env=self.environment,
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True)

    def await_ready(self):
        """Waits until the process serves, or fails."""
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(10)
            raise AssertionError(f'node {self.options} does not start: {self.log()}')
        self.ready = json.loads(line)
        self.port = self.ready['port']
        self.address = f'127.0.0.1:{self.port}'
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def sanitized(self):
        """Whether the program watches its memory, so that its size is meaningless."""
        with open(f'/proc/{self.process.pid}/maps', encoding='ascii') as maps:
            return 'libasan' in maps.read()

    def log(self):
        self.errors.seek(0)
        return self.errors.read()

    def ctl(self, *words, stdin='', **more):
        return run(CTL, '--node', self.address, *words, stdin=stdin, **more)

    def ask(self, *words, stdin=''):
        """The output of a command that must succeed, without a last end of line."""
        answer = self.ctl(*words, stdin=stdin)
        assert answer.status == 0, answer
        return answer.out.removesuffix('\n')

    def json(self, *words, stdin=''):
        return json.loads(self.ask(*words, '--json', stdin=stdin))

    def kill(self):
        """Kills the process."""
        self.process.kill()
        self.process.wait()

    def pause(self):
        """Stops the process, and waits until all its threads are stopped. The signal alone only
        means that they will stop soon."""
        def threads():
            for thread in pathlib.Path(f'/proc/{self.process.pid}/task').iterdir():
                yield (thread / 'stat').read_text(encoding='ascii').rpartition(') ')[2][0]
        self.process.send_signal(signal.SIGSTOP)
        eventually(lambda: all(state == 'T' for state in threads()), pause=0.001)

    @contextlib.contextmanager
    def paused(self):
        """Stands still until the end of a `with` block."""
        try:
            self.pause()
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM, wait=20):
        """Sends a signal; answers the exit status and the duration in seconds."""
        start = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(wait), time.monotonic() - start


def equal(found, wanted):
    assert found == wanted, f'\n  found  {found!r}\n  wanted {wanted!r}'


def fails(answer, status, sentence, program='supercachectl'):
    """Checks that the program ended with this status and said exactly this, in one line."""
    equal((answer.status, answer.err), (status, f'{program}: {sentence}\n'))


@contextlib.contextmanager
def silent_port():
    """A port that accepts connections and never sends anything."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen(8)
        yield listener.getsockname()[1]


def eventually(what, seconds=20, pause=0.05):
    """Waits until `what()` is true, and answers it; fails with its last value."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f'does not come true within {seconds} s: {found!r}'
        time.sleep(pause)
    return found


def closed_within(connection, seconds):
    """Whether the peer ends a connection in time, whatever it sends before."""
    connection.settimeout(seconds)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if not connection.recv(65536):
                return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return False


def nonsense():
    """Bytes that no node sends first. The last ones look like headers of CAF's protocol: of
    handshakes without content, of another version, and of more data than there is memory."""
    def header(operation, version, payload=0):
        return struct.pack('>BBBBIQQQ', operation, 0, 0, 0, payload, version, 0, 0)

    return [b'', b'\0', b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', os.urandom(31), os.urandom(4096),
            b'\0' * 64, b'\xff' * 32, header(1, 99), header(0, 3, 10), header(0, 99),
            header(0, 3, 0xffff_fff0), header(2, 0, 0xffff_fff0)]


def unused_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def main(module):
    only = os.environ.get('SUPERCACHE_TEST_FUNCTIONS', '').split()
    most = int(os.environ.get('SUPERCACHE_MAX_FAILURES') or sys.maxsize)
    tests = [(n, f) for n, f in vars(module).items()
             if n.startswith('test_') and (not only or n in only)]
    done = failed = 0
    for name, function in tests:
        if failed >= most:
            break
        done += 1
        try:
            function()
            print('ok', name, flush=True)
        except Exception:  # pylint: disable=broad-except # one failure must not hide others
            failed += 1
            print('FAILED', name, flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f'{done - failed} passed, {failed} failed')
    sys.exit(1 if failed else 0)
