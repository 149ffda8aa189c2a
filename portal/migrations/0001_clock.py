"""The one clock: ``portal_now()``, moved by an offset that only the owner may write."""

from django.db import migrations

from portal.grants import withhold

FORWARD = """
CREATE TABLE portal_clock (
    id boolean PRIMARY KEY DEFAULT true CONSTRAINT portal_clock_one_row CHECK (id),
    shift interval NOT NULL DEFAULT interval '0'
);
INSERT INTO portal_clock DEFAULT VALUES;

-- VOLATILE, as clock_timestamp() is: each call sees the offset committed last.
CREATE FUNCTION portal_now() RETURNS timestamptz LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT clock_timestamp() + coalesce((SELECT shift FROM portal_clock), interval '0');
END;
"""
REVERSE = "DROP FUNCTION portal_now(); DROP TABLE portal_clock;"


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(FORWARD, REVERSE),
        withhold("INSERT, UPDATE, DELETE", "portal_clock"),
    ]
