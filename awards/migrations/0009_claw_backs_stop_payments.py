"""Nothing more is paid on an award while a claw-back of it is open."""

from django.db import migrations

from awards import sql


class Migration(migrations.Migration):
    dependencies = [("awards", "0008_receipts")]

    operations = [migrations.RunSQL(sql.STOPPED, sql.DROP_STOPPED)]
