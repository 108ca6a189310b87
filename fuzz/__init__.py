"""Fuzzers of whatever reads what strangers wrote: model files, formulas, tables and pictures.

    python -m fuzz.models --inputs 100000
    python -m fuzz.formulas --inputs 100000
    python -m fuzz.tables --inputs 100000
    python -m fuzz.models --atheris              # guided by coverage; needs the group `fuzz`, ends by Ctrl-C

Every input must be taken or refused, and nothing else: it has a bound on processor time, the process a bound
on memory, and no input may start a process, open a connection or write a file. What goes wrong is kept in a
folder, and becomes a test.
"""
