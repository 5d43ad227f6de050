"""Addresses of the resident's pages. They are short: they are read aloud, printed and typed."""

from django.urls import path

from .views import activities, bulletins, home, kept, matter, openly, public, services, similar, talks, visits

urlpatterns = [
    path("", home.home, name="home"),
    path("b/<slug:token>", home.plate, name="plate"),
    path("b/<slug:token>/needs", home.needs, name="needs"),
    path("where", home.locate, name="locate"),
    path("similar", similar.near, name="similar"),
    path("find", matter.find, name="find"),
    path("mine", matter.mine, name="mine"),
    path("me", kept.page, name="me"),
    path("me/phone", kept.phone, name="me_phone"),
    path("me/correct", kept.correct, name="me_correct"),
    path("me/object", kept.object_to, name="me_object"),
    path("me/leave", kept.leave, name="me_leave"),
    path("board", public.board, name="board"),
    path("board/list", public.rows, name="board_list"),
    path("bulletins", bulletins.published, name="public_bulletins"),
    path("bulletins/<int:bulletin_id>", bulletins.bulletin, name="public_bulletin"),
    path("services", services.listed, name="services"),
    path("services/<slug:pack>/<slug:code>", services.item, name="service"),
    path("open", openly.index, name="open_index"),
    path("open/<slug:name>", openly.listed, name="open"),
    path("activities", activities.listed, name="activities"),
    path("activities/mine", activities.mine, name="my_activities"),
    path("activities/<int:session_id>", activities.one, name="activity"),
    path("a/<str:code>", activities.my_activity, name="my_activity"),
    path("talks", talks.listed, name="talks"),
    path("talks/<str:number>", talks.talk, name="talk"),
    path("talks/<str:number>/vote", talks.vote, name="talk_vote"),
    path("talks/<str:number>/phone", talks.phone, name="talk_phone"),
    path("talks/<str:number>/say", talks.say, name="talk_say"),
    path("talks/<str:number>/photo/<int:id>", talks.photo, name="talk_photo"),
    path("v/<str:code>", visits.slip, name="visit"),
    path("r/<str:code>", matter.matter, name="matter"),
    path("r/<str:code>/receipt", matter.receipt, name="receipt"),
    path("r/<str:code>/messages", matter.messages, name="messages"),
    path("r/<str:code>/photo/<int:id>", matter.photo, name="matter_photo"),
    path("r/<str:code>/<slug:action>", matter.say, name="say"),
]
