"""The floor: money, clock, ids and engines; knows no app."""
