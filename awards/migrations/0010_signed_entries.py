"""The ledger's openings and claw-backs are what was signed."""

from django.db import migrations

from awards import sql


class Migration(migrations.Migration):
    dependencies = [("awards", "0009_claw_backs_stop_payments")]

    operations = [migrations.RunSQL(sql.SIGNED, sql.DROP_SIGNED)]
