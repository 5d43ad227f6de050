from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "gezhi.flows"
    label = "flows"

    def ready(self) -> None:
        from gezhi.flows import folding, guarding, notify, orders

        guarding.register()
        notify.register()
        folding.register()
        orders.register()
