from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "gezhi.flows"
    label = "flows"

    def ready(self) -> None:
        from gezhi.flows import allotments, folding, guarding, notify, orders, posting_sources

        allotments.register()
        guarding.register()
        notify.register()
        folding.register()
        orders.register()
        posting_sources.register()
