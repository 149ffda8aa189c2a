from django.db import migrations

from portal.audit import sql
from portal.grants import withhold


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(sql.CHAIN, sql.DROP),
        withhold("UPDATE, DELETE, TRUNCATE", "audit_event"),
        withhold("INSERT, UPDATE, DELETE, TRUNCATE", "audit_head"),
    ]
