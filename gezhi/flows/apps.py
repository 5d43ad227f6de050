from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "gezhi.flows"
    label = "flows"

    def ready(self) -> None:
        from gezhi.flows import folding, guarding, notify, orders, posting_sources

        guarding.register()
        notify.register()
        folding.register()
        orders.register()
        posting_sources.register()
