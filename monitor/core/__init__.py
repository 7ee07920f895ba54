"""The pure half: told the time, it folds events into journeys and returns values."""
