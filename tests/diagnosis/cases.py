"""The corpus: programs as people write them, right ones, and the same with a fault planted in their text.

A fault is an edit of the program (every ``old`` stands in it exactly once), made without looking at how the
catalogue expresses mistakes. ``expected`` is what the first explanation must be: keys of the catalogue, joined
by " + "; several are given where they are the same mistake in other words.
"""

from __future__ import annotations

import ast
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from chainrule.diagnosis.catalogue.known import CATALOGUE

KEYS = {mistake.key for mistake in CATALOGUE}
CORPUS = Path(__file__).parent / "corpus"


class Case(NamedTuple):
    base: str
    name: str
    edits: tuple[tuple[str, str], ...]
    expected: tuple[str, ...]
    layers: str = "3-4-2"
    options: tuple[str, ...] = ()
    says: str = ""
    """Words of the faulty line, where the program was written with its fault."""

    @property
    def text(self) -> str:
        text = (CORPUS / f"{self.base}.py").read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) == 1, (self.base, self.name, old, text.count(old))
            text = text.replace(old, new)
        return text

    @property
    def id(self) -> str:
        return f"{self.base}: {self.name}"

    @property
    def lines(self) -> frozenset[int]:
        """Numbers of the faulty lines: those that the edits changed; where lines are gone, their neighbours."""
        after = self.text.splitlines()
        if self.says:
            return frozenset(n for n, line in enumerate(after, 1) if self.says in line)
        before = (CORPUS / f"{self.base}.py").read_text(encoding="utf-8").splitlines()
        found: set[int] = set()
        for kind, _, _, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if kind == "delete" or (kind == "replace" and not "".join(after[start:end]).strip()):
                found |= {start, start + 1}
            elif kind != "equal":
                found |= set(range(start + 1, end + 1))
        return frozenset(found)

    @property
    def has_line(self) -> bool:
        """Whether a line has an equation wrong; not where a comment or an option states another loss than it has."""
        if not self.expected or not all(key in KEYS for key in self.expected[0].split(" + ")):
            return False
        if not self.edits:
            return bool(self.says)
        before = (CORPUS / f"{self.base}.py").read_text(encoding="utf-8")
        return ast.dump(ast.parse(before)) != ast.dump(ast.parse(self.text))


RIGHT = tuple(
    Case(base, "right", (), (), layers, options)
    for base, layers, options in (
        ("textbook", "3-4-2", ()),
        ("textbook", "5-4-3-2", ("--output", "quadratic")),
        ("textbook_entropy", "3-4-4-2", ("--output", "sigmoid")),
        ("textbook_entropy", "3-4-2", ()),
        ("course_dict", "3-4-1", ()),
        ("course_dict", "5-3-2", ("--hidden", "tanh", "--output", "sigmoid")),
        ("rows_function", "3-4-2", ("--output", "softmax", "--hidden", "tanh")),
        ("rows_function", "4-6-5-3", ()),
        ("columns_function", "3-4-2", ()),
        ("columns_function", "4-4-4", ()),
        ("pure_loops", "3-4-2", ()),
        ("loop_over_samples", "3-4-2", ()),
        ("step_pairs", "3-4-2", ()),
        ("step_in_place", "3-5-2", ("--hidden", "relu", "--output", "softmax")),
        ("layer_objects", "3-4-3-2", ()),
        ("two_layer_labels", "3-4-2", ()),
        ("trains_itself", "3-4-2", ()),
        ("multi_label", "3-4-2", ()),
        ("regression", "3-4-2", ()),
        ("params_pairs", "3-4-2", ()),
        ("flat_arguments", "3-4-2", ()),
        ("deep_square", "4-4-4-4-4", ()),
        ("deep_square", "3-5-4-2", ()),
        ("typed_dataclass", "3-4-2", ()),
        ("no_bias", "3-4-2", ()),
        ("digit_recogniser", "3-4-2", ()),
        ("recursion", "3-4-2", ()),
        ("elu_step", "3-4-2", ()),
        # written before their author had read the catalogue
        ("dvalues", "3-4-2", ()),
        ("full_jacobian", "3-4-2", ()),
        ("with_options", "3-4-4-2", ()),
        ("closures", "3-4-2", ()),
        ("single_precision", "3-5-4-2", ()),
        ("double_loops", "3-4-2", ()),
        ("labelled", "3-5-4", ()),
    )
)


def fault(
    base: str,
    name: str,
    old: str,
    new: str,
    *expected: str,
    layers: str = "3-4-2",
    options: tuple[str, ...] = (),
    also: tuple[tuple[str, str], ...] = (),
) -> Case:
    return Case(base, name, ((old, new), *also), expected, layers, options)


def written(base: str, name: str, says: str, *expected: str, layers: str = "3-4-2") -> Case:
    """A program that was written with its fault, in the line that holds ``says``."""
    return Case(base, name, (), expected, layers, (), says)


EXTRA_SIGMA = "B1 gradient of quadratic cost with sigmoid"
CE = ("--loss", "cross-entropy")

FAULTY = (
    # the textbook class
    fault("textbook", "σ' in δ^H though cross-entropy is stated", "import numpy as np", "import numpy as np  # minimises the cross-entropy", EXTRA_SIGMA),
    fault("textbook", "the same, said by the option", "import numpy as np", "import numpy as np\n", EXTRA_SIGMA, options=CE),
    fault("textbook", "sigmoid_prime given the activation", "sp = sigmoid_prime(zs[-l])", "sp = sigmoid_prime(activations[-l])", "B2 slope of a"),
    fault("textbook", "sign of the cost's derivative", "(activations[-1] - y) *", "(y - activations[-1]) *", "B1 sign"),
    fault("textbook", "no sigmoid_prime in the hidden layer", "self.weights[-l+1].T, delta) * sp", "self.weights[-l+1].T, delta)", "B2 slope missing"),
    fault("textbook", "biases never filled in", "            nabla_b[-l] = delta\n", "", "B4 zero"),
    fault("textbook", "no nabla_b at all", "            nabla_b[-l] = delta\n", "", "B4 zero", also=(("        nabla_b[-1] = delta\n", ""),)),
    fault("textbook", "square net, no .T", "self.weights[-l+1].T, delta)", "self.weights[-l+1], delta)", "B2 W not transposed", layers="4-4-4"),
    fault("textbook", "square net, weights[-l]", "self.weights[-l+1].T", "self.weights[-l].T", "B2 W of layer L", layers="4-4-4"),
    fault("textbook", "activations[-l] in nabla_w", "np.dot(delta, activations[-l-1].T)", "np.dot(delta, activations[-l].T)", "B3 a of layer L", layers="4-4-4-4"),
    fault("textbook", "update adds", "self.weights = [w-(eta/len", "self.weights = [w+(eta/len", "B3 sign"),
    fault("textbook", "update adds, both", "self.weights = [w-(eta/len", "self.weights = [w+(eta/len", "ALL sign", "B1 sign", also=(("self.biases = [b-(eta/len", "self.biases = [b+(eta/len"),)),
    fault("textbook", "update overwrites instead of adding up", "nabla_w = [nw+dnw for", "nabla_w = [dnw for", "B3 last sample"),
    fault("textbook", "biases not divided by the batch", "self.biases = [b-(eta/len(mini_batch))*nb", "self.biases = [b-eta*nb", "B4 not averaged"),
    fault("textbook", "the batch's biases forgotten", "self.biases = [b-(eta/len(mini_batch))*nb", "self.biases = [b", "B4 zero"),
    fault("textbook", "sigmoid_prime returns sigmoid", "return sigmoid(z)*(1-sigmoid(z))", "return sigmoid(z)", "B2 value for slope + B1 value for slope", layers="3-4-2", options=("--output", "quadratic")),
    fault("textbook", "delta is squared", "(activations[-1] - y) * sigmoid_prime(zs[-1])", "(activations[-1] - y)**2 * sigmoid_prime(zs[-1])", "B1 squared", options=("--output", "quadratic")),
    # cross-entropy as a class
    fault("textbook_entropy", "extra sigma_prime in delta", "        return a - y", "        return (a - y) * sigma_prime(z)", EXTRA_SIGMA),
    fault("textbook_entropy", "sigma_prime of a in delta", "        return a - y", "        return (a - y) * sigma_prime(a)", "B1 sigma' of a"),
    fault("textbook_entropy", "z - y", "        return a - y", "        return z - y", "B1 z for a"),
    fault("textbook_entropy", "derivative in a", "        return a - y", "        return (a - y) / (a * (1 - a))", "B1 dJ/da"),
    fault("textbook_entropy", "sigma_prime of the layer above", "sigma_prime(zs[k])", "sigma_prime(zs[k + 1])", "B2 slope of the layer above", layers="4-4-4-4"),
    fault("textbook_entropy", "output delta used again", "delta = (self.weights[k + 1].T @ delta)", "delta = (self.weights[k + 1].T @ self.cost.delta(zs[-1], acts[-1], y))", "B2 output error again", layers="3-4-4-4", ),
    fault("textbook_entropy", "append for insert", "            grads_w.insert(0, delta @ acts[k].T)\n            grads_b.insert(0, delta)", "            grads_w.append(delta @ acts[k].T)\n            grads_b.append(delta)", "ALL reversed", layers="4-4-4"),
    fault("textbook_entropy", "loop stops one layer early", "range(self.n - 3, -1, -1)", "range(self.n - 3, 0, -1)", "ALL zero", layers="3-4-5-2",
          also=(("        return grads_w, grads_b", "        while len(grads_w) < self.n - 1:\n            k = self.n - 2 - len(grads_w)\n            grads_w.insert(0, np.zeros_like(self.weights[k]))\n            grads_b.insert(0, np.zeros_like(self.biases[k]))\n        return grads_w, grads_b"),)),
    fault("textbook_entropy", "tanh's slope for sigmoid", "    s = sigma(z)\n    return s * (1 - s)", "    s = sigma(z)\n    return 1 - s ** 2", "F2 slope of tanh by a"),
    fault("textbook_entropy", "1 + s", "    return s * (1 - s)", "    return s * (1 + s)", "F2 d_sigmoid: σ(1 + σ)"),
    # the course's dictionary
    fault("course_dict", "np.power(Z1, 2)", "(1 - np.power(A1, 2))", "(1 - np.power(cache['Z1'], 2))", "F2 d_tanh: 1 − z²", "B2 slope of z as a"),
    fault("course_dict", "1 - A1", "(1 - np.power(A1, 2))", "(1 - A1)", "F2 d_tanh: 1 − a"),
    fault("course_dict", "sigmoid's slope for tanh", "(1 - np.power(A1, 2))", "A1 * (1 - A1)", "F2 slope of sigmoid by a"),
    fault("course_dict", "db1 without axis", "db1 = np.sum(dZ1, axis=1, keepdims=True) / m", "db1 = np.sum(dZ1) / m", "B4 one number"),
    fault("course_dict", "dW2 not divided by m", "dW2 = np.dot(dZ2, A1.T) / m", "dW2 = np.dot(dZ2, A1.T)", "B3 not averaged"),
    fault("course_dict", "db2 divided twice", "db2 = np.sum(dZ2, axis=1, keepdims=True) / m", "db2 = np.mean(dZ2, axis=1, keepdims=True) / m", "B4 averaged twice"),
    fault("course_dict", "dW1 with Z", "dW2 = np.dot(dZ2, A1.T)", "dW2 = np.dot(dZ2, cache['Z1'].T)", "B3 z for a"),
    fault("course_dict", "Y - A2", "dZ2 = A2 - Y", "dZ2 = Y - A2", "B1 sign", "ALL sign"),
    fault("course_dict", "db not summed", "db1 = np.sum(dZ1, axis=1, keepdims=True) / m", "db1 = dZ1 / m", "B4 not summed"),
    # rows
    fault("rows_function", "mean and divided by n", "db[i] = err.sum(axis=0)", "db[i] = err.mean(axis=0)", "B4 averaged twice"),
    fault("rows_function", "weights[i] without T", "err @ weights[i].T", "err @ weights[i]", "B2 W not transposed", layers="4-4-4"),
    fault("rows_function", "transposed gradient", "dW[i] = acts[i].T @ err", "dW[i] = err.T @ acts[i]", "B3 transposed", layers="4-4-4"),
    fault("rows_function", "transposed gradient, seen by its shape", "dW[i] = acts[i].T @ err", "dW[i] = err.T @ acts[i]", "B3 transposed"),
    fault("rows_function", "tanh of tanh", "(1 - acts[i] ** 2)", "(1 - np.tanh(acts[i]) ** 2)", "B2 slope of a"),
    fault("rows_function", "softmax over the batch", "e / e.sum(axis=1, keepdims=True)", "e / e.sum(axis=0, keepdims=True)", "H1 sum over the batch", options=("--output", "softmax", "--hidden", "tanh"), also=(("    z = z - z.max(axis=1, keepdims=True)\n", ""),)),
    fault("rows_function", "softmax's diagonal only", "err = (acts[-1] - y) / n", "err = -y / acts[-1] * acts[-1] * (1 - acts[-1]) / n", "B1 diagonal", "B1 true class only"),
    fault("rows_function", "extra a(1-a) on softmax", "err = (acts[-1] - y) / n", "err = (acts[-1] - y) * acts[-1] * (1 - acts[-1]) / n", "B1 softmax with sigma'", options=("--output", "softmax")),
    fault("rows_function", "2/N", "err = (acts[-1] - y) / n", "err = 2 * (acts[-1] - y) / n", "ALL twice", "B1 twice", options=("--output", "softmax")),
    fault("rows_function", "batch error averaged first", "err = (acts[-1] - y) / n", "err = np.tile((acts[-1] - y).mean(axis=0), (n, 1)) / n", "B1 error of the batch"),
    fault("rows_function", "gradients lists kept between calls", "def gradients(weights, biases, x, y):", "total = {}\n\n\ndef gradients(weights, biases, x, y):", "accumulates",
          also=(("    return dW, db", "    for i in range(len(dW)):\n        total[i] = total.get(i, 0) + dW[i]\n        total[-1 - i] = total.get(-1 - i, 0) + db[i]\n    return [total[i] for i in range(len(dW))], [total[-1 - i] for i in range(len(dW))]"),)),
    # columns
    fault("columns_function", "ds of the activation", "* ds(zs[l])", "* ds(activations[l + 1])", "B2 slope of a"),
    fault("columns_function", "keepdims sum over the wrong axis", "deltas[l].sum(axis=1, keepdims=True)", "deltas[l].sum(axis=0)", "B4 sum over neurons"),
    fault("columns_function", "slope of the layer above in W", "weights[l + 1].T.dot(deltas[l + 1]) * ds(zs[l])", "weights[l + 1].T.dot(deltas[l + 1] * ds(zs[l + 1]))", "B2 slope above"),
    fault("columns_function", "slope twice", "* ds(zs[l])", "* ds(zs[l]) * ds(zs[l])", "B2 slope twice"),
    fault("columns_function", "two mistakes", "* ds(zs[l])", "* ds(activations[l + 1])", "B2 slope of a + B4 averaged twice", also=(("deltas[l].sum(axis=1, keepdims=True)", "deltas[l].mean(axis=1, keepdims=True)"),)),
    fault("columns_function", "three mistakes", "* ds(zs[l])", "* ds(activations[l + 1])", "B2 slope of a + B3 sign + B1 gradient of quadratic cost with sigmoid", also=(("activations[H] - y", "(activations[H] - y) * ds(zs[-1])"), ("dW = [deltas[l].dot", "dW = [-deltas[l].dot"))),
    fault("columns_function", "nabla without the output layer's sample", "dW = [deltas[l].dot(activations[l].T)", "dW = [deltas[l][:, :1].dot(activations[l][:, :1].T)", "B3 first sample"),
    fault("columns_function", "absolute error", "deltas[H - 1] = activations[H] - y", "deltas[H - 1] = np.abs(activations[H] - y)", "B1 absolute"),
    # loops
    fault("pure_loops", "wrong index in the weights", "total += weights[l][j][k] * delta[j]", "total += weights[l][k][j] * delta[j]", "B2 W not transposed", layers="4-4-4"),
    fault("pure_loops", "total overwritten: weights left out", "total += weights[l][j][k] * delta[j]", "total += delta[j]", "B2 summed"),
    fault("pure_loops", "a[l+1] in the gradient", "gw[j][k] = delta[j] * a[l][k]", "gw[j][k] = delta[j] * a[l + 1][k]", "B3 a of layer L", layers="4-4-4"),
    fault("pure_loops", "bias gradient times the bias", "gb[j] = delta[j]", "gb[j] = delta[j] * biases[l][j]", "B4 times b"),
    fault("pure_loops", "weight gradient times the weight", "gw[j][k] = delta[j] * a[l][k]", "gw[j][k] = delta[j] * a[l][k] * weights[l][j][k]", "B3 times W"),
    fault("pure_loops", "no slope in the loop", "back.append(total * a[l][k] * (1 - a[l][k]))", "back.append(total)", "B2 slope missing"),
    fault("pure_loops", "slope a for a(1-a)", "back.append(total * a[l][k] * (1 - a[l][k]))", "back.append(total * a[l][k])", "B2 value for slope"),
    # a loop over samples
    fault("loop_over_samples", "= for +=", "grad_w[i] += np.outer(d, outs[i])", "grad_w[i] = np.outer(d, outs[i])", "B3 last sample"),
    fault("loop_over_samples", "= for += in b", "grad_b[i] += d", "grad_b[i] = d", "B4 last sample"),
    fault("loop_over_samples", "both divided in the loop and after", "        d = p - y", "        d = (p - y) / N", "ALL averaged twice"),
    fault("loop_over_samples", "b not divided", "    grad_b = [g / N for g in grad_b]\n", "", "B4 not averaged"),
    fault("loop_over_samples", "return inside of the loop", "                d = (weights[i].T @ d) * outs[i] * (1 - outs[i])\n", "                d = (weights[i].T @ d) * outs[i] * (1 - outs[i])\n        return grad_w, grad_b\n", "B3 first sample + B4 first sample"),
    fault("loop_over_samples", "no labels", "        d = p - y", "        d = p", "B1 labels missing"),
    fault("loop_over_samples", "hard decision", "        d = p - y", "        d = (p == p.max()) - y", "B1 rounded"),
    # steps
    fault("step_pairs", "climbs", "new_w = [w - rate * s", "new_w = [w + rate * s", "ALL sign", "B1 sign", also=(("new_b = [b - rate * s", "new_b = [b + rate * s"),)),
    fault("step_pairs", "no learning rate", "rate = learning_rate / len(batch)", "rate = 1 / len(batch)", "ALL without eta"),
    fault("step_pairs", "learning rate twice", "rate = learning_rate / len(batch)", "rate = learning_rate ** 2 / len(batch)", "ALL eta twice"),
    fault("step_pairs", "only the last pair", "sum_w = [s + g for s, g in zip(sum_w, gw)]\n        sum_b = [s + g for s, g in zip(sum_b, gb)]", "sum_w, sum_b = gw, gb", "B3 last sample + B4 last sample"),
    fault("step_pairs", "bias forgotten", "new_b = [b - rate * s for b, s in zip(biases, sum_b)]", "new_b = biases", "B4 zero"),
    fault("step_in_place", "W changed before δ goes on", "        grads.append((i, hs[i].T.dot(d), d.sum(axis=0)))\n", "        gW, gb = hs[i].T.dot(d), d.sum(axis=0)\n        weights[i] -= lr * gW / len(X)\n        biases[i] -= lr * gb / len(X)\n", "B2 W already updated", options=("--hidden", "relu"),
          also=(("    for i, gW, gb in grads:\n        weights[i] -= lr * gW / len(X)\n        biases[i] -= lr * gb / len(X)\n", ""),)),
    fault("step_in_place", "ReLU's other side", "d[zs[i - 1] <= 0] = 0", "d[zs[i - 1] > 0] = 0", "F2 d_relu: the other side"),
    fault("step_in_place", "ReLU's slope forgotten", "            d[zs[i - 1] <= 0] = 0\n", "", "B2 slope missing"),
    fault("step_in_place", "ReLU's slope of another layer", "d[zs[i - 1] <= 0] = 0", "d[zs[i] <= 0] = 0", "B2 slope of the layer above", layers="4-4-4"),
    # layers as objects
    fault("layer_objects", "ReLU passes everything", "return grad_out * (self.input > 0)", "return grad_out", "B2 slope missing"),
    fault("layer_objects", "gradients add up over calls", "self.dweights = self.input.T @ grad_out\n        self.dbias = grad_out.sum(axis=0, keepdims=True)", "self.dweights = getattr(self, 'dweights', 0) + self.input.T @ grad_out\n        self.dbias = getattr(self, 'dbias', 0) + grad_out.sum(axis=0, keepdims=True)", "accumulates"),
    fault("layer_objects", "step forgets the bias", "                layer.bias -= lr * layer.dbias\n", "", "B4 zero"),
    fault("layer_objects", "backward before the last Dense is left out", "for layer in reversed(self.layers):\n            grad", "for layer in reversed(self.layers):\n            if layer is self.layers[0]:\n                layer.dweights, layer.dbias = 0 * layer.weights, 0 * layer.bias\n                continue\n            grad", "ALL zero"),
    # class numbers
    fault("two_layer_labels", "N forgotten", "        dscores /= N\n", "        dscores /= N * N\n", "ALL averaged twice"),
    fault("two_layer_labels", "labels not subtracted", "        dscores[np.arange(N), y] -= 1\n", "", "B1 labels missing"),
    fault("two_layer_labels", "ReLU mask forgotten", "        dh[h_pre <= 0] = 0\n", "", "B2 slope missing"),
    fault("two_layer_labels", "x for h", "grads[\"W2\"] = h.T.dot(dscores)", "grads[\"W2\"] = h_pre.T.dot(dscores)", "B3 z for a"),
    # updates at once
    fault("trains_itself", "hidden weights use new outer weights", "        delta_h = (self.w_ho.T @ delta_o) * hidden * (1 - hidden)\n        self.w_ho -= self.lr * np.outer(delta_o, hidden)\n", "        self.w_ho -= self.lr * np.outer(delta_o, hidden)\n        delta_h = (self.w_ho.T @ delta_o) * hidden * (1 - hidden)\n", "B2 W already updated"),
    fault("trains_itself", "adds (final - targets)", "self.w_ho -= self.lr", "self.w_ho += self.lr", "B3 sign"),
    fault("trains_itself", "cross-entropy stated, quadratic trained", "# squared error", "# cross entropy", EXTRA_SIGMA),
    fault("trains_itself", "no final slope, quadratic stated", "(final - targets) * final * (1 - final)", "(final - targets)", "B1 sigma' missing", options=("--output", "quadratic")),
    # several labels
    fault("multi_label", "softmax's habit: only the true label", "dZ = (acts[-1] - y_true) / y_true.size", "dZ = y_true * (acts[-1] - 1) / y_true.size", "B1 gradient of categorical cross-entropy with sigmoid", "B1 true class only"),
    fault("multi_label", "mean in the loss, n_outputs times in the gradient", "dZ = (acts[-1] - y_true) / y_true.size", "dZ = (acts[-1] - y_true) / len(y_true)", "ALL times outputs"),
    fault("multi_label", "reverse forgotten", "    dWs.reverse()\n", "", "ALL reversed", layers="4-4-4", also=(("    dbs.reverse()\n", ""),)),
    # binary cross-entropy reported, softmax trained
    fault("layer_objects", "binary cross-entropy over softmax reported", "-np.mean(np.sum(y_true * np.log(y_pred), axis=1))", "-np.mean(np.sum(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred), axis=1))", "B1 gradient of categorical cross-entropy with softmax", layers="3-4-3"),
    # regression
    fault("regression", "n_outputs too many", "d = 2 * (out - y) / y.size", "d = 2 * (out - y) / len(y)", "ALL times outputs", layers="3-4-3"),
    fault("regression", "the 2 forgotten", "d = 2 * (out - y) / y.size", "d = (out - y) / y.size", "ALL half"),
    fault("regression", "squared", "d = 2 * (out - y) / y.size", "d = (out - y) ** 2 / len(y)", "B1 squared", options=("--output", "identity")),
    # pairs, flat arguments
    fault("params_pairs", "softplus's slope of the activation", "softplus_slope(pre[i - 1])", "softplus_slope(post[i])", "B2 slope of a"),
    fault("params_pairs", "softplus itself for its slope", "softplus_slope(pre[i - 1])", "softplus(pre[i - 1])", "B2 value for slope"),
    fault("params_pairs", "gradient of b without the sum", "gb = np.einsum(\"no->o\", d)", "gb = np.einsum(\"no->o\", d) / len(x)", "B4 averaged twice", "B3 not averaged"),
    fault("flat_arguments", "m missing in db1", "db1 = 1 / m * dZ1", "db1 = dZ1", "B4 not averaged"),
    fault("flat_arguments", "dZ1 divided by m", "dZ1 = W2.T @ dZ2 * A1 * (1 - A1)", "dZ1 = 1 / m * W2.T @ dZ2 * A1 * (1 - A1)", "B2 divided by N"),
    fault("flat_arguments", "minus in dZ1", "dZ1 = W2.T @ dZ2", "dZ1 = -W2.T @ dZ2", "B2 sign"),
    # depth
    fault("deep_square", "W[i-1]", "self.W[i].T @ delta", "self.W[i - 1].T @ delta", "B2 W of layer L", layers="4-4-4-4"),
    fault("deep_square", "d_act(A)", "d_act(self.Z[i - 1])", "d_act(self.A[i - 1])", "B2 slope of a", layers="3-5-4-2"),
    fault("deep_square", "d_act of Z[i]", "d_act(self.Z[i - 1])", "d_act(self.Z[i])", "B2 slope of the layer above", layers="4-4-4-4"),
    fault("deep_square", "A[i]", "delta @ self.A[i - 1].T / m", "delta @ self.A[i].T / m", "B3 a of layer L", layers="4-4-4-4"),
    fault("deep_square", "input everywhere", "delta @ self.A[i - 1].T / m", "delta @ self.A[0].T / m", "B3 x for a", layers="4-4-4-4"),
    # dataclass
    fault("typed_dataclass", "leak forgotten", "slope = np.where(self.zs[k - 1] > 0, 1.0, 0.01)", "slope = np.where(self.zs[k - 1] > 0, 1.0, 0.0)", "F2 d_leaky_relu: leak forgotten", "F2 slope of relu by z"),
    fault("typed_dataclass", "updates while going back", "            updates.append((k, delta.T @ self.hs[k], delta.sum(axis=0)))\n", "            dw, db = delta.T @ self.hs[k], delta.sum(axis=0)\n            self.weights[k] = self.weights[k] - self.learning_rate * dw\n            self.biases[k] = self.biases[k] - self.learning_rate * db\n", "B2 W already updated"),
    fault("typed_dataclass", "one learning rate too few", "self.biases[k] - self.learning_rate * db", "self.biases[k] - db", "B4 without eta", "ALL without eta"),
    fault("no_bias", "old weights gone", "        self.who -= self.lr * np.outer(out_error, hidden)\n        self.wih -= self.lr * np.outer(hidden_error, inputs)", "        self.who += self.lr * np.outer(out_error, hidden)\n        self.wih -= self.lr * np.outer(hidden_error, inputs)", "B3 sign"),
    # written after the catalogue, to see whether it holds
    fault("digit_recogniser", "z(1 - z)", "dZ1 = dA1 * self.A1 * (1 - self.A1)", "dZ1 = dA1 * self.Z1 * (1 - self.Z1)", "F2 d_sigmoid: z(1 − z): z where a is meant", "B2 slope of z as a"),
    fault("digit_recogniser", "b2 not updated", "self.b2 -= self.lr * self.db2", "pass", "B4 zero"),
    fault("digit_recogniser", "times the output", "dZ2 = self.A2 - Y", "dZ2 = (self.A2 - Y) * self.A2", "B1 value for slope"),
    fault("digit_recogniser", "dA1 for dZ1", "self.dW1 = X.T @ dZ1 / m", "self.dW1 = X.T @ dA1 / m", "B3 before slope"),
    fault("digit_recogniser", "mean without axis", "self.db2 = dZ2.sum(0, keepdims=True) / m", "self.db2 = dZ2.mean()", "B4 one mean", "B4 one number"),
    fault("recursion", "slope of the activation", "phi_prime(z)\n        dW", "phi_prime(phi(z))\n        dW", "B2 slope of a"),
    fault("recursion", "derivative in a", "delta = out(z) - y", "delta = -(y/out(z) - (1-y)/(1-out(z)))", "B1 dJ/da"),
    fault("recursion", "hidden slope at the output", "delta = out(z) - y", "delta = (out(z) - y) * phi_prime(z)", "B1 slope of the hidden activation"),
    fault("elu_step", "a for a + 1", "np.where(zs[i-1] > 0, 1, np.exp(zs[i-1]))", "np.where(zs[i-1] > 0, 1, np.exp(zs[i-1]) - 1)", "F2 d_elu: a for a + 1"),
    fault("elu_step", "ReLU's slope", "np.where(zs[i-1] > 0, 1, np.exp(zs[i-1]))", "(zs[i-1] > 0)", "F2 slope of relu by z"),
    fault("elu_step", "b climbs", "- lr * gb", "+ lr * gb", "B4 sign"),
    fault("elu_step", "W averaged twice", "hs[i].T @ g, g.sum(0)", "hs[i].T @ g / len(x), g.sum(0)", "B3 averaged twice"),
    # written, faults and all, before their author had read the catalogue
    written("moons", "1 - z1**2", "np.power(z1, 2)", "F2 d_tanh: 1 − z²", "B2 slope of z as a"),
    written("kaggle_digits", "softmax without axis", "expZ / np.sum(expZ)", "H1 sum over everything"),
    written("few_lines", "error for delta", "l2_error.dot(self.syn1.T)", "B2 before slope above"),
    written("dense_layers", "W changed before it is used", "self.weights -= learning_rate", "B2 W already updated"),
    written("l_layer_model", "the minus of dAL", "dAL = np.divide(Y, AL)", "B1 sign"),
    written("like_a_framework", "zero_grad never called", "self.dW += self.x.T @ g", "accumulates"),
    written("leaky", "another leak in the derivative", "def leaky_relu_derivative(x, alpha=0.1)", "F2 slope of leaky_relu 0.1 by z"),
    written("softmax_layer", "the Jacobian's diagonal", "delta = dp * p * (1 - p)", "B1 diagonal"),
    written("swish_net", "product rule", "return x * s * (1 - s)", "F2 d_silu: only the second term"),
    written("three_layers_flat", "copied dZ1", "db2 = np.sum(dZ1", "B4 layer below", layers="3-4-4-2"),
    written("reshaped", "reshape for .T", "weights[i].reshape(", "B2 W reshaped"),
    written("one_by_one", "divided inside of the loop", "sum_w[l] /= len(X)", "ALL divided in the loop"),
    written("precedence", "s * 1 - s", "return sigmoid(x) * 1 - sigmoid(x)", "F2 slope zero"),
    written("quotient_rule", "the square", "# quotient rule", "F2 d_sigmoid: the square is forgotten"),
    written("in_place", "z overwritten by np.tanh(z, out=z)", "np.tanh(z", "B2 slope of a"),
    written("bracket", "b outside of the brackets", "self.W1)) + self.b1", "F2 bias after"),
    written("local_name", "b = b - … changes nothing", "b = b - learning_rate", "B4 zero"),
    written("generic_layers", "gradient(outputs) for gradient(inputs)", "self.activation.gradient(layer_outputs", "B1 dJ/da sigma' of a + B2 slope of a"),
    # the gradient is right, and the rest is not
    fault("dvalues", "a rate of 1000", "learning_rate=1.0", "learning_rate=1000.0", "learning rate"),
    fault("labelled", "a rate of 3000", "learning_rate=0.5", "learning_rate=3000", "learning rate", layers="3-5-4"),
    fault("double_loops", "a rate of 1e-7", "self.lr = 0.5", "self.lr = 1e-7", "learning rate"),
    fault("labelled", "a rate of 1e-6", "learning_rate=0.5", "learning_rate=1e-6", "learning rate", layers="3-5-4"),
    fault("labelled", "one-hot from 1", "out[np.arange(len(y)), y] = 1", "out[np.arange(len(y)), y - 1] = 1", "labels shifted", layers="3-5-4"),
    fault("labelled", "one-hot with a column for 0", "out = np.zeros((len(y), n_classes))", "out = np.zeros((len(y), n_classes + 1))", "one-hot width", layers="3-5-4"),
    fault("labelled", "labels 1 to 4", "rng.integers(0, 4, size=60)", "rng.integers(1, 5, size=60)", "labels shifted", layers="3-5-4"),
    fault("labelled", "argmax over the samples", "np.argmax(probs, axis=1) == np.argmax(y_true, axis=1)", "np.argmax(probs, axis=0) == np.argmax(y_true, axis=0)", "accuracy axis", layers="3-5-4"),
    fault("labelled", "several labels under softmax", "rng.integers(0, 4, size=60)", "rng.integers(0, 2, size=(60, 4))", "multi-label targets", layers="3-5-4"),
)  # fmt: skip
