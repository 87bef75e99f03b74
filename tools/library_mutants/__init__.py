"""Mutation testing of the library itself; the way in is tools/mutate_library.py."""
