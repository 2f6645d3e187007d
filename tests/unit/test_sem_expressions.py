"""Arithmetic on parameters: values, exact gradients, precedence as in R."""

import numpy as np
import pytest
from alliance.sem.expressions import parse_expression
from alliance.sem.syntax_tokens import ModelSyntaxError, tokenize
from hypothesis import given, settings
from hypothesis import strategies as st


def node(text):
    return parse_expression(tokenize(text)[0], 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2*3", 7), ("(1+2)*3", 9), ("2^3^2", 512), ("-2^2", -4), ("2^-1", 0.5), ("8/4/2", 1),
        ("2 - 3 - 4", -5), ("sqrt(16) + abs(-2)", 6), ("exp(log(5))", 5), ("+3", 3), ("2**3", 8),
        ("tanh(atanh(0.3))", 0.3), ("cos(0) + sin(0) + tan(0)", 1),
    ],
)  # fmt: skip
def test_values(text, value):
    assert node(text).constant() == pytest.approx(value)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.2, 2), min_size=3, max_size=3), st.sampled_from([
    "a*b + c", "a*b/(a*b + c)", "a^2 - b^c", "sqrt(a)*exp(-b) + log(c)", "atanh(a/4) - tanh(b*c)",
    "abs(a - 5)*b^0", "sin(a)*cos(b)/tan(c/2)", "-a^-b",
]))  # fmt: skip
def test_gradient_is_the_limit_of_differences(point, text):
    def evaluate(x):
        return node(text).dual({n: (x[i], np.eye(3)[i]) for i, n in enumerate("abc")}, 3)

    x, h = np.array(point), 1e-6
    numeric = [(evaluate(x + h * e)[0] - evaluate(x - h * e)[0]) / (2 * h) for e in np.eye(3)]
    assert evaluate(x)[1] == pytest.approx(numeric, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("text", ["1/0", "sqrt(-1)", "log(0)", "(0-2)^0.5"])
def test_what_has_no_value_is_refused_as_a_constant_and_nan_as_a_parameter(text):
    with pytest.raises(ModelSyntaxError, match="has no value"):
        node(text).constant()
    value, _ = node(f"a*({text})").dual({"a": (1.0, np.ones(1))}, 1)
    assert not np.isfinite(value)
