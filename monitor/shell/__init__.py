"""The half that touches the world: Kafka, HTTP, files, clocks, processes."""
