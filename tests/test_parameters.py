"""What a notebook's parameters may be, and what becomes of the values that somebody gives them."""

import pytest

from spareparts.documents import read_yaml
from spareparts.execute import ROOT
from spareparts.parameters import checked, defaults_in, literals, parameter_defaults, parse_settings, read_notebook

CELL = """\
STEPS = 10  # steps
SEEDS = [1, 2]
DATASETS = ["mnist"]
RATE = 0.1
SHUFFLE = True
MISSING = "list"
"""
DEFAULTS = literals(CELL)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("STEPS=1500", 1500),
        ("SEEDS=1,4..6", [1, 4, 5, 6]),
        ("SEEDS=7", [7]),
        ("DATASETS=mnist,fashion_mnist", ["mnist", "fashion_mnist"]),
        ("RATE=1e-3", 0.001),
        ("SHUFFLE=false", False),
        ("MISSING=run", "run"),
        ("MISSING=0100", "0100"),
        ("STEPS=0100", 100),
        ("SEEDS=[3, 4]", [3, 4]),
    ],
)
def test_a_value_takes_the_type_of_its_default(text, value):
    name = text.partition("=")[0].strip()
    parsed = parse_settings([text], DEFAULTS)
    assert parsed == {name: value} and type(parsed[name]) is type(value)
    assert checked(parsed, DEFAULTS) == parsed


@pytest.mark.parametrize(
    ("source", "text", "complaint"),
    [
        (CELL, "STEPS=many", "STEPS must be a whole number, like its default 10, got 'many'"),
        (CELL, "RATE=inf", "RATE must be a finite number, like its default 0.1, got 'inf'"),
        (CELL, "SEEDS=5..1", "SEEDS: the range 5..1 is empty"),
        (CELL, "SEEDS=a", "SEEDS must be a list, each a whole number"),
        (CELL, "SHUFFLE=maybe", "SHUFFLE must be true or false"),
        (CELL, "SEEDS=1..200000000", "SEEDS: a range has at most 100,000 values, and 1..200000000 has 200,000,000"),
        (CELL, "STEPS", "a parameter is written NAME=VALUE, got 'STEPS'"),
        (CELL, "STEP=1", r"no parameter STEP: did you mean STEPS\?"),
        (CELL, "XYZ=1", "it has STEPS, SEEDS"),
        ("X: int | None = None", "X=1:30", "a whole number or None, like its default None, got '1:30'"),
        ("X: Literal['a', 'b'] = 'a'", "X=c", r"X must be one of a, b"),
        ("X = (1, 2)", "X=a", "X must be a tuple, each a whole number"),
        ("X = [1, None]", "X=1.5", "X must be a list, each a whole number or None"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(source, text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_settings([text], literals(source))
    with pytest.raises(ValueError, match="STEPS is set twice, to 1 and to 2"):
        parse_settings(["STEPS=1", "STEPS=2"], DEFAULTS)


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ("X = None", "0100", 100),
        ("X = None", "1:30", "1:30"),
        ("X = None", "1e-3", 0.001),
        ("X = None", "None", None),
        ("X = None", "null", None),
        ("X = None", "sgd", "sgd"),
        ("X = []", "0100,1e-3,none,False,adam,1:30,2..4", [100, 0.001, None, False, "adam", "1:30", 2, 3, 4]),
        ("X = [1, None]", "2,none", [2, None]),
        ("X = (1, 2)", "3,4", (3, 4)),
        ("X = {1, 2}", "3,4", {3, 4}),
        ("X = [[1, 2]]", "[[3], [4, 5]]", [[3], [4, 5]]),
        ("X = {0: 0.1}", "{1: .5, 2: 1}", {1: 0.5, 2: 1.0}),
        ("X: int | None = None", "7", 7),
        ("X: int | None = 7", "none", None),
        ("X: Optional[Literal['a', 'b']] = None", "b", "b"),
        ("X: list[int] | None = None", "1..3", [1, 2, 3]),
        ("X: str | None = None", "0100", "0100"),
        ("X: tuple[int, ...] | None = None", "3,4", (3, 4)),
        ("X: Unknown = 3", "4", 4),
    ],
)
def test_a_value_is_what_its_annotation_says_or_the_core_schema_where_the_default_leaves_it_open(source, text, value):
    given = parse_settings([f"X={text}"], literals(source))["X"]
    assert given == value and type(given) is type(value)


def test_a_cell_is_read_as_python_whatever_its_texts_and_comments_hold():
    source = '%load_ext nothing\nPATH = "a=b"  # x = 1\nA = B = 2\n# C = 3\nTEXT = """\nD = 4\n"""\nE: int'
    assert literals(source) == {"PATH": "a=b", "A": 2, "B": 2, "TEXT": "\nD = 4\n"}
    with pytest.raises(ValueError, match="the cell of the parameters is no Python: invalid syntax"):
        literals(CELL.replace("STEPS = 10", "STEPS = = 10"))


def test_the_cell_is_found_in_every_form_of_text_and_a_broken_notebook_refused_in_one_line(tmp_path):
    for name, text in {
        "light.py": '# + tags=["parameters"]\nX = 1\n',
        "quotes.py": "# %% tags=['parameters']\nX = 1\n",
    }.items():
        (tmp_path / name).write_text(text)
        assert defaults_in(tmp_path / name) == parameter_defaults(read_notebook(tmp_path / name)) == {"X": 1}
    for text in ("{}", "[]", "{"):
        (tmp_path / "a.ipynb").write_text(text)
        with pytest.raises(ValueError, match=r"a\.ipynb is no whole notebook") as caught:
            read_notebook(tmp_path / "a.ipynb")
        assert "\n" not in str(caught.value)
    for path in (ROOT / "notebooks").glob("*.py"):
        assert defaults_in(path) == parameter_defaults(read_notebook(path)), path


def test_yaml_is_that_of_version_1_2():
    found = read_yaml("[010, 0o10, 1:30, 12:00:00, 1e-3, yes, 2026-01-01]")
    assert found == [10, 8, "1:30", "12:00:00", 1e-3, "yes", "2026-01-01"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\na: 2", 'line 2: found duplicate key "a"'),
        ("[1, 2", "line 1: expected ',' or ']'"),
        ('!!int ""', "IndexError"),
    ],
)
def test_what_is_no_yaml_is_told_in_one_line_with_its_place(text, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        read_yaml(text)
    assert "\n" not in str(caught.value)
