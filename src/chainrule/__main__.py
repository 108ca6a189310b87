"""``python -m chainrule``: the command, where it is not on the path."""

from chainrule.cli import main

main()
