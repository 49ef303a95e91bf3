from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.gui.gate import DEAD_SECS, ApprovalGate

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("show"), st.sampled_from("AB"), st.integers(1, 2), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from((0.1, 0.4, 0.8))),
        st.tuples(st.just("click")),
    ),
    max_size=40,
)


@given(STEPS)
def test_a_click_passes_only_what_was_shown_unchanged_for_the_dead_time(
    steps: list[tuple[object, ...]],
) -> None:
    now = [0.0]
    gate = ApprovalGate(lambda: now[0])
    shown: tuple[object, ...] | None = None
    since = 0.0
    open_again: dict[tuple[object, ...], bool] = {}
    for step in steps:
        if step[0] == "show":
            gate.show(*step[1:])  # type: ignore[arg-type]
            if step[1:] != shown:
                shown, since = step[1:], now[0]
            if not step[3]:
                open_again[step[1:3]] = True
        elif step[0] == "wait":
            now[0] += float(str(step[1]))
        else:
            passed = gate.take()
            if passed is not None:
                assert shown is not None
                assert passed == shown[:2]
                assert shown[2]
                assert now[0] - since >= DEAD_SECS
                assert open_again.get(passed, True)
                open_again[passed] = False


def test_a_refused_approval_opens_again_after_the_dead_time() -> None:
    now = [0.0]
    gate = ApprovalGate(lambda: now[0])
    gate.show("A", 1, True)
    now[0] = 1.0
    assert gate.take() == ("A", 1)
    assert gate.take() is None
    gate.give_back("A", 1)
    assert gate.take() is None
    now[0] = 2.0
    assert gate.take() == ("A", 1)
