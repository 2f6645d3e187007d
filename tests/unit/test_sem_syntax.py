"""The model language: what is read, and what is refused with line and word."""

import math

import pytest
from alliance.sem.syntax import Definition, Element, Equality, ModelSyntaxError, parse
from alliance.sem.table import build_table
from hypothesis import given, settings
from hypothesis import strategies as st


def elements(text, n_groups=1):
    return [s for s in parse(text, n_groups) if isinstance(s, Element)]


def cells(text, n_groups=1):
    return [f"{e.lhs} {e.op} {e.rhs}".strip() for e in elements(text, n_groups)]


def test_comments_semicolons_and_continued_lines():
    text = """
    # the measurement model
    bond =~ b1 +        ! first
        b2
        + b3; goal =~ g1 + g2
    persist ~
        bond + goal     # a comment; with a semicolon
    """
    assert cells(text) == [
        "bond =~ b1", "bond =~ b2", "bond =~ b3", "goal =~ g1", "goal =~ g2", "persist ~ bond", "persist ~ goal",
    ]  # fmt: skip


def test_several_left_hand_sides():
    assert cells("b1 + b2 ~ 1\nb1 ~~ b2 + b3") == ["b1 ~1", "b2 ~1", "b1 ~~ b2", "b1 ~~ b3"]


def test_intercept_beside_predictors():
    assert cells("y ~ 1 + x") == ["y ~1", "y ~ x"]
    assert elements("y ~ 0 + x")[0].modifiers.fixed == (0.0,)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("0.5*x1", {"fixed": (0.5,)}),
        ("-1*x1", {"fixed": (-1.0,)}),
        ("2/4*x1", {"fixed": (0.5,)}),
        ("1e-1*x1", {"fixed": (0.1,)}),
        ("a*x1", {"label": ("a",)}),
        ('"a"*x1', {"label": ("a",)}),
        ('label("a")*x1', {"label": ("a",)}),
        ("start(0.8)*x1", {"start": (0.8,)}),
        ("0.8?x1", {"start": (0.8,)}),
        ("a*1*x1", {"label": ("a",), "fixed": (1.0,)}),
        ("1*x1 + a*x1", {"label": ("a",), "fixed": (1.0,)}),
        ('equal("f =~ x2")*x1', {"equal": "f=~x2"}),
    ],
)
def test_modifiers(term, expected):
    (element,) = elements(f"f =~ {term}")
    for name in ("fixed", "start", "label", "equal"):
        assert getattr(element.modifiers, name) == expected.get(name)


def test_na_frees_and_combines_with_a_label():
    (element,) = elements("f =~ NA*x1 + lambda.1_1*x1")
    assert math.isnan(element.modifiers.fixed[0])
    assert element.modifiers.label == ("lambda.1_1",)


def test_one_value_per_group():
    first, second = elements("f =~ c(a, b)*x1 + c(1, NA)*x2", n_groups=2)
    assert [first.modifiers.at("label", g) for g in (1, 2)] == ["a", "b"]
    assert first.modifiers.at("fixed", 1) is None
    assert second.modifiers.at("fixed", 1) == 1.0
    assert math.isnan(second.modifiers.at("fixed", 2))


def test_labels_and_freedom_per_group_as_semtools_writes_them():
    (element,) = elements("b1 | c(NA, NA)*t1 + c(b1.thr1, b1.thr1)*t1", n_groups=2)
    assert element.op == "|"
    assert element.modifiers.label == ("b1.thr1", "b1.thr1")


def test_thresholds_and_scales():
    assert cells("x1 | 0*t1 + t2\nx1 ~*~ NA*x1") == ["x1 | t1", "x1 | t2", "x1 ~*~ x1"]


def test_blocks_speak_of_one_group():
    found = elements("group: 1\nf =~ x1 + x2\ngroup: 2\nf =~ x1 + x3", n_groups=2)
    assert [(e.rhs, e.block) for e in found] == [("x1", 1), ("x2", 1), ("x1", 2), ("x3", 2)]


def test_definitions_and_equalities():
    statements = parse("y ~ a*x + b*z\nab := a*b\na == 2*b")
    definition = next(s for s in statements if isinstance(s, Definition))
    equality = next(s for s in statements if isinstance(s, Equality))
    assert (definition.name, definition.text, definition.line) == ("ab", "a*b", 2)
    assert list(equality.expression.names()) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line", "word", "what"),
    [
        ("", 1, "", "the model is empty"),
        ("x1 + x2", 1, "x1", "holds no operator"),
        ("f =~ x1 +\ny ~ f", 1, "+", "a variable was expected beside '+'"),
        ("f =~ x1\ny ~ f x2", 2, "x2", "'+' was expected between two terms"),
        ("f =~", 1, "=~", "nothing stands right"),
        ("=~ x1", 1, "=~", "nothing stands left"),
        ("f =~ x1 ~ x2", 1, "~", "a second operator"),
        ("f =~ x1 & x2", 1, "&", "not part of the model language"),
        ("f = x1", 1, "=", "not part of the model language"),
        ("f =~ x1 + x1\nf =~ x1", 2, "x1", "already stands on line 1"),
        ("x1 ~~ x2\nx2 ~~ x1", 2, "x1", "already stands on line 1"),
        ("f =~ a*x1 + b*x1", 1, "x1", "two different labels"),
        ("f =~ 0.5*x1 + 1*x1", 1, "x1", "two different fixed values"),
        ("f =~ 3", 1, "3", "a variable's name was expected"),
        ("f =~ 1", 1, "1", "a number alone cannot stand after '=~'"),
        ("f =~ 3 x1", 1, "x1", "'+' was expected"),
        ("f =~ *x1", 1, "x1", "was expected before '*'"),
        ("f =~ a*", 1, "*", "a variable was expected after '*'"),
        ("f =~ c(a,)*x1", 1, "c(", "an empty entry"),
        ("f =~ a + b*2*x1 + (a+1)*x2", 1, "a", "a modifier is a number"),
        ("2*f =~ x1", 1, "2", "a variable's name was expected left of '=~'"),
        ("f g =~ x1", 1, "g", "'+' or '=~' was expected"),
        ("f <~ x1", 1, "<~", "formative"),
        ("f =~ lower(0)*x1", 1, "lower", "not available"),
        ("y ~ x1:x2", 1, "x1:x2", "products of variables"),
        ("y ~ y", 1, "y", "stands on both sides"),
        ("x1 | a1", 1, "a1", "thresholds are called t1"),
        ("x1 ~*~ x2", 1, "x2", "scales a variable with itself"),
        ("y ~ a*x\na > 0", 2, ">", "inequality"),
        ("y ~ a*x\nb + c := a", 2, "b+c", "one name belongs left of ':='"),
        ("y ~ a*x\nb := (a + 1", 2, "", "ends where ')' was expected"),
        ("y ~ a*x\nb := foo(a)", 2, "foo", "function is not known"),
        ("y ~ a*x\nb := a 2", 2, "2", "should end here"),
        ("level: 1\nf =~ x1", 1, "level", "only 'group:' blocks"),
        ("group: 3\nf =~ x1", 1, "3", "the data have 1 group(s)"),
    ],
)  # fmt: skip
def test_errors_name_line_and_word(text, line, word, what):
    with pytest.raises(ModelSyntaxError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.word) == (line, word)
    assert what in str(caught.value)


def test_c_must_have_one_entry_per_group():
    with pytest.raises(ModelSyntaxError, match=r"c\(\) has 3 entries but there are 2 group"):
        parse("f =~ c(a,b,c)*x1", 2)


PIECES = [
    "f", "g", "x1", "x2", "=~", "~", "~~", "~*~", "|", "t1", ":=", "==", "+", "*", "(", ")", ",", "c", "NA", "1", "0.5",
    "-", "start", "label", "equal", '"a"', "a", "b", "^", "/", "?", ":", "group", ";", "\n", "#", "!", "<~", ">", "<",
    ".p1.", "2",
]  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_text_is_read_or_refused_in_words(pieces):
    try:
        build_table(" ".join(pieces), n_groups=2, n_thresholds={"x1": 2})
        problem = None
    except ModelSyntaxError as caught:
        problem = caught
    assert problem is None or (problem.line >= 1 and f"line {problem.line}" in str(problem))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.permutations(["f =~ x1 + x2 + x3", "g =~ x4 + x5", "g ~ f", "x1 ~~ x4"]), st.booleans())
def test_the_order_of_statements_does_not_change_the_model(statements, spaced):
    table = build_table(("\n\n" if spaced else ";").join(statements))
    cells = {(op, *sorted((a, b))) for a, op, b in zip(table.lhs, table.op, table.rhs, strict=True)}
    variances = {("~~", name, name) for name in ("x1", "x2", "x3", "x4", "x5", "f", "g")}
    loadings = {("=~", factor, item) for factor, item in zip("fffgg", ("x1", "x2", "x3", "x4", "x5"), strict=True)}
    assert cells == variances | loadings | {("~", "f", "g"), ("~~", "x1", "x4")}
    assert table.n_par == 12
