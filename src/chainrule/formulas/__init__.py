"""Formulas of one's own: from a text to φ or a head, derived step by step, checked, compiled.

language → functions → stable → derivative → simplify → code: what is made of a text, in this order
exact, checking, branch_points, accuracy: the exact values that the result is compared with
derive, derive_head: all of this for one formula; activation, head: the classes that it becomes
"""
