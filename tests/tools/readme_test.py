#!/usr/bin/env python3
"""The program in the README is the example `first`, which is built and run with the others.

usage: readme_test.py SOURCE"""

import re
import sys
from pathlib import Path

source = Path(sys.argv[1])
programs = [block for block in re.findall(r'```cpp\n(.*?)```', (source / 'README.md').read_text(), re.S)
            if 'int main(' in block]
assert len(programs) == 1, f'{len(programs)} programs in the README'
assert programs[0] == (source / 'apps/examples/first.cpp').read_text(), \
    'the program in the README differs from apps/examples/first.cpp'
