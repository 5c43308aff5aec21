"""Files that dump and load write and read: whole or not at all, and text."""

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from harness import CTL, ENVIRONMENT, NODE, Node, equal, fails, main


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


def content(path):
    with open(path, 'rb') as file:
        return file.read()


def test_a_failing_dump_leaves_the_old_file():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        node.ask('load', '-', stdin=''.join(f'{i},x\n' for i in range(100_000)))
        path = write(folder, 'kept.csv', 'old')
        dump = subprocess.Popen([CTL, '--node', node.address, 'dump', path], env=ENVIRONMENT,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not any(name.endswith('.part') for name in os.listdir(folder)):
            assert dump.poll() is None, dump.communicate()
        node.kill()
        equal(dump.wait(60), 1)
        dump.communicate()
        equal(content(path), b'old')
        equal(os.listdir(folder), ['kept.csv'])


def test_an_interrupted_dump_leaves_the_old_file():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with Node() as node, tempfile.TemporaryDirectory() as folder:
            node.ask('load', '-', stdin=''.join(f'{i},x\n' for i in range(200_000)))
            path = write(folder, 'kept.csv', 'old')
            dump = subprocess.Popen([CTL, '--node', node.address, 'dump', path], env=ENVIRONMENT,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while not any(name.endswith('.part') for name in os.listdir(folder)):
                assert dump.poll() is None, dump.communicate()
            dump.send_signal(number)
            equal((dump.wait(60), dump.communicate()[1]), (1, 'supercachectl: interrupted\n'))
            equal(content(path), b'old')
            equal(os.listdir(folder), ['kept.csv'])


def test_a_file_cannot_take_the_rejects_of_itself():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        path = write(folder, 'rows.csv', '1,a\n')
        link = os.path.join(folder, 'link')
        hard = os.path.join(folder, 'hard')
        os.symlink(path, link)
        os.link(path, hard)
        for rejects in (path, link, hard):
            fails(node.ctl('load', path, '--rejects', rejects), 2,
                  f'--rejects names the file that is loaded, {rejects}; it needs one of its own')
        with open(path, 'rb') as file:
            answer = subprocess.run([CTL, '--node', node.address, 'load', '-', '--rejects', path],
                                    env=ENVIRONMENT, stdin=file, capture_output=True, check=False)
        equal(answer.returncode, 2)
        equal(content(path), b'1,a\n')
        node.ask('load', path, '--rejects', os.path.join(folder, 'others'))


def test_a_load_that_breaks_off_leaves_the_old_rejects():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        rejects = write(folder, 'rejects', 'old')
        load = subprocess.Popen([CTL, '--node', node.address, 'load', '-', '--rejects', rejects],
                                env=ENVIRONMENT, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        load.stdin.write(b'"x"y\n' * 100_000)
        load.stdin.flush()
        load.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        try:
            load.stdin.write(b'1,2\n' * 100_000)
            load.stdin.close()
        except BrokenPipeError:
            pass
        load.stdin = None
        equal(load.wait(60), 1)
        load.communicate()
        equal(content(rejects), b'old')
        equal(os.listdir(folder), ['rejects'])


def test_what_is_no_text_is_refused():
    iconv = 'it is in UTF-16; `iconv -f UTF-16 -t UTF-8` makes it readable'
    zeros = 'it has bytes of value 0 in it, as only binary files have'
    text = ''.join(f'{i},Zürich\n' for i in range(1000))
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        for name, bytes_, why in (
                ('a.csv', text.encode('utf-16'), iconv),
                ('b.csv', text.encode('utf-16-le'), iconv),
                ('c.csv', text.encode('utf-16-be'), iconv),
                ('d.jsonl', '[1,2]\n'.encode('utf-16'), iconv),
                ('e.csv.gz', gzip.compress(text.encode()),
                 'it is compressed by gzip; gunzip makes it text'),
                ('f.csv', b'1,2\n' * 100 + b'\0\n', zeros)):
            path = write(folder, name, bytes_)
            fails(node.ctl('load', path), 1, f'cannot load {path}: {why}')
            fails(node.ctl('load', path, '--kv', 'n'), 1, f'cannot load {path}: {why}')
        fails(node.ctl('load', NODE), 1, f'cannot load {NODE}: {zeros}')
        equal(node.json('stats')['records'], 0)
        for encoding in ('utf-8', 'utf-8-sig', 'latin-1'):
            node.ask('load', write(folder, 'good.csv', text.encode(encoding)))
        equal(node.json('stats')['records'], 1000)


def test_a_string_of_many_lines_round_trips():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        for lines in (10_000, 400_000):
            row = [lines, 'line\n' * lines, '\0\x01\ufffe"', 'x']
            node.ask('load', '-', '--format', 'jsonl', stdin=json.dumps(row) + '\n')
        wanted = sorted(node.ask('dump').splitlines())
        path = os.path.join(folder, 'rows.csv')
        node.ask('dump', path)
        node.ask('remove', '--all')
        equal(node.json('load', path)['stored'], 2)
        equal(sorted(node.ask('dump').splitlines()), wanted)


def test_dump_says_what_it_dumps():
    with Node() as node:
        said = node.ctl('--help').out
        line = next(line for line in said.splitlines() if line.split()[:1] == ['dump'])
        assert 'everything' not in line and 'tuples' in line, line


main(sys.modules[__name__])
