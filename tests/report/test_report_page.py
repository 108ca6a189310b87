"""The page of a run: well-formed, self-contained, every figure with its equation, and true."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from chainrule import Network
from chainrule.cli.train import train
from chainrule.equations.heads import HEADS
from chainrule.errors import DataError, InputError
from chainrule.report.comparison import comparison, facts, versus
from chainrule.report.learning import fit_in_words, printed
from chainrule.report.page import report
from chainrule.report.results import important
from chainrule.runs.reading import USUAL, command_line, open_run
from tests.report.parsing import Page, checked


@pytest.fixture(scope="module")
def page(digits):
    return checked(report(open_run(digits)))


def test_every_figure_is_there(page):
    names = ("loss", "accuracy", "gradients", "relative", "confusion", "classes", "calibration", "mistakes")
    assert {f"fig-{name}" for name in names} <= set(page.figures)
    assert {"settings", "curves", "gradients", "classes", "calibration", "mistakes", "equations"} <= set(
        page.ids
    )


def test_equations_are_those_behind_the_figures(page):
    assert page.math.keys() >= {"eq-h1", "eq-h2", "eq-b1", "eq-b2", "eq-b3", "eq-m1", "eq-m5", "eq-m7"}
    assert "eq-h4" not in page.math
    assert "src/chainrule/equations/heads.py" in page.text


def test_figures_are_those_of_the_run(page, digits):
    run = open_run(digits)
    evaluation = run.evaluation()
    assert f"{100 * evaluation.accuracy:.2f} %" in page.text
    for scores in evaluation.by_class:
        assert f"{scores.precision:.3f}" in page.text
    wrong = int((evaluation.y != evaluation.predicted).sum())
    assert f"of {wrong} mistakes in 360 samples" in page.text


def test_the_confusion_matrix_holds_every_count(digits):
    run = open_run(digits)
    text = report(run)
    matrix = text[text.index('class="matrix"') : text.index("</table>", text.index('class="matrix"'))]
    counts = [int(count) for count in re.findall(r'<td class="(?:hit|miss)"[^>]*>(\d+)</td>', matrix)]
    confusion = run.evaluation().confusion
    assert counts == confusion[confusion > 0].tolist()


def test_pictures_where_data_are_pictures(page, digits):
    run = open_run(digits)
    assert len(page.sources) == min(24, len(run.predictions.rows))


def test_several_labels(several):
    page = checked(report(open_run(several)))
    assert page.math.keys() >= {"eq-h3", "eq-h4"}
    assert "eq-h2" not in page.math
    assert "F1, micro" in page.text
    assert "true positives" in page.text


def test_a_table(kinds):
    page = checked(report(open_run(kinds)))
    assert "fig-importance" in page.figures
    assert page.sources == []
    assert page.text.index("feature accuracy lost u ") < page.text.index("Columns that say the same")


def test_importance_finds_the_column_that_decides(kinds):
    from chainrule.report.equations import Links
    from chainrule.report.importance import importances

    run = open_run(kinds)
    first, *rest = importances(run.network, run.test)
    assert first.name == "u"
    assert first.mean > 0.3
    assert all(abs(one.mean) < 0.05 for one in rest)
    assert ">u<" in important(run, Links())


def test_data_that_are_gone(kinds, copied):
    folder = copied(kinds, data={"name": "gone.csv", "checksum": "0", "samples": 240, "test": 60})
    page = checked(report(open_run(folder)))
    assert "could not be loaded again" in page.text
    assert "fig-importance" not in page.figures
    assert "fig-calibration" in page.figures


def test_data_that_changed(kinds, copied):
    about = json.loads((kinds / "run.json").read_text())
    folder = copied(kinds, data={**about["data"], "checksum": "0" * 64})
    page = checked(report(open_run(folder)))
    assert "is no longer what the run was trained on" in page.text
    assert "fig-importance" not in page.figures
    assert "fig-classes" in page.figures


def test_without_predictions_they_are_made_anew(digits, copied):
    folder = copied(digits)
    (folder / "predictions.npz").unlink()
    ours = checked(report(open_run(folder))).text.replace(str(folder), str(digits))
    assert ours.replace("digits: copy", f"digits: {digits.name}") == checked(report(open_run(digits))).text


def test_without_predictions_and_data(digits, copied):
    folder = copied(digits, data={"name": "gone.csv", "checksum": "0"}, test={})
    (folder / "predictions.npz").unlink()
    page = checked(report(open_run(folder)))
    assert "The folder holds no predictions" in page.text
    assert {"fig-loss", "fig-gradients"} <= set(page.figures)
    assert "fig-calibration" not in page.figures


def test_a_run_that_was_killed(digits, copied):
    folder = copied(digits, status="running", test={})
    (folder / "model.safetensors").unlink()
    (folder / "predictions.npz").unlink()
    with (folder / "history.jsonl").open("a") as file:
        file.write('{"epoch": 99, "lo')
    page = checked(report(open_run(folder)))
    assert "it is, or it was killed" in page.text
    assert "model.safetensors is missing" in page.text
    assert "fig-gradients" in page.figures


def test_a_run_of_an_older_version(digits, copied):
    folder = copied(digits)
    (folder / "gradients.jsonl").unlink()
    (folder / "history.jsonl").unlink()
    page = checked(report(open_run(folder)))
    assert "history.jsonl is missing" in page.text
    assert "fig-gradients" not in page.figures


def test_names_are_text_and_no_markup(run_of, tmp_path):
    path = tmp_path / "odd.csv"
    rows = [f"{i % 7},{i % 3},{'<b>a</b>' if i % 2 else '&amp;x'}" for i in range(80)]
    path.write_text("\n".join(['"<i>u</i>","v"">w",kind', *rows]) + "\n")
    page = checked(report(open_run(run_of(path, [2, 4, 2], name="<u>run"))))
    assert "<b>a</b>" in page.text
    assert "&amp;x" in page.text
    assert "<i>u</i>" in page.text
    assert "<u>run" in page.text


def test_no_run_folder(tmp_path):
    with pytest.raises(InputError, match=r"RUN must be a folder that chainrule train wrote"):
        open_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(DataError, match=r"run\.json must be what chainrule train wrote; it is no JSON"):
        open_run(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(DataError, match="must be an object with data"):
        open_run(tmp_path)


def test_damaged_predictions(digits, copied):
    folder = copied(digits)
    (folder / "predictions.npz").write_bytes(b"PK broken")
    with pytest.raises(DataError, match=r"predictions\.npz must be what training wrote"):
        open_run(folder)


def test_usual_settings_are_those_of_the_command():
    options = {option.name: option.default for option in train.params}
    for name, usual in USUAL.items():
        default = options[name]
        assert (default if isinstance(default, str | int | float) else None) == usual, name


def test_the_command_line_reads_as_the_run(digits):
    """What `train` reads from the line is what the run was."""
    run = open_run(digits)
    words = command_line(run).split()
    assert words[:3] == ["chainrule", "train", "digits"]
    with train.make_context("train", words[2:]) as context:
        read = context.params
    assert read["layers"] == (64, 20, 10)
    assert (read["epochs"], read["learning_rate"], read["data"]) == (6, 0.5, "digits")


def test_words_of_the_curves(digits):
    records = list(open_run(digits).history)
    falling = [r._replace(epoch=i, loss=1 / i, val_loss=1 / i) for i, r in enumerate(records, 1)]
    assert "still falling" in fit_in_words(falling)
    by_heart = [r._replace(val_loss=1 + abs(r.epoch - 2)) for r in falling]
    assert "lowest in epoch 2, 1, and stands 400 % higher at the end" in fit_in_words(by_heart)
    assert "does not learn" in fit_in_words([r._replace(loss=2.3) for r in falling])
    assert "hardly moved since" in fit_in_words(
        [r._replace(val_loss=1 + 0.01 * abs(r.epoch - 2)) for r in falling]
    )
    assert "Without validation" in fit_in_words([r._replace(val_loss=None) for r in falling])


def test_runs_side_by_side(digits, run_of):
    other = run_of("digits", [64, 12, 10], name="other", epochs=3)
    runs = [open_run(folder, with_data=False) for folder in (digits, other)]
    found = {fact.name: fact for fact in facts(runs)}
    assert found["layers"].texts == ("64-20-10", "64-12-10")
    assert "hidden" not in found
    (test,), notes = versus(runs)
    assert notes == []
    accuracies = [run.about["test"]["accuracy"] for run in runs]
    assert test.paired.difference == pytest.approx(max(accuracies) - min(accuracies))
    page = checked(comparison(runs))
    assert {"fig-figures", "fig-loss", "fig-accuracy", "fig-test"} <= set(page.figures)
    assert str(test).startswith(f"{test.best} ")


def test_the_same_run_twice_cannot_be_told_apart(digits):
    runs = [open_run(digits, with_data=False)] * 2
    (test,), _ = versus(runs)
    assert (test.p_value, test.paired.difference) == (1, 0)
    assert "cannot be told apart" in str(test)


def test_runs_on_different_data_are_not_tested(digits, several, kinds, copied):
    runs = [open_run(folder, with_data=False) for folder in (digits, several, kinds)]
    tests, notes = versus(runs)
    assert tests == []
    assert len(notes) == 2
    assert all("other samples" in note for note in notes)
    assert "No two runs have predictions" in checked(comparison(runs)).text


def test_the_reader_of_pages_sees_what_is_wrong(digits):
    text = report(open_run(digits))
    with pytest.raises(AssertionError):
        checked(text.replace("</figure>", "", 1))
    with pytest.raises(AssertionError):
        checked(text.replace('href="#eq-h2"', 'href="#eq-h9"', 1))
    with pytest.raises(AssertionError):
        checked(text.replace("<h2>", '<img src="https://example.com/x.png"><h2>', 1))
    with pytest.raises(AssertionError, match="links to no equation"):
        checked(re.sub(r'(fig-classes.*?)<span class="equations">.*?</span>', r"\1", text, flags=re.DOTALL))
    assert Page("<p>a &lt; <b>b</b></p>").text == "a < b"


def test_an_own_loss_is_shown_as_its_formula(run_of):
    from chainrule.formulas.head import Head

    folder = run_of("digits", [64, 10], epochs=2, name="own")
    about = json.loads((folder / "run.json").read_text())
    about["options"]["loss"] = "-y*(1-a)**2*log(a)"
    (folder / "run.json").write_text(json.dumps(about))
    network = Network([64, 10], output=Head.from_formulas("softmax", "-y*(1-a)**2*log(a)"), seed=0)
    network.save(folder / "model.safetensors")
    page = checked(report(open_run(folder)))
    assert "-y*(1-a)**2*log(a)" in page.text
    assert not {"eq-h2", "eq-b1"} & set(page.math)
    assert "eq-h1" in page.math


@pytest.mark.parametrize("options", [{"output": "softmax"}, {"output": "sigmoid"}, {"output": "quadratic"}])
@pytest.mark.parametrize("loss", [None, "(a-y)**2"])
def test_tags_without_a_network_are_those_of_the_named_head(options, loss):
    """A run that kept no network: an own loss has no tag, its output activation has."""
    run = SimpleNamespace(network=None, options={**options, "loss": loss})
    head = HEADS[options["output"]]
    found = printed(run)
    assert found.a == head.printed.a
    assert (found.J.tag, found.delta.tag) == (
        (head.printed.J.tag, head.printed.delta.tag) if loss is None else ("", "")
    )
