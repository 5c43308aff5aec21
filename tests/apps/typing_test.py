"""What people type, on a command line and in the shell; and printed values can be typed."""

import json
import os
import random
import shlex
import sys
import tempfile

from harness import CTL, Node, equal, fails, main, run
from terminal import Terminal

LOCALES = (None, 'C', 'POSIX', 'C.UTF-8', 'en_US.UTF-8', 'en_US.ISO-8859-1', 'xx_YY', '')


# -- words on a command line --------------------------------------------------------------------------

def test_words_meant_as_values_are_values_or_refused():
    with Node() as node:
        for word, shown in (
                ('1', '1'), ('-5', '-5'), ('1e3', '1000.0'), ('-0.0', '0.0'), ('nil', 'nil'),
                ('null', 'nil'), ('true', 'true'), ('-inf', '-inf'), ('nan', 'nan'), ('{}', '{}'),
                ('[]', '[]'), ('{1, "a"}', '{1, "a"}'), ('{"a":1}', '{"a": 1}'),
                ('{"$tuple": []}', '{"$tuple": []}'), ('"nil"', '"nil"'), (r'"\xff"', r'"\xff"'),
                ('', '""'), ('Alice', '"Alice"'), ('Zürich', '"Zürich"'), ('10.0.0.1', '"10.0.0.1"'),
                ('2024-01-15', '"2024-01-15"'), ('True', '"True"'), ('a"b', '"a\\"b"'), ('%%', '"%%"'),
                ('a\x1b[31m\u202e', r'"a\u001b[31m\u202e"'), ('\x1f', r'"\u001f"'),
                ('\x1ex', r'"\u001ex"')):
            equal(node.ask('put', 'x', word), f'stored {{"x", {shown}}}')
            equal(node.ask('queue', 'q', 'add', word), '1')
            equal(node.ask('queue', 'q', 'out'), shown)
            equal(node.ask('put', 'x', shown), f'stored {{"x", {shown}}}')
        before = node.ask('get', 'x')
        for word in ('1e400', '1e-400', '01', '+1', '.5', '-', '0x10', 'NaN', 'Infinity',
                     '9223372036854775808', '"\\ud800"', '{"a":1', '[1,2', '"a', '"a"b', '[1]]',
                     '{a:1}', '{"a":1,"a":2}', '#{}', '[' * 10_000 + ']' * 10_000):
            for words in (('put', 'x', word), ('kv', 'n', 'put', word, '1'), ('queue', 'q', 'add', word),
                          ('get', word), ('kv', 'n', 'cas', 'k', word, '1'), ('stack', 's', 'push', word),
                          ('get', 'x', '--partition', word)):
                answer = node.ctl(*words)
                equal((answer.status, answer.out, answer.err.count('\n')), (2, '', 1))
                assert "' is no " in answer.err, answer
            equal(node.ask('--string', 'queue', 'q', 'add', word), '1')
            equal(node.json('queue', 'q', 'out'), [word])
        equal(node.ask('get', 'x'), before)
        equal(node.json('stats')['namespaces'], [])


def test_a_refusal_says_how_the_string_is_written():
    fails(run(CTL, 'put', 'x', '{"a":1'), 2,
          r"""'{"a":1' is no value: character 7: ',' or '}' is needed; the string is written """
          r"""'"{\"a\":1"'""")
    fails(run(CTL, 'put', 'x', '007'), 2,
          """'007' is no number: they are written like 1, -0.5, 2e3, inf and nan; the string is """
          """written '"007"'""")
    fails(run(CTL, 'put', b'Z\xfcrich', '1'), 2,
          r"""'Z\xfcrich' is no UTF-8; a string of such bytes is written '"\xff"'""")


# -- there and back -----------------------------------------------------------------------------------

def random_value(r, depth=3):
    """A value in JSON, as json.hpp describes it."""
    kind = r.randrange(12 if depth else 8)
    if kind < 2:
        return r.choice((None, True, False, 0, -1, 2**63 - 1, -2**63, 1.0, -0.5, 1e300, 5e-324))
    if kind == 2:
        return {'$double': r.choice(('nan', 'inf', '-inf'))}
    if kind == 3:
        return {'$bytes': r.choice(('//79', '/w==', 'Y2Fm6SE='))}
    if kind < 8:
        return ''.join(r.choice('ab01 \'"\\{}[],:#$\n\t\r\0\x1b\x7f\x9büß€😀\u202e\ufeff-nil')
                       for _ in range(r.randrange(8)))
    items = [random_value(r, depth - 1) for _ in range(r.randrange(4))]
    if kind == 8:
        return items
    if kind == 9:
        return {'$tuple': items}
    if kind == 10:
        return {f'{i}{r.choice("ab$ ")}': x for i, x in enumerate(items)}
    return {'$map': [[i if r.random() < 0.5 else {'$tuple': [i]}, x] for i, x in enumerate(items)]}


def test_what_is_printed_can_be_typed():
    r = random.Random(int(os.environ.get('SUPERCACHE_SEED', '1')))
    values = [random_value(r) for _ in range(300)]
    with Node() as node:
        def printed(words):
            """What the shell prints for the values of these words."""
            return node.ask('shell', stdin=''.join(f'stack s push {w}\nstack s pop\n' for w in words)
                            ).split('\n')[1::2]

        def printed_as_json(words):
            return node.ask('shell', stdin=''.join(f'stack s push {w}\nstack s pop --json\n'
                                                   for w in words)).split('\n')[1::2]

        shown = printed(shlex.quote(json.dumps(v)) for v in values)
        equal(len(shown), len(values))
        equal(printed(shown), shown)                              # unchanged
        equal(printed([shlex.quote(s) for s in shown]), shown)    # quoted as for any shell
        as_json = printed_as_json(shown)
        again = [json.dumps(json.loads(j)[0]) for j in as_json]
        equal(printed(again), shown)
        for text in shown[:40]:
            equal(node.ask('stack', 's', 'push', text), '1')
            equal(node.ask('stack', 's', 'pop'), text)


# -- lines of the shell -------------------------------------------------------------------------------

def test_lines():
    with Node() as node:
        def printed(line):
            return node.ctl('shell', stdin=line + '\n')

        for line, out in (
                ('put x {"a":1}', 'stored {"x", {"a": 1}}\n'),
                ('put x {"a": [1, {2, "} "}]} "1" \'1\' 1', 'stored {"x", {"a": [1, {2, "} "}]}, "1", 1, 1}\n'),
                ('put "x" "Z\\u00fcrich" "a\\nb" "-x" "--json"', 'stored {"x", "Zürich", "a\\nb", "-x", "--json"}\n'),
                ('put Zürich 😀', 'stored {"Zürich", "😀"}\n'),
                ('"put" x nil', 'stored {"x", nil}\n'),
                ('kv "my space" put "1" {1}', 'stored\n'),
                ('kv my\\ space get "1" --json', '[{"$tuple":[1]}]\n'),
                ('kv \'"x"\' count', '0\n')):
            answer = printed(line)
            equal((answer.status, answer.out, answer.err), (0, out, ''))
        for line, sentence in (
                ('put x {a:1}', "'{a:1}' is no value: character 2: 'a' is no value; the string is "
                                'written "{a:1}"'),
                ('put x {"a":1', 'the bracket { is never closed'),
                ('put x [1', 'the bracket [ is never closed'),
                ('put x "a', 'the quote " is never closed'),
                ('put x \'a', "the quote ' is never closed"),
                ('put x "\\q"', r'"\q" is no string: character 4: forbidden character '
                                'after backslash'),
                ('put x 1e400', "'1e400' is no value: number 1e400 is too large for a double; the "
                                'largest is 1.7976931348623157e+308; the string is written "1e400"'),
                ('quit now', 'quit takes no arguments')):
            fails(printed(line), 2, 'line 1: ' + sentence)
        fails(node.ctl('shell', stdin=b'put Z\xfcrich 1\n'), 2,
              r'line 1: this is no UTF-8; a string of such bytes is written "\xff"')
        equal(node.ask('shell', stdin='  quit  \nput 1 2\n'), '')


# -- the shell on a terminal --------------------------------------------------------------------------

def test_utf8_arrives_in_any_locale():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        for locale in LOCALES:
            with Terminal(node, home, locale=locale) as t:
                t.expect('supercache> ')
                t.type('put Zürich "€ 😀 日本"\r')
                t.expect('stored {"Zürich", "€ 😀 日本"}')
                t.expect('supercache> ')
                t.type('\x1b[A\r')   # the line before, again
                t.expect('stored {"Zürich", "€ 😀 日本"}')
                t.expect('supercache> ')
                t.type('\x04')
                equal(t.process.wait(60), 0)
        with Terminal(node, home, locale='C') as t:
            t.expect('supercache> ')
            t.type('\x1b[A\r')       # of an earlier session
            t.expect('stored {"Zürich", "€ 😀 日本"}')


def test_what_is_no_utf8_is_refused():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        for locale in ('C', 'en_US.ISO-8859-1'):
            for keys in (b'put Z\xfcrich 1\r', b'put \xc3\r', b'put \xe2\x82x\r', b'put \xff\xfe\r'):
                with Terminal(node, home, locale=locale) as t:
                    t.expect('supercache> ')
                    t.type(keys)
                    t.expect(r'supercachectl: this is no UTF-8; a string of such bytes is written "\xff"')
                    t.expect('supercache> ')
                    t.type('put ü 1\r')
                    t.expect('stored {"ü", 1}')
        equal(node.json('stats')['records'], 1)


def test_pasted_lines_all_arrive():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home, locale='C') as t:
            t.expect('supercache> ')
            t.type(''.join(f'put {i} Zürich{end}' for i, end in enumerate('\r\n\r\n')))
            for i in range(4):
                t.expect(f'stored {{{i}, "Zürich"}}')
            t.expect('supercache> ')
            t.type('quit\r')
            equal(t.process.wait(60), 0)


def test_long_lines_arrive_also_while_a_command_runs():
    """In its usual mode a terminal cuts lines at 4096 bytes."""
    text = 'ü' * 3000
    with Node() as node, tempfile.TemporaryDirectory() as home:
        with Terminal(node, home, locale='C', columns=10_000) as t:
            t.expect('supercache> ')
            t.type(f'kv n put long {text}\r')
            t.expect('stored\r\n')
            t.expect('supercache> ')
            t.type('queue q wait --for 1500\r')
            t.expect('\n')
            t.paste(f'kv n put ahead {text}\rkv n put last 1\r')
            t.expect('no value came to q')
            t.expect('stored\r\n', 30)
            t.expect('stored\r\n', 30)
            t.expect('supercache> ')
            t.type('quit\r')
            equal(t.process.wait(60), 0)
        for key in ('long', 'ahead'):
            equal(node.json('kv', 'n', 'get', key), [text])
        equal(node.json('kv', 'n', 'get', 'last'), [1])


def test_the_terminal_is_left_as_it_was():
    with Node() as node, tempfile.TemporaryDirectory() as home:
        words = f'stty -a | grep -o "[-]*icanon\\|[-]*echo " ; {CTL} --node {node.address} shell; ' \
                'stty -a | grep -o "[-]*icanon\\|[-]*echo "; echo over'
        with Terminal(node, home, 'sh', '-c', words) as t:
            before = t.expect('Connected').split()
            t.expect('supercache> ')
            t.type('quit\r')
            after = t.expect('over')
            equal(before, ['icanon', 'echo'])
            assert after.split()[-2:] == before, after


main(sys.modules[__name__])
