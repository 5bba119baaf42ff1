"""How the background clients of a stream are shared among workers."""

from hypothesis import given
from hypothesis import strategies as st

from harness.load.clients import clients_of
from harness.load.orders import PullsOrder


@given(
    users=st.integers(min_value=1, max_value=20),
    workers=st.integers(min_value=1, max_value=8),
    pulls=st.integers(min_value=0, max_value=50),
)
def test_every_client_and_every_due_pull_belongs_to_one_worker(
    users: int, workers: int, pulls: int
) -> None:
    """None twice, none lost, none due for a worker without a client; the first has most."""
    due_s = tuple(float(number) for number in range(pulls))
    order = PullsOrder(name="pulls-1", image="app", users=users, due_s=due_s)
    shares = [clients_of(order, index, workers) for index in range(workers)]
    assert sum(clients for clients, _ in shares) == users
    assert sorted(due for _, theirs in shares for due in theirs) == list(enumerate(due_s))
    assert all(clients or not theirs for clients, theirs in shares)
    assert shares[0][0] == max(clients for clients, _ in shares)
