"""Programs on a terminal, for the tests in this folder."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from harness import CTL, ENVIRONMENT


class Terminal:
    """A program on a terminal of its own: a shell, if no words are given."""

    def __init__(self, node, home, *words, columns=80, locale=None, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        inherited = {k: v for k, v in ENVIRONMENT.items() if not k.startswith('LC_') and k != 'LANG'}
        self.process = subprocess.Popen(
            words or [CTL, '--node', node.address, 'shell'], stdin=slave, stdout=slave, stderr=slave,
            close_fds=True, start_new_session=True,
            env={**inherited, **({'LC_ALL': locale} if locale else {}), 'HOME': home,
                 'TERM': 'xterm', **environment})
        os.close(slave)
        self.text = ''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def expect(self, wanted, seconds=10):
        """Reads until `wanted` appears; answers what came before it."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            ready = select.select([self.master], [], [], max(0, end - time.monotonic()))[0]
            assert ready, f'{wanted!r} does not come; there is {self.text!r}'
            try:
                got = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                got = b''
            assert got, f'{wanted!r} does not come; there is {self.text!r}'
            self.text += got.decode('utf-8', 'surrogateescape')
        before, self.text = self.text.split(wanted, 1)
        return before

    def type(self, keys):
        """Types when the line editor listens: it prompts a moment before it takes single keys, and
        until then the terminal changes them."""
        while termios.tcgetattr(self.master)[3] & termios.ICANON and self.process.poll() is None:
            time.sleep(0.01)
        self.paste(keys)

    def paste(self, keys):
        """Types at once, whatever the peer does; reads its output meanwhile."""
        keys = keys if isinstance(keys, bytes) else keys.encode()
        while keys:
            readable, writable, _ = select.select([self.master], [self.master], [], 10)
            assert readable or writable, 'the other side takes nothing'
            if readable:
                self.text += os.read(self.master, 65536).decode('utf-8', 'surrogateescape')
            if writable:
                keys = keys[os.write(self.master, keys[:1000]):]
