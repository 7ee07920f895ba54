"""Ways in: other systems' records become our events, and no text comes along."""
