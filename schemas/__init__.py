"""The contract: what producers send to the monitor, and what it publishes."""
