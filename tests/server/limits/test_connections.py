# SPDX-License-Identifier: MIT
"""Which connection goes when there are too many."""

from fks_exec_server.limits.connections import Connections


class Line:
    """A connection that knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_the_one_that_has_waited_longest_makes_room() -> None:
    """Of the same address; nobody else pays for it."""
    room = Connections(10, 2)
    other, first, second, third = Line(), Line(), Line(), Line()
    assert all([room.enter(other, "b"), room.enter(first, "a"), room.enter(second, "a"), room.enter(third, "a")])
    assert [line.closed for line in (other, first, second, third)] == [False, True, False, False]
    assert len(room) == 3


def test_one_that_is_being_served_stays() -> None:
    """Its sender waits for an answer; where all are served, the new one is not taken."""
    room = Connections(10, 2)
    first, second, third = Line(), Line(), Line()
    room.enter(first, "a")
    room.serving(first)
    room.enter(second, "a")
    assert room.enter(third, "a")
    assert (first.closed, second.closed) == (False, True)
    room.serving(third)
    assert not room.enter(Line(), "a")
    room.waiting(first)
    assert room.enter(Line(), "a")
    assert first.closed


def test_in_all_there_are_no_more_than_allowed() -> None:
    """The one that has waited longest goes, whoever it is; a proxy has as many as all others together."""
    room = Connections(3, 1)
    lines = [Line() for _ in range(4)]
    for line in lines:
        assert room.enter(line, "proxy", trusted=True)
    assert [line.closed for line in lines] == [True, False, False, False]
    assert len(room) == 3


def test_one_that_has_left_counts_no_more_and_does_not_come_back() -> None:
    """Also if it is said twice."""
    room = Connections(1, 1)
    line = Line()
    room.enter(line, "a")
    room.leave(line)
    room.leave(line)
    room.waiting(line)
    assert (len(room), room.enter(Line(), "a"), line.closed) == (0, True, False)
