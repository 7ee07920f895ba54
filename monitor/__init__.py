"""The outcome monitor: what became of the customers that an AI service says it has helped."""
