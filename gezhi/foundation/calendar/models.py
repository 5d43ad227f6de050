"""Tables of the calendar: what differs from the schedule shipped with the product."""

from __future__ import annotations

from django.db import models


class Holiday(models.Model):
    """A date whose kind was imported: free (`is_workday` false) or worked, e.g. a make-up Saturday.

    Rows override the shipped schedule date by date (adr/0020).
    """

    date = models.DateField(primary_key=True)
    name = models.CharField(max_length=40)
    is_workday = models.BooleanField()

    class Meta:
        ordering = ["date"]


class WorkingHours(models.Model):
    """Working hours in force from a date: `slots` [[480, 720], [840, 1080]] in minutes of the local day."""

    since = models.DateField(primary_key=True)
    slots = models.JSONField()
    work_day = models.CharField(max_length=10)

    class Meta:
        ordering = ["since"]
