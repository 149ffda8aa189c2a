"""Demonstration data, made by the product's own verbs.

``base`` is its people, its first organisations and one open call; ``life`` the portal in full use;
``large`` copies of it for the benchmarks. What happens in ``life`` is data (``rounds``,
``vocabulary``), planned day by day (``plots``, ``timeline``), told as acts (``stories``) and done
by people (``cast``): ``applying``, ``judging``, ``granting``, ``reclaiming``, ``nominating``, ``asking``,
``offices``. ``answers`` fills in any form.
"""
