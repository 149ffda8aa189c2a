from django.db import migrations

from awards import sql
from portal.grants import withhold


class Migration(migrations.Migration):
    dependencies = [
        ("awards", "0003_ledger_projects_awards"),
        ("applications", "0001_initial"),
        ("policy", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(sql.EFFECTS, sql.DROP_EFFECTS),
        # An award's state and amounts are moved by its entries alone.
        withhold("UPDATE", "awards_award"),
        withhold("DELETE, TRUNCATE", "awards_decision", "awards_paymentbatch"),
    ]
