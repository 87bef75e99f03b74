"""Advice: what would give a better answer, and on which days an answer changes by itself."""
