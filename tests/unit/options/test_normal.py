import math

import numpy as np

from vst_desktop.options.normal import cdf, pdf


def test_distribution_function_agrees_with_erfc_to_1e_14():
    x = np.linspace(-12, 12, 4001)
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    assert np.abs(cdf(x) - exact).max() < 1e-14


def test_tails_are_relatively_right_where_far_options_live():
    x = np.array([-5.0, -7.5, -10.0])
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    assert np.allclose(cdf(x), exact, rtol=1e-7, atol=0)


def test_infinite_and_missing_arguments():
    values = cdf([np.inf, -np.inf, np.nan])
    assert values[0] == 1.0 and values[1] == 0.0 and np.isnan(values[2])


def test_density_is_the_slope_of_the_distribution():
    x = np.linspace(-4, 4, 81)
    slope = (cdf(x + 1e-5) - cdf(x - 1e-5)) / 2e-5
    assert np.abs(slope - pdf(x)).max() < 1e-9
