"""A case that is recognised, without money, ends with its award approved."""

from django.db import migrations

from awards import sql


class Migration(migrations.Migration):
    dependencies = [
        ("awards", "0001_schema"),
        ("applications", "0005_recognised"),
    ]

    operations = [
        migrations.RunSQL(sql.CASE_AGREES, migrations.RunSQL.noop),
    ]
