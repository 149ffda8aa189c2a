"""Demonstration data, made by the product's own verbs: ``base`` is its people, its first
organisations and one open call."""
