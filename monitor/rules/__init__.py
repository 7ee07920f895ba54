"""The rules that Prometheus computes from what the workers show: data in, YAML out."""
