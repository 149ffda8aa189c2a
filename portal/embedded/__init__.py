"""The runtime without set-up: PostgreSQL from a wheel, and the supervisor behind `manage.py up`.

Nothing here imports Django's models; `paths` is read by the settings.
"""
