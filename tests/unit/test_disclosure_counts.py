"""Nothing small can be worked out from what is printed: attacks by linear programming, and by trying everything."""

import itertools

import numpy as np
import pytest
from alliance.disclosure_attack import Contradiction, bounds
from alliance.disclosure_counts import CountBook


def crossed(table: np.ndarray) -> CountBook:
    """A table of counts with all its margins; keys are (i, j), with "*" for a margin."""
    book = CountBook()
    rows, columns = table.shape
    for i, j in itertools.product(range(rows), range(columns)):
        book.add((i, j), table[i, j])
    for i in range(rows):
        book.add((i, "*"), table[i].sum())
        book.total((i, "*"), [(i, j) for j in range(columns)])
    for j in range(columns):
        book.add(("*", j), table[:, j].sum())
        book.total(("*", j), [(i, j) for i in range(rows)])
    book.add(("*", "*"), table.sum())
    book.total(("*", "*"), [(i, "*") for i in range(rows)])
    book.total(("*", "*"), [("*", j) for j in range(columns)])
    return book


def test_bounds_are_those_of_the_published_margins():
    # x1 + x2 = 30, x1 + x3 = 12, all at least 1: x1 in 1..11, x2 = 30 - x1, x3 = 12 - x1
    equations = [(0, (2, 3)), (1, (2, 4))]
    known = np.array([30, 12, np.nan, np.nan, np.nan])
    found = bounds(equations, known, np.ones(5), [2, 3, 4])
    assert found.low.tolist() == [1, 19, 1]
    assert found.high.tolist() == [11, 29, 11]
    assert found.possible.tolist() == [11, 11, 11]


def test_a_count_that_nothing_limits_has_no_upper_bound():
    found = bounds([(0, (1, 2))], np.array([np.nan, 5, np.nan]), np.ones(3), [0, 2])
    assert found.low.tolist() == [6, 1]
    assert np.isinf(found.high).all()


def test_printed_counts_that_do_not_add_up_are_a_contradiction():
    with pytest.raises(Contradiction):
        bounds([(0, (1, 2))], np.array([3.0, 5.0, np.nan]), np.zeros(3), [2])


def test_hiding_only_the_small_counts_is_found_out_by_the_attack():
    book = crossed(np.array([[4, 30, 50], [40, 35, 60], [70, 20, 30]]))
    assert book.attack({(0, 0)}, 10) == {(0, 0): (4, 4)}
    assert (0, 0) in book.attack({(0, 0), (0, 1)}, 10), "the column still gives it away"
    hidden = book.protect(10)
    assert (0, 0) in hidden
    assert len(hidden) == 4, "a rectangle is the least that protects one cell"
    assert book.attack(hidden, 10) == {}


def test_two_small_counts_that_are_small_together_take_a_third():
    book = crossed(np.array([[2, 3, 50, 60], [40, 35, 60, 50]]))
    assert book.attack({(0, 0), (0, 1), (1, 0), (1, 1)}, 10), "they are 5 together"
    assert book.attack(book.protect(10), 10) == {}


def test_a_rest_is_a_count_too():
    book = CountBook()
    book.add("n", 30)
    book.add("events", 27)
    book.part("events", "n")
    assert book.protect(10) == {"events"}, "27 of 30 says that 3 did not"


def test_the_same_count_in_two_tables_is_hidden_in_both():
    book = CountBook()
    for key, n in {"all": 100, "a": 5, "b": 40, "c": 55, "women": 20, "men": 80, "women in b or c": 18}.items():
        book.add(key, n)
    book.add("women in a", 2)
    book.total("all", ["a", "b", "c"])
    book.total("all", ["women", "men"])
    book.total("women", ["women in a", "women in b or c"])
    hidden = book.protect(10)
    assert {"a", "women in a"} < hidden
    assert book.attack(hidden, 10) == {}
    with pytest.raises(ValueError, match="is 5 in one table and 6 in another"):
        book.add("a", 6)
    with pytest.raises(ValueError, match="do not add up"):
        book.total("men", ["a", "b"])


def test_what_cannot_be_hidden_stays_and_a_minimum_of_one_hides_nothing():
    book = CountBook()
    book.add("all", 44, fixed=True)
    for key, n in {"a": 4, "b": 40}.items():
        book.add(key, n)
    book.total("all", ["a", "b"])
    assert book.protect(10) == {"a", "b"}
    assert book.protect(1) == set()


@pytest.mark.parametrize("seed", range(12))
def test_no_random_table_can_be_attacked_nor_does_it_lose_everything(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(3, 8, 2)
    table = rng.poisson(rng.gamma(0.8, 30, shape))
    book = crossed(table)
    hidden = book.protect(10)
    assert {key for key, place in book.places.items() if 0 < book.counts[place] < 10} <= hidden
    assert book.attack(hidden, 10) == {}
    assert hidden == crossed(table).protect(10), "the same table hides the same cells"


def test_the_attack_finds_what_trying_every_table_finds():
    """All whole-number tables that agree with what is printed, one by one."""
    table = np.array([[3, 14, 9], [12, 2, 8], [11, 15, 20]])
    book = crossed(table)
    hidden = {(0, 0), (0, 2), (1, 1), (1, 2), (0, 1)}
    free = sorted(hidden)
    possible = {key: set() for key in free}
    for values in itertools.product(range(1, 25), repeat=2):
        # (1, 1) and (1, 2) sum to 10, so one fixes the other, and the columns fix the rest of the first row
        guess = table.copy()
        guess[1, 1], guess[0, 0] = values
        guess[1, 2] = 10 - guess[1, 1]
        guess[0, 1] = table[:, 1].sum() - guess[1, 1] - guess[2, 1]
        guess[0, 2] = table[:, 2].sum() - guess[1, 2] - guess[2, 2]
        if (guess.sum(0) == table.sum(0)).all() and (guess.sum(1) == table.sum(1)).all() and guess.min() > 0:
            for key in free:
                possible[key].add(int(guess[key]))
    known = np.array([np.nan if key in hidden else book.counts[p] for key, p in book.places.items()])
    found = bounds(book.equations, known, np.ones(len(known)), [book.places[key] for key in free])
    assert found.low.tolist() == [min(possible[key]) for key in free]
    assert found.high.tolist() == [max(possible[key]) for key in free]
    assert set(book.attack(hidden, 10)) == {key for key in free if table[key] < 10 and len(possible[key]) < 9}


def test_a_thousand_cells_with_all_margins_are_protected_in_seconds():
    """15 x 8 x 6 cells; the quick check is that the whole is done at all, the time stands in docs/disclosure.md."""
    rng = np.random.default_rng(1)
    table = rng.poisson(rng.gamma(0.7, 70, (15, 48)))
    book = crossed(table)
    hidden = book.protect(10)
    assert book.attack(hidden, 10) == {}
    assert len(hidden) < 0.6 * table.size
