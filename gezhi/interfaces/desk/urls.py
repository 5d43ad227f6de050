"""Addresses of the staff desk, below /desk/."""

from django.urls import path

from .views import (
    acting,
    audit,
    bulletin,
    case,
    committee,
    counter,
    duty,
    ground,
    inbox,
    lists,
    methods,
    staff,
    supervise,
)

app_name = "desk"

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("supervise", supervise.supervise, name="supervise"),
    path("cases", lists.cases, name="cases"),
    path("search", lists.search, name="search"),
    path("figure", lists.figure, name="figure"),
    path("cases/<int:case_id>", case.case, name="case"),
    path("cases/<int:case_id>/brief", inbox.brief, name="brief"),
    path("cases/<int:case_id>/do/<slug:action>", acting.act, name="act"),
    path("cases/<int:case_id>/reveal", case.reveal, name="reveal"),
    path("cases/<int:case_id>/photos/<int:photo_id>", case.photo, name="photo"),
    path("cases/<int:case_id>/receipt", counter.receipt, name="receipt"),
    path("counter", counter.counter, name="counter"),
    path("map", ground.map_page, name="map"),
    path("map/<int:place>", ground.map_page, name="map_of"),
    path("bulletin", bulletin.bulletins, name="bulletins"),
    path("bulletin/<int:place>/<slug:kind>/<slug:period>", bulletin.bulletin, name="bulletin"),
    path("people", staff.people_page, name="people"),
    path("people/at/<int:place>", staff.people_page, name="people_of"),
    path("people/seats/<int:seat>", staff.seat_page, name="seat"),
    path("people/<int:person>/hand-over", staff.hand_over, name="hand_over"),
    path("people/<int:person>/leave", staff.leave, name="leave"),
    path("people/at/<int:place>/committee", committee.change, name="committee"),
    path("people/committees/<int:change>", committee.done, name="committee_done"),
    path("duty", duty.month, name="duty"),
    path("duty/<int:place>", duty.month, name="duty_of"),
    path("duty/<int:place>/phone/<int:person>", duty.phone, name="duty_phone"),
    path("duty/shifts/<int:shift>", duty.shift, name="duty_shift"),
    path("places", ground.places_page, name="places"),
    path("places/<int:place>", ground.places_page, name="place"),
    path("places/<int:place>/plates", ground.plates, name="plates"),
    path("methods", methods.methods, name="methods"),
    path("methods/<slug:name>", methods.method, name="method"),
    path("audit", audit.audit, name="audit"),
]
