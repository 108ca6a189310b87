"""The line put right in the user's own names: with it the program is right."""

from __future__ import annotations

import pytest

from chainrule.diagnosis.asking.layouts import Layout
from chainrule.diagnosis.catalogue.known import CATALOGUE
from chainrule.diagnosis.telling.own_line import RULES, own_line
from tests.diagnosis.asking import asked
from tests.diagnosis.cases import FAULTY

ROWS, COLUMNS = Layout("rows", False, "vector"), Layout("columns", True, "column")


def mistake(key):
    return next(one for one in CATALOGUE if one.key == key)


@pytest.mark.parametrize(
    ("key", "line", "right"),
    [
        ("B4 sign", "self.b += lr * db  # up", "self.b -= lr * db"),
        ("B3 sign", "W = W + lr * dW", "W = W - lr * dW"),
        ("B1 sign", "d = t - out", "d = out - t"),
        ("B2 sign", "d1 = -d2 @ W2.T * s", "d1 = d2 @ W2.T * s"),
        ("B4 one number", "return x.T @ e, np.sum(e)", "return (x.T @ e, np.sum(e, axis=0))"),
        ("B4 sum over neurons", "gb = d.sum(1)", "gb = d.sum(0)"),
        ("B4 mean over neurons", "gb, c = np.mean(d, axis=1), 2", "gb, c = np.sum(d, axis=0), 2"),
        ("B3 eta twice", "self.W -= self.lr * (self.lr * dW)", "self.W -= self.lr * dW"),
        ("B4 averaged twice", "db = d.mean(0) / len(x)", "db = d.mean(0)"),
        ("B1 gradient of quadratic cost with sigmoid", "e = (o - y) * o * (1 - o) / n", "e = (o - y) / n"),
        ("B1 gradient of quadratic cost with sigmoid", "e = (o - y) * d_sigmoid(z)", "e = o - y"),
        ("B2 W not transposed", "d = d @ self.w[i].T * s", "d = d @ self.w[i] * s"),
        ("B2 W not transposed", "d = np.dot(W2, d) * s", "d = np.dot(W2.T, d) * s"),
        ("B3 last sample", "gw[i] = np.outer(d, a)", "gw[i] += np.outer(d, a)"),
        ("B1 label of the class before", "Y[range(n), y - 1] = 1", "Y[range(n), y] = 1"),
    ],
)
def test_one_change_of_a_line(key, line, right):
    assert own_line(line, mistake(key), ROWS) == right


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("B3 zero", "dW = d.T @ a"),
        ("B4 sign", "db = d.sum(0)"),
        ("B3 sign", "W = W + lr * a + b"),
        ("B1 sign", "d = (a - y) * (1 - a)"),
        ("B2 W not transposed", "d = W1 @ W2 @ d"),
        ("B3 last sample", "gw = [np.zeros(2)]"),
        ("B1 sign", "for x in y:"),
        ("B1 sign", "a = 1; d = y - a"),
    ],
)
def test_where_it_is_not_clear_nothing_is_changed(key, line):
    assert own_line(line, mistake(key), ROWS) == ""


def test_in_columns_the_sum_is_over_the_other_axis():
    kept = "axis=1, keepdims=True)"
    assert own_line("db = np.sum(d)", mistake("B4 one number"), COLUMNS) == f"db = np.sum(d, {kept}"
    assert own_line("db = d / m", mistake("B4 not summed"), COLUMNS) == f"db = (d / m).sum({kept}"


def test_every_rule_is_of_a_mistake():
    assert set(RULES) <= {one.slip for one in CATALOGUE}


REPAIRED = (
    "textbook: sign of the cost's derivative",
    "textbook_entropy: extra sigma_prime in delta",
    "course_dict: db1 without axis",
    "rows_function: weights[i] without T",
    "loop_over_samples: = for +=",
    "trains_itself: cross-entropy stated, quadratic trained",
    "elu_step: b climbs",
)


@pytest.mark.parametrize("case", [case for case in FAULTY if case.id in REPAIRED], ids=lambda case: case.id)
def test_with_the_line_put_right_the_program_is_right(case, tmp_path):
    found = asked(case, tmp_path)
    (line,) = found.lines
    lines = case.text.splitlines(keepends=True)
    old = lines[line - 1]
    new = own_line(old, found.mistakes[0].mistake, found.part.answer.layout)
    assert f"Right: {new[:60]}"[:40] in " ".join(str(found).split())
    edits = (*case.edits, (old.strip(), new))
    assert asked(case._replace(edits=edits), tmp_path).verdict == "right"
