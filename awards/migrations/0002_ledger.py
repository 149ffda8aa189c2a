from django.db import migrations

from awards import sql
from portal.grants import grant_columns, withhold


class Migration(migrations.Migration):
    dependencies = [("awards", "0001_initial"), ("audit", "0002_chain")]

    operations = [
        migrations.RunSQL(sql.LEDGER, sql.DROP),
        withhold("UPDATE, DELETE, TRUNCATE", "awards_entry", "awards_posting"),
        withhold("DELETE, TRUNCATE", "awards_award", "awards_payment"),
        # The counters are moved by the trigger alone; what an administrator may change is the cap.
        withhold("UPDATE, DELETE, TRUNCATE", "awards_capaccount"),
        grant_columns(
            "UPDATE", "awards_capaccount", "cap_cny", "cap_places", "label_zh", "label_en", "clause"
        ),
    ]
