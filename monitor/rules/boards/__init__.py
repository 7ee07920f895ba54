"""Dashboards of Grafana, made of data like the rules whose series they show."""
