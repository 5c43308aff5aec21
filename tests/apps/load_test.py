"""load and dump: what goes in comes out, and rows that cannot be stored are named."""

import csv
import io
import json
import os
import sys
import tempfile

from harness import Node, equal, fails, main

NASTY = [
    [1, 'plain', None, True, 1.5, -7],
    [2, 'comma, and "quotes"', '', False, 1e300, 0],
    [3, 'two\nlines', 'cr\r\nlf', None, -0.25, 9223372036854775807],
    [4, '123', 'true', '1e5', '', ' '],
    [5, [1, ['a,b', None]], {'$tuple': [1, 'x']}, {'k': {'$double': 'inf'}}, 'json:1', '\r'],
    [6, {'$bytes': '/wA='}, {'$map': [[1, 2]]}, 'null', '007', '-0'],
    [7, '\ufeffmark', 'ünï©ode', ';', '\t', '"'],
    [8, 1.0, 'nan', 'inf', '+1', '1.', '.5'],
]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8', newline='') as f:
        f.write(text)
    return path


def everything(node, *words):
    return sorted(json.loads(line) for line in node.ask('dump', *words).splitlines())


def fill(node):
    text = ''.join(json.dumps(row) + '\n' for row in NASTY)
    equal(node.json('load', '-', '--format', 'jsonl', stdin=text)['stored'], len(NASTY))


def test_round_trips():
    for words in (['--format', 'csv'], ['--format', 'csv', '--separator', 'tab'],
                  ['--format', 'csv', '--separator', ' || '], ['--format', 'csv', '--separator', ';'],
                  ['--format', 'jsonl']):
        with Node('--num_partition', '4') as node:
            fill(node)
            before = node.ctl('dump', *words).out
            wanted = everything(node)
            equal(len(wanted), len(NASTY))
            node.ask('remove', '--all')
            equal(everything(node), [])
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, 'dump')
                with open(path, 'wb') as f:
                    f.write(before.encode('utf-8', 'surrogateescape'))
                result = node.json('load', path, *words)
                equal((result['read'], result['stored'], result['rejected']),
                      (len(NASTY), len(NASTY), 0))
            equal(everything(node), wanted)
            equal(wanted, sorted(json.loads(json.dumps(NASTY))))


def test_round_trip_of_bags_and_files():
    with Node('--table_type', 'duplicate_bag') as node, tempfile.TemporaryDirectory() as folder:
        for i in range(3):
            node.ask('put', 'k', str(i % 2))
        for name in ('d.csv', 'd.jsonl'):
            path = os.path.join(folder, name)
            equal(node.ask('dump', path), f'wrote 3 rows to {path}')
            node.ask('remove', '--all')
            equal(node.json('load', path)['stored'], 3)
            equal(node.json('get', 'k'), [['k', 0], ['k', 1], ['k', 0]])


def test_round_trip_of_kv():
    for words in (['--format', 'csv'], ['--format', 'jsonl']):
        with Node() as node:
            pairs = [['a', 1], ['b,"', [1, 'x']], [7, None], ['', ''], [[1], 'l\nl']]
            text = ''.join(json.dumps(pair) + '\n' for pair in pairs)
            node.ask('load', '-', '--format', 'jsonl', '--kv', 'n', stdin=text)
            dumped = node.ctl('dump', '--kv', 'n', *words).out
            node.ask('kv', 'n', 'clear')
            node.ask('load', '-', '--kv', 'n', *words, stdin=dumped)
            equal(sorted(node.json('kv', 'n', 'list'), key=str), sorted(pairs, key=str))
            equal(node.json('stats')['records'], 0)


def test_round_trip_of_structs():
    for words in (['--format', 'csv'], ['--format', 'jsonl']):
        with Node() as node:
            rows = [[1, {'$tuple': [1, 'Ann', 2.5]}], [2, {'$tuple': [2, 'B "b"', None]}]]
            text = ''.join(json.dumps(row) + '\n' for row in rows)
            equal(node.json('load', '-', '--format', 'jsonl', '--structs', 't', stdin=text)['stored'],
                  2)
            dumped = node.ctl('dump', '--structs', 't', *words).out
            with Node() as other:
                other.ask('load', '-', '--structs', 't', *words, stdin=dumped)
                equal(everything(other, '--structs', 't'), rows)
                equal(other.json('stats')['structs'], ['t'])


def test_many_rows():
    count = 25_000
    with Node('--num_partition', '8') as node, tempfile.TemporaryDirectory() as folder:
        out = io.StringIO()
        csv.writer(out).writerows([i, f'name, {i}', i * 0.5] for i in range(count))
        path = write(folder, 'many.csv', out.getvalue())
        result = node.json('load', path)
        equal((result['read'], result['stored'], result['rejected']), (count, count, 0))
        equal(node.json('get', '24999'), [[24999, 'name, 24999', 12499.5]])
        dumped = os.path.join(folder, 'out.csv')
        node.ask('dump', dumped)
        with open(dumped, encoding='utf-8', newline='') as f:
            keys = sorted(int(row[0]) for row in csv.reader(f))
        equal(keys, list(range(count)))


def test_typed_columns():
    text = ('code;name;ignored;ratio;flag;doc;raw\n'
            '0041;A;x;1;true;[1,2];007\n'
            '1F600;"say ""hi"";";y;2.5;false;{"a":null};\n')
    words = ['--separator', ';', '--header', '--columns', 'hex,auto,skip,float,bool,json,string']
    with Node() as node:
        node.ask('load', '-', *words, stdin=text)
        equal(node.json('get', '65'), [[65, 'A', 1.0, True, [1, 2], '007']])
        equal(node.json('get', '128512'), [[128512, 'say "hi";', 2.5, False, {'a': None}, None]])
        node.ask('load', '-', *words, '--empty', 'string', stdin=text)
        equal(node.json('get', '128512')[0][5], '')
        node.ask('load', '-', '--no-quotes', stdin='1,"a,b"\n')
        equal(node.json('get', '1'), [[1, '"a', 'b"']])
        node.ask('load', '-', '--types', 'string', stdin='1,2\n')
        equal(node.json('get', '"1"'), [['1', '2']])
        node.ask('load', '-', '--kv', 'n', '--key-column', '2', '--value-column', '0',
                 stdin='v,x,k\r\n')
        equal(node.json('kv', 'n', 'get', 'k'), ['v'])


def test_rejected_rows_are_named():
    text = ('1,10,ok\n'                 # line 1
            '2,ten,no\n'                # 2
            '\n'
            '3,30\n'                    # 4
            '4,"40"x,no\n'              # 5
            '5,50,"two\nlines"\n'       # 6 and 7
            '6,99999999999999999999,no\n'  # 8
            '7,70,"never closed\n'      # 9
            '8,80,ok\n')                # 10
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        path = write(folder, 'rows.csv', text)
        rejects = os.path.join(folder, 'rejects')
        answer = node.ctl('load', path, '--columns', 'int,int,string', '--rejects', rejects)
        equal(answer.status, 1)
        assert answer.out.startswith('read 8 rows, stored 3, rejected 5, in '), answer
        wanted = ["2: field 2: 'ten' is no whole number of 64 bits",
                  '4: it has 2 fields; 3 are needed',
                  '5: text behind the closing quote of field 2',
                  "8: field 2: '99999999999999999999' is no whole number of 64 bits",
                  '9: the quote of field 3 is never closed']
        equal(answer.err.splitlines(), [f'supercachectl: {path}: line {w}' for w in wanted])
        with open(rejects, encoding='utf-8') as f:
            equal(f.read().splitlines(), wanted)
        equal(sorted(node.json('match', '["$1", "_", "_"]')), [[1], [5], [8]])
        answer = node.ctl('load', path, '--columns', 'int,int,string', '--allow-rejects')
        equal(answer.status, 0)


def test_rejected_json_lines():
    deep = '[' * 10_000 + ']' * 10_000
    text = f'[1, "a"]\n{{"a": 1}}\n[]\n[1,\n{deep}\n\n[2, "b"]\n'
    with Node() as node:
        answer = node.ctl('load', '-', '--format', 'jsonl', '--json', stdin=text)
        equal(answer.status, 1)
        result = json.loads(answer.out)
        equal((result['read'], result['stored'], result['rejected']), (6, 2, 4))
        lines = answer.err.splitlines()
        equal([line.split(': ')[2] for line in lines], ['line 2', 'line 3', 'line 4', 'line 5'])
        equal(lines[0], 'supercachectl: standard input: line 2: an object; --fields says which of its '
                        'members to take, in their order')
        assert lines[3].endswith('which is 128 levels'), lines


def test_json_objects():
    text = '{"name": "Alice", "id": 1, "x": 9}\n{"id": 2}\n[3, "Carol"]\n{"id": 12345678901234567890}\n'
    with Node() as node:
        answer = node.ctl('load', '-', '--format', 'jsonl', '--fields', 'id,name', stdin=text)
        equal(answer.status, 1)
        assert answer.err.startswith('supercachectl: standard input: line 4: JSON text: integer '
                                     '12345678901234567890 does not fit; allowed is '), answer
        equal(sorted(node.json('match', '["$1", "$2"]')), [[1, 'Alice'], [2, None], [3, 'Carol']])


def test_short_rows_and_many_rejects():
    with Node('--key_pos', '1', '--partition_pos', '2') as node:
        text = 'a,b\n' * 30 + 'a,b,c\n' + 'a\n'
        answer = node.ctl('load', '-', stdin=text)
        lines = answer.err.splitlines()
        equal(len(lines), 21)
        equal(lines[0], 'supercachectl: standard input: line 1: tuple size (2) is lower than '
                        'partition_pos (2)')
        equal(lines[20], 'supercachectl: standard input: 11 more rows were rejected; --rejects FILE '
                         'writes down all')
        assert answer.out.startswith('read 32 rows, stored 1, rejected 31'), answer


def test_files_that_cannot_be_used():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        fails(node.ctl('load', '/nonexistent.csv'), 1,
              'cannot read /nonexistent.csv: No such file or directory')
        fails(node.ctl('load', folder), 1, f'cannot read {folder}: it is a folder')
        fails(node.ctl('dump', '/nonexistent/x.csv'), 1,
              'cannot write /nonexistent/x.csv: No such file or directory')
        fails(node.ctl('load', '-', '--rejects', '/nonexistent/x'), 1,
              'cannot write /nonexistent/x: No such file or directory')


def test_dump_of_what_is_not_there():
    with Node() as node, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'kept.jsonl')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('kept')
        fails(node.ctl('dump', path, '--kv', 'userz'), 3, "there is no namespace 'userz'")
        fails(node.ctl('dump', '--structs', 'person'), 3, "there are no structs of type 'person'")
        with open(path, encoding='utf-8') as file:
            equal(file.read(), 'kept')


main(sys.modules[__name__])
