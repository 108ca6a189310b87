"""What a notebook gets by ``%load_ext chainrule``: the magics of `chainrule.notebook.magics`."""
