from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "gezhi.foundation.notices"
    label = "notices"

    def ready(self) -> None:
        from gezhi.foundation import events, people
        from gezhi.foundation.notices import forgetting
        from gezhi.foundation.notices.models import GATEWAY_FIELDS, Gateway

        events.register_state("gateway", Gateway, {name: name for name in GATEWAY_FIELDS})
        events.on_erase(forgetting.forget)
        people.on_leave(forgetting.person_left)
