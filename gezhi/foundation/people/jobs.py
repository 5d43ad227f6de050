"""What time alone brings about: terms run out, old counts of failed sign-ins lose their meaning."""

import time

from gezhi.foundation import jobs
from gezhi.foundation.jobs.claims import Claimed

from . import committee, sittings
from .actor import system
from .changing import settle
from .signin import forget_old_failures


@jobs.every(20, "people.settle")
def settle_terms() -> None:
    """Hand over what persons had drawn whose term has ended since the last look."""
    settle(actor=system("clock"))


@jobs.every(3600, "people.forget_failures")
def forget_failures() -> None:
    """Keep the tables of failed sign-ins and of sessions small."""
    forget_old_failures()
    sittings.forget_over(time.time())


@jobs.handler(committee.JOB)
def close_accounts(job: Claimed) -> None:
    """The date of a committee change has come: accounts of those who left are closed."""
    with job.complete():
        committee.close_accounts(int(job.payload["change"]))
