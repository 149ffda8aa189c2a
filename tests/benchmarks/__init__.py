"""Benchmarks: `make bench`. Timings are told, never asserted (see docs/performance.md)."""
