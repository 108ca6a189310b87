"""Formulas of one's own: from a text to φ or a head, derived step by step, checked, compiled.

language → functions → stable → derivative → simplify → code
            exact, checking, seams: the truth that the result is held to
activation, head: what people hold; derive, derive_head: how it is made
"""
