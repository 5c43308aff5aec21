"""supercachectl shell: lines from a pipe, and a person at a terminal."""

import os
import signal
import sys
import tempfile

from cluster import Writer
from harness import CTL, Node, equal, eventually, fails, main, run, unused_port
from terminal import Terminal


def test_pipe():
    with Node() as node:
        answer = node.ctl('shell', stdin='# a comment\nput 1 "two words" \'["x"]\'\n\nget 1\n'
                                         'kv n incr k --json\nget 1 --json')
        equal((answer.status, answer.err), (0, ''))
        equal(answer.out, 'stored {1, "two words", ["x"]}\n{1, "two words", ["x"]}\n{"value":1}\n'
                          '[[1,"two words",["x"]]]\n')


def test_pipe_goes_on_after_failures():
    with Node() as node:
        answer = node.ctl('shell', stdin='gett 1\nput 1 a\nput "open\nkv n get k\nget 1\nquit\nget 2\n')
        equal(answer.status, 2)
        equal(answer.out, 'stored {1, "a"}\n{1, "a"}\n')
        equal(answer.err, "supercachectl: line 1: unknown command 'gett'; did you mean 'get'?\n"
                          'supercachectl: line 3: the quote " is never closed\n'
                          'supercachectl: no key "k" in n\n')
        answer = node.ctl('shell', stdin='shell\nload -\n')
        equal(answer.err, 'supercachectl: line 1: this is the shell\nsupercachectl: line 2: load - '
                          'makes no sense in the shell, whose input that is\n')


def test_help():
    with Node() as node:
        assert '  put ' in node.ask('shell', stdin='help\n')
        assert '--ttl' in node.ask('shell', stdin='help put\n')


def test_nobody_there():
    port = unused_port()
    fails(run(CTL, '--node', f'127.0.0.1:{port}', 'shell', stdin='get 1\n'), 1,
          f'cannot connect to 127.0.0.1:{port}: Connection refused')


def threads(process):
    return len(os.listdir(f'/proc/{process.pid}/task'))


def test_a_shell_keeps_nothing_of_connections_that_ended():
    with Node('--port', str(unused_port())) as node, Writer(node) as shell:
        equal(shell.put(0, 'a'), None)
        at_first = threads(shell.process)
        for i in range(4):
            node.kill()
            for _ in range(20):
                assert shell.put(i, 'b') is not None
            node.launch()
            node.await_ready()
            eventually(lambda: shell.put(i, 'c') is None)
        eventually(lambda: threads(shell.process) <= at_first + 2)


def test_terminal():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home) as t:
            t.expect(f'Connected to {node.address}; help lists the commands.')
            t.expect('supercache> ')
            t.type('put 1 Alice\r')
            t.expect('stored {1, "Alice"}')
            t.type('gte 1\r')
            t.expect("unknown command 'gte'; did you mean 'get'?")
            t.type('quit\r')
            equal(t.process.wait(60), 0)
        with open(os.path.join(home, '.supercache_history'), encoding='utf-8') as f:
            history = f.read()
        assert 'put' in history and 'gte' in history, history


def test_completion_and_history():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home) as t:
            t.expect('supercache> ')
            t.type('stat\tclu\t\r')
            t.expect('replication_factor')
            t.expect('supercache> ')
            t.type('kv users incre\tk\r')
            t.expect('1\r\n')
            t.expect('supercache> ')
            t.type('\x1b[A\r')   # the line before, again
            t.expect('2\r\n')
            t.expect('supercache> ')
            t.type('\x04')       # end of input
            equal(t.process.wait(60), 0)


def test_an_interrupt_drops_the_line_or_ends_what_runs():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home) as t:
            t.expect('supercache> ')
            t.type('put 1 a\r')
            t.expect('stored')
            t.expect('supercache> ')
            t.type('put 2 nonsense')
            t.expect('nonsense')
            t.process.send_signal(signal.SIGINT)
            t.expect('supercache> ')
            t.type('get 1\r')
            t.expect('{1, "a"}')
            t.expect('supercache> ')
            t.type('watch\r')
            t.expect('watching')
            t.process.send_signal(signal.SIGINT)
            t.expect('supercache> ')
            t.type('get 2\r')
            t.expect('no record has the key 2')
            with open(os.path.join(home, '.supercache_history'), encoding='utf-8') as f:
                assert 'watch' in f.read()
            t.process.kill()


def test_terminal_outlives_the_node():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        port = str(node.port)
        with Terminal(node, home) as t:
            t.expect('supercache> ')
            t.type('put 1 a\r')
            t.expect('stored')
            t.expect('supercache> ')
            node.stop()

            def is_refused():  # the first command may use a connection not yet known to be lost
                t.type('get 1\r')
                said = t.expect('supercache> ')
                return f'cannot connect to 127.0.0.1:{port}: Connection refused' in said
            eventually(is_refused)
            with Node('--port', port):
                t.type('put 2 b\r')
                t.expect('stored {2, "b"}')
                t.type('quit\r')
                t.process.wait(60)


if __name__ == '__main__':
    main(sys.modules[__name__])
