"""Addresses of the field: a worker's day on the phone."""

from django.urls import path

from .views import case, duty, meetings, notices, registers, report, today, tree

urlpatterns = [
    path("", today.today, name="field"),
    path("tree", tree.tree, name="field_tree"),
    path("duty/<slug:rule>/<int:subject_id>/<str:period>", duty.duty, name="field_duty"),
    path("duty/<slug:rule>/<int:subject_id>/<str:period>/trouble", duty.trouble, name="field_trouble"),
    path("duty/<slug:rule>/<int:subject_id>/<str:period>/back", duty.back, name="field_back"),
    path("notices", notices.inbox, name="field_notices"),
    path("notices/<int:id>", notices.open_line, name="field_notice"),
    path("meetings", meetings.meetings, name="field_meetings"),
    path("registers", registers.find, name="field_registers"),
    path("subjects/<int:subject_id>", registers.person, name="field_subject"),
    path("entries/<int:entry_id>", registers.entry, name="field_entry"),
    path("report", report.report, name="field_report"),
    path("report/hint", report.hint, name="field_hint"),
    path("case/<int:case_id>", case.case, name="field_case"),
    path("case/<int:case_id>/ways", case.ways, name="field_ways"),
    path("case/<int:case_id>/phone", case.phone, name="field_phone"),
    path("case/<int:case_id>/photo/<int:id>", case.photo, name="field_photo"),
    path("case/<int:case_id>/do/<slug:action>", case.do, name="field_do"),
]
